// Durability of PartitionLog: syncing, and making synced or replicated records visible.
#include <algorithm>
#include <utility>

#include "base/files.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/file_names.h"
#include "log/partition_log.h"

namespace runnel::log {

StatusOr<Offset> PartitionLog::Flush() {
  const Offset wanted = end_offset();
  if (!in_memory() && recovery_point() >= wanted && health().ok()) return recovery_point();
  const base::Lock io_lock(io_mutex_);
  {
    const base::LightLock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(HealthLocked());
  }
  RUNNEL_RETURN_IF_ERROR(FlushHoldingIo());
  return recovery_point();
}

Status PartitionLog::FlushHoldingIo() {
  FlushPlan plan;
  {
    const base::LightLock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(health_);
    plan = PlanFlushLocked();
  }
  const Status status = RunFlush(plan);
  const base::LightLock lock(mutex_);
  if (!status.ok()) {
    PoisonLocked(status);
    return health_;
  }
  for (const auto& segment : plan.closed)
    segment->CloseFile();
  unsynced_.erase(unsynced_.begin(),
                  unsynced_.begin() + static_cast<std::ptrdiff_t>(plan.closed.size()));
  if (plan.active != nullptr && plan.active == tail_.segment) {
    tail_.synced_bytes = plan.active_bytes;
    tail_.resized = false;
  }
  mark_segment_ = plan.active;
  mark_bytes_ = plan.active_bytes;
  mark_end_ = plan.end;
  recovery_point_.store(plan.end.value(), std::memory_order_release);
  unflushed_since_.reset();
  return OkStatus();
}

PartitionLog::FlushPlan PartitionLog::PlanFlushLocked() {
  FlushPlan plan{.end = end_offset()};
  if (in_memory()) return plan;
  plan.closed = unsynced_;
  plan.active_bytes = tail_.size_bytes;
  if (tail_.size_bytes > tail_.synced_bytes || tail_.resized) plan.active = tail_.segment;
  plan.names = std::exchange(names_dirty_, false);
  if (std::exchange(epochs_dirty_, false)) plan.epochs = epochs_.Encode();
  return plan;
}

// Content first, then the names it is found under; both before anything is acknowledged.
Status PartitionLog::RunFlush(const FlushPlan& plan) {
  if (in_memory()) return OkStatus();
  if (plan.epochs.has_value()) {
    RUNNEL_RETURN_IF_ERROR(
        base::WriteWhole(*folder_->directory, folder_->PathOf(kEpochFile), *plan.epochs));
  }
  for (const auto& segment : plan.closed) {
    RUNNEL_ASSIGN_OR_RETURN(const auto file, segment->OpenFile(OpenMode::kReadWrite));
    RUNNEL_RETURN_IF_ERROR(file->Sync());
    RUNNEL_RETURN_IF_ERROR(segment->SyncIndexes());
  }
  if (plan.active != nullptr) {
    RUNNEL_ASSIGN_OR_RETURN(const auto file, plan.active->OpenFile(OpenMode::kReadWrite));
    RUNNEL_RETURN_IF_ERROR(file->Sync());
  }
  if (plan.names && !plan.epochs.has_value()) return folder_->directory->Sync(folder_->name);
  // WriteWhole has synced the folder, but maybe before the last new file was made.
  return plan.names ? folder_->directory->Sync(folder_->name) : OkStatus();
}

int64_t PartitionLog::unflushed_bytes() const {
  const base::LightLock lock(mutex_);
  if (in_memory()) return 0;
  int64_t total = tail_.size_bytes - tail_.synced_bytes;
  for (const auto& segment : unsynced_)
    total += segment->size_bytes();
  return total;
}

std::optional<Elapsed> PartitionLog::unflushed_since() const {
  const base::LightLock lock(mutex_);
  if (in_memory() || recovery_point() >= end_offset()) return std::nullopt;
  if (!unflushed_since_.has_value()) unflushed_since_ = deps_.clock->ElapsedTime();
  return unflushed_since_;
}

Status PartitionLog::AdvanceHighWatermark(Offset offset) {
  {
    const base::LightLock lock(mutex_);
    if (offset > end_offset()) {
      return Error(ErrorCode::kOffsetOutOfRange,
                   base::StrCat("high watermark ", offset, " is above the end ", end_offset(),
                                " of ", name()));
    }
    if (offset <= high_watermark()) return OkStatus();
    RUNNEL_RETURN_IF_ERROR(MakeVisibleLocked(offset));
    producers_.OnHighWatermark(offset);
    RefreshUnstableLocked();
  }
  Notify(kVisibleMoved);
  return OkStatus();
}

// Moves visible_bytes of the segments up to `offset`, then the high watermark itself.
Status PartitionLog::MakeVisibleLocked(Offset offset) {
  while (true) {
    Segment& segment = *visible_segment_;
    const std::shared_ptr<Segment> next = NextSegment(segment);
    if (next != nullptr && next->base_offset() <= offset) {
      segment.visible_bytes_.store(segment.size_bytes(), std::memory_order_release);
      visible_segment_ = next;
      continue;
    }
    RUNNEL_ASSIGN_OR_RETURN(const int64_t position, VisiblePositionLocked(segment, offset));
    segment.visible_bytes_.store(position, std::memory_order_release);
    high_watermark_.store(offset.value(), std::memory_order_release);
    return OkStatus();
  }
}

StatusOr<int64_t> PartitionLog::VisiblePositionLocked(const Segment& segment, Offset offset) const {
  if (offset == end_offset()) return segment.size_bytes();
  if (&segment == mark_segment_.get() && offset == mark_end_) return mark_bytes_;
  // Between two places that are known: walk from the index entry before it.
  return segment.PositionOf(offset, segment.size_bytes());
}

}  // namespace runnel::log
