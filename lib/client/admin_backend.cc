#include "client/admin_backend.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "wire/consumer_protocol.h"

namespace runnel::client {
namespace {

using base::StrCat;

// A status for a code of the group coordinator, whose responses carry no text.
Status GroupStatus(ErrorCode code, std::string_view what, std::string_view group_id) {
  if (code == ErrorCode::kNone) return OkStatus();
  std::string text = StrCat(what, " of group \"", group_id, "\"");
  switch (code) {
    case ErrorCode::kGroupIdNotFound:
      text += ": there is no such group";
      break;
    case ErrorCode::kNonEmptyGroup:
      text += ": it has members";
      break;
    case ErrorCode::kUnknownMemberId:
      text += ": it has members, which commit for themselves";
      break;
    case ErrorCode::kGroupSubscribedToTopic:
      text += ": its members are subscribed to the topic";
      break;
    default:
      text += StrCat(" failed with ", NameOf(code));
  }
  return Error(code, text);
}

GroupState ParseGroupState(std::string_view name) {
  for (const GroupState state : {GroupState::kPreparingRebalance, GroupState::kCompletingRebalance,
                                 GroupState::kStable, GroupState::kDead, GroupState::kEmpty}) {
    if (name == ToString(state)) return state;
  }
  return GroupState::kUnknown;
}

std::vector<ConfigEntry> EntriesOf(std::vector<broker::DescribedConfig> configs) {
  std::vector<ConfigEntry> entries;
  entries.reserve(configs.size());
  for (broker::DescribedConfig& config : configs) {
    ConfigEntry& entry = entries.emplace_back();
    entry.name = std::move(config.name);
    entry.value = std::move(config.value);
    entry.documentation = std::move(config.documentation);
    if (config.source == metadata::ConfigSource::kTopic) {
      entry.source = ConfigEntry::Source::kTopic;
    } else if (config.source != metadata::ConfigSource::kDefault) {
      entry.source = ConfigEntry::Source::kBroker;
    }
  }
  return entries;
}

// Partitions of one topic stand together in the map, as TopicPartition sorts by topic first.
group::OffsetCommitRequest CommitRequestFor(std::string_view group_id, const OffsetMap& offsets) {
  group::OffsetCommitRequest request;
  request.group_id = std::string(group_id);
  for (const auto& [partition, offset] : offsets) {
    if (request.topics.empty() || request.topics.back().name != partition.topic) {
      request.topics.push_back({.name = partition.topic});
    }
    request.topics.back().partitions.push_back({.partition_index = partition.partition,
                                                .committed_offset = offset.offset,
                                                .committed_leader_epoch = offset.leader_epoch,
                                                .committed_metadata = offset.metadata});
  }
  return request;
}

Statuses<TopicPartition> StatusesOf(const std::vector<group::OffsetTopicErrors>& topics,
                                    std::string_view what, std::string_view group_id) {
  Statuses<TopicPartition> statuses;
  for (const group::OffsetTopicErrors& topic : topics) {
    for (const group::OffsetPartitionError& partition : topic.partitions) {
      const TopicPartition id{topic.name, partition.partition_index};
      const std::string of_partition = StrCat(what, " ", id);
      statuses.emplace(id, GroupStatus(partition.error_code, of_partition, group_id));
    }
  }
  return statuses;
}

class InProcessAdmin final : public AdminBackend {
 public:
  explicit InProcessAdmin(broker::Broker& broker) : broker_(broker) {}

  // --- Topics -------------------------------------------------------------------------------

  Status CreateTopic(std::string_view name, const TopicOptions& options) override {
    RUNNEL_ASSIGN_OR_RETURN(const auto configs, ToConfigs(options));
    broker::CreatableTopic topic{.name = std::string(name)};
    topic.num_partitions = options.partition_count.value_or(-1);
    for (const auto& [key, value] : configs)
      topic.configs.push_back({key, value});
    const auto response = broker_.CreateTopics({.topics = {std::move(topic)}});
    return broker::StatusOf(response.topics.front());
  }

  Status DeleteTopic(std::string_view name) override {
    const auto response = broker_.DeleteTopics({.topics = {{.name = std::string(name)}}});
    return broker::StatusOf(response.responses.front());
  }

  StatusOr<std::vector<std::string>> ListTopics(Admin::Internal internal) override {
    RUNNEL_RETURN_IF_ERROR(CheckOpen());
    std::vector<std::string> names;
    for (const auto& topic : broker_.ListTopics(internal))
      names.push_back(topic->name());
    return names;
  }

  StatusOr<TopicDescription> DescribeTopic(std::string_view name) override {
    RUNNEL_RETURN_IF_ERROR(CheckOpen());
    broker::MetadataRequest request;
    request.topics.emplace().push_back({.name = std::string(name)});
    auto response = broker_.Metadata(request);
    RUNNEL_RETURN_IF_ERROR(response.topics.front().status);
    return std::move(response.topics.front().topic);
  }

  Status CreatePartitions(std::string_view name, int32_t partition_count) override {
    const auto response = broker_.CreatePartitions(
        {.topics = {{.name = std::string(name), .count = partition_count}}});
    return broker::StatusOf(response.results.front());
  }

  // --- Configs ------------------------------------------------------------------------------

  StatusOr<std::vector<ConfigEntry>> DescribeTopicConfigs(std::string_view name) override {
    RUNNEL_ASSIGN_OR_RETURN(auto configs,
                            broker_.DescribeConfigs(broker::ResourceType::kTopic, name));
    return EntriesOf(std::move(configs));
  }

  Status AlterTopicConfigs(std::string_view name, std::span<const ConfigChange> changes) override {
    broker::AlterConfigsResource resource;
    resource.resource_name = std::string(name);
    for (const ConfigChange& change : changes) {
      const auto operation = change.value.has_value() ? broker::ConfigOperation::kSet
                                                      : broker::ConfigOperation::kDelete;
      resource.configs.push_back({change.name, operation, change.value});
    }
    const auto response = broker_.IncrementalAlterConfigs({.resources = {std::move(resource)}});
    return broker::StatusOf(response.responses.front());
  }

  StatusOr<std::vector<ConfigEntry>> DescribeBrokerConfigs() override {
    RUNNEL_ASSIGN_OR_RETURN(auto configs,
                            broker_.DescribeConfigs(broker::ResourceType::kBroker, ""));
    return EntriesOf(std::move(configs));
  }

  // --- Records ------------------------------------------------------------------------------

  Results<TopicPartition, Offset> DeleteRecords(
      const std::map<TopicPartition, Offset>& before) override {
    return broker_.DeleteRecords(before);
  }

  Results<TopicPartition, OffsetAndTimestamp> ListOffsets(
      const std::map<TopicPartition, OffsetSpec>& specs, IsolationLevel isolation) override {
    broker::ListOffsetsRequest request{.isolation_level = isolation};
    for (const auto& [partition, spec] : specs) {
      request.partitions.push_back(
          {.topic = {.name = partition.topic}, .partition = partition.partition, .spec = spec});
    }
    auto response = broker_.ListOffsets(request);
    Results<TopicPartition, OffsetAndTimestamp> results;
    size_t index = 0;
    for (const auto& [partition, spec] : specs) {
      results.emplace(partition, std::move(response.partitions[index++]));
    }
    return results;
  }

  // --- Groups -------------------------------------------------------------------------------

  StatusOr<std::vector<GroupListing>> ListGroups() override {
    RUNNEL_ASSIGN_OR_RETURN(const auto groups, broker_.ListGroups());
    std::vector<GroupListing> listings;
    for (const group::ListedGroup& listed : groups) {
      listings.push_back(
          {listed.group_id, listed.protocol_type, ParseGroupState(listed.group_state)});
    }
    std::sort(listings.begin(), listings.end(),
              [](const GroupListing& a, const GroupListing& b) { return a.group_id < b.group_id; });
    return listings;
  }

  StatusOr<GroupDescription> DescribeGroup(std::string_view group_id) override {
    RUNNEL_RETURN_IF_ERROR(CheckOpen());
    const std::string id(group_id);
    const auto described = broker_.DescribeGroups({&id, 1});
    const group::DescribedGroup& from = described.front();
    RUNNEL_RETURN_IF_ERROR(GroupStatus(from.error_code, "the description", group_id));
    GroupDescription group{.group_id = from.group_id,
                           .protocol_type = from.protocol_type,
                           .assignor = from.protocol_data,
                           .state = ParseGroupState(from.group_state)};
    for (const group::DescribedGroupMember& member : from.members) {
      MemberDescription& to = group.members.emplace_back();
      to.member_id = member.member_id;
      to.group_instance_id = member.group_instance_id;
      to.client_id = member.client_id;
      to.client_host = member.client_host;
      // Groups of another protocol type put other bytes there.
      if (from.protocol_type != "consumer") continue;
      const auto assignment = wire::DecodeAssignment(member.member_assignment);
      if (assignment.ok()) to.assignment = wire::Flatten(assignment->assigned_partitions);
    }
    return group;
  }

  Status DeleteGroup(std::string_view group_id) override {
    RUNNEL_RETURN_IF_ERROR(CheckOpen());
    const std::string id(group_id);
    return GroupStatus(broker_.DeleteGroups({&id, 1}).front(), "deletion", group_id);
  }

  StatusOr<OffsetMap> ListGroupOffsets(std::string_view group_id) override {
    RUNNEL_RETURN_IF_ERROR(CheckOpen());
    const auto response = broker_.OffsetFetch({.group_id = std::string(group_id)});
    RUNNEL_RETURN_IF_ERROR(GroupStatus(response.error_code, "the offsets", group_id));
    OffsetMap offsets;
    for (const group::OffsetFetchTopicResponse& topic : response.topics) {
      for (const group::OffsetFetchPartition& partition : topic.partitions) {
        if (partition.committed_offset == kNoOffset) continue;
        offsets.emplace(TopicPartition{topic.name, partition.partition_index},
                        OffsetAndMetadata{partition.committed_offset,
                                          partition.committed_leader_epoch, partition.metadata});
      }
    }
    return offsets;
  }

  Statuses<TopicPartition> AlterGroupOffsets(std::string_view group_id,
                                             const OffsetMap& offsets) override {
    const auto response = broker_.OffsetCommit(CommitRequestFor(group_id, offsets));
    return StatusesOf(response.topics, "the offset for", group_id);
  }

  Statuses<TopicPartition> DeleteGroupOffsets(std::string_view group_id,
                                              std::span<const TopicPartition> partitions) override {
    group::OffsetDeleteRequest request{.group_id = std::string(group_id)};
    for (auto& topic : wire::GroupByTopic({partitions.begin(), partitions.end()})) {
      request.topics.push_back({std::move(topic.topic), std::move(topic.partitions)});
    }
    const auto response = broker_.OffsetDelete(request);
    if (response.error_code == ErrorCode::kNone) {
      return StatusesOf(response.topics, "the offset for", group_id);
    }
    Statuses<TopicPartition> statuses;
    for (const TopicPartition& partition : partitions) {
      statuses.emplace(partition, GroupStatus(response.error_code, "the offsets", group_id));
    }
    return statuses;
  }

 private:
  Status CheckOpen() const {
    if (!broker_.closed()) return OkStatus();
    return Error(ErrorCode::kBrokerNotAvailable, "the broker is closed");
  }

  broker::Broker& broker_;
};

}  // namespace

std::unique_ptr<AdminBackend> NewAdminBackend(broker::Broker& broker) {
  return std::make_unique<InProcessAdmin>(broker);
}

}  // namespace runnel::client
