// runnel verify: checks every checksum, index and snapshot of a data directory.
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "cli/command.h"
#include "log/verify.h"

namespace runnel::cli {
namespace {

using Json = nlohmann::ordered_json;

Json AsJson(const log::Finding& finding) {
  Json item = {{"severity", std::string(NameOf(finding.severity))}, {"file", finding.file}};
  item["position"] = finding.position ? Json(*finding.position) : Json();
  item["first_offset"] = finding.first_offset ? Json(finding.first_offset->value()) : Json();
  item["last_offset"] = finding.last_offset ? Json(finding.last_offset->value()) : Json();
  item["text"] = finding.text;
  return item;
}

void Print(std::ostream& out, const log::Finding& finding) {
  out << NameOf(finding.severity) << ": " << finding.file;
  if (finding.position) out << " at position " << *finding.position;
  if (finding.first_offset) out << ", offset " << *finding.first_offset;
  if (finding.last_offset) out << " to " << *finding.last_offset;
  out << ": " << finding.text << '\n';
}

int Run(Io& io, const CommonOptions& options) {
  const auto directory =
      FileSystem::System().OpenDirectory(options.data_dir, DirectoryMode::kMustExist);
  if (!directory.ok()) return Fail(io, "opening '" + options.data_dir + "'", directory.status());
  const bool json = options.output() == Format::kJson;
  Json findings = Json::array();
  record::Codecs codecs;
  const auto summary =
      log::VerifyDirectory(**directory, {}, codecs, [&](const log::Finding& finding) {
        if (json) {
          findings.push_back(AsJson(finding));
        } else {
          Print(io.out, finding);
        }
      });
  if (!summary.ok()) return Fail(io, "verifying '" + options.data_dir + "'", summary.status());
  if (json) {
    io.out << Json{{"ok", summary->ok()},
                   {"partitions", summary->partitions},
                   {"files", summary->files},
                   {"bytes", summary->bytes},
                   {"batches", summary->batches},
                   {"records", summary->records},
                   {"index_entries", summary->index_entries},
                   {"notes", summary->notes},
                   {"warnings", summary->warnings},
                   {"errors", summary->errors},
                   {"findings", findings}}
                  .dump(-1, ' ', false, Json::error_handler_t::replace)
           << '\n';
  } else {
    io.out << (summary->ok() ? "OK: " : "NOT OK: ") << summary->partitions << " partitions, "
           << summary->files << " files, " << summary->bytes << " bytes, " << summary->batches
           << " batches, " << summary->records << " records, " << summary->index_entries
           << " index entries; " << summary->errors << " errors, " << summary->warnings
           << " warnings, " << summary->notes << " notes\n";
  }
  return summary->ok() ? kSuccess : kFailure;
}

}  // namespace

void AddVerify(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand(
      "verify", "Check every checksum, index and snapshot; exit code 1 when anything is wrong");
  auto options = std::make_shared<CommonOptions>();
  AddCommonOptions(*command, *options);
  command->callback(
      [options, &action] { action.run = [options](Io& io) { return Run(io, *options); }; });
}

}  // namespace runnel::cli
