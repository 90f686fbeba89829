#include "log/log_loader.h"

#include <algorithm>

#include "base/files.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/partition_metadata.h"

namespace runnel::log {
namespace {

constexpr int64_t kMaxTextBytes = 16 << 20;

}  // namespace

LogLoader::LogLoader(std::shared_ptr<const LogFolder> folder, const LogOpenOptions& options,
                     Timestamp now, LeaderEpochCache& epochs, LogRecovery& report)
    : folder_(std::move(folder)), options_(options), now_(now), epochs_(epochs), report_(report) {}

StatusOr<LoadedLog> LogLoader::Load() {
  RUNNEL_RETURN_IF_ERROR(PrepareFolder());
  RUNNEL_RETURN_IF_ERROR(CleanUp());
  RUNNEL_RETURN_IF_ERROR(OpenSegments());
  RUNNEL_RETURN_IF_ERROR(LoadEpochs());
  RUNNEL_RETURN_IF_ERROR(RebuildMissingIndexes());
  const size_t first_unsure = FirstUnsure();
  if (first_unsure < log_.segments.size()) {
    RUNNEL_RETURN_IF_ERROR(RecoverFrom(first_unsure));
  } else {
    RUNNEL_RETURN_IF_ERROR(FindEnd());
  }
  RUNNEL_RETURN_IF_ERROR(ApplyLogStart());
  for (size_t i = 0; i + 1 < log_.segments.size(); ++i) {
    log_.segments[i]->closed_.store(true, std::memory_order_release);
  }
  for (const auto& segment : log_.segments)
    segment->CloseFile();
  DropStraySnapshots();
  report_.segments = static_cast<int64_t>(log_.segments.size());
  if (names_changed_) RUNNEL_RETURN_IF_ERROR(folder_->directory->Sync(folder_->name));
  return std::move(log_);
}

void LogLoader::Note(std::string text) {
  report_.notes.push_back(base::StrCat(folder_->name, ": ", text));
}

bool LogLoader::HasFile(Offset base_offset, std::string_view kind) const {
  return std::binary_search(names_.begin(), names_.end(), SegmentFileName(base_offset, kind));
}

Status LogLoader::PrepareFolder() {
  Directory& directory = *folder_->directory;
  StatusOr<std::vector<DirectoryEntry>> entries = directory.List(folder_->name);
  bool has_metadata = false;
  if (entries.ok()) {
    for (DirectoryEntry& entry : *entries) {
      if (entry.is_directory) continue;
      has_metadata |= entry.name == kMetadataFile;
      names_.push_back(std::move(entry.name));
    }
  } else {
    if (!IsNotFound(entries.status())) return std::move(entries).status();
    RUNNEL_RETURN_IF_ERROR(directory.CreateDirectory(folder_->name));
    RUNNEL_RETURN_IF_ERROR(directory.Sync(""));
  }
  log_.topic_id = options_.topic_id;
  const std::string path = folder_->PathOf(kMetadataFile);
  if (has_metadata) {
    RUNNEL_ASSIGN_OR_RETURN(const std::string text,
                            base::ReadWhole(directory, path, kMaxTextBytes));
    RUNNEL_ASSIGN_OR_RETURN(const Uuid id, DecodePartitionMetadata(text, path));
    if (options_.topic_id.is_zero()) log_.topic_id = id;
    if (log_.topic_id != id) {
      return Error(ErrorCode::kInconsistentTopicId,
                   base::StrCat(path, " has topic id ", ToString(id), ", not ",
                                ToString(options_.topic_id)));
    }
    return OkStatus();
  }
  if (options_.topic_id.is_zero()) return OkStatus();
  return base::WriteWhole(directory, path, EncodePartitionMetadata(options_.topic_id));
}

Status LogLoader::RemoveFile(std::string_view name) {
  names_changed_ = true;
  const Status status = folder_->directory->Remove(folder_->PathOf(name));
  return status.ok() || IsNotFound(status) ? OkStatus() : status;
}

Status LogLoader::CleanUp() {
  std::optional<Offset> min_cleaned;
  std::vector<SegmentFile> swaps;
  std::vector<std::string> kept;
  for (const std::string& name : names_) {
    const std::optional<SegmentFile> file = ParseSegmentFile(name);
    const bool leftover = name.ends_with(kTempSuffix) || name.ends_with(kDeletedSuffix) ||
                          name.ends_with(kCleanedSuffix);
    if (file.has_value() && file->state == kCleanedSuffix &&
        (!min_cleaned || file->base_offset < *min_cleaned)) {
      min_cleaned = file->base_offset;
    }
    if (leftover) {
      if (file.has_value() && file->state == kDeletedSuffix && file->kind == kLogSuffix) {
        ++report_.deleted_segments;
      }
      RUNNEL_RETURN_IF_ERROR(RemoveFile(name));
    } else if (file.has_value() && file->state == kSwapSuffix) {
      swaps.push_back(*file);
    } else {
      kept.push_back(name);
    }
  }
  names_ = std::move(kept);
  std::vector<SegmentFile> complete;
  for (const SegmentFile& swap : swaps) {
    if (!min_cleaned || swap.base_offset < *min_cleaned) {
      complete.push_back(swap);
      continue;
    }
    RUNNEL_RETURN_IF_ERROR(
        RemoveFile(SegmentFileName(swap.base_offset, base::StrCat(swap.kind, swap.state))));
  }
  if (!complete.empty()) RUNNEL_RETURN_IF_ERROR(FinishSwaps(std::move(complete)));
  // Indexes whose log is gone.
  std::erase_if(names_, [&](const std::string& name) {
    const std::optional<SegmentFile> file = ParseSegmentFile(name);
    if (!file || file->kind == kLogSuffix || file->kind == kSnapshotSuffix) return false;
    if (HasFile(file->base_offset, kLogSuffix)) return false;
    base::IgnoreError(RemoveFile(name), "an index without a log is never read");
    return true;
  });
  return OkStatus();
}

StatusOr<Offset> LogLoader::EndOfSwap(Offset base_offset) {
  RUNNEL_ASSIGN_OR_RETURN(
      const auto file,
      folder_->directory->OpenFile(
          folder_->PathOf(base_offset, base::StrCat(kLogSuffix, kSwapSuffix)), OpenMode::kRead));
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size, file->Size());
  BatchScanner scanner({.file = file.get()}, 0, size, ScanCheck::kHeaders);
  Offset end = base_offset + 1;  // even an empty replacement takes its own original's place
  while (true) {
    RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
    if (result != ScanResult::kBatch) return end;
    end = scanner.header().next_offset();
  }
}

Status LogLoader::FinishSwaps(std::vector<SegmentFile> swaps) {
  Offset first = swaps.front().base_offset;
  Offset end(0);
  for (const SegmentFile& swap : swaps) {
    first = std::min(first, swap.base_offset);
    if (swap.kind != kLogSuffix) continue;
    RUNNEL_ASSIGN_OR_RETURN(const Offset swap_end, EndOfSwap(swap.base_offset));
    end = std::max(end, swap_end);
  }
  std::vector<std::string> kept;
  for (const std::string& name : names_) {
    const std::optional<SegmentFile> file = ParseSegmentFile(name);
    const bool replaced = file.has_value() && file->kind != kSnapshotSuffix &&
                          file->base_offset >= first && file->base_offset < end;
    if (!replaced) {
      kept.push_back(name);
      continue;
    }
    RUNNEL_RETURN_IF_ERROR(RemoveFile(name));
  }
  names_ = std::move(kept);
  RUNNEL_RETURN_IF_ERROR(folder_->directory->Sync(folder_->name));
  std::sort(swaps.begin(), swaps.end(), [](const SegmentFile& a, const SegmentFile& b) {
    return a.base_offset < b.base_offset;
  });
  for (const SegmentFile& swap : swaps) {
    const std::string name = SegmentFileName(swap.base_offset, swap.kind);
    RUNNEL_RETURN_IF_ERROR(folder_->directory->Rename(
        folder_->PathOf(base::StrCat(name, kSwapSuffix)), folder_->PathOf(name)));
    names_.push_back(name);
  }
  names_changed_ = true;
  std::sort(names_.begin(), names_.end());
  Note(base::StrCat("finished the replacement of segments from ", first, " to ", end));
  return OkStatus();
}

Status LogLoader::OpenSegments() {
  for (const std::string& name : names_) {
    const std::optional<SegmentFile> file = ParseSegmentFile(name);
    if (!file.has_value()) continue;
    if (file->kind == kSnapshotSuffix) log_.snapshots.push_back(file->base_offset);
    if (file->kind != kLogSuffix) continue;
    RUNNEL_ASSIGN_OR_RETURN(const FileInfo info, folder_->directory->Stat(folder_->PathOf(name)));
    auto segment = std::make_shared<Segment>(folder_, file->base_offset, now_);
    segment->SetSize(info.size_bytes);
    log_.segments.push_back(std::move(segment));
  }
  log_.last_exists = !log_.segments.empty();
  if (log_.segments.empty()) {
    const Offset start = options_.log_start_offset.value_or(Offset(0));
    log_.segments.push_back(std::make_shared<Segment>(folder_, start, now_));
  }
  return OkStatus();
}

Status LogLoader::LoadEpochs() {
  if (!std::binary_search(names_.begin(), names_.end(), kEpochFile)) return OkStatus();
  const std::string path = folder_->PathOf(kEpochFile);
  RUNNEL_ASSIGN_OR_RETURN(const std::string text,
                          base::ReadWhole(*folder_->directory, path, kMaxTextBytes));
  const Status status = epochs_.Decode(text);
  if (status.ok()) return OkStatus();
  Note(base::StrCat("rebuilds leader epochs: ", base::AsStd(status.message())));
  return RebuildEpochs();
}

Status LogLoader::RebuildEpochs() {
  epochs_.Clear();
  epochs_rebuilt_ = true;
  for (const auto& segment : log_.segments) {
    if (segment->size_bytes() == 0) continue;
    RUNNEL_ASSIGN_OR_RETURN(const auto file, segment->OpenFile(OpenMode::kRead));
    BatchScanner scanner({.file = file.get()}, 0, segment->size_bytes(), ScanCheck::kHeaders);
    while (true) {
      RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
      if (result != ScanResult::kBatch) break;
      if (scanner.header().leader_epoch() > epochs_.latest_epoch()) {
        epochs_.Assign(scanner.header().leader_epoch(), scanner.header().base_offset());
      }
    }
  }
  return OkStatus();
}

Status LogLoader::StoreEpochs() {
  return base::WriteWhole(*folder_->directory, folder_->PathOf(kEpochFile), epochs_.Encode());
}

void LogLoader::DropStraySnapshots() {
  std::sort(log_.snapshots.begin(), log_.snapshots.end());
  std::erase_if(log_.snapshots, [&](Offset snapshot) {
    const bool has_segment =
        std::any_of(log_.segments.begin(), log_.segments.end(),
                    [&](const auto& segment) { return segment->base_offset() == snapshot; });
    if (has_segment || snapshot == log_.snapshots.back()) return false;
    base::IgnoreError(RemoveFile(SegmentFileName(snapshot, kSnapshotSuffix)),
                      "it is only clutter, removed by the next open");
    return true;
  });
}

Status LogLoader::ApplyLogStart() {
  Offset start =
      std::max(options_.log_start_offset.value_or(Offset(0)), log_.segments.front()->base_offset());
  if (log_.end_offset < start) {
    Note(base::StrCat("ends at ", log_.end_offset, ", below its log start ", start,
                      ": all segments are deleted"));
    RUNNEL_RETURN_IF_ERROR(DeleteSegmentsFrom(0));
    log_.segments.push_back(std::make_shared<Segment>(folder_, start, now_));
    log_.last_exists = false;
    log_.end_offset = start;
    log_.producers.Clear();
    epochs_.Clear();
    epochs_rebuilt_ = true;
  }
  log_.log_start_offset = start;
  bool changed = epochs_rebuilt_;
  // An epoch may begin at the end: a leader that has not written yet. After a crash it is noted
  // again when that leader comes back.
  changed |=
      epochs_.TruncateFromEnd(options_.clean_shutdown ? log_.end_offset + 1 : log_.end_offset);
  changed |= epochs_.TruncateFromStart(start);
  return changed ? StoreEpochs() : OkStatus();
}

}  // namespace runnel::log
