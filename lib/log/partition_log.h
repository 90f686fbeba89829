// The log of one partition: appended by one writer at a time, read by many, kept in segments.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/light_mutex.h"
#include "base/fence.h"
#include "log/cleaned_segment.h"
#include "log/leader_epoch_cache.h"
#include "log/log_config.h"
#include "log/log_cursor.h"
#include "log/log_types.h"
#include "log/producer_state.h"
#include "log/segment.h"
#include "record/record.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::log {

// Hears from a log. Called without the log's locks, on the thread that appended or advanced.
class LogListener {
 public:
  virtual ~LogListener() = default;
  // Something a waiter asked for with PartitionLog::Arm() has happened. `events` is a mask of
  // LogEvent; those bits are disarmed.
  virtual void OnLogEvent(uint32_t events) = 0;
  // A segment was closed; a Flush() soon keeps the recovery point near the end.
  virtual void OnRoll() {}
};
enum LogEvent : uint32_t {
  kEndMoved = 1,      // records were appended
  kVisibleMoved = 2,  // the high watermark, or the last stable offset, rose
  kRolled = 4,        // used inside; see LogListener::OnRoll
};

// Offsets are dense except where compaction removed records:
//   log start <= last stable offset <= high watermark <= end.
//
// Thread safety: thread-safe. Appends wait for each other; readers wait for nobody at the tail.
// The append mutex is held for memory work, and in these cases for disk work: growing the active
// file (every allocation step), rolling, and each append where files cannot be mapped.
// Flush, retention, truncation, replacing and closing exclude each other but not appends.
// Errors: once a write or a sync has failed, the log is read-only: every later append and flush
// returns kKafkaStorageError with the first reason. Opening again recovers what is on disk.
class PartitionLog {
 public:
  // Opens or creates the log and recovers it (reference: Kafka's LogLoader). A clean shutdown
  // reads no record data but the few KiB behind the last index entry. No file stays open.
  // Errors: kKafkaStorageError, kCorruptMessage, kInconsistentTopicId.
  static StatusOr<std::unique_ptr<PartitionLog>> Open(const LogDeps& deps, LogOpenOptions options,
                                                      LogRecovery* report = nullptr);
  // Closes without writing anything: like a process that was killed. Call Close() first.
  ~PartitionLog();
  PartitionLog(const PartitionLog&) = delete;
  PartitionLog& operator=(const PartitionLog&) = delete;

  // --- Append -------------------------------------------------------------------------------

  // Appends one record batch (magic 2), as a leader: offsets are assigned, the leader epoch is
  // stamped, the bytes are copied. Compresses again only where the config demands it.
  // Errors: kCorruptMessage, kInvalidRecord, kInvalidTimestamp, kMessageTooLarge,
  // kRecordListTooLarge (larger than a segment), kOutOfOrderSequenceNumber,
  // kInvalidProducerEpoch, kInvalidTxnState, kKafkaStorageError. Nothing is appended.
  StatusOr<AppendResult> Append(std::string_view batch, const AppendOptions& options);
  // Builds a batch of one record straight at the tail. Falls back to Append when the topic
  // compresses. A record timestamp of kNoTimestamp is replaced by options.now.
  // Cost: no allocation, no clock, no system call but where the class comment says so.
  StatusOr<AppendResult> AppendRecord(const record::RecordFields& record,
                                      const AppendOptions& options);
  // The same for many records in one batch; `records` must not be empty.
  StatusOr<AppendResult> AppendRecords(std::span<const record::RecordFields> records,
                                       const AppendOptions& options);
  // Appends the marker that ends a transaction.
  // Errors: kInvalidProducerEpoch, kTransactionCoordinatorFenced.
  StatusOr<AppendResult> AppendControl(const ControlMarker& marker, const AppendOptions& options);
  // Appends batches as a leader sent them; a partial batch at the end is left out. Batches with
  // a leader epoch above `fetch_epoch` end the append.
  // Errors: kCorruptMessage, kOffsetOutOfRange when the first offset is below the end.
  StatusOr<AppendResult> AppendAsFollower(std::string_view batches, LeaderEpoch fetch_epoch);
  // A new leadership begins at the end of the log, before anything is written under it.
  Status BeginLeaderEpoch(LeaderEpoch epoch);

  // --- Offsets ------------------------------------------------------------------------------

  Offset log_start_offset() const { return Offset(log_start_.load(std::memory_order_acquire)); }
  Offset end_offset() const { return Offset(end_.load(std::memory_order_acquire)); }
  Offset high_watermark() const { return Offset(high_watermark_.load(std::memory_order_acquire)); }
  Offset last_stable_offset() const;
  // End of what a sync has covered; the broker checkpoints it.
  Offset recovery_point() const { return Offset(recovery_point_.load(std::memory_order_acquire)); }
  LeaderEpoch latest_epoch() const { return epochs_.latest_epoch(); }
  const LeaderEpochCache& epochs() const { return epochs_; }

  // Makes everything below `offset` visible; never goes back, never past the end. Only with
  // Visibility::kOnAdvance. `offset` lies between batches.
  Status AdvanceHighWatermark(Offset offset);
  void SetVisibility(Visibility visibility);

  // --- Waking -------------------------------------------------------------------------------

  // One listener, set before the log is shared; outlives it. Null: none.
  void SetListener(LogListener* listener);
  // Asks for one OnLogEvent when one of `events` happens next. A waiter arms, issues a full
  // fence that the appender cannot see (membarrier), then looks at the offsets once more before
  // it parks: the appender pays one relaxed load.
  void Arm(uint32_t events) { armed_.fetch_or(events, std::memory_order_seq_cst); }

  // --- Read ---------------------------------------------------------------------------------

  // For fetches: finds the offset in the index and reads from there. Long readers use LogCursor.
  // Errors: kOffsetOutOfRange, kCorruptMessage, kKafkaStorageError.
  StatusOr<ReadResult> Read(const ReadOptions& options);
  // Smallest offset at or above the log start whose timestamp is at or above `time`.
  StatusOr<OffsetAndTimestamp> LookupTimestamp(Timestamp time);
  // The record with the greatest timestamp; the first of equals.
  StatusOr<OffsetAndTimestamp> LookupMaxTimestamp();
  EpochEndOffset EndOffsetForEpoch(LeaderEpoch epoch) const;
  // Aborted transactions that touch [begin, end).
  StatusOr<std::vector<AbortedTxn>> AbortedTransactions(Offset begin, Offset end);

  // --- Durability ---------------------------------------------------------------------------

  // Makes everything appended before the call durable and returns the end it covers. Runs beside
  // appends; one caller at a time, the others find their work done.
  StatusOr<Offset> Flush();
  int64_t unflushed_bytes() const;
  int64_t unflushed_messages() const { return end_offset() - recovery_point(); }
  // Since when there is something to flush; nullopt when all is flushed. Coarse, because appends
  // read no clock: the first call that finds something notes the time. For a timer.
  std::optional<Elapsed> unflushed_since() const;

  // --- Maintenance --------------------------------------------------------------------------

  Status SetConfig(const LogConfig& config);
  LogConfig config() const;
  // Closes the active segment when it has data, so that it can be deleted or compacted.
  Status Roll();
  // Deletes whole segments as retention and the log start demand; returns how many.
  StatusOr<int64_t> DeleteOldSegments(Timestamp now);
  // Removes `.deleted` files whose delay has passed; returns how many.
  StatusOr<int64_t> RemoveDeletedFiles(Timestamp now);
  // Raises the log start offset (DeleteRecords). Errors: kOffsetOutOfRange above the high
  // watermark. Segments below it go with the next DeleteOldSegments().
  Status DeleteRecordsBefore(Offset offset);
  // A follower drops what its leader does not have.
  Status TruncateTo(Offset offset);
  Status TruncateFullyAndStartAt(Offset offset);
  // Forgets idle producers.
  void ExpireProducers(Timestamp now);

  // The segments, oldest first; the last one is open for appending.
  std::vector<std::shared_ptr<const Segment>> Segments() const;
  // Starts a replacement; `base_offset` is that of the first segment it will replace.
  StatusOr<std::unique_ptr<CleanedSegment>> NewCleanedSegment(Offset base_offset);
  // Puts finished `cleaned` segments in the place of `old` ones: adjacent, closed, oldest first.
  // Crash-safe: afterwards either all old or all new ones are there. Errors:
  // kOperationNotAttempted when a segment of `old` is gone meanwhile.
  Status ReplaceSegments(std::span<const std::shared_ptr<const Segment>> old,
                         std::vector<std::unique_ptr<CleanedSegment>> cleaned);

  // --- Inspect ------------------------------------------------------------------------------

  const std::string& name() const { return folder_->name; }
  Uuid topic_id() const { return topic_id_; }
  bool in_memory() const { return folder_->directory == nullptr; }
  int64_t size_bytes() const;
  int64_t segment_count() const;
  // File descriptors held now: at most two unless segments await a sync.
  int64_t open_files() const;
  // The reason when the log is read-only, else OK.
  Status health() const;
  std::vector<ProducerEntry> Producers() const;
  bool HasOpenTransaction(ProducerId id, int16_t epoch) const;

  // --- Close --------------------------------------------------------------------------------

  // Drops descriptors, mapping and buffers after writing what they hold; the next append opens
  // them again. For logs that were not used for a while.
  Status ReleaseIdle();
  // Writes indexes and the producer snapshot, cuts the file to size and syncs everything.
  // Appends fail from then on; readers may finish.
  Status Close();
  // The folder is going away: appends fail, nothing is written any more.
  void MarkDeleted();

 private:
  friend class LogCursor;

  // The active segment as the appender sees it.
  struct Tail {
    std::shared_ptr<Segment> segment = {};
    std::shared_ptr<SegmentStorage> storage = {};  // null until the first append after opening
    std::shared_ptr<Segment::Indexes> indexes = {};
    char* data = nullptr;
    int64_t size_bytes = 0;
    // An append that ends here or below, with no later timestamp than `roll_after`, needs
    // nothing but memory. 0 sends every append through PrepareLocked.
    int64_t fast_limit = 0;
    Timestamp roll_after = Timestamp::max();
    int64_t bytes_since_entry = 0;  // of index entries
    Timestamp first_timestamp = kNoTimestamp;
    Timestamp max_timestamp = kNoTimestamp;
    Offset max_timestamp_offset = kNoOffset;
    LogConfig::Milliseconds jitter{0};
    bool exists = false;       // has a file
    bool grow_failed = false;  // allocating ahead did not work: go on to the last byte
    int64_t synced_bytes = 0;
    bool resized = false;  // cut to size since the last sync
  };
  // A batch about to be appended.
  struct Incoming {
    Offset base_offset{0};
    int64_t size_bytes = 0;
    int32_t last_offset_delta = 0;
    Timestamp max_timestamp = kNoTimestamp;
    LeaderEpoch leader_epoch = kNoLeaderEpoch;
  };
  struct FlushPlan {
    Offset end{0};
    std::vector<std::shared_ptr<Segment>> closed = {};
    std::shared_ptr<Segment> active = {};  // null when it has nothing new
    int64_t active_bytes = 0;
    bool names = false;
    std::optional<std::string> epochs = {};
  };
  struct PendingDelete {
    Offset base_offset{0};
    Timestamp due = {};
  };

  PartitionLog(const LogDeps& deps, const LogOpenOptions& options);
  void Adopt(std::vector<std::shared_ptr<Segment>> segments, Offset log_start, Offset end,
             std::optional<Offset> high_watermark);

  // Append (partition_log_append.cc).
  Status PrepareLocked(const Incoming& batch, Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<AppendResult> CommitLocked(const Incoming& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<AppendResult> AppendBatchLocked(std::string_view batch, const AppendOptions& options)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<AppendResult> AppendUntrusted(std::string_view batch, const AppendOptions& options);
  StatusOr<bool> TryBuildInPlace(std::span<const record::RecordFields> records,
                                 const AppendOptions& options, AppendResult& result);
  StatusOr<AppendResult> AppendBuilt(std::span<const record::RecordFields> records,
                                     const AppendOptions& options);
  Status ApplyProducerLocked(const record::BatchView& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ApplyMarkerLocked(const ControlMarker& marker, Offset offset, Timestamp timestamp)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsFastLocked(int64_t size_bytes, Timestamp timestamp, LeaderEpoch epoch) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return tail_.size_bytes + size_bytes <= tail_.fast_limit && timestamp <= tail_.roll_after &&
           epoch == tail_epoch_;
  }
  void AddIndexEntryLocked(Offset last_offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PublishLocked(Offset end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Notify(uint32_t happened) {
    // Offsets first, then the armed word; who parks does it the other way round (HeavyFence).
    base::LightFence();
    if (armed_.load(std::memory_order_relaxed) != 0) [[unlikely]] {
      NotifySlow(happened);
    }
  }
  void Notify(const AppendResult& result) {
    Notify(result.visible ? uint32_t{kEndMoved} | kVisibleMoved : uint32_t{kEndMoved});
  }
  void NotifySlow(uint32_t happened);

  // The active segment (partition_log_tail.cc).
  Status EnsureTailLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status LoadTailStatsLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool NeedsRollLocked(const Incoming& batch, Timestamp now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status RollLocked(Offset new_base) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status SealTailLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status WriteSnapshotLocked(Offset offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RefreshLimitsLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartTailLocked(std::shared_ptr<Segment> segment) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status GrowTailLocked(int64_t end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t AheadBytes(int64_t writable_bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t StorageLimitLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PopulateAhead(int64_t begin, int64_t end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PoisonLocked(const Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status HealthLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RefreshUnstableLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status ReleaseTailLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Reading (partition_log_read.cc).
  std::shared_ptr<Segment> FindSegment(Offset offset) const;
  std::shared_ptr<Segment> NextSegment(const Segment& segment) const;
  std::vector<std::shared_ptr<Segment>> SegmentList() const;
  Status CheckReadable(Offset offset) const;
  int64_t LimitOf(const Segment& segment, ReadBound bound) const;

  // Durability (partition_log_flush.cc).
  FlushPlan PlanFlushLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status RunFlush(const FlushPlan& plan);
  Status FlushHoldingIo() ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_);
  Status MakeVisibleLocked(Offset offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<int64_t> VisiblePositionLocked(const Segment& segment, Offset offset) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Maintenance (partition_log_maintain.cc, partition_log_truncate.cc, partition_log_replace.cc).
  Status DeleteSegment(const std::shared_ptr<Segment>& segment, Timestamp now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_);
  StatusOr<bool> MayDelete(const Segment& segment, Offset end, int64_t total_bytes,
                           const LogConfig& config, Timestamp now) const;
  void RaiseLogStart(Offset offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_);
  Status StoreEpochs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_);
  Status TruncateLocked(Offset offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_, mutex_);
  Status CutSegmentLocked(const std::shared_ptr<Segment>& old, int64_t position)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_, mutex_);
  void SwapLast(Segment& old, std::shared_ptr<Segment> segment);
  Status RebuildTailIndexLocked(BatchScanner& scanner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status RestartAtLocked(Offset offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_, mutex_);
  Status DropSegmentsLocked(Offset from) ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_, mutex_);
  Status CheckReplaceable(std::span<const std::shared_ptr<const Segment>> old) const;
  Status RenameCleaned(std::span<const std::unique_ptr<CleanedSegment>> cleaned,
                       std::string_view from, std::string_view to);
  void PutInPlace(std::span<const std::shared_ptr<Segment>> old,
                  std::vector<std::shared_ptr<Segment>> replacements)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_);
  Status ReloadProducersLocked(Offset end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_, mutex_);

  const std::shared_ptr<const LogFolder> folder_;
  const LogDeps deps_;
  Uuid topic_id_;
  LeaderEpochCache epochs_;

  // Rarely written, read by every reader.
  std::atomic<int64_t> log_start_{0};
  std::atomic<int64_t> recovery_point_{0};
  // Written by appenders and flushers under mutex_ with release, read by anyone with acquire.
  alignas(64) std::atomic<int64_t> end_{0};
  std::atomic<int64_t> high_watermark_{0};
  std::atomic<int64_t> first_unstable_{INT64_MAX};
  // Set by waiters, cleared by NotifySlow; see Arm().
  std::atomic<uint32_t> armed_{0};
  std::atomic<LogListener*> listener_{nullptr};

  // Held across disk work by flushing, retention, truncation, replacing and closing.
  mutable absl::Mutex io_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  std::vector<PendingDelete> pending_deletes_ ABSL_GUARDED_BY(io_mutex_);

  mutable base::LightMutex mutex_ ABSL_ACQUIRED_BEFORE(segments_mutex_);
  Tail tail_ ABSL_GUARDED_BY(mutex_);
  LeaderEpoch tail_epoch_ ABSL_GUARDED_BY(mutex_) = kNoLeaderEpoch;
  Visibility visibility_ ABSL_GUARDED_BY(mutex_) = Visibility::kOnAppend;
  LogConfig config_ ABSL_GUARDED_BY(mutex_);
  ProducerState producers_ ABSL_GUARDED_BY(mutex_);
  std::vector<Offset> snapshots_ ABSL_GUARDED_BY(mutex_);  // sorted, that exist as files
  // Where the high watermark is; its segment's visible_bytes_ moves next.
  std::shared_ptr<Segment> visible_segment_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Segment>> unsynced_ ABSL_GUARDED_BY(mutex_);  // closed ones
  bool names_dirty_ ABSL_GUARDED_BY(mutex_) = false;   // new files await a directory sync
  bool epochs_dirty_ ABSL_GUARDED_BY(mutex_) = false;  // the epoch file awaits writing
  bool touched_ ABSL_GUARDED_BY(mutex_) = false;       // Close() has something to write
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  Status health_ ABSL_GUARDED_BY(mutex_);
  mutable std::optional<Elapsed> unflushed_since_ ABSL_GUARDED_BY(mutex_);
  // Where the last flush ended, so that making it visible needs no search.
  std::shared_ptr<Segment> mark_segment_ ABSL_GUARDED_BY(mutex_);
  int64_t mark_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  Offset mark_end_ ABSL_GUARDED_BY(mutex_){0};

  // Innermost but for a segment's own; readers take it shared, to find a segment.
  mutable absl::Mutex segments_mutex_;
  std::vector<std::shared_ptr<Segment>> segments_ ABSL_GUARDED_BY(segments_mutex_);
};

}  // namespace runnel::log
