// A topic and its partitions, as clients hold it.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/partition.h"
#include "metadata/topic_config.h"
#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/types.h"

namespace runnel::broker {

struct Core;

// A topic. Keep it as long as deleted() is false; a topic made again under the same name is
// another object with another id.
//
// Thread safety: thread-safe.
// Lifetime: may outlive the broker.
class Topic final {
 public:
  using Configs = metadata::ConfigMap;

  Topic(std::shared_ptr<Core> core, std::string name, Uuid id, int32_t partition_count,
        Configs configs, Partition::SettingsPtr settings);

  const std::string& name() const { return name_; }
  Uuid id() const { return id_; }
  // Kafka's own topics, such as __consumer_offsets.
  bool internal() const { return internal_; }
  bool deleted() const { return deleted_.load(std::memory_order_acquire); }
  // Grows, never shrinks.
  int32_t partition_count() const { return partition_count_.load(std::memory_order_acquire); }
  // Null when `index` is outside [0, partition_count()).
  std::shared_ptr<Partition> partition(int32_t index);
  // The same, but null when nobody has asked for it yet.
  std::shared_ptr<Partition> FindPartition(int32_t index) const;
  Durability durability() const;
  // The configs set on the topic itself, by Kafka's names.
  Configs configs() const;

  // --- For the broker -----------------------------------------------------------------------

  void Grow(int32_t partition_count);
  // Applies new configs to all partitions, as far as they exist.
  Status SetConfigs(Configs configs, Partition::SettingsPtr settings);
  Partition::SettingsPtr settings() const;
  // Partitions that have been asked for so far; the others have no object yet.
  std::vector<std::shared_ptr<Partition>> LivePartitions() const;
  // Marks it deleted and fails all its partitions with `reason`.
  void MarkDeleted(const Status& reason);
  // Fails all partitions, present and future, with `reason`.
  void Fail(const Status& reason, Partition::LogFate fate);

 private:
  const std::shared_ptr<Core> core_;
  const std::string name_;
  const Uuid id_;
  const bool internal_;
  // Written under mutex_; release and acquire with the slots behind it.
  std::atomic<int32_t> partition_count_;
  std::atomic<bool> deleted_{false};
  mutable absl::Mutex mutex_;
  Configs configs_ ABSL_GUARDED_BY(mutex_);
  Partition::SettingsPtr settings_ ABSL_GUARDED_BY(mutex_);
  Status failure_ ABSL_GUARDED_BY(mutex_);
  // Made when first asked for; as long as the highest index used.
  std::vector<std::shared_ptr<Partition>> partitions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace runnel::broker
