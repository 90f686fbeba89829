#include "log/batch_filter.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "record/control.h"
#include "record/record_iterator.h"

namespace runnel::log {

using record::BatchHeader;
using record::BatchView;

TransactionTracker::TransactionTracker(std::vector<AbortedTxn> aborted)
    : aborted_(std::move(aborted)) {
  std::sort(aborted_.begin(), aborted_.end(), [](const AbortedTxn& a, const AbortedTxn& b) {
    return a.first_offset < b.first_offset;
  });
}

void TransactionTracker::BeginUpTo(Offset offset) {
  for (; next_ < aborted_.size() && aborted_[next_].first_offset <= offset; ++next_) {
    open_aborted_[aborted_[next_].producer_id] = {.txn = aborted_[next_]};
  }
}

bool TransactionTracker::IsAborted(const BatchHeader& batch) {
  BeginUpTo(batch.last_offset());
  if (!batch.is_transactional()) return false;
  const auto found = open_aborted_.find(batch.producer_id());
  if (found == open_aborted_.end()) {
    open_committed_.insert(batch.producer_id());
    return false;
  }
  found->second.met = true;
  return true;
}

bool TransactionTracker::EndsEmpty(const BatchView& marker, std::optional<AbortedTxn>& kept) {
  BeginUpTo(marker.last_offset());
  if (marker.record_count() == 0) return true;  // emptied by an earlier pass
  const auto control = record::ReadControlRecord(marker);
  if (!control.ok()) return false;
  const auto type = record::ParseControlType(*control);
  if (!type.ok()) return false;
  if (*type == record::ControlType::kCommit) {
    return open_committed_.erase(marker.producer_id()) == 0;
  }
  if (*type != record::ControlType::kAbort) return false;
  const auto found = open_aborted_.find(marker.producer_id());
  if (found == open_aborted_.end()) return true;
  const Aborted aborted = found->second;
  open_aborted_.erase(found);
  if (!aborted.met) return true;
  kept = aborted.txn;
  return false;
}

BatchFilter::BatchFilter(const FilterOptions& options, const OffsetMap128& map,
                         TransactionTracker tracker, const std::vector<ProducerEntry>& producers,
                         record::Codecs& codecs)
    : options_(options),
      map_(map),
      tracker_(std::move(tracker)),
      codecs_(codecs),
      builder_({}, &codecs) {
  for (const ProducerEntry& producer : producers) {
    producers_.emplace(producer.producer_id, producer);
  }
}

bool BatchFilter::IsLastOfProducer(const BatchHeader& batch) const {
  if (!batch.has_producer_id()) return false;
  const auto found = producers_.find(batch.producer_id());
  if (found == producers_.end()) return false;
  const ProducerBatch* last = found->second.last_batch();
  if (last != nullptr && last->last_offset >= Offset(0)) {
    return batch.last_offset() == last->last_offset;
  }
  // Only markers were seen: the one of the epoch keeps older producers fenced.
  return batch.is_control() && batch.producer_epoch() == found->second.epoch;
}

bool BatchFilter::IsPastHorizon(const BatchHeader& batch) const {
  return batch.has_delete_horizon() && batch.delete_horizon() <= options_.now;
}

bool BatchFilter::KeepsRecord(const BatchHeader& batch, const record::RecordView& record) const {
  if (batch.is_control() || record.offset >= options_.map_end) return true;
  if (!record.key.has_value()) return false;
  if (record.offset < map_.Get(*record.key)) return false;
  return record.value.has_value() || !IsPastHorizon(batch);
}

StatusOr<BatchFilter::Kept> BatchFilter::Walk(const BatchView& batch,
                                              record::BatchBuilder* builder) {
  RUNNEL_ASSIGN_OR_RETURN(
      const std::string_view records,
      record::InflateRecords(batch, &codecs_, inflated_, options_.max_inflated_bytes));
  Kept kept;
  record::RecordIterator iterator(batch, records);
  for (record::RecordView record; iterator.Next(record);) {
    if (!KeepsRecord(batch, record)) {
      kept.all = false;
      continue;
    }
    kept.any = true;
    kept.tombstone = kept.tombstone || !record.value.has_value();
    if (builder == nullptr) {
      ++records_after_;
    } else if (!builder->TryAppendCopy(record)) {
      return Error(ErrorCode::kRecordListTooLarge,
                   base::StrCat("record ", record.offset, " does not fit into its batch again"));
    }
  }
  RUNNEL_RETURN_IF_ERROR(iterator.status());
  return kept;
}

StatusOr<std::string_view> BatchFilter::Rebuild(const BatchView& batch,
                                                std::optional<Timestamp> new_horizon) {
  record::BatchOptions options = record::BatchOptions::Like(batch);
  if (new_horizon.has_value()) options.delete_horizon = new_horizon;
  builder_.Reset(options);
  RUNNEL_RETURN_IF_ERROR(Walk(batch, &builder_).status());
  return builder_.Finish();
}

StatusOr<std::string_view> BatchFilter::Filter(const BatchView& batch) {
  kept_transaction_.reset();
  records_before_ += batch.record_count();
  bool discardable = false;
  if (batch.is_control()) {
    discardable = tracker_.EndsEmpty(batch, kept_transaction_);
  } else {
    discardable = tracker_.IsAborted(batch);
  }
  const bool drops_records = discardable && (!batch.is_control() || IsPastHorizon(batch));
  Kept kept{.all = false};
  if (!drops_records) {
    RUNNEL_ASSIGN_OR_RETURN(kept, Walk(batch, nullptr));
  }
  if (!kept.any) {
    // The header alone tells the producer's last sequence, or how far this pass has come.
    if (!IsLastOfProducer(batch) && batch.next_offset() != options_.map_end) {
      return std::string_view();
    }
    if (batch.record_count() == 0) return batch.bytes();
    record::EncodeEmptyBatch(empty_batch_, batch);
    return std::string_view(empty_batch_, sizeof(empty_batch_));
  }
  const bool marker_of_nothing = batch.is_control() && discardable;
  const bool needs_horizon = (kept.tombstone || marker_of_nothing) && !batch.has_delete_horizon();
  if (kept.all && !needs_horizon) return batch.bytes();
  return Rebuild(batch, needs_horizon ? std::optional(options_.now + options_.tombstone_retention)
                                      : std::nullopt);
}

}  // namespace runnel::log
