// A data directory: its lock, its identity, its checkpoints and the partition folders in it.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/btree_map.h>
#include <absl/synchronization/mutex.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/checkpoint_file.h"
#include "log/log_config.h"
#include "log/log_types.h"
#include "runnel/clock.h"
#include "runnel/error.h"
#include "runnel/executor.h"
#include "runnel/file_system.h"
#include "runnel/logger.h"
#include "runnel/random.h"
#include "runnel/types.h"

namespace runnel::log {

class PartitionLog;
class ReadBufferPool;

// "orders-0" for {"orders", 0}.
std::string PartitionFolder(const TopicPartition& partition);
// The reverse; nullopt when `name` is no valid topic name, a minus and a partition number.
std::optional<TopicPartition> ParsePartitionFolder(std::string_view name);
// Kafka's rule: 1 to 249 of [a-zA-Z0-9._-], and neither "." nor "..".
bool IsValidTopicName(std::string_view name);
// The name a folder has while it awaits removal: "orders-0.<32 hex digits>-delete", cut at the
// topic to at most 255 bytes.
std::string DeletedFolder(const TopicPartition& partition, const Uuid& unique);

// The outside world of a data directory. Everything outlives it; none may be null.
struct LogDirectoryDeps {
  FileSystem* files = nullptr;
  Clock* clock = nullptr;
  Executor* executor = nullptr;
  Random* random = nullptr;
  Logger* logger = nullptr;
};

enum class Access { kReadWrite, kReadOnly };

struct LogDirectoryOptions {
  std::string path = {};
  // Whether a missing directory is made. kReadOnly never makes one.
  DirectoryMode mode = DirectoryMode::kCreate;
  // kReadOnly takes no lock, changes nothing and may run beside a writer; logs cannot be opened.
  Access access = Access::kReadWrite;
  // node.id of a new directory; one with another id is refused. -1 accepts any.
  int32_t node_id = -1;
  // cluster.id of a new directory; one with another id is refused. Empty: any, or a new one.
  std::string cluster_id = {};
  // file.delete.delay.ms: how long a deleted partition's folder stays.
  std::chrono::milliseconds delete_delay = std::chrono::minutes(1);
};

// What opening a data directory found.
struct LogDirectoryReport {
  bool created = false;         // there was no meta.properties
  bool clean_shutdown = false;  // the last owner closed it
  int64_t partition_count = 0;
  int64_t removed_folders = 0;  // `-delete` leftovers
  std::vector<std::string> notes =
      {};  // one sentence each: damaged checkpoints, folders left alone
};

// What the checkpoints say about a partition that may not be open.
struct PartitionCheckpoint {
  std::optional<Offset> recovery_point = {};
  std::optional<Offset> high_watermark = {};
  std::optional<Offset> log_start_offset = {};
  std::optional<Offset> cleaner_offset = {};  // first offset compaction has not seen
};

// How a log is opened; see LogOpenOptions.
struct PartitionOptions {
  Uuid topic_id = {};
  LogConfig config = {};
  Visibility visibility = Visibility::kOnAppend;
};

// Opening lists the folders and reads the checkpoints, and touches no partition: a log is opened
// at its first use, with what the checkpoints said.
//
// Thread safety: thread-safe. Different partitions are opened side by side.
// Lifetime: logs are shared; whoever still holds one after Close() can read but not append.
class LogDirectory {
 public:
  // Takes the lock, reads and removes the clean-shutdown mark, removes `-delete` folders.
  // Errors: kKafkaStorageError: the directory cannot be used, or another process holds it (the
  // text names its id); kInconsistentClusterId; kCorruptMessage for a damaged meta.properties.
  // Damaged checkpoints are no error: they are reported and logs are recovered without them.
  static StatusOr<std::unique_ptr<LogDirectory>> Open(const LogDirectoryDeps& deps,
                                                      const LogDirectoryOptions& options,
                                                      LogDirectoryReport* report = nullptr);
  // Like a process that was killed, unless Close() came first.
  ~LogDirectory();
  LogDirectory(const LogDirectory&) = delete;
  LogDirectory& operator=(const LogDirectory&) = delete;

  Directory& directory() { return *directory_; }
  const MetaProperties& meta() const { return meta_; }
  bool clean_shutdown() const { return clean_shutdown_; }
  ReadBufferPool& buffers() { return *buffers_; }

  // All partitions with a folder, sorted, open or not.
  std::vector<TopicPartition> Partitions() const;
  bool Contains(const TopicPartition& partition) const;
  PartitionCheckpoint CheckpointOf(const TopicPartition& partition) const;

  // Makes a partition. Durable when it returns.
  // Errors: kTopicAlreadyExists, kInvalidTopicException, kInvalidPartitions, kKafkaStorageError.
  StatusOr<std::shared_ptr<PartitionLog>> Create(const TopicPartition& partition,
                                                 const PartitionOptions& options);
  // Opens a partition that has a folder; gives the same log to everyone until it is deleted.
  // `recovery` is filled only by the call that really opens it.
  // Errors: kUnknownTopicOrPartition, and those of PartitionLog::Open.
  StatusOr<std::shared_ptr<PartitionLog>> OpenLog(const TopicPartition& partition,
                                                  const PartitionOptions& options,
                                                  LogRecovery* recovery = nullptr);
  // The log when it is open, else null.
  std::shared_ptr<PartitionLog> Find(const TopicPartition& partition) const;
  // The logs that are open, sorted by partition.
  std::vector<std::shared_ptr<PartitionLog>> OpenLogs() const;
  // Topic id in the partition's `partition.metadata`; zero when it has none.
  StatusOr<Uuid> ReadTopicId(const TopicPartition& partition) const;

  // Renames the folder, durably, so that it is gone for the next open; its files are removed by
  // RemoveDeleted(). Errors: kUnknownTopicOrPartition, kKafkaStorageError.
  Status Delete(const TopicPartition& partition);
  // Removes folders whose delay has passed; returns how many. For a timer.
  StatusOr<int64_t> RemoveDeleted();
  // A new name for a folder in which a partition is put together: one that the next open, of Kafka
  // too, removes when the work was cut short.
  std::string TemporaryFolder(const TopicPartition& partition);
  // Takes a folder that was put into place by somebody else (ImportPartition).
  Status Adopt(const TopicPartition& partition);

  // Writes the checkpoint files whose content has changed. For a timer.
  // Cost: looks at the offsets of each open log; no disk access when nothing moved.
  Status WriteCheckpoints();
  // Sets the first offset that compaction has not seen; written with the next checkpoints.
  void SetCleanerOffset(const TopicPartition& partition, Offset offset);

  // Closes all logs, writes the checkpoints, then the clean-shutdown mark. The mark is left out
  // when something failed, or when logs of an unclean start were never opened and so not
  // recovered; the next open then recovers what it needs. Returns the first error.
  Status Close();

 private:
  struct Entry;
  struct Deleted {
    std::string folder;
    Elapsed due;
  };
  // The four checkpoint files, in the order of the fields of PartitionCheckpoint.
  static constexpr size_t kFileCount = 4;
  using Field = std::optional<Offset> PartitionCheckpoint::*;
  static constexpr std::array<Field, kFileCount> kFields{
      &PartitionCheckpoint::recovery_point, &PartitionCheckpoint::high_watermark,
      &PartitionCheckpoint::log_start_offset, &PartitionCheckpoint::cleaner_offset};
  static constexpr std::array<std::string_view, kFileCount> kFiles{
      kRecoveryPointFile, kHighWatermarkFile, kLogStartFile, kCleanerFile};

  LogDirectory(const LogDirectoryDeps& deps, const LogDirectoryOptions& options);
  Status Load(LogDirectoryReport& report);
  Status LoadMeta(LogDirectoryReport& report);
  Status CheckIdentity(const MetaProperties& meta) const;
  Status LoadFolders(LogDirectoryReport& report);
  void LoadCheckpoints(LogDirectoryReport& report);

  Status CheckWritable() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // Waits until nobody opens or deletes the partition; its entry, or null when there is none.
  Entry* FindIdleLocked(const TopicPartition& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Opens the log of `entry`, which this thread has marked busy.
  StatusOr<std::unique_ptr<PartitionLog>> OpenBusy(const TopicPartition& partition,
                                                   const Entry& entry,
                                                   const PartitionOptions& options,
                                                   LogRecovery* recovery)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Puts the opened log into its entry and clears the mark.
  std::shared_ptr<PartitionLog> FinishLocked(Entry& entry, std::unique_ptr<PartitionLog> log)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetLocked(Entry& entry, size_t file, std::optional<Offset> offset)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CollectLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status WriteChanged() ABSL_LOCKS_EXCLUDED(checkpoint_mutex_, mutex_);
  Status CloseLogs() ABSL_LOCKS_EXCLUDED(mutex_);

  const LogDirectoryDeps deps_;
  const LogDirectoryOptions options_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<ReadBufferPool> buffers_;
  MetaProperties meta_;
  bool clean_shutdown_ = false;

  // Taken before mutex_, and held across the disk writes of the checkpoint files, which would
  // otherwise share their temporary names.
  absl::Mutex checkpoint_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);

  mutable absl::Mutex mutex_;
  absl::CondVar idle_;  // an entry is no longer busy
  absl::btree_map<TopicPartition, std::unique_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
  std::deque<Deleted> deleted_ ABSL_GUARDED_BY(mutex_);
  // Whether a file holds other offsets than `entries_`.
  std::array<bool, kFileCount> dirty_ ABSL_GUARDED_BY(mutex_){};
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace runnel::log
