// runnel dump-log: the files of a partition as text, line by line as Kafka's DumpLogSegments.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "cli/command.h"
#include "log/dump.h"

namespace runnel::cli {
namespace {

struct Options : CommonOptions {
  std::vector<std::string> files;
  log::DumpOptions dump;
};

int Run(Io& io, const Options& options) {
  const bool json = options.output() == Format::kJson;
  const auto print = [&](std::string_view line) {
    if (json) {
      io.out << nlohmann::json(std::string(line))
                    .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
             << '\n';
    } else {
      io.out << line << '\n';
    }
  };
  record::Codecs codecs;
  int code = kSuccess;
  for (const std::string& name : options.files) {
    const std::filesystem::path path(name);
    const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
    const auto directory = FileSystem::System().OpenDirectory(folder, DirectoryMode::kMustExist);
    if (!directory.ok()) return Fail(io, "opening '" + folder + "'", directory.status());
    log::Dumper dumper(**directory, options.dump, codecs);
    const Status status = dumper.DumpFile(path.filename().string(), print);
    if (!status.ok()) return Fail(io, "dumping '" + name + "'", status);
    if (!dumper.PrintComplaints(print)) code = kFailure;
  }
  return code;
}

}  // namespace

void AddDumpLog(CLI::App& root, Action& action) {
  CLI::App* command =
      root.add_subcommand("dump-log", "Print log segments, indexes and snapshots as text");
  auto options = std::make_shared<Options>();
  AddFormatOption(*command, *options);
  command->add_option("--files", options->files, "The files, by commas")
      ->required()
      ->delimiter(',');
  command->add_flag("--print-data-log", options->dump.print_data_log, "Print keys and values");
  command->add_flag("--deep-iteration", options->dump.deep_iteration, "Print every record");
  command->add_flag("--index-sanity-check", options->dump.index_sanity_check,
                    "Check indexes instead of printing them");
  command->add_flag("--verify-index-only", options->dump.verify_index_only,
                    "Compare indexes with the log, print mismatches only");
  command->add_option("--max-bytes", options->dump.max_bytes, "Stop after so many bytes");
  command->callback(
      [options, &action] { action.run = [options](Io& io) { return Run(io, *options); }; });
}

}  // namespace runnel::cli
