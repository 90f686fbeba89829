// Turns fetched batches into the Records a Poll() returns.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "record/batch_header.h"
#include "record/buffer.h"
#include "record/compression.h"
#include "record/record_iterator.h"
#include "runnel/error.h"
#include "runnel/record.h"
#include "runnel/types.h"

namespace runnel::client {

class InflatedRecords;

// A transaction that ended in an abort: its producer's records from `first_offset` up to its
// ABORT marker are not for read_committed readers.
struct AbortedTransaction {
  ProducerId producer_id = kNoProducerId;
  Offset first_offset = {};
};

// What one fetch of one partition returned, and how far it has been handed out. A consumer keeps
// one per partition between polls, until it is exhausted, sought away from or lost.
//
// Thread safety: thread-compatible.
// Lifetime: holds `pin`; what was handed out lives on without it.
class PartitionFetch final {
 public:
  struct Options {
    std::shared_ptr<const TopicPartition> partition = nullptr;
    // Whole batches, the first of which holds `start` or lies after it.
    std::string_view bytes = {};
    // Keeps `bytes` alive.
    std::shared_ptr<const void> pin = nullptr;
    // Records before it are skipped.
    Offset start = {};
    IsolationLevel isolation = IsolationLevel::kReadUncommitted;
    // For kReadCommitted: the aborted transactions that reach into `bytes`, in any order.
    std::vector<AbortedTransaction> aborted = {};
    // Check the CRC of each batch before its first record is handed out.
    bool check_crcs = false;
  };

  PartitionFetch() = default;  // exhausted
  explicit PartitionFetch(Options options);

  // Nothing is left to hand out. Control batches and aborted records at the end count as left
  // until a Take() has passed them.
  bool exhausted() const { return position_ == options_.bytes.size(); }
  // The offset to go on with: after the last record handed out, and after everything that was
  // skipped behind it.
  Offset next_offset() const { return next_offset_; }
  const TopicPartition& partition() const { return *options_.partition; }

 private:
  friend class RecordsBuilder;

  StatusOr<record::BatchView> Current() const;
  Status Corrupt(const Status& reason) const;
  Status SkipToPlace(const record::BatchView& batch);
  bool IsForReader(const record::BatchView& batch);
  void Leave(const record::BatchHeader& batch);

  Options options_;
  size_t position_ = 0;  // of the current batch in options_.bytes
  Offset next_offset_;
  bool entered_ = false;                       // the current batch was checked and found readable
  record::RecordIterator records_;             // of the current batch: those not handed out
  std::shared_ptr<InflatedRecords> inflated_;  // of the current batch, when it is compressed
  std::vector<ProducerId> aborting_;           // producers inside an aborted transaction here
  size_t next_aborted_ = 0;                    // in options_.aborted, sorted by first_offset
};

// Collects records of several partitions into one Records.
//
// Cost: reads one header per batch; records are decoded only when they are walked. Compressed
// batches are inflated here, into buffers of the pool that the Records own. No allocation per
// record.
class RecordsBuilder final {
 public:
  // `codecs` must outlive the builder.
  RecordsBuilder(std::shared_ptr<record::BufferPool> pool, record::Codecs& codecs);
  ~RecordsBuilder();

  // Adds up to `max_records` records of `fetch`, in order, and moves it forward; returns how many
  // were added, 0 when only control batches and aborted records were left.
  // Errors: kCorruptMessage naming partition and offset of a batch that cannot be read. Records
  // before it are added first: the error is returned by a call that finds it at the front, and
  // again by each further one; seek beyond it to go on.
  StatusOr<int64_t> Take(PartitionFetch& fetch, int64_t max_records);

  // Records added so far.
  int64_t count() const { return count_; }
  // Everything added; the builder is empty again.
  Records Finish();

 private:
  class Body;
  class Walker;
  struct Run;

  Status Enter(PartitionFetch& fetch, const record::BatchView& batch);
  StatusOr<int64_t> TakeFromBatch(PartitionFetch& fetch, const record::BatchView& batch,
                                  int64_t max_records);

  std::shared_ptr<record::BufferPool> pool_;
  record::Codecs& codecs_;
  std::unique_ptr<Body> body_;
  int64_t count_ = 0;
  bool run_is_open_ = false;  // the last run ends where the next batch begins
};

}  // namespace runnel::client
