// Managing topics, configs, groups and offsets.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runnel/consumer.h"
#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/types.h"

namespace runnel {

class AdminBackend;

struct PartitionDescription {
  int32_t partition = 0;
  int32_t leader = -1;  // node id, -1: none
  LeaderEpoch leader_epoch = {};
  std::vector<int32_t> replicas = {};
  std::vector<int32_t> in_sync_replicas = {};
};

struct TopicDescription {
  std::string name = {};
  Uuid id = {};
  bool internal = false;
  std::vector<PartitionDescription> partitions = {};  // by number, without gaps
};

// One setting, as describe shows it.
struct ConfigEntry {
  std::string name = {};
  std::optional<std::string> value = {};
  enum class Source { kTopic, kBroker, kDefault } source = Source::kDefault;
  bool read_only = false;
  std::string documentation = {};
};

struct ConfigChange {
  std::string name = {};
  // nullopt: back to the default.
  std::optional<std::string> value = {};
};

enum class GroupState {
  kUnknown,
  kPreparingRebalance,
  kCompletingRebalance,
  kStable,
  kDead,
  kEmpty
};
// Kafka's words: "Stable", "Empty", "PreparingRebalance", "CompletingRebalance", "Dead", "Unknown".
std::string_view ToString(GroupState state);

struct GroupListing {
  std::string group_id = {};
  std::string protocol_type = {};  // "consumer", or "" for groups that only commit
  GroupState state = GroupState::kUnknown;
};

struct MemberDescription {
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  std::string client_id = {};
  std::string client_host = {};
  std::vector<TopicPartition> assignment = {};
};

struct GroupDescription {
  std::string group_id = {};
  std::string protocol_type = {};
  std::string assignor = {};
  GroupState state = GroupState::kUnknown;
  GenerationId generation = kNoGeneration;
  std::vector<MemberDescription> members = {};
};

// Which offset ListOffsets looks for.
struct OffsetSpec {
  enum class Kind { kEarliest, kLatest, kMaxTimestamp, kTimestamp } kind = Kind::kLatest;
  Timestamp timestamp = kNoTimestamp;  // for kTimestamp: the first record at or after it

  static OffsetSpec Earliest() { return {Kind::kEarliest, kNoTimestamp}; }
  static OffsetSpec Latest() { return {Kind::kLatest, kNoTimestamp}; }
  static OffsetSpec MaxTimestamp() { return {Kind::kMaxTimestamp, kNoTimestamp}; }
  static OffsetSpec At(Timestamp time) { return {Kind::kTimestamp, time}; }
};

// Outcomes per item: one item's failure does not fail the others.
template <class Key, class Value>
using Results = std::map<Key, StatusOr<Value>>;
template <class Key>
using Statuses = std::map<Key, Status>;

// Manages topics, configs, groups and offsets.
//
// Thread safety: thread-safe.
// Lifetime: must be destroyed before its Broker.
// Source: org.apache.kafka.clients.admin.Admin.
class Admin final {
 public:
  explicit Admin(std::unique_ptr<AdminBackend> backend);
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  // Topics.
  // Creates a topic, or nothing at all. Errors: kTopicAlreadyExists; kInvalidTopicException (name
  // not 1-249 of [A-Za-z0-9._-], "." or "..", or differing from another only in '.' and '_');
  // kInvalidPartitions; kInvalidConfig naming the nearest valid key; kKafkaStorageError.
  Status CreateTopic(std::string_view name, const TopicOptions& options = {});
  // Errors: kUnknownTopicOrPartition. Consumers and producers of it fail with that from then on.
  Status DeleteTopic(std::string_view name);
  // Names in order; internal ones ("__consumer_offsets") only when asked for.
  enum class Internal { kExclude, kInclude };
  StatusOr<std::vector<std::string>> ListTopics(Internal internal = Internal::kExclude);
  StatusOr<TopicDescription> DescribeTopic(std::string_view name);
  // Grows a topic to `partition_count`. Errors: kInvalidPartitions when it is not larger.
  Status CreatePartitions(std::string_view name, int32_t partition_count);

  // Configs of topics, by Kafka's names.
  StatusOr<std::vector<ConfigEntry>> DescribeTopicConfigs(std::string_view name);
  // Applies all changes or none. Errors: kInvalidConfig.
  Status AlterTopicConfigs(std::string_view name, std::span<const ConfigChange> changes);
  // The broker's own configs.
  StatusOr<std::vector<ConfigEntry>> DescribeBrokerConfigs();

  // Records.
  // Makes records before each offset unreadable and returns the new log start; kNoOffset (-1)
  // means all. Errors per partition: kOffsetOutOfRange, kUnknownTopicOrPartition.
  Results<TopicPartition, Offset> DeleteRecords(const std::map<TopicPartition, Offset>& before);
  // kNoOffset in a result: no record matches.
  Results<TopicPartition, OffsetAndTimestamp> ListOffsets(
      const std::map<TopicPartition, OffsetSpec>& specs,
      IsolationLevel isolation = IsolationLevel::kReadUncommitted);

  // Groups.
  StatusOr<std::vector<GroupListing>> ListGroups();
  StatusOr<GroupDescription> DescribeGroup(std::string_view group_id);
  // Errors: kNonEmptyGroup, kGroupIdNotFound.
  Status DeleteGroup(std::string_view group_id);
  // All committed offsets of a group.
  StatusOr<OffsetMap> ListGroupOffsets(std::string_view group_id);
  // Sets offsets of a group without active members; creates it when new.
  // Errors per partition: kUnknownMemberId while it has members, kUnknownTopicOrPartition.
  Statuses<TopicPartition> AlterGroupOffsets(std::string_view group_id, const OffsetMap& offsets);
  // Errors per partition: kGroupSubscribedToTopic.
  Statuses<TopicPartition> DeleteGroupOffsets(std::string_view group_id,
                                              std::span<const TopicPartition> partitions);

  // For Runnel's own layers.
  AdminBackend& backend() { return *backend_; }

 private:
  std::unique_ptr<AdminBackend> backend_;
};

}  // namespace runnel
