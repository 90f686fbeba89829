#include "runnel/admin.h"

#include <utility>

#include "runnel/backend.h"

namespace runnel {

std::string_view ToString(GroupState state) {
  switch (state) {
    case GroupState::kUnknown:
      return "Unknown";
    case GroupState::kPreparingRebalance:
      return "PreparingRebalance";
    case GroupState::kCompletingRebalance:
      return "CompletingRebalance";
    case GroupState::kStable:
      return "Stable";
    case GroupState::kDead:
      return "Dead";
    case GroupState::kEmpty:
      return "Empty";
  }
  return "Unknown";
}

Admin::Admin(std::unique_ptr<AdminBackend> backend) : backend_(std::move(backend)) {}
Admin::~Admin() = default;

Status Admin::CreateTopic(std::string_view name, const TopicOptions& options) {
  return backend_->CreateTopic(name, options);
}
Status Admin::DeleteTopic(std::string_view name) {
  return backend_->DeleteTopic(name);
}
StatusOr<std::vector<std::string>> Admin::ListTopics(Internal internal) {
  return backend_->ListTopics(internal);
}
StatusOr<TopicDescription> Admin::DescribeTopic(std::string_view name) {
  return backend_->DescribeTopic(name);
}
Status Admin::CreatePartitions(std::string_view name, int32_t partition_count) {
  return backend_->CreatePartitions(name, partition_count);
}
StatusOr<std::vector<ConfigEntry>> Admin::DescribeTopicConfigs(std::string_view name) {
  return backend_->DescribeTopicConfigs(name);
}
Status Admin::AlterTopicConfigs(std::string_view name, std::span<const ConfigChange> changes) {
  return backend_->AlterTopicConfigs(name, changes);
}
StatusOr<std::vector<ConfigEntry>> Admin::DescribeBrokerConfigs() {
  return backend_->DescribeBrokerConfigs();
}
Results<TopicPartition, Offset> Admin::DeleteRecords(
    const std::map<TopicPartition, Offset>& before) {
  return backend_->DeleteRecords(before);
}
Results<TopicPartition, OffsetAndTimestamp> Admin::ListOffsets(
    const std::map<TopicPartition, OffsetSpec>& specs, IsolationLevel isolation) {
  return backend_->ListOffsets(specs, isolation);
}
StatusOr<std::vector<GroupListing>> Admin::ListGroups() {
  return backend_->ListGroups();
}
StatusOr<GroupDescription> Admin::DescribeGroup(std::string_view group_id) {
  return backend_->DescribeGroup(group_id);
}
Status Admin::DeleteGroup(std::string_view group_id) {
  return backend_->DeleteGroup(group_id);
}
StatusOr<OffsetMap> Admin::ListGroupOffsets(std::string_view group_id) {
  return backend_->ListGroupOffsets(group_id);
}
Statuses<TopicPartition> Admin::AlterGroupOffsets(std::string_view group_id,
                                                  const OffsetMap& offsets) {
  return backend_->AlterGroupOffsets(group_id, offsets);
}
Statuses<TopicPartition> Admin::DeleteGroupOffsets(std::string_view group_id,
                                                   std::span<const TopicPartition> partitions) {
  return backend_->DeleteGroupOffsets(group_id, partitions);
}

}  // namespace runnel
