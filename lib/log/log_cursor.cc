#include "log/log_cursor.h"

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"
#include "log/partition_log.h"
#include "record/batch_header.h"

namespace runnel::log {

LogCursor::LogCursor(PartitionLog& log, ReadBound bound) : log_(&log), bound_(bound) {}
LogCursor::~LogCursor() = default;
LogCursor::LogCursor(LogCursor&&) noexcept = default;
LogCursor& LogCursor::operator=(LogCursor&&) noexcept = default;

Status LogCursor::Seek(Offset offset) {
  RUNNEL_RETURN_IF_ERROR(log_->CheckReadable(offset));
  return Attach(offset);
}

Status LogCursor::Attach(Offset offset) {
  // A segment may be replaced between finding it and reading its index: look again then.
  for (int attempt = 0;; ++attempt) {
    const std::shared_ptr<Segment> segment = log_->FindSegment(offset);
    const StatusOr<int64_t> position = segment->PositionOf(offset, segment->size_bytes());
    if (!position.ok() && segment->detached() && attempt < 10) continue;
    if (!position.ok()) return position.status();
    AttachTo(segment, *position);
    offset_ = offset;
    return OkStatus();
  }
}

void LogCursor::AttachTo(std::shared_ptr<const Segment> segment, int64_t position) {
  segment_ = std::move(segment);
  memory_ = segment_->Memory(&memory_from_);
  position_ = position;
}

bool LogCursor::ready() const {
  return segment_ != nullptr && memory_ != nullptr && position_ >= memory_from_ &&
         position_ < log_->LimitOf(*segment_, bound_);
}

StatusOr<RecordBytes> LogCursor::Read(int64_t max_bytes) {
  RUNNEL_CHECK(segment_ != nullptr);  // Seek() comes first
  if (!aborted_.empty()) aborted_.clear();
  while (true) {
    if (segment_->detached() || offset_ < log_->log_start_offset()) [[unlikely]] {
      RUNNEL_RETURN_IF_ERROR(Seek(offset_));
    }
    const bool closed = segment_->closed();  // before the limit: final once it is true
    const int64_t limit = log_->LimitOf(*segment_, bound_);
    if (position_ < limit) {
      if (memory_ != nullptr && position_ >= memory_from_) {
        return Take({.bytes = {memory_->data() + position_, static_cast<size_t>(limit - position_)},
                     .pin = memory_},
                    max_bytes);
      }
      RUNNEL_ASSIGN_OR_RETURN(RecordBytes read, segment_->ReadAt(position_, max_bytes, limit));
      // The reader caught up with what the appender keeps in memory: look for it next time.
      if (memory_ == nullptr && !closed) memory_ = segment_->Memory(&memory_from_);
      return Take(std::move(read), max_bytes);
    }
    if (!closed || position_ < segment_->size_bytes()) return RecordBytes();
    std::shared_ptr<Segment> next = log_->NextSegment(*segment_);
    if (next == nullptr) return RecordBytes();
    AttachTo(std::move(next), 0);
  }
}

// Cuts `found` to whole batches within `max_bytes` and the last stable offset, and steps behind
// them. One load per batch beyond what the reader touches anyway.
StatusOr<RecordBytes> LogCursor::Take(RecordBytes found, int64_t max_bytes) {
  const bool stable_only = bound_ == ReadBound::kLastStable;
  const Offset stable = stable_only ? log_->last_stable_offset() : Offset(INT64_MAX);
  const char* const begin = found.bytes.data();
  const int64_t available = static_cast<int64_t>(found.bytes.size());
  const Offset first = offset_;
  Offset next = offset_;
  bool transactional = false;
  int64_t end = 0;
  while (end < available) {
    const auto header = record::BatchHeader::FromTrusted(begin + end);
    const int64_t size = header.size_bytes();
    if (end > 0 && end + size > max_bytes) break;
    if (stable_only) {
      if (header.base_offset() >= stable) break;
      transactional |= header.is_transactional();
    }
    next = header.next_offset();
    end += size;
  }
  if (end == 0) return RecordBytes();
  if (transactional) {
    RUNNEL_ASSIGN_OR_RETURN(aborted_, log_->AbortedTransactions(first, next));
  }
  position_ += end;
  offset_ = std::max(offset_, next);
  found.bytes = found.bytes.substr(0, static_cast<size_t>(end));
  return found;
}

}  // namespace runnel::log
