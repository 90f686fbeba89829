// Reading records, alone or as a member of a group.
#pragma once

#include <absl/functional/any_invocable.h>

#include <chrono>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/record.h"
#include "runnel/types.h"

namespace runnel {

class ConsumerBackend;

// An offset to commit: that of the next record to process, with a note of your own.
struct OffsetAndMetadata {
  Offset offset = kNoOffset;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  std::string metadata = {};

  friend bool operator==(const OffsetAndMetadata&, const OffsetAndMetadata&) = default;
};
using OffsetMap = std::map<TopicPartition, OffsetAndMetadata>;

// The first record at or after a point in time.
struct OffsetAndTimestamp {
  Offset offset = kNoOffset;
  Timestamp timestamp = kNoTimestamp;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
};

// Told about rebalances, on the polling thread, inside Poll() or Close(). May commit and seek.
// Source: ConsumerRebalanceListener, KIP-429.
class RebalanceListener {
 public:
  virtual ~RebalanceListener() = default;
  // Newly assigned partitions; with a cooperative assignor only the additional ones.
  virtual void OnAssigned(std::span<const TopicPartition> /*partitions*/) {}
  // Partitions about to be given away: the last chance to commit for them.
  virtual void OnRevoked(std::span<const TopicPartition> /*partitions*/) {}
  // Partitions that were lost without notice: others may own them; do not commit.
  virtual void OnLost(std::span<const TopicPartition> partitions) { OnRevoked(partitions); }
};

// Reads records from topics, alone or as a member of a group.
//
// Thread safety: use from one thread at a time; Wakeup() from any thread.
// Lifetime: must be destroyed before its Broker. Destruction leaves the group and does not commit.
// Source: org.apache.kafka.clients.consumer.KafkaConsumer; KIP-62 (heartbeats between polls),
// KIP-429 (cooperative rebalance), KIP-345 (static membership).
class Consumer final {
 public:
  explicit Consumer(std::unique_ptr<ConsumerBackend> backend);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Joins the group and shares out `topics` among its members. Replaces an earlier subscription;
  // the change takes effect in the next Poll(). `listener` may be null and must outlive the
  // subscription.
  // Errors: kInvalidGroupId when the consumer was made without a group.
  Status Subscribe(std::span<const std::string> topics, RebalanceListener* listener = nullptr);
  Status Subscribe(std::initializer_list<std::string_view> topics,
                   RebalanceListener* listener = nullptr);
  // Subscribes to all topics, present and future, whose whole name matches an ECMAScript regular
  // expression. Errors: kInvalidRegularExpression.
  Status SubscribePattern(std::string_view pattern, RebalanceListener* listener = nullptr);
  // Reads exactly these partitions, without a group's sharing. Replaces subscription and earlier
  // assignment; positions of partitions that stay are kept.
  // Errors: kUnknownTopicOrPartition.
  Status Assign(std::span<const TopicPartition> partitions);
  Status Assign(std::initializer_list<TopicPartition> partitions);
  // Leaves the group and drops all partitions.
  Status Unsubscribe();

  // Waits up to `timeout` for records; offsets rise within each partition. Also runs rebalances
  // and auto commits. Returns at once when records are there; an empty result without an error
  // when the time is over or after Wakeup().
  // Lifetime: keys and values are valid while the result is alive.
  // Errors (in status()): kOffsetOutOfRange with OffsetReset::kNone; kCorruptMessage naming file
  // and offset (seek beyond it to go on); kFencedInstanceId, kUnknownTopicOrPartition.
  Records Poll(std::chrono::nanoseconds timeout);
  // The same; returns early when a stop is requested.
  Records Poll(std::stop_token stop, std::chrono::nanoseconds timeout);

  // Commits the position after the last records returned by Poll(), of all assigned partitions.
  // Returns when it is as durable as the offsets log.
  // Errors: kIllegalGeneration, kUnknownMemberId, kRebalanceInProgress when the group has moved
  // on; drop the work and poll again. kInvalidGroupId without a group.
  Status Commit();
  // Commits given offsets: those of the next records to read.
  Status Commit(const OffsetMap& offsets);
  // Commits without waiting; `done` (may be empty) is called on one of the broker's threads.
  void CommitAsync(absl::AnyInvocable<void(const Status&)> done = nullptr);
  void CommitAsync(const OffsetMap& offsets, absl::AnyInvocable<void(const Status&)> done);
  // The group's committed offsets of these partitions; those without one are left out.
  StatusOr<OffsetMap> Committed(std::span<const TopicPartition> partitions);
  StatusOr<std::optional<OffsetAndMetadata>> Committed(const TopicPartition& partition);

  // The next Poll() continues at `offset`. Errors: kUnknownTopicOrPartition when not assigned.
  Status Seek(const TopicPartition& partition, Offset offset);
  // Empty `partitions` means all assigned ones.
  Status SeekToBeginning(std::span<const TopicPartition> partitions = {});
  Status SeekToEnd(std::span<const TopicPartition> partitions = {});
  // To the first record whose timestamp is `time` or later; to the end when there is none.
  Status SeekToTime(Timestamp time, std::span<const TopicPartition> partitions = {});
  // The offset of the next record to be returned. Errors: kUnknownTopicOrPartition.
  StatusOr<Offset> Position(const TopicPartition& partition);

  StatusOr<std::map<TopicPartition, Offset>> BeginningOffsets(
      std::span<const TopicPartition> partitions);
  StatusOr<std::map<TopicPartition, Offset>> EndOffsets(std::span<const TopicPartition> partitions);
  // For each partition the first record at or after its time; left out when there is none.
  StatusOr<std::map<TopicPartition, OffsetAndTimestamp>> OffsetsForTimes(
      const std::map<TopicPartition, Timestamp>& times);
  // Records between the position and the end of what may be read.
  StatusOr<int64_t> Lag(const TopicPartition& partition);

  // Stops and restarts delivery from partitions; the position is kept. A rebalance that takes a
  // partition away forgets its pause.
  Status Pause(std::span<const TopicPartition> partitions);
  Status Resume(std::span<const TopicPartition> partitions);
  std::vector<TopicPartition> Paused() const;

  std::vector<TopicPartition> Assignment() const;
  std::vector<std::string> Subscription() const;

  // Identity in the group, for fencing of transactional offsets (KIP-447).
  struct GroupMetadata {
    std::string group_id = {};
    std::string member_id = {};
    std::optional<std::string> group_instance_id = {};
    GenerationId generation = kNoGeneration;
  };
  GroupMetadata group_metadata() const;

  // Makes the next Poll() join the group anew (KIP-568).
  void EnforceRebalance();

  // Makes a running or the next Poll() return at once. Thread safety: thread-safe.
  void Wakeup();

  // False after Close() or a fatal error; status() says which.
  bool ok() const { return status().ok(); }
  Status status() const;

  // Commits if auto_commit is set, calls the listener for what is given up, leaves the group.
  // Idempotent; returns within `timeout`.
  Status Close(std::chrono::milliseconds timeout = std::chrono::seconds(30));

  // For Runnel's own layers.
  ConsumerBackend& backend() { return *backend_; }

 private:
  std::unique_ptr<ConsumerBackend> backend_;
};

}  // namespace runnel
