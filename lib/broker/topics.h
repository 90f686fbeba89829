// All topics of a broker: what exists, and how that changes.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "broker/core.h"
#include "broker/metadata_log.h"
#include "broker/requests.h"
#include "broker/topic.h"
#include "metadata/metadata_image.h"
#include "runnel/admin.h"
#include "runnel/error.h"

namespace runnel::broker {

// A change is planned against the image, appended to the metadata log and synced, applied to the
// image, and then carried out: objects made or failed, folders renamed, configs handed to logs.
// Carrying out is repeated at opening where a crash cut it short. Folders of partitions are made
// at their first use: a topic exists once its records are on disk, and never by half.
//
// Memory brokers have the image and no log.
//
// Thread safety: thread-safe.
class Topics final {
 public:
  // Opens the metadata log, if there is a directory, and finishes what a crash has left.
  static StatusOr<std::unique_ptr<Topics>> Open(std::shared_ptr<Core> core);

  StatusOr<std::shared_ptr<Topic>> Find(std::string_view name);
  StatusOr<std::shared_ptr<Topic>> Find(const TopicKey& key);
  std::vector<std::shared_ptr<Topic>> List(Admin::Internal internal);
  // Topics that somebody has asked for; the others have no open log.
  std::vector<std::shared_ptr<Topic>> Live() const;
  // Rises with each creation, deletion and growth.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  // What Broker's methods of these names do.
  CreateTopicsResponse Create(const CreateTopicsRequest& request);
  DeleteTopicsResponse Delete(const DeleteTopicsRequest& request);
  CreatePartitionsResponse Grow(const CreatePartitionsRequest& request);
  enum class AlterKind { kReplace, kIncremental };
  AlterConfigsResponse Alter(const AlterConfigsRequest& request, AlterKind kind);
  StatusOr<std::vector<DescribedConfig>> Describe(ResourceType type, std::string_view name);
  // Takes a partition folder from elsewhere; see runnel::Broker::ImportPartition.
  Status Import(std::string_view from_folder, const TopicPartition& partition);
  // Hands out `count` producer ids and returns the first.
  StatusOr<int64_t> AllocateProducerIds(int32_t count);

  // Called with the names of topics after they were deleted; without locks.
  void OnDeleted(std::function<void(const std::vector<std::string>&)> listener);
  // The strictest durability any topic asks for, at least the broker's default.
  Durability StrictestDurability();

  // Renames folders whose renaming failed at deletion; writes the view's checkpoint.
  Status RetryDeletions();
  Status Checkpoint();
  // Fails all topics with kBrokerNotAvailable after closing their partitions; closes the store.
  Status Close();

 private:
  explicit Topics(std::shared_ptr<Core> core);
  Status FinishDeletions();
  bool WasDeleted(const Uuid& id);
  metadata::PlanContext Context() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  metadata::ConfigMap DefaultsLocked() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  StatusOr<std::shared_ptr<Topic>> MakeLocked(const metadata::TopicState& state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Appends and applies. With an error nothing was applied.
  Status Commit(const std::vector<std::string>& records)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mutex_);
  void Announce();
  void CarryOutDeletion(const std::vector<std::pair<std::string, Uuid>>& topics)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mutex_);
  Status DeleteFolder(const TopicPartition& partition);
  StatusOr<std::vector<std::string>> PlanImport(const TopicPartition& partition, Uuid& topic_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mutex_);
  AlterConfigsResponse PlanAlter(const AlterConfigsRequest& request, AlterKind kind,
                                 std::vector<std::string>& records)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mutex_);
  Status CheckStorageKept(const AlterConfigsResource& resource, AlterKind kind);
  void ReapplyConfigs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mutex_);

  const std::shared_ptr<Core> core_;
  std::atomic<uint64_t> version_{1};
  std::function<void(const std::vector<std::string>&)> on_deleted_;

  // Held while a change is planned, synced and carried out: changes happen one after the other.
  absl::Mutex change_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  // Null in memory; the pointer is constant after Open(). Changed under change_mutex_; reading it
  // needs no lock.
  std::unique_ptr<MetadataLog> log_;
  // Folders of deleted topics that could not be renamed yet.
  std::vector<TopicPartition> undeleted_ ABSL_GUARDED_BY(change_mutex_);

  // Held for memory work only.
  mutable absl::Mutex mutex_;
  metadata::MetadataImage image_ ABSL_GUARDED_BY(mutex_);
  // Made when first asked for.
  base::StringMap<std::shared_ptr<Topic>> topics_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace runnel::broker
