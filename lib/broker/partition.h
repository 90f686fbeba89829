// One partition of one topic, as clients hold it.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/functional/any_invocable.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/waiting.h"
#include "log/log_cursor.h"
#include "log/partition_log.h"
#include "record/record.h"
#include "runnel/admin.h"
#include "runnel/clock.h"
#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/types.h"

namespace runnel::broker {

struct Core;
class PartitionReader;

// What an append returned: base_offset, last_offset, append_time (with LogAppendTime, else
// kNoTimestamp), duplicate (a repeat of an idempotent producer: nothing was appended) and visible
// (readers see it already).
using Appended = log::AppendResult;
using RecordBytes = log::RecordBytes;
using AbortedTxn = log::AbortedTxn;

// Called once with the outcome of an append.
using AckCallback = absl::AnyInvocable<void(const Status&)>;

// Who made the bytes given to AppendBatch.
enum class BatchTrust { kUntrusted, kBuiltHere };

// The offsets of a partition at one moment: start <= last stable <= high watermark <= end.
struct PartitionOffsets {
  Offset log_start;
  Offset last_stable;
  Offset high_watermark;
  Offset end;
};

// A partition. Look it up once (Broker::FindPartition, Topic::partition) and keep it: it stays the
// partition until its topic is deleted or the broker is closed, and says so from then on.
//
// The log behind it is opened at the first use, and lets go of files and mappings when it has not
// been used for a while; neither is visible here.
//
// Thread safety: thread-safe.
// Lifetime: may outlive the broker; every call then fails with kBrokerNotAvailable.
// Errors, of all methods: kUnknownTopicOrPartition when the topic has been deleted;
// kBrokerNotAvailable when the broker is closed; kKafkaStorageError when the log cannot be opened
// or has failed.
class Partition final : public std::enable_shared_from_this<Partition>, private log::LogListener {
 public:
  // --- What it is ---------------------------------------------------------------------------

  const TopicPartition& id() const { return id_; }
  const std::string& topic() const { return id_.topic; }
  int32_t index() const { return id_.partition; }
  Uuid topic_id() const { return topic_id_; }
  // Epoch of this leadership; it rises only with replication.
  LeaderEpoch leader_epoch() const { return LeaderEpoch(0); }
  // What "acknowledged" means here; follows the topic's configs.
  Durability durability() const { return durability_.load(std::memory_order_relaxed); }
  // OK, or why every use fails from now on.
  Status status() const;
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  // OK, or why appends fail: status(), or the log has become read-only.
  Status append_status() const;

  // --- Append -------------------------------------------------------------------------------

  // Appends one record as a batch of its own. With kNoTimestamp the record gets the clock's time.
  // Its offset is final when this returns; AwaitAcknowledged(last_offset) says when it is durable.
  // Errors: also kInvalidRecord, kInvalidTimestamp, kMessageTooLarge, kRecordListTooLarge.
  // Cost: no allocation, no system call and no clock when the record has a timestamp and the
  // topic uses CreateTime.
  // Callers that have read the clock pass it as `now`; otherwise it is read here when needed.
  StatusOr<Appended> AppendRecord(const record::RecordFields& record, Timestamp now = kNoTimestamp);
  // Appends several records as one batch; `records` must not be empty.
  StatusOr<Appended> AppendRecords(std::span<const record::RecordFields> records,
                                   Timestamp now = kNoTimestamp);
  // Appends one finished batch (magic 2, base offset 0). kUntrusted checks all of it; kBuiltHere
  // is for bytes that record::BatchBuilder made in this process.
  // Errors: also kCorruptMessage, kOutOfOrderSequenceNumber, kInvalidProducerEpoch.
  StatusOr<Appended> AppendBatch(std::string_view batch, BatchTrust trust);
  // The same for batches of the group coordinator: without the checks made of clients.
  StatusOr<Appended> AppendAsCoordinator(std::string_view batch);

  // --- Acknowledgement ----------------------------------------------------------------------

  // Returns when the record at `last_offset` is as durable as the topic asks for, at once unless
  // that is kFsync. With kFsync the caller itself syncs when nobody does, and everybody who
  // arrives meanwhile is covered together by the next sync; one producer therefore costs one
  // fdatasync and no hand-over between threads.
  // Errors: kRequestTimedOut at `deadline` (the record may still become durable; a caller that
  // syncs itself may return late by that sync); kKafkaStorageError when the sync failed.
  Status AwaitAcknowledged(Offset last_offset, Elapsed deadline);
  // The same without blocking: `done` runs on this thread before the call returns when nothing has
  // to be waited for, else on the thread that syncs. No lock is held then.
  void OnAcknowledged(Offset last_offset, AckCallback done);
  // True when AwaitAcknowledged(last_offset) would return OK at once.
  bool IsAcknowledged(Offset last_offset) const;
  // For senders that do not wait: with kFsync records become visible only by a sync, and this has
  // one made soon. Nothing to do otherwise.
  void SyncSoon();

  // --- Read ---------------------------------------------------------------------------------

  // Starts nowhere: Seek() first.
  StatusOr<PartitionReader> NewReader(IsolationLevel isolation);
  StatusOr<PartitionOffsets> Offsets();
  // The offset that `spec` names; kNoOffset when no record matches.
  StatusOr<OffsetAndTimestamp> FindOffset(const OffsetSpec& spec, IsolationLevel isolation);
  // Opens the log if need be. For broker's own use and tests.
  // Lifetime: valid while the partition is.
  StatusOr<log::PartitionLog*> Log();
  // The log when it is open, else null.
  log::PartitionLog* open_log() const { return log_.load(std::memory_order_acquire); }

  // --- Waiting ------------------------------------------------------------------------------

  // Tells `watcher` of events that Arm() asked for. Waiter does both.
  void AddWatcher(Watcher* watcher) { watchers_.Add(watcher); }
  void RemoveWatcher(Watcher* watcher) { watchers_.Remove(watcher); }
  // Asks for one event when records become visible next; follow with base::HeavyFence() and
  // another look.
  void Arm();

  // --- For the broker -----------------------------------------------------------------------

  struct Settings {
    log::LogConfig log;
    Durability durability = Durability::kOs;
    int64_t flush_messages = INT64_MAX;                  // kInterval: sync after so many records
    std::chrono::nanoseconds flush_interval = kForever;  // kInterval: sync after so long
    FullPolicy full_policy = FullPolicy::kReject;        // memory topics
  };
  // Shared by the partitions of a topic.
  using SettingsPtr = std::shared_ptr<const Settings>;

  Partition(std::shared_ptr<Core> core, TopicPartition id, Uuid topic_id, SettingsPtr settings);
  ~Partition() override;

  // Applies changed configs, also to the open log.
  Status SetSettings(SettingsPtr settings);
  SettingsPtr settings() const;
  // A callback whose time has come, to be called without locks.
  struct ReadyAck {
    AckCallback done;
    Status status;
  };
  // One turn of the syncer: makes what is appended durable, moves the high watermark and hands out
  // the callbacks it covers. A failure makes the partition read-only and hands out all of them.
  void Sync(std::vector<ReadyAck>& ready);
  // Fails every use from now on with `reason` and answers everyone who waits. kDeleted: the log
  // writes nothing any more.
  enum class LogFate { kKept, kDeleted };
  void Fail(const Status& reason, LogFate fate);
  // Syncs what is appended, closes the log, then fails every use with kBrokerNotAvailable.
  Status Close();
  // Lets go of descriptors and mappings when nothing has used the log for `idle`.
  Status ReleaseIfIdle(std::chrono::nanoseconds idle);

 private:
  friend class PartitionReader;
  struct PendingAck {
    Offset last_offset;
    AckCallback done;
  };

  // Work around an append that most partitions do not have; one byte to test on the hot path.
  enum Extra : uint8_t { kNothing = 0, kScheduleFlush = 1, kCountMemory = 2, kRefuse = 4 };

  StatusOr<log::PartitionLog*> OpenLog();
  StatusOr<std::shared_ptr<log::PartitionLog>> OpenFolder() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<Appended> Finish(StatusOr<Appended> appended, int64_t bytes);
  Timestamp ClockFor(Timestamp record_timestamp, Timestamp now) const;
  // What kCountMemory and kRefuse ask for before an append.
  Status Prepare(log::PartitionLog& log, int64_t bytes);
  Status MakeRoom(log::PartitionLog& log, int64_t bytes);
  Status DropOldest(log::PartitionLog& log);
  void ScheduleFlush(Offset last_offset);
  // The reason this partition gives for a failed call: its own end, if it has met it.
  Status Explain(const Status& status) const;
  void ApplySettingsLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool in_memory() const;
  void TakeAcksLocked(Offset end, const Status& status, std::vector<ReadyAck>& ready)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnLogEvent(uint32_t events) override;

  const std::shared_ptr<Core> core_;
  const TopicPartition id_;
  const Uuid topic_id_;
  WatchList watchers_;
  // Null until the first use; then set for ever. Release when written under mutex_, acquire on
  // every use.
  std::atomic<log::PartitionLog*> log_{nullptr};
  // Follow settings_; relaxed: a change may be seen an append late.
  std::atomic<Durability> durability_;
  std::atomic<uint8_t> extra_{kNothing};
  std::atomic<bool> append_needs_clock_{false};
  // Set once by Fail(), after failure_; acquire by everyone who asks.
  std::atomic<bool> failed_{false};
  // A timer of kInterval is set; exchanged by appenders, cleared by the flush.
  std::atomic<bool> flush_scheduled_{false};
  // Readers alive; relaxed, for idleness only.
  std::atomic<int32_t> readers_{0};

  mutable absl::Mutex mutex_;
  std::shared_ptr<log::PartitionLog> owned_log_ ABSL_GUARDED_BY(mutex_);
  SettingsPtr settings_ ABSL_GUARDED_BY(mutex_);
  Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<PendingAck> acks_ ABSL_GUARDED_BY(mutex_);
  // What maintenance saw last, to tell whether the log is idle.
  Offset last_seen_end_ ABSL_GUARDED_BY(mutex_){-1};
  Elapsed idle_since_ ABSL_GUARDED_BY(mutex_){0};
};

// A reader's place in a partition.
//
// Thread safety: confined to one thread at a time.
// Lifetime: keeps the partition alive; after a move only destruction is left. What Read() returned
// lives longer.
class PartitionReader final {
 public:
  PartitionReader(std::shared_ptr<Partition> partition, log::PartitionLog& log,
                  IsolationLevel isolation);
  ~PartitionReader();
  PartitionReader(PartitionReader&&) noexcept = default;
  PartitionReader& operator=(PartitionReader&&) noexcept;

  const std::shared_ptr<Partition>& partition() const { return partition_; }
  // Moves to `offset`; the end is allowed and means "wait for the next record".
  // Errors: kOffsetOutOfRange outside [log start, end]: apply the reset policy.
  Status Seek(Offset offset);
  // Whole batches from here on, up to `max_bytes` but at least one; empty when nothing is visible
  // yet. The first batch may begin before offset(): skip the records below it.
  // Errors: kOffsetOutOfRange when the place was deleted meanwhile; kCorruptMessage and
  // kKafkaStorageError keep the place; those of Partition.
  StatusOr<RecordBytes> Read(int64_t max_bytes);
  // The next offset Read() will return.
  Offset offset() const { return cursor_.offset(); }
  // True when Read() would return records or an error at once. Two or three loads; for
  // Waiter::Wait.
  bool ready() const;
  // Aborted transactions among what the last Read() returned (kReadCommitted).
  const std::vector<AbortedTxn>& aborted() const { return cursor_.aborted(); }
  // Where reading ends now: the high watermark or the last stable offset.
  Offset end_offset() const;

 private:
  std::shared_ptr<Partition> partition_;
  log::PartitionLog* log_;
  IsolationLevel isolation_;
  log::LogCursor cursor_;
};

}  // namespace runnel::broker
