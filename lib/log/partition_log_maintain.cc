// Retention, deletion of records and of files.
#include <algorithm>

#include "base/files.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/file_names.h"
#include "log/partition_log.h"

namespace runnel::log {

StatusOr<bool> PartitionLog::MayDelete(const Segment& segment, Offset end, int64_t total_bytes,
                                       const LogConfig& config, Timestamp now) const {
  if (high_watermark() < end) return false;
  if (end <= log_start_offset()) return true;
  if (!config.cleanup_delete) return false;
  if (config.retention_bytes.has_value() &&
      total_bytes - segment.size_bytes() >= *config.retention_bytes) {
    return true;
  }
  if (!config.retention_age.has_value()) return false;
  RUNNEL_ASSIGN_OR_RETURN(const SegmentSummary summary, segment.Summary());
  Timestamp newest = summary.max_timestamp;
  if (newest < Timestamp()) {
    RUNNEL_ASSIGN_OR_RETURN(newest, segment.Modified());
  }
  return now - newest > *config.retention_age;
}

StatusOr<int64_t> PartitionLog::DeleteOldSegments(Timestamp now) {
  const base::Lock io_lock(io_mutex_);
  const LogConfig settings = config();
  int64_t deleted = 0;
  int64_t total = size_bytes();
  while (true) {
    const std::vector<std::shared_ptr<Segment>> segments = SegmentList();
    const std::shared_ptr<Segment>& oldest = segments.front();
    const bool is_active = segments.size() == 1;
    if (is_active && oldest->size_bytes() == 0) break;
    const Offset end = is_active ? end_offset() : segments[1]->base_offset();
    // An active segment that only the log start has passed stays until it is closed.
    if (is_active && end <= log_start_offset()) break;
    const int64_t size = oldest->size_bytes();
    RUNNEL_ASSIGN_OR_RETURN(const bool may, MayDelete(*oldest, end, total, settings, now));
    if (!may) break;
    if (is_active) RUNNEL_RETURN_IF_ERROR(Roll());
    RUNNEL_RETURN_IF_ERROR(DeleteSegment(oldest, now));
    total -= size;
    ++deleted;
    RaiseLogStart(SegmentList().front()->base_offset());
  }
  if (deleted > 0 && !in_memory()) {
    RUNNEL_RETURN_IF_ERROR(folder_->directory->Sync(folder_->name));
    RUNNEL_RETURN_IF_ERROR(StoreEpochs());
  }
  return deleted;
}

// The log start rises first, so that nobody begins to read what is about to go.
Status PartitionLog::DeleteSegment(const std::shared_ptr<Segment>& segment, Timestamp now) {
  RaiseLogStart(NextSegment(*segment)->base_offset());
  // Cursors in the segment go on reading through this handle.
  if (!in_memory()) RUNNEL_RETURN_IF_ERROR(segment->OpenFile(OpenMode::kReadWrite).status());
  {
    const base::LightLock lock(mutex_);
    std::erase(unsynced_, segment);
    std::erase(snapshots_, segment->base_offset());
    if (mark_segment_ == segment) mark_segment_.reset();
    if (visible_segment_ == segment) visible_segment_ = NextSegment(*segment);
    const base::Lock list_lock(segments_mutex_);
    std::erase(segments_, segment);
    segment->detached_.store(true, std::memory_order_release);
  }
  if (in_memory()) return OkStatus();
  pending_deletes_.push_back(
      {.base_offset = segment->base_offset(), .due = now + config().delete_delay});
  return segment->RenameDeleted(Segment::SnapshotFile::kRename);
}

void PartitionLog::RaiseLogStart(Offset offset) {
  const base::LightLock lock(mutex_);
  if (offset <= log_start_offset()) return;
  log_start_.store(offset.value(), std::memory_order_release);
  epochs_.TruncateFromStart(offset);
  producers_.OnLogStart(offset);
  RefreshUnstableLocked();
}

Status PartitionLog::StoreEpochs() {
  if (in_memory()) return OkStatus();
  return base::WriteWhole(*folder_->directory, folder_->PathOf(kEpochFile), epochs_.Encode());
}

Status PartitionLog::DeleteRecordsBefore(Offset offset) {
  if (offset > high_watermark()) {
    return Error(ErrorCode::kOffsetOutOfRange,
                 base::StrCat("cannot delete before ", offset, ": the high watermark of ", name(),
                              " is ", high_watermark()));
  }
  const base::Lock io_lock(io_mutex_);
  if (offset <= log_start_offset()) return OkStatus();
  RaiseLogStart(offset);
  return StoreEpochs();
}

StatusOr<int64_t> PartitionLog::RemoveDeletedFiles(Timestamp now) {
  const base::Lock io_lock(io_mutex_);
  int64_t removed = 0;
  for (auto it = pending_deletes_.begin(); it != pending_deletes_.end();) {
    if (it->due > now) {
      ++it;
      continue;
    }
    for (const std::string_view kind : {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix,
                                        kTransactionIndexSuffix, kSnapshotSuffix}) {
      const std::string path = folder_->PathOf(it->base_offset, base::StrCat(kind, kDeletedSuffix));
      const Status status = folder_->directory->Remove(path);
      if (!status.ok() && !IsNotFound(status)) return status;
      if (status.ok()) ++removed;
    }
    it = pending_deletes_.erase(it);
  }
  return removed;
}

}  // namespace runnel::log
