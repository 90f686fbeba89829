#include "broker/topic.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "broker/core.h"
#include "metadata/topic_name.h"

namespace runnel::broker {

Topic::Topic(std::shared_ptr<Core> core, std::string name, Uuid id, int32_t partition_count,
             Configs configs, Partition::SettingsPtr settings)
    : core_(std::move(core)),
      name_(std::move(name)),
      id_(id),
      internal_(metadata::IsInternalTopic(name_)),
      partition_count_(partition_count),
      configs_(std::move(configs)),
      settings_(std::move(settings)) {}

std::shared_ptr<Partition> Topic::partition(int32_t index) {
  if (index < 0 || index >= partition_count()) return nullptr;
  const base::Lock lock(mutex_);
  const size_t slot = static_cast<size_t>(index);
  if (slot >= partitions_.size()) partitions_.resize(slot + 1);
  std::shared_ptr<Partition>& partition = partitions_[slot];
  if (partition == nullptr) {
    partition = std::make_shared<Partition>(
        core_, TopicPartition{.topic = name_, .partition = index}, id_, settings_);
    if (!failure_.ok()) partition->Fail(failure_, Partition::LogFate::kDeleted);
  }
  return partition;
}

std::shared_ptr<Partition> Topic::FindPartition(int32_t index) const {
  const base::Lock lock(mutex_);
  const size_t slot = static_cast<size_t>(index);
  return index >= 0 && slot < partitions_.size() ? partitions_[slot] : nullptr;
}

Durability Topic::durability() const {
  const base::Lock lock(mutex_);
  return settings_->durability;
}

Topic::Configs Topic::configs() const {
  const base::Lock lock(mutex_);
  return configs_;
}

Partition::SettingsPtr Topic::settings() const {
  const base::Lock lock(mutex_);
  return settings_;
}

void Topic::Grow(int32_t partition_count) {
  if (partition_count > this->partition_count()) {
    partition_count_.store(partition_count, std::memory_order_release);
  }
}

Status Topic::SetConfigs(Configs configs, Partition::SettingsPtr settings) {
  std::vector<std::shared_ptr<Partition>> live;
  {
    const base::Lock lock(mutex_);
    configs_ = std::move(configs);
    settings_ = settings;
    live = partitions_;
  }
  Status first;
  for (const std::shared_ptr<Partition>& partition : live) {
    if (partition == nullptr) continue;
    if (Status status = partition->SetSettings(settings); first.ok()) first = std::move(status);
  }
  return first;
}

std::vector<std::shared_ptr<Partition>> Topic::LivePartitions() const {
  const base::Lock lock(mutex_);
  std::vector<std::shared_ptr<Partition>> live = partitions_;
  std::erase(live, nullptr);
  return live;
}

void Topic::MarkDeleted(const Status& reason) {
  deleted_.store(true, std::memory_order_release);
  Fail(reason, Partition::LogFate::kDeleted);
}

void Topic::Fail(const Status& reason, Partition::LogFate fate) {
  std::vector<std::shared_ptr<Partition>> live;
  {
    const base::Lock lock(mutex_);
    if (failure_.ok()) failure_ = reason;
    live = partitions_;
  }
  for (const std::shared_ptr<Partition>& partition : live) {
    if (partition != nullptr) partition->Fail(reason, fate);
  }
}

}  // namespace runnel::broker
