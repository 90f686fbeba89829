// Reads the assigned partitions of one consumer, in turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "client/records_body.h"
#include "record/buffer.h"
#include "record/compression.h"
#include "runnel/consumer.h"
#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/record.h"
#include "runnel/types.h"

namespace runnel::client {

// The partitions a consumer reads, with its place in each.
//
// A partition starts without a position. The owner gives it one (Seek, SeekTo, from committed
// offsets) or lets Reset() apply the reset policy. Positions that turn out to be outside the log,
// and those in topics that were deleted and made again, are reset in the same way.
//
// Thread safety: confined to the thread that uses the consumer.
// Lifetime: `broker` and `waiter` outlive it.
class Fetcher final {
 public:
  Fetcher(broker::Broker& broker, broker::Waiter& waiter, const ConsumerOptions& options);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // --- Which partitions

  // What is to be done about a partition whose topic does not exist.
  enum class Missing {
    kReport,  // Collect() returns kUnknownTopicOrPartition
    kIgnore,  // nothing is read from it; a rebalance will take it away
  };
  // Reads exactly these from now on. Those that stay keep position, pause and fetched records.
  void Assign(std::span<const TopicPartition> partitions, Missing missing);
  std::vector<TopicPartition> Assignment() const;  // sorted
  bool Has(const TopicPartition& partition) const { return Find(partition) != nullptr; }
  // Topics have come, gone or grown: looks again for those that are missing or were deleted.
  void OnTopicsChanged();

  // --- Positions

  // Partitions that Collect() cannot read yet because nobody said where to start.
  std::vector<TopicPartition> WithoutPosition() const;
  bool lacks_positions() const { return lacks_positions_; }
  // Errors: kUnknownTopicOrPartition when not assigned; kOffsetOutOfRange when negative.
  Status Seek(const TopicPartition& partition, Offset offset);
  // Errors: kUnknownTopicOrPartition when not assigned.
  Status SeekTo(const TopicPartition& partition, OffsetSpec spec);
  // Applies the reset policy to a partition without a position. What goes wrong is kept for
  // Collect(): kOffsetOutOfRange with OffsetReset::kNone.
  void Reset(const TopicPartition& partition);
  // Errors: kUnknownTopicOrPartition; what Collect() would return.
  StatusOr<Offset> Position(const TopicPartition& partition) const;
  // Positions of all partitions that have one.
  OffsetMap Positions() const;
  // Records between the position and the end of what may be read.
  StatusOr<int64_t> Lag(const TopicPartition& partition) const;

  Status SetPaused(std::span<const TopicPartition> partitions, bool paused);
  std::vector<TopicPartition> Paused() const;

  // --- Records

  // Up to max_poll_records records, beginning with the partition after the one that came last
  // before. A partition with an error is reported, by an error and no records, when its turn
  // comes first; the next call goes on with the others.
  // Cost: nothing is allocated when there is nothing to return.
  Records Collect();
  // Collect() would return records or an error. Two or three loads per partition.
  bool ready() const;

 private:
  struct Entry;

  Entry* Find(const TopicPartition& partition) const;
  StatusOr<Entry*> FindOrError(const TopicPartition& partition) const;
  std::unique_ptr<Entry> NewEntry(const TopicPartition& partition, Missing missing);
  void Bind(Entry& entry);
  void Release(Entry& entry);
  Status SeekEntry(Entry& entry, Offset offset);
  void Forget(Entry& entry);
  void NotePositions();
  bool EntryReady(const Entry& entry) const;
  StatusOr<int64_t> Take(Entry& entry, int64_t max_records);
  Status Refill(Entry& entry);
  Status Recover(Entry& entry, Status error);
  Status ApplyPolicy(Entry& entry, const Status& why);
  StatusOr<Offset> OffsetFor(Entry& entry, const OffsetSpec& spec) const;

  broker::Broker& broker_;
  broker::Waiter& waiter_;
  const OffsetReset reset_;
  const IsolationLevel isolation_;
  const int32_t max_poll_records_;
  const int32_t max_fetch_bytes_;
  const int32_t max_partition_fetch_bytes_;
  const bool check_crcs_;

  record::Codecs codecs_;
  RecordsBuilder builder_;
  // Sorted by name; entries do not move, so that waiting can point at them.
  std::vector<std::unique_ptr<Entry>> entries_;
  size_t next_ = 0;            // whose turn it is
  int64_t fetched_bytes_ = 0;  // held by entries for later polls
  bool lacks_positions_ = false;
};

}  // namespace runnel::client
