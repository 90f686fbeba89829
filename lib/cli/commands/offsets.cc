// runnel get-offsets and runnel delete-records.
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "base/strings.h"
#include "cli/command.h"

namespace runnel::cli {
namespace {

using Json = nlohmann::ordered_json;
using base::StrCat;

struct GetOptions : CommonOptions {
  std::string topic;
  std::string partitions;
  std::string time = "latest";
  bool exclude_internal = false;
};

StatusOr<OffsetSpec> SpecOf(const std::string& time) {
  if (time == "latest" || time == "-1") return OffsetSpec::Latest();
  if (time == "earliest" || time == "-2") return OffsetSpec::Earliest();
  if (time == "max-timestamp" || time == "-3") return OffsetSpec::MaxTimestamp();
  RUNNEL_ASSIGN_OR_RETURN(const Timestamp at, ParseDateTime(time));
  return OffsetSpec::At(at);
}

StatusOr<std::map<TopicPartition, OffsetSpec>> SpecsOf(Admin& admin, const GetOptions& options) {
  RUNNEL_ASSIGN_OR_RETURN(const OffsetSpec spec, SpecOf(options.time));
  RUNNEL_ASSIGN_OR_RETURN(const std::vector<int32_t> numbers, ParseNumbers(options.partitions));
  std::vector<std::string> topics = {options.topic};
  if (options.topic.empty()) {
    RUNNEL_ASSIGN_OR_RETURN(topics,
                            admin.ListTopics(options.exclude_internal ? Admin::Internal::kExclude
                                                                      : Admin::Internal::kInclude));
  }
  std::map<TopicPartition, OffsetSpec> specs;
  for (const std::string& topic : topics) {
    RUNNEL_ASSIGN_OR_RETURN(const auto partitions, PartitionsOf(admin, topic));
    for (const TopicPartition& partition : partitions) {
      const bool wanted = numbers.empty() || std::find(numbers.begin(), numbers.end(),
                                                       partition.partition) != numbers.end();
      if (wanted) specs[partition] = spec;
    }
  }
  return specs;
}

int GetOffsets(Io& io, const GetOptions& options) {
  const auto broker = OpenBroker(options, Access::kRead);
  if (!broker.ok()) return Fail(io, "opening '" + options.data_dir + "'", broker.status());
  const auto admin = (*broker)->NewAdmin();
  if (!admin.ok()) return Fail(io, "opening '" + options.data_dir + "'", admin.status());
  const auto specs = SpecsOf(**admin, options);
  if (!specs.ok()) return Fail(io, "get-offsets", specs.status());
  Json result = Json::array();
  int code = kSuccess;
  for (const auto& [partition, found] : (*admin)->ListOffsets(*specs)) {
    if (!found.ok()) {
      code = Fail(io, ToString(partition), found.status());
      continue;
    }
    const bool matched = found->offset != kNoOffset;
    if (options.output() == Format::kText) {
      io.out << partition.topic << ':' << partition.partition << ':';
      if (matched) io.out << found->offset;
      io.out << '\n';
    }
    result.push_back({{"topic", partition.topic},
                      {"partition", partition.partition},
                      {"offset", matched ? Json(found->offset.value()) : Json()},
                      {"timestamp", found->timestamp == kNoTimestamp
                                        ? Json()
                                        : Json(found->timestamp.time_since_epoch().count())},
                      {"leader_epoch", found->leader_epoch.value()}});
  }
  if (options.output() == Format::kJson) io.out << result.dump() << '\n';
  return code;
}

struct DeleteOptions : CommonOptions {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = -1;
};

int DeleteRecords(Io& io, const DeleteOptions& options) {
  const auto broker = OpenBroker(options, Access::kWrite);
  if (!broker.ok()) return Fail(io, "opening '" + options.data_dir + "'", broker.status());
  const auto admin = (*broker)->NewAdmin();
  if (!admin.ok()) return Fail(io, "opening '" + options.data_dir + "'", admin.status());
  const TopicPartition partition{options.topic, options.partition};
  const auto results = (*admin)->DeleteRecords({{partition, Offset(options.offset)}});
  const auto& result = results.at(partition);
  if (!result.ok()) {
    return Fail(io, StrCat("deleting records of ", partition), result.status());
  }
  if (options.output() == Format::kJson) {
    io.out << Json{{"topic", options.topic},
                   {"partition", options.partition},
                   {"low_watermark", result->value()}}
                  .dump()
           << '\n';
  } else {
    io.out << "partition: " << partition << "\tlow_watermark: " << *result << '\n';
  }
  return kSuccess;
}

}  // namespace

void AddGetOffsets(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand("get-offsets", "Print topic:partition:offset");
  auto options = std::make_shared<GetOptions>();
  AddCommonOptions(*command, *options);
  command->add_option("--topic", options->topic, "The topic; all of them without it");
  command->add_option("--partitions", options->partitions, "Partition numbers: 0,1,2");
  command
      ->add_option(
          "--time", options->time,
          "latest (-1), earliest (-2), max-timestamp (-3), a date and time or milliseconds")
      ->capture_default_str();
  command->add_flag("--exclude-internal-topics", options->exclude_internal,
                    "Leave out internal topics");
  command->callback(
      [options, &action] { action.run = [options](Io& io) { return GetOffsets(io, *options); }; });
}

void AddDeleteRecords(CLI::App& root, Action& action) {
  CLI::App* command =
      root.add_subcommand("delete-records", "Make records before an offset unreadable");
  auto options = std::make_shared<DeleteOptions>();
  AddCommonOptions(*command, *options);
  command->add_option("--topic", options->topic, "The topic")->required();
  command->add_option("--partition", options->partition, "The partition")->capture_default_str();
  command->add_option("--offset", options->offset, "The first offset to keep; -1 deletes all")
      ->required();
  command->callback([options, &action] {
    action.run = [options](Io& io) { return DeleteRecords(io, *options); };
  });
}

}  // namespace runnel::cli
