// What stands behind Producer, Consumer and Admin: one set of implementations works on a broker in
// this process, another on a Kafka cluster. For implementers; users include runnel/runnel.h.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/admin.h"
#include "runnel/consumer.h"
#include "runnel/producer.h"

namespace runnel {

// Semantics of each method: see the method of the same name in Producer.
class ProducerBackend {
 public:
  virtual ~ProducerBackend() = default;
  virtual StatusOr<RecordMetadata> Send(const ProducerRecord& record) = 0;
  virtual Status SendAsync(const ProducerRecord& record, DeliveryCallback done) = 0;
  virtual Status Enqueue(const ProducerRecord& record) = 0;
  // `metadata` may be null.
  virtual Status SendBatch(std::span<const ProducerRecord> records,
                           std::vector<RecordMetadata>* metadata) = 0;
  virtual Status Flush(std::chrono::milliseconds timeout) = 0;
  virtual StatusOr<int32_t> PartitionCount(std::string_view topic) = 0;
  virtual Status Close(std::chrono::milliseconds timeout) = 0;
};

// Semantics of each method: see the method of the same name in Consumer.
class ConsumerBackend {
 public:
  virtual ~ConsumerBackend() = default;
  virtual Status Subscribe(std::vector<std::string> topics, RebalanceListener* listener) = 0;
  virtual Status SubscribePattern(std::string_view pattern, RebalanceListener* listener) = 0;
  virtual Status Assign(std::vector<TopicPartition> partitions) = 0;
  virtual Status Unsubscribe() = 0;
  virtual Records Poll(std::chrono::nanoseconds timeout) = 0;
  virtual Status Commit(const OffsetMap* offsets) = 0;  // null: the positions
  virtual void CommitAsync(const OffsetMap* offsets,
                           absl::AnyInvocable<void(const Status&)> done) = 0;
  virtual StatusOr<OffsetMap> Committed(std::span<const TopicPartition> partitions) = 0;
  virtual Status Seek(const TopicPartition& partition, Offset offset) = 0;
  // Seeks to the place `spec` names; empty `partitions` means all assigned ones.
  virtual Status SeekTo(std::span<const TopicPartition> partitions, OffsetSpec spec) = 0;
  virtual StatusOr<Offset> Position(const TopicPartition& partition) = 0;
  // Partitions without a match are left out.
  virtual StatusOr<std::map<TopicPartition, OffsetAndTimestamp>> ListOffsets(
      const std::map<TopicPartition, OffsetSpec>& specs) = 0;
  virtual StatusOr<int64_t> Lag(const TopicPartition& partition) = 0;
  virtual Status SetPaused(std::span<const TopicPartition> partitions, bool paused) = 0;
  virtual std::vector<TopicPartition> Paused() const = 0;
  virtual std::vector<TopicPartition> Assignment() const = 0;
  virtual std::vector<std::string> Subscription() const = 0;
  virtual Consumer::GroupMetadata group_metadata() const = 0;
  virtual void EnforceRebalance() = 0;
  virtual void Wakeup() = 0;
  virtual Status status() const = 0;
  virtual Status Close(std::chrono::milliseconds timeout) = 0;
};

// Semantics of each method: see the method of the same name in Admin.
class AdminBackend {
 public:
  virtual ~AdminBackend() = default;
  virtual Status CreateTopic(std::string_view name, const TopicOptions& options) = 0;
  virtual Status DeleteTopic(std::string_view name) = 0;
  virtual StatusOr<std::vector<std::string>> ListTopics(Admin::Internal internal) = 0;
  virtual StatusOr<TopicDescription> DescribeTopic(std::string_view name) = 0;
  virtual Status CreatePartitions(std::string_view name, int32_t partition_count) = 0;
  virtual StatusOr<std::vector<ConfigEntry>> DescribeTopicConfigs(std::string_view name) = 0;
  virtual Status AlterTopicConfigs(std::string_view name,
                                   std::span<const ConfigChange> changes) = 0;
  virtual StatusOr<std::vector<ConfigEntry>> DescribeBrokerConfigs() = 0;
  virtual Results<TopicPartition, Offset> DeleteRecords(
      const std::map<TopicPartition, Offset>& before) = 0;
  virtual Results<TopicPartition, OffsetAndTimestamp> ListOffsets(
      const std::map<TopicPartition, OffsetSpec>& specs, IsolationLevel isolation) = 0;
  virtual StatusOr<std::vector<GroupListing>> ListGroups() = 0;
  virtual StatusOr<GroupDescription> DescribeGroup(std::string_view group_id) = 0;
  virtual Status DeleteGroup(std::string_view group_id) = 0;
  virtual StatusOr<OffsetMap> ListGroupOffsets(std::string_view group_id) = 0;
  virtual Statuses<TopicPartition> AlterGroupOffsets(std::string_view group_id,
                                                     const OffsetMap& offsets) = 0;
  virtual Statuses<TopicPartition> DeleteGroupOffsets(
      std::string_view group_id, std::span<const TopicPartition> partitions) = 0;
};

}  // namespace runnel
