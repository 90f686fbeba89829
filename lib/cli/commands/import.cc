// runnel import: takes a partition folder of Kafka into a data directory.
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "cli/command.h"

namespace runnel::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options : CommonOptions {
  std::string from;
  std::string topic;
  int32_t partition = 0;
  std::optional<int64_t> log_start_offset;
};

int Run(Io& io, const Options& options) {
  const auto broker = OpenBroker(options, Access::kWrite);
  if (!broker.ok()) return Fail(io, "opening '" + options.data_dir + "'", broker.status());
  const TopicPartition partition{options.topic, options.partition};
  const Status status = (*broker)->ImportPartition(options.from, partition);
  if (!status.ok()) {
    return Fail(io, "importing '" + options.from + "' as " + ToString(partition), status);
  }
  const auto admin = (*broker)->NewAdmin();
  if (!admin.ok()) return Fail(io, "import", admin.status());
  if (options.log_start_offset) {
    const auto deleted = (*admin)->DeleteRecords({{partition, Offset(*options.log_start_offset)}});
    const Status trimmed = deleted.at(partition).status();
    if (!trimmed.ok()) return Fail(io, "setting the log start of " + ToString(partition), trimmed);
  }
  const auto start = (*admin)->ListOffsets({{partition, OffsetSpec::Earliest()}}).at(partition);
  const auto end = (*admin)->ListOffsets({{partition, OffsetSpec::Latest()}}).at(partition);
  if (!start.ok()) return Fail(io, "import", start.status());
  if (!end.ok()) return Fail(io, "import", end.status());
  if (options.output() == Format::kJson) {
    io.out << Json{{"topic", options.topic},
                   {"partition", options.partition},
                   {"log_start_offset", start->offset.value()},
                   {"log_end_offset", end->offset.value()}}
                  .dump()
           << '\n';
  } else {
    io.out << "Imported " << partition << ": offsets " << start->offset << " to " << end->offset
           << ".\n";
  }
  const Status closed = (*broker)->Close();
  return closed.ok() ? kSuccess : Fail(io, "closing", closed);
}

}  // namespace

void AddImport(CLI::App& root, Action& action) {
  CLI::App* command =
      root.add_subcommand("import", "Take a partition folder of Kafka into the data directory");
  auto options = std::make_shared<Options>();
  AddCommonOptions(*command, *options);
  command->add_option("--from", options->from, "The folder, as Kafka left it")->required();
  command->add_option("--topic", options->topic, "The topic it becomes")->required();
  command->add_option("--partition", options->partition, "The partition it becomes")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      ->add_option("--log-start-offset", options->log_start_offset,
                   "The first offset to show: Kafka keeps it in log-start-offset-checkpoint, "
                   "outside the folder")
      ->check(CLI::NonNegativeNumber);
  command->callback(
      [options, &action] { action.run = [options](Io& io) { return Run(io, *options); }; });
}

}  // namespace runnel::cli
