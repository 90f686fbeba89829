// Decides, batch by batch, what compaction keeps. Part of the cleaner.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "log/cleaner.h"
#include "log/log_types.h"
#include "log/producer_state.h"
#include "record/batch_builder.h"
#include "record/batch_header.h"
#include "record/buffer.h"
#include "record/compression.h"
#include "runnel/error.h"

namespace runnel::log {

// Follows the transactions of a log while its batches are walked in order.
//
// Thread safety: thread-compatible.
// Source: org.apache.kafka.storage.internals.log.CleanedTransactionMetadata.
class TransactionTracker final {
 public:
  // `aborted`: the transactions that touch the range about to be walked.
  explicit TransactionTracker(std::vector<AbortedTxn> aborted);

  // Whether a data batch belongs to an aborted transaction.
  bool IsAborted(const record::BatchHeader& batch);
  // Notes the end of a transaction. Returns whether none of its data batches was met, so that its
  // marker may go. `kept` is set to an aborted transaction that had data.
  bool EndsEmpty(const record::BatchView& marker, std::optional<AbortedTxn>& kept);

 private:
  struct Aborted {
    AbortedTxn txn;
    bool met = false;  // a data batch of it was walked
  };
  void BeginUpTo(Offset offset);

  std::vector<AbortedTxn> aborted_;  // by first offset
  size_t next_ = 0;
  absl::flat_hash_map<ProducerId, Aborted> open_aborted_;
  absl::flat_hash_set<ProducerId> open_committed_;
};

struct FilterOptions {
  Timestamp now = kNoTimestamp;
  std::chrono::milliseconds tombstone_retention{0};
  // One past the last offset the map covers: records from there on are kept.
  Offset map_end{0};
  int64_t max_inflated_bytes = record::kDefaultMaxInflatedBytes;
};

// Thread safety: confined to one thread. Lifetime: borrows map and codecs.
// Source: Cleaner.cleanInto and MemoryRecords.filterTo.
class BatchFilter final {
 public:
  BatchFilter(const FilterOptions& options, const OffsetMap128& map, TransactionTracker tracker,
              const std::vector<ProducerEntry>& producers, record::Codecs& codecs);

  // What is kept of `batch`: itself, a smaller one, its bare header, or nothing (empty). Batches
  // must come in the order of the log. Valid until the next call.
  StatusOr<std::string_view> Filter(const record::BatchView& batch);
  // Of the batch just filtered: the aborted transaction it ends, when data of it was met.
  const std::optional<AbortedTxn>& kept_transaction() const { return kept_transaction_; }

  int64_t records_before() const { return records_before_; }
  int64_t records_after() const { return records_after_; }

 private:
  struct Kept {
    bool all = true;  // no record was dropped
    bool any = false;
    bool tombstone = false;  // one of the kept ones has no value
  };

  bool IsLastOfProducer(const record::BatchHeader& batch) const;
  bool KeepsRecord(const record::BatchHeader& batch, const record::RecordView& record) const;
  bool IsPastHorizon(const record::BatchHeader& batch) const;
  // Looks at the records; with a builder, also copies the kept ones into it.
  StatusOr<Kept> Walk(const record::BatchView& batch, record::BatchBuilder* builder);
  StatusOr<std::string_view> Rebuild(const record::BatchView& batch,
                                     std::optional<Timestamp> new_horizon);

  const FilterOptions options_;
  const OffsetMap128& map_;
  TransactionTracker tracker_;
  absl::flat_hash_map<ProducerId, ProducerEntry> producers_;
  record::Codecs& codecs_;
  record::Buffer inflated_;
  record::BatchBuilder builder_;
  std::optional<AbortedTxn> kept_transaction_;
  char empty_batch_[record::kBatchHeaderBytes] = {};
  int64_t records_before_ = 0;
  int64_t records_after_ = 0;
};

}  // namespace runnel::log
