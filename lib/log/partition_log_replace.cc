// Puts compacted segments in the place of the ones they were made from.
#include <algorithm>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/cleaned_segment_impl.h"
#include "log/file_names.h"
#include "log/partition_log.h"

namespace runnel::log {

StatusOr<std::unique_ptr<CleanedSegment>> PartitionLog::NewCleanedSegment(Offset base_offset) {
  const LogConfig settings = config();
  auto impl =
      std::make_unique<CleanedSegment::Impl>(folder_, base_offset, settings.index_interval_bytes);
  if (in_memory()) {
    // Room for one old segment that was larger than today's config.
    const int64_t capacity = std::max(settings.segment_bytes, size_bytes());
    RUNNEL_ASSIGN_OR_RETURN(impl->storage, SegmentStorage::InMemory(capacity));
  } else {
    for (const std::string_view kind :
         {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix, kTransactionIndexSuffix}) {
      const Status removed = folder_->directory->Remove(
          folder_->PathOf(base_offset, base::StrCat(kind, kCleanedSuffix)));
      if (!removed.ok() && !IsNotFound(removed)) return removed;
    }
    RUNNEL_ASSIGN_OR_RETURN(
        impl->file, folder_->directory->OpenFile(
                        folder_->PathOf(base_offset, base::StrCat(kLogSuffix, kCleanedSuffix)),
                        OpenMode::kCreateNew));
  }
  return std::unique_ptr<CleanedSegment>(new CleanedSegment(std::move(impl)));
}

Status PartitionLog::CheckReplaceable(std::span<const std::shared_ptr<const Segment>> old) const {
  const base::ReaderLock lock(segments_mutex_);
  const auto first = std::find(segments_.begin(), segments_.end(), old.front());
  const auto gone = Error(ErrorCode::kOperationNotAttempted,
                          base::StrCat("segments of ", name(), " from ", old.front()->base_offset(),
                                       " are gone or still open"));
  if (segments_.end() - first <= static_cast<std::ptrdiff_t>(old.size())) return gone;
  return std::equal(old.begin(), old.end(), first) ? OkStatus() : gone;
}

Status PartitionLog::RenameCleaned(std::span<const std::unique_ptr<CleanedSegment>> cleaned,
                                   std::string_view from, std::string_view to) {
  for (const auto& segment : cleaned) {
    for (const std::string_view kind :
         {kOffsetIndexSuffix, kTimeIndexSuffix, kTransactionIndexSuffix, kLogSuffix}) {
      if (kind == kTransactionIndexSuffix && segment->impl_->transactions->empty()) continue;
      RUNNEL_RETURN_IF_ERROR(folder_->directory->Rename(
          folder_->PathOf(segment->base_offset(), base::StrCat(kind, from)),
          folder_->PathOf(segment->base_offset(), base::StrCat(kind, to))));
    }
  }
  return folder_->directory->Sync(folder_->name);
}

// The order is what makes it safe: the new files are complete and synced; once all are called
// `.swap` they win over the old ones, before that they lose (LogLoader::CleanUp).
Status PartitionLog::ReplaceSegments(std::span<const std::shared_ptr<const Segment>> old,
                                     std::vector<std::unique_ptr<CleanedSegment>> cleaned) {
  RUNNEL_CHECK(!old.empty());
  const base::Lock io_lock(io_mutex_);
  RUNNEL_RETURN_IF_ERROR(CheckReplaceable(old));
  std::vector<std::shared_ptr<Segment>> replaced;
  for (const auto& segment : old)
    replaced.push_back(std::const_pointer_cast<Segment>(segment));
  std::vector<std::shared_ptr<Segment>> replacements;
  for (const auto& segment : cleaned) {
    CleanedSegment::Impl& impl = *segment->impl_;
    RUNNEL_CHECK(impl.finished);
    auto fresh = std::make_shared<Segment>(folder_, impl.base_offset, deps_.clock->Now());
    fresh->SetSize(impl.size_bytes);
    fresh->visible_bytes_.store(impl.size_bytes, std::memory_order_release);
    fresh->closed_.store(true, std::memory_order_release);
    if (in_memory()) {
      fresh->Attach(impl.storage, 0, impl.indexes);
      const base::Lock lock(fresh->mutex_);
      fresh->transactions_ = impl.transactions;
      fresh->transactions_loaded_ = true;
    }
    impl.file.reset();
    replacements.push_back(std::move(fresh));
  }
  if (!in_memory()) {
    for (const auto& segment : replaced)
      RUNNEL_RETURN_IF_ERROR(segment->KeepReadable());
    std::reverse(cleaned.begin(), cleaned.end());  // highest base first
    Status status = RenameCleaned(cleaned, kCleanedSuffix, kSwapSuffix);
    for (const auto& segment : replaced) {
      if (status.ok()) status = segment->RenameDeleted(Segment::SnapshotFile::kKeep);
    }
    if (status.ok()) status = folder_->directory->Sync(folder_->name);
    std::reverse(cleaned.begin(), cleaned.end());  // lowest base first
    if (status.ok()) status = RenameCleaned(cleaned, kSwapSuffix, "");
    if (!status.ok()) {
      const base::LightLock lock(mutex_);
      PoisonLocked(status);  // some files have new names: opening again finishes it
      return status;
    }
    const Timestamp due = deps_.clock->Now() + config().delete_delay;
    for (const auto& segment : replaced) {
      pending_deletes_.push_back({.base_offset = segment->base_offset(), .due = due});
    }
  }
  PutInPlace(replaced, std::move(replacements));
  return OkStatus();
}

void PartitionLog::PutInPlace(std::span<const std::shared_ptr<Segment>> old,
                              std::vector<std::shared_ptr<Segment>> replacements) {
  const base::LightLock lock(mutex_);
  for (const auto& segment : old)
    std::erase(unsynced_, segment);
  mark_segment_.reset();
  const bool visible_replaced = std::find(old.begin(), old.end(), visible_segment_) != old.end();
  if (visible_replaced) visible_segment_ = NextSegment(*old.back());
  const base::Lock list_lock(segments_mutex_);
  const auto first = std::find(segments_.begin(), segments_.end(), old.front());
  const auto after = segments_.erase(first, first + static_cast<std::ptrdiff_t>(old.size()));
  segments_.insert(after, replacements.begin(), replacements.end());
  for (const auto& segment : old) {
    segment->detached_.store(true, std::memory_order_release);
  }
}

}  // namespace runnel::log
