#include "log/cleaner.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/batch_filter.h"
#include "log/segment.h"
#include "record/batch_reader.h"
#include "record/record_iterator.h"

namespace runnel::log {
namespace {

using SegmentList = std::vector<std::shared_ptr<const Segment>>;

// Calls `visit` with each batch of a closed segment, in order. A status that is not OK ends it.
template <class Visit>
Status ForEachBatch(const Segment& segment, int64_t read_bytes, Visit visit) {
  const int64_t size_bytes = segment.size_bytes();
  for (int64_t position = 0; position < size_bytes;) {
    RUNNEL_ASSIGN_OR_RETURN(const RecordBytes records,
                            segment.ReadAt(position, read_bytes, size_bytes));
    if (records.empty()) {
      return Error(ErrorCode::kCorruptMessage,
                   base::StrCat(segment.description(), ": no batch at position ", position));
    }
    // Bytes from disk were checked when they were read, those in memory when they were written.
    record::BatchReader reader(records.bytes, record::CrcCheck::kSkip, position);
    while (reader.Next())
      RUNNEL_RETURN_IF_ERROR(visit(reader.batch()));
    RUNNEL_RETURN_IF_ERROR(reader.status());
    position += static_cast<int64_t>(records.bytes.size());
  }
  return OkStatus();
}

// The offset one past the last one of segment `i`, as far as its neighbours tell.
Offset EndOf(const SegmentList& segments, size_t i, Offset log_end) {
  return i + 1 < segments.size() ? segments[i + 1]->base_offset() : log_end;
}

StatusOr<Timestamp> LargestTimestamp(const Segment& segment) {
  RUNNEL_ASSIGN_OR_RETURN(const SegmentSummary summary, segment.Summary());
  if (summary.max_timestamp > kNoTimestamp) return summary.max_timestamp;
  return segment.Modified();
}

// Base of the segment that holds `offset`; of the active one when it lies beyond.
Offset BaseOfSegmentWith(const SegmentList& segments, Offset offset) {
  Offset base = segments.front()->base_offset();
  for (const auto& segment : segments) {
    if (segment->base_offset() <= offset) base = segment->base_offset();
  }
  return base;
}

// Closed segments below `end`, split so that each group fits into one segment again.
std::vector<SegmentList> Group(const SegmentList& segments, const LogConfig& config, Offset end) {
  // Both indexes grow by an entry per interval; 12 bytes is the larger one.
  const auto index_bytes = [&](const Segment& segment) {
    return (segment.size_bytes() / std::max(1, config.index_interval_bytes) + 2) * 12;
  };
  std::vector<SegmentList> groups;
  int64_t log_total = 0;
  int64_t index_total = 0;
  for (size_t i = 0; i + 1 < segments.size() && segments[i]->base_offset() < end; ++i) {
    const Segment& segment = *segments[i];
    log_total += segment.size_bytes();
    index_total += index_bytes(segment);
    const bool fits =
        !groups.empty() && log_total <= config.segment_bytes && index_total <= config.index_bytes &&
        segments[i + 1]->base_offset() - groups.back().front()->base_offset() <= int64_t{INT32_MAX};
    if (!fits) {
      groups.emplace_back();
      log_total = segment.size_bytes();
      index_total = index_bytes(segment);
    }
    groups.back().push_back(segments[i]);
  }
  return groups;
}

}  // namespace

Cleaner::Cleaner(const CleanerOptions& options, record::Codecs& codecs)
    : options_(options), codecs_(codecs), map_(options.dedupe_buffer_bytes, options.hash_seed) {}

StatusOr<DirtyRange> Cleaner::Examine(PartitionLog& log, std::optional<Offset> checkpoint,
                                      Timestamp now) const {
  const LogConfig config = log.config();
  const SegmentList segments = log.Segments();
  DirtyRange range;
  const Offset start = log.log_start_offset();
  range.first_dirty = checkpoint.value_or(start);
  if (range.first_dirty < start || range.first_dirty > log.end_offset()) range.first_dirty = start;
  range.first_uncleanable = std::min(BaseOfSegmentWith(segments, log.last_stable_offset()),
                                     segments.back()->base_offset());
  Timestamp oldest_dirty = Timestamp::max();
  for (size_t i = 0; i + 1 < segments.size(); ++i) {
    const Segment& segment = *segments[i];
    if (segment.base_offset() >= range.first_uncleanable) break;
    if (EndOf(segments, i, log.end_offset()) <= range.first_dirty) {
      range.clean_bytes += segment.size_bytes();
      continue;
    }
    if (config.min_compaction_lag.count() > 0) {
      RUNNEL_ASSIGN_OR_RETURN(const Timestamp largest, LargestTimestamp(segment));
      if (largest > now - config.min_compaction_lag) {
        range.first_uncleanable = segment.base_offset();
        break;
      }
    }
    range.dirty_bytes += segment.size_bytes();
    if (config.max_compaction_lag.has_value()) {
      RUNNEL_ASSIGN_OR_RETURN(const SegmentSummary summary, segment.Summary());
      if (summary.first_timestamp > Timestamp()) {
        oldest_dirty = std::min(oldest_dirty, summary.first_timestamp);
      }
    }
  }
  range.lag_exceeded =
      config.max_compaction_lag.has_value() && oldest_dirty < now - *config.max_compaction_lag;
  return range;
}

StatusOr<bool> Cleaner::MapBatch(const record::BatchView& batch, Offset first_dirty,
                                 Offset& map_end) {
  RUNNEL_ASSIGN_OR_RETURN(
      const std::string_view records,
      record::InflateRecords(batch, &codecs_, inflated_, options_.max_inflated_bytes));
  record::RecordIterator iterator(batch, records);
  for (record::RecordView record; iterator.Next(record);) {
    if (!record.key.has_value() || record.offset < first_dirty) continue;
    if (!map_.Put(*record.key, record.offset)) return false;
    map_end = record.offset + 1;
  }
  RUNNEL_RETURN_IF_ERROR(iterator.status());
  map_end = std::max(map_end, batch.next_offset());
  return true;
}

StatusOr<std::optional<Offset>> Cleaner::BuildMap(PartitionLog& log, const SegmentList& segments,
                                                  Offset first_dirty) {
  map_.Clear();
  Offset map_end = first_dirty;
  if (segments.empty()) return std::nullopt;
  RUNNEL_ASSIGN_OR_RETURN(
      std::vector<AbortedTxn> aborted,
      log.AbortedTransactions(segments.front()->base_offset(), log.end_offset()));
  TransactionTracker tracker(std::move(aborted));
  for (const auto& segment : segments) {
    bool full = false;
    RUNNEL_RETURN_IF_ERROR(
        ForEachBatch(*segment, options_.read_bytes, [&](const record::BatchView& batch) -> Status {
          if (full) return OkStatus();
          if (batch.is_control()) {
            std::optional<AbortedTxn> ignored;
            tracker.EndsEmpty(batch, ignored);
          } else if (!tracker.IsAborted(batch) && batch.last_offset() >= first_dirty) {
            RUNNEL_ASSIGN_OR_RETURN(const bool fitted, MapBatch(batch, first_dirty, map_end));
            full = !fitted;
            return OkStatus();
          }
          map_end = std::max(map_end, batch.next_offset());
          return OkStatus();
        }));
    if (full) return map_end;
  }
  return std::nullopt;
}

Status Cleaner::CleanGroup(PartitionLog& log, std::span<const std::shared_ptr<const Segment>> group,
                           BatchFilter& filter, CleanResult& result) {
  RUNNEL_ASSIGN_OR_RETURN(auto cleaned, log.NewCleanedSegment(group.front()->base_offset()));
  int64_t bytes_before = 0;
  for (const auto& segment : group) {
    bytes_before += segment->size_bytes();
    RUNNEL_RETURN_IF_ERROR(
        ForEachBatch(*segment, options_.read_bytes, [&](const record::BatchView& batch) -> Status {
          RUNNEL_ASSIGN_OR_RETURN(const std::string_view kept, filter.Filter(batch));
          if (filter.kept_transaction().has_value()) {
            cleaned->AddAborted(*filter.kept_transaction());
          }
          return kept.empty() ? OkStatus() : cleaned->Append(kept);
        }));
  }
  RUNNEL_ASSIGN_OR_RETURN(const Timestamp modified, group.back()->Modified());
  RUNNEL_RETURN_IF_ERROR(cleaned->Finish(modified));
  const int64_t bytes_after = cleaned->size_bytes();
  std::vector<std::unique_ptr<CleanedSegment>> replacement;
  replacement.push_back(std::move(cleaned));
  RUNNEL_RETURN_IF_ERROR(log.ReplaceSegments(group, std::move(replacement)));
  result.bytes_before += bytes_before;
  result.bytes_after += bytes_after;
  result.segments_before += static_cast<int64_t>(group.size());
  ++result.segments_after;
  return OkStatus();
}

StatusOr<CleanResult> Cleaner::Clean(PartitionLog& log, const DirtyRange& range, Timestamp now) {
  CleanResult result{.first_dirty = range.first_dirty};
  if (range.first_uncleanable <= range.first_dirty) return result;
  const SegmentList segments = log.Segments();
  SegmentList dirty;
  for (size_t i = 0; i + 1 < segments.size(); ++i) {
    if (segments[i]->base_offset() >= range.first_uncleanable) break;
    if (EndOf(segments, i, log.end_offset()) > range.first_dirty) dirty.push_back(segments[i]);
  }
  RUNNEL_ASSIGN_OR_RETURN(const std::optional<Offset> full_at,
                          BuildMap(log, dirty, range.first_dirty));
  // All of it was read: gaps at its end need not be read again.
  const Offset map_end = full_at.value_or(range.first_uncleanable);

  const LogConfig config = log.config();
  RUNNEL_ASSIGN_OR_RETURN(
      std::vector<AbortedTxn> aborted,
      log.AbortedTransactions(segments.front()->base_offset(), log.end_offset()));
  BatchFilter filter({.now = now,
                      .tombstone_retention = config.tombstone_retention,
                      .map_end = map_end,
                      .max_inflated_bytes = options_.max_inflated_bytes},
                     map_, TransactionTracker(std::move(aborted)), log.Producers(), codecs_);
  const std::vector<SegmentList> groups = Group(segments, config, map_end);
  for (const SegmentList& group : groups) {
    RUNNEL_RETURN_IF_ERROR(CleanGroup(log, group, filter, result));
  }
  result.records_before = filter.records_before();
  result.records_after = filter.records_after();
  result.first_dirty = map_end;
  map_.Clear();
  return result;
}

}  // namespace runnel::log
