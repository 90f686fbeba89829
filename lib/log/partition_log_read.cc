// The reading half of PartitionLog; the tail itself is read by LogCursor.
#include <algorithm>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/partition_log.h"

namespace runnel::log {
namespace {

// The segment that holds `offset`: the last one that begins at or before it.
template <class Segments>
auto FloorSegment(Segments& segments, Offset offset) {
  auto it = std::upper_bound(
      segments.begin(), segments.end(), offset,
      [](Offset wanted, const auto& segment) { return wanted < segment->base_offset(); });
  return it == segments.begin() ? it : it - 1;
}

}  // namespace

std::shared_ptr<Segment> PartitionLog::FindSegment(Offset offset) const {
  const base::ReaderLock lock(segments_mutex_);
  return *FloorSegment(segments_, offset);
}

std::shared_ptr<Segment> PartitionLog::NextSegment(const Segment& segment) const {
  const base::ReaderLock lock(segments_mutex_);
  const auto it =
      std::upper_bound(segments_.begin(), segments_.end(), segment.base_offset(),
                       [](Offset base, const auto& other) { return base < other->base_offset(); });
  return it == segments_.end() ? nullptr : *it;
}

Status PartitionLog::CheckReadable(Offset offset) const {
  const Offset start = log_start_offset();
  const Offset end = end_offset();
  if (offset >= start && offset <= end) return OkStatus();
  return Error(ErrorCode::kOffsetOutOfRange,
               base::StrCat("offset ", offset, " is outside [", start, ", ", end, "] of ", name()));
}

int64_t PartitionLog::LimitOf(const Segment& segment, ReadBound bound) const {
  return bound == ReadBound::kEnd ? segment.size_bytes() : segment.visible_bytes();
}

StatusOr<ReadResult> PartitionLog::Read(const ReadOptions& options) {
  ReadResult result{.next_offset = options.offset};
  LogCursor cursor(*this, options.bound);
  RUNNEL_RETURN_IF_ERROR(cursor.Seek(options.offset));
  RUNNEL_ASSIGN_OR_RETURN(result.records, cursor.Read(options.max_bytes));
  result.next_offset = cursor.offset();
  result.aborted = cursor.aborted();
  result.high_watermark = high_watermark();
  result.last_stable_offset = last_stable_offset();
  result.log_start_offset = log_start_offset();
  result.end_offset = end_offset();
  return result;
}

StatusOr<OffsetAndTimestamp> PartitionLog::LookupTimestamp(Timestamp time) {
  const Offset start = log_start_offset();
  for (const auto& segment : SegmentList()) {
    const int64_t limit = segment->visible_bytes();
    if (limit == 0) continue;
    if (segment->closed()) {
      RUNNEL_ASSIGN_OR_RETURN(const SegmentSummary summary, segment->Summary());
      if (summary.max_timestamp < time || summary.end_offset <= start) continue;
    }
    RUNNEL_ASSIGN_OR_RETURN(const OffsetAndTimestamp found,
                            segment->FindTimestamp(time, start, limit));
    if (found.offset != kNoOffset) return found;
  }
  return OffsetAndTimestamp();
}

StatusOr<OffsetAndTimestamp> PartitionLog::LookupMaxTimestamp() {
  const Offset start = log_start_offset();
  std::shared_ptr<Segment> best;
  Timestamp greatest = kNoTimestamp;
  for (const auto& segment : SegmentList()) {
    if (segment->visible_bytes() == 0) continue;
    RUNNEL_ASSIGN_OR_RETURN(const SegmentSummary summary, segment->Summary());
    if (summary.max_timestamp <= greatest || summary.end_offset <= start) continue;
    greatest = summary.max_timestamp;
    best = segment;
  }
  if (best == nullptr) return OffsetAndTimestamp();
  return best->FindMaxTimestamp(start, best->visible_bytes());
}

EpochEndOffset PartitionLog::EndOffsetForEpoch(LeaderEpoch epoch) const {
  return epochs_.EndOffsetFor(epoch, end_offset());
}

StatusOr<std::vector<AbortedTxn>> PartitionLog::AbortedTransactions(Offset begin, Offset end) {
  std::vector<AbortedTxn> out;
  const std::vector<std::shared_ptr<Segment>> segments = SegmentList();
  for (auto it = FloorSegment(segments, begin); it != segments.end(); ++it) {
    RUNNEL_ASSIGN_OR_RETURN(const auto index, (*it)->Transactions(false));
    if (index != nullptr && index->Collect(begin, end, out)) break;
  }
  return out;
}

}  // namespace runnel::log
