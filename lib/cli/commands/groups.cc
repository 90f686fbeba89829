// runnel groups: list, describe, delete groups and reset their offsets.
#include <nlohmann/json.hpp>
#include <set>

#include "base/status.h"
#include "base/strings.h"
#include "cli/command.h"

namespace runnel::cli {
namespace {

using Json = nlohmann::ordered_json;
using base::StrCat;

struct Options : CommonOptions {
  bool list = false, describe = false, remove = false, reset = false, delete_offsets = false;
  std::string group;
  std::vector<std::string> topics;  // "t" or "t:0,1"
  bool all_topics = false, members = false, state = false;
  bool to_earliest = false, to_latest = false, to_current = false;
  std::optional<int64_t> to_offset, shift_by;
  std::optional<std::string> to_datetime, by_duration;
  bool dry_run = false, execute = false;
};

int List(Io& io, Admin& admin, const Options& options) {
  const auto groups = admin.ListGroups();
  if (!groups.ok()) return Fail(io, "listing groups", groups.status());
  Json result = Json::array();
  std::vector<std::vector<std::string>> rows = {{"GROUP", "TYPE", "STATE"}};
  for (const GroupListing& group : *groups) {
    const std::string state(ToString(group.state));
    result.push_back(
        {{"group", group.group_id}, {"protocol_type", group.protocol_type}, {"state", state}});
    rows.push_back(
        {group.group_id, group.protocol_type.empty() ? "-" : group.protocol_type, state});
  }
  if (options.output() == Format::kJson) {
    io.out << result.dump() << '\n';
  } else if (options.state) {
    PrintTable(io.out, rows);
  } else {
    for (size_t i = 1; i < rows.size(); ++i)
      io.out << rows[i][0] << '\n';
  }
  return kSuccess;
}

// One line of `--describe`: a partition the group has committed or reads.
struct PartitionRow {
  TopicPartition partition;
  std::optional<Offset> committed;
  std::optional<Offset> end;
  std::string metadata;
  const MemberDescription* member = nullptr;

  std::optional<int64_t> lag() const {
    if (!committed || !end) return std::nullopt;
    return *end - *committed;
  }
};

StatusOr<std::vector<PartitionRow>> RowsOf(Admin& admin, const GroupDescription& group) {
  RUNNEL_ASSIGN_OR_RETURN(const OffsetMap offsets, admin.ListGroupOffsets(group.group_id));
  std::map<TopicPartition, PartitionRow> rows;
  for (const auto& [partition, offset] : offsets) {
    rows[partition].committed = offset.offset;
    rows[partition].metadata = offset.metadata;
  }
  for (const MemberDescription& member : group.members) {
    for (const TopicPartition& partition : member.assignment)
      rows[partition].member = &member;
  }
  std::map<TopicPartition, OffsetSpec> specs;
  for (const auto& [partition, row] : rows)
    specs[partition] = OffsetSpec::Latest();
  for (const auto& [partition, end] : admin.ListOffsets(specs)) {
    if (end.ok()) rows[partition].end = end->offset;
  }
  std::vector<PartitionRow> result;
  for (auto& [partition, row] : rows) {
    row.partition = partition;
    result.push_back(std::move(row));
  }
  return result;
}

template <class T>
std::string OrDash(const std::optional<T>& value) {
  return value ? StrCat(*value) : "-";
}
template <class T>
Json OrNull(const std::optional<T>& value) {
  if (!value) return nullptr;
  if constexpr (std::is_same_v<T, Offset>) {
    return value->value();
  } else {
    return *value;
  }
}

void PrintMembers(Io& io, const GroupDescription& group) {
  std::vector<std::vector<std::string>> rows = {
      {"GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS", "ASSIGNMENT"}};
  for (const MemberDescription& member : group.members) {
    std::string assignment;
    for (const TopicPartition& partition : member.assignment) {
      assignment += (assignment.empty() ? "" : ",") + ToString(partition);
    }
    rows.push_back({group.group_id, member.member_id, member.client_host, member.client_id,
                    std::to_string(member.assignment.size()), assignment});
  }
  PrintTable(io.out, rows);
}

Json MembersAsJson(const GroupDescription& group) {
  Json members = Json::array();
  for (const MemberDescription& member : group.members) {
    Json assignment = Json::array();
    for (const TopicPartition& partition : member.assignment) {
      assignment.push_back({{"topic", partition.topic}, {"partition", partition.partition}});
    }
    members.push_back({{"member_id", member.member_id},
                       {"group_instance_id", OrNull(member.group_instance_id)},
                       {"client_id", member.client_id},
                       {"host", member.client_host},
                       {"assignment", assignment}});
  }
  return members;
}

int DescribeOne(Io& io, Admin& admin, const Options& options, const std::string& name,
                Json& result) {
  const auto group = admin.DescribeGroup(name);
  if (!group.ok()) return Fail(io, "describing group '" + name + "'", group.status());
  if (group->state == GroupState::kDead) {
    return Fail(io, "group '" + name + "' does not exist");
  }
  const auto rows = RowsOf(admin, *group);
  if (!rows.ok()) return Fail(io, "describing group '" + name + "'", rows.status());
  Json partitions = Json::array();
  std::vector<std::vector<std::string>> table = {{"GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET",
                                                  "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST",
                                                  "CLIENT-ID"}};
  for (const PartitionRow& row : *rows) {
    table.push_back(
        {name, row.partition.topic, std::to_string(row.partition.partition), OrDash(row.committed),
         OrDash(row.end), OrDash(row.lag()), row.member ? row.member->member_id : "-",
         row.member ? row.member->client_host : "-", row.member ? row.member->client_id : "-"});
    partitions.push_back({{"topic", row.partition.topic},
                          {"partition", row.partition.partition},
                          {"current_offset", OrNull(row.committed)},
                          {"log_end_offset", OrNull(row.end)},
                          {"lag", OrNull(row.lag())},
                          {"metadata", row.metadata},
                          {"member_id", row.member ? Json(row.member->member_id) : Json()}});
  }
  result.push_back({{"group", name},
                    {"state", std::string(ToString(group->state))},
                    {"protocol_type", group->protocol_type},
                    {"assignor", group->assignor},
                    {"generation", group->generation.value()},
                    {"members", MembersAsJson(*group)},
                    {"partitions", partitions}});
  if (options.output() == Format::kJson) return kSuccess;
  if (options.state) {
    PrintTable(io.out, {{"GROUP", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"},
                        {name, group->assignor.empty() ? "-" : group->assignor,
                         std::string(ToString(group->state)), StrCat(group->members.size())}});
  } else if (options.members) {
    PrintMembers(io, *group);
  } else {
    if (group->members.empty()) {
      io.err << "Consumer group '" << name << "' has no active members.\n";
    }
    PrintTable(io.out, table);
  }
  return kSuccess;
}

int Describe(Io& io, Admin& admin, const Options& options) {
  std::vector<std::string> names = {options.group};
  if (options.group.empty()) {
    names.clear();
    const auto groups = admin.ListGroups();
    if (!groups.ok()) return Fail(io, "listing groups", groups.status());
    for (const GroupListing& group : *groups)
      names.push_back(group.group_id);
  }
  Json result = Json::array();
  for (const std::string& name : names) {
    const int code = DescribeOne(io, admin, options, name, result);
    if (code != kSuccess) return code;
  }
  if (options.output() == Format::kJson) io.out << result.dump() << '\n';
  return kSuccess;
}

int Delete(Io& io, Admin& admin, const Options& options) {
  const Status status = admin.DeleteGroup(options.group);
  if (!status.ok()) return Fail(io, "deleting group '" + options.group + "'", status);
  if (options.output() == Format::kJson) {
    io.out << Json{{"group", options.group}, {"deleted", true}}.dump() << '\n';
  } else {
    io.out << "Deleted group " << options.group << ".\n";
  }
  return kSuccess;
}

// The partitions that --topic and --all-topics name; those the group has committed by default.
StatusOr<std::vector<TopicPartition>> ChosenPartitions(Admin& admin, const Options& options,
                                                       const OffsetMap& committed) {
  std::set<TopicPartition> chosen;
  if (options.topics.empty() != options.all_topics) {
    return Error(ErrorCode::kInvalidRequest, "give either --topic or --all-topics");
  }
  if (options.all_topics) {
    for (const auto& [partition, offset] : committed)
      chosen.insert(partition);
  }
  for (const std::string& word : options.topics) {
    const size_t colon = word.find(':');
    const std::string topic = word.substr(0, colon);
    RUNNEL_ASSIGN_OR_RETURN(const std::vector<TopicPartition> all, PartitionsOf(admin, topic));
    if (colon == std::string::npos) {
      chosen.insert(all.begin(), all.end());
      continue;
    }
    RUNNEL_ASSIGN_OR_RETURN(const auto numbers, ParseNumbers(word.substr(colon + 1)));
    for (const int32_t number : numbers) {
      if (number < 0 || number >= static_cast<int32_t>(all.size())) {
        return Error(ErrorCode::kUnknownTopicOrPartition,
                     StrCat(topic, "-", number, ": the topic has ", all.size(), " partitions"));
      }
      chosen.insert({topic, number});
    }
  }
  return std::vector<TopicPartition>(chosen.begin(), chosen.end());
}

// What to look up for each partition; nullopt: computed from the committed offset.
StatusOr<std::optional<OffsetSpec>> TargetOf(const Options& options) {
  const int given = options.to_earliest + options.to_latest + options.to_current +
                    options.to_offset.has_value() + options.shift_by.has_value() +
                    options.to_datetime.has_value() + options.by_duration.has_value();
  if (given != 1) {
    return Error(ErrorCode::kInvalidRequest,
                 "give exactly one of --to-earliest, --to-latest, --to-current, --to-offset, "
                 "--to-datetime, --by-duration, --shift-by");
  }
  if (options.to_earliest) return std::optional(OffsetSpec::Earliest());
  if (options.to_latest) return std::optional(OffsetSpec::Latest());
  if (options.to_datetime) {
    RUNNEL_ASSIGN_OR_RETURN(const Timestamp time, ParseDateTime(*options.to_datetime));
    return std::optional(OffsetSpec::At(time));
  }
  if (options.by_duration) {
    RUNNEL_ASSIGN_OR_RETURN(const auto duration, ParseDuration(*options.by_duration));
    return std::optional(OffsetSpec::At(Clock::System().Now() - duration));
  }
  return std::optional<OffsetSpec>();
}

StatusOr<OffsetMap> NewOffsets(Admin& admin, const Options& options) {
  RUNNEL_ASSIGN_OR_RETURN(const auto target, TargetOf(options));
  RUNNEL_ASSIGN_OR_RETURN(const OffsetMap committed, admin.ListGroupOffsets(options.group));
  RUNNEL_ASSIGN_OR_RETURN(const auto partitions, ChosenPartitions(admin, options, committed));
  std::map<TopicPartition, OffsetSpec> first, last, wanted;
  for (const TopicPartition& partition : partitions) {
    first[partition] = OffsetSpec::Earliest();
    last[partition] = OffsetSpec::Latest();
    if (target) wanted[partition] = *target;
  }
  const auto starts = admin.ListOffsets(first);
  const auto ends = admin.ListOffsets(last);
  const auto found = admin.ListOffsets(wanted);
  OffsetMap result;
  for (const TopicPartition& partition : partitions) {
    RUNNEL_RETURN_IF_ERROR(starts.at(partition).status());
    RUNNEL_RETURN_IF_ERROR(ends.at(partition).status());
    const Offset start = starts.at(partition)->offset;
    const Offset end = ends.at(partition)->offset;
    const auto now = committed.find(partition);
    Offset offset = end;
    if (target) {
      RUNNEL_RETURN_IF_ERROR(found.at(partition).status());
      const Offset match = found.at(partition)->offset;
      offset = match == kNoOffset ? end : match;  // no record that young: the end, as Kafka does
    } else if (options.to_offset) {
      offset = Offset(*options.to_offset);
    } else if (now == committed.end()) {
      if (options.shift_by) {
        return Error(ErrorCode::kInvalidRequest,
                     StrCat("--shift-by: the group has no offset for ", partition));
      }
    } else {
      offset = now->second.offset + options.shift_by.value_or(0);
    }
    result[partition] = {.offset = std::clamp(offset, start, end)};
  }
  return result;
}

int Reset(Io& io, Admin& admin, const Options& options) {
  if (options.dry_run && options.execute) {
    Fail(io, "--dry-run and --execute exclude each other");
    return kUsage;
  }
  const auto offsets = NewOffsets(admin, options);
  if (!offsets.ok()) return Fail(io, "resetting group '" + options.group + "'", offsets.status());
  if (options.execute) {
    for (const auto& [partition, status] : admin.AlterGroupOffsets(options.group, *offsets)) {
      if (!status.ok()) {
        return Fail(io, StrCat("resetting group '", options.group, "' for ", partition), status);
      }
    }
  }
  Json result = Json::array();
  std::vector<std::vector<std::string>> rows = {{"GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"}};
  for (const auto& [partition, offset] : *offsets) {
    rows.push_back({options.group, partition.topic, std::to_string(partition.partition),
                    StrCat(offset.offset)});
    result.push_back({{"group", options.group},
                      {"topic", partition.topic},
                      {"partition", partition.partition},
                      {"new_offset", offset.offset.value()},
                      {"executed", options.execute}});
  }
  if (options.output() == Format::kJson) {
    io.out << result.dump() << '\n';
    return kSuccess;
  }
  PrintTable(io.out, rows);
  if (!options.execute) io.err << "Nothing was changed; add --execute to do it.\n";
  return kSuccess;
}

int DeleteOffsets(Io& io, Admin& admin, const Options& options) {
  const auto committed = admin.ListGroupOffsets(options.group);
  if (!committed.ok()) return Fail(io, "group '" + options.group + "'", committed.status());
  const auto partitions = ChosenPartitions(admin, options, *committed);
  if (!partitions.ok()) return Fail(io, "group '" + options.group + "'", partitions.status());
  for (const auto& [partition, status] : admin.DeleteGroupOffsets(options.group, *partitions)) {
    if (!status.ok()) return Fail(io, StrCat("deleting the offset of ", partition), status);
  }
  if (options.output() == Format::kJson) {
    io.out << Json{{"group", options.group}, {"deleted", partitions->size()}}.dump() << '\n';
  }
  return kSuccess;
}

int Run(Io& io, const Options& options) {
  if (options.list + options.describe + options.remove + options.reset + options.delete_offsets !=
      1) {
    Fail(io,
         "groups needs exactly one of --list, --describe, --delete, --reset-offsets, "
         "--delete-offsets");
    return kUsage;
  }
  if (options.group.empty() && !options.list && !options.describe) {
    Fail(io, "--group is required");
    return kUsage;
  }
  const bool reads = options.list || options.describe || (options.reset && !options.execute);
  const auto broker = OpenBroker(options, reads ? Access::kRead : Access::kWrite);
  if (!broker.ok()) return Fail(io, "opening '" + options.data_dir + "'", broker.status());
  const auto admin = (*broker)->NewAdmin();
  if (!admin.ok()) return Fail(io, "opening '" + options.data_dir + "'", admin.status());
  if (options.list) return List(io, **admin, options);
  if (options.describe) return Describe(io, **admin, options);
  if (options.remove) return Delete(io, **admin, options);
  if (options.delete_offsets) return DeleteOffsets(io, **admin, options);
  return Reset(io, **admin, options);
}

}  // namespace

void AddGroups(CLI::App& root, Action& action) {
  CLI::App* command =
      root.add_subcommand("groups", "List, describe, delete groups and reset their offsets");
  auto options = std::make_shared<Options>();
  AddCommonOptions(*command, *options);
  command->add_flag("--list", options->list, "List group names");
  command->add_flag("--describe", options->describe, "Show offsets, lag and members");
  command->add_flag("--delete", options->remove, "Delete a group without members");
  command->add_flag("--reset-offsets", options->reset, "Change committed offsets");
  command->add_flag("--delete-offsets", options->delete_offsets, "Forget committed offsets");
  command->add_option("--group", options->group, "The group; --describe without it shows all");
  command->add_option("--topic", options->topics,
                      "A topic, or topic:0,1 for partitions; may repeat");
  command->add_flag("--all-topics", options->all_topics, "All topics the group has offsets for");
  command->add_flag("--members", options->members, "With --describe: the members");
  command->add_flag("--state", options->state, "With --describe or --list: the state");
  command->add_flag("--to-earliest", options->to_earliest, "To the first record");
  command->add_flag("--to-latest", options->to_latest, "To the end");
  command->add_flag("--to-current", options->to_current, "To the committed offset");
  command->add_option("--to-offset", options->to_offset, "To this offset");
  command->add_option("--to-datetime", options->to_datetime,
                      "To the first record at or after YYYY-MM-DDTHH:MM:SS.sss");
  command->add_option("--by-duration", options->by_duration,
                      "To the first record not older than PnDTnHnMnS");
  command->add_option("--shift-by", options->shift_by, "Forward (or back, negative) by n records");
  command->add_flag("--dry-run", options->dry_run, "Show what would change (the default)");
  command->add_flag("--execute", options->execute, "Change it");
  command->callback(
      [options, &action] { action.run = [options](Io& io) { return Run(io, *options); }; });
}

}  // namespace runnel::cli
