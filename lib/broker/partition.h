// One partition of one topic, as clients hold it.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/functional/any_invocable.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdint>
#include <deque>
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
  LeaderEpoch leader_epoch() const { return LeaderEpoch(0); }
  // What "acknowledged" means here; follows the topic's configs.
  Durability durability() const { return durability_.load(std::memory_order_relaxed); }
  // OK, or why every use fails from now on.
  Status status() const;

  // --- Append -------------------------------------------------------------------------------

  // Appends one record as a batch of its own. With kNoTimestamp the record gets the clock's time.
  // Its offset is final when this returns; AwaitAcknowledged(last_offset) says when it is durable.
  // Errors: also kInvalidRecord, kInvalidTimestamp, kMessageTooLarge, kRecordListTooLarge.
  // Cost: no allocation, no system call and no clock when the record has a timestamp and the
  // topic uses CreateTime.
  StatusOr<Appended> AppendRecord(const record::RecordFields& record);
  // Appends several records as one batch; `records` must not be empty.
  StatusOr<Appended> AppendRecords(std::span<const record::RecordFields> records);
  // Appends one finished batch (magic 2, base offset 0). kUntrusted checks all of it; kBuiltHere
  // is for bytes that record::BatchBuilder made in this process.
  // Errors: also kCorruptMessage, kOutOfOrderSequenceNumber, kInvalidProducerEpoch.
  StatusOr<Appended> AppendBatch(std::string_view batch, BatchTrust trust);

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
  };
  Partition(std::shared_ptr<Core> core, TopicPartition id, Uuid topic_id, Settings settings);
  ~Partition() override;

  // Applies changed configs, also to the open log.
  Status SetSettings(const Settings& settings);
  Settings settings() const;
  // One turn of the syncer: makes what is appended durable, moves the high watermark and answers
  // everyone it covers. A failure answers everyone with the error.
  Status Sync();
  // Fails every use from now on with `reason` and answers everyone who waits.
  void Fail(const Status& reason);
  // Writes everything out and closes the log; then as Fail(kBrokerNotAvailable).
  Status Close();
  // Lets go of descriptors and mappings when nothing used the log since the last call.
  Status ReleaseIfIdle();

 private:
  friend class PartitionReader;
  struct PendingAck {
    Offset last_offset;
    AckCallback done;
  };

  StatusOr<log::PartitionLog*> OpenLog();
  StatusOr<Appended> Finish(StatusOr<Appended> appended, int64_t bytes);
  log::AppendOptions OptionsFor(log::Trust trust) const;
  Timestamp NowIfNeeded(Timestamp record_timestamp) const;
  Status Explain(Status status) const;
  void AnswerAcks(const Status& status);
  void OnLogEvent(uint32_t events) override;
  void OnRoll() override;

  const std::shared_ptr<Core> core_;
  const TopicPartition id_;
  const Uuid topic_id_;
  WatchList watchers_;
  // Null until the first use; then set for ever. Release when written under mutex_, acquire on
  // every use.
  std::atomic<log::PartitionLog*> log_{nullptr};
  // Written by SetSettings; relaxed: a change may be seen an append late.
  std::atomic<Durability> durability_;
  std::atomic<bool> append_needs_clock_;
  // Set once by Fail() before the log is told; acquire by those who explain an error.
  std::atomic<bool> failed_{false};
  // Appends since the last look of maintenance; relaxed, for idleness only.
  std::atomic<bool> used_{false};

  mutable absl::Mutex mutex_;
  std::unique_ptr<log::PartitionLog> owned_log_ ABSL_GUARDED_BY(mutex_);
  Settings settings_ ABSL_GUARDED_BY(mutex_);
  Status failure_ ABSL_GUARDED_BY(mutex_);
  std::deque<PendingAck> acks_ ABSL_GUARDED_BY(mutex_);
};

// A reader's place in a partition.
//
// Thread safety: confined to one thread at a time.
// Lifetime: keeps the partition alive; what Read() returned lives longer.
class PartitionReader final {
 public:
  PartitionReader(std::shared_ptr<Partition> partition, log::PartitionLog& log,
                  IsolationLevel isolation);

  const std::shared_ptr<Partition>& partition() const { return partition_; }
  // Moves to `offset`; the end is allowed and means "wait for the next record".
  // Errors: kOffsetOutOfRange outside [log start, high watermark]: apply the reset policy.
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
