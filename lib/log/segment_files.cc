// The files of a segment: opening, index look-ups, writing out, renaming.
#include <algorithm>

#include "base/files.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/file_names.h"
#include "log/segment.h"

namespace runnel::log {
namespace {

// Larger than any index a 31-bit position allows.
constexpr int64_t kMaxIndexBytes = int64_t{1} << 31;

Status WriteFile(Directory& directory, const std::string& path, std::string_view bytes) {
  RUNNEL_ASSIGN_OR_RETURN(const auto file, directory.OpenFile(path, OpenMode::kCreate));
  RUNNEL_RETURN_IF_ERROR(file->Truncate(static_cast<int64_t>(bytes.size())));
  return file->Write(0, bytes);
}

Status SyncFile(Directory& directory, const std::string& path) {
  auto file = directory.OpenFile(path, OpenMode::kReadWrite);
  if (!file.ok()) return IsNotFound(file.status()) ? OkStatus() : std::move(file).status();
  return (*file)->Sync();
}

}  // namespace

StatusOr<std::shared_ptr<File>> Segment::OpenFile(OpenMode mode) const {
  const base::Lock lock(mutex_);
  if (file_ != nullptr) return file_;
  std::string path = folder_->PathOf(base_offset_, kLogSuffix);
  if (renamed_) path += kDeletedSuffix;
  // Opened for writing always: the handle is shared with the appender.
  const OpenMode wanted = mode == OpenMode::kRead ? OpenMode::kReadWrite : mode;
  RUNNEL_ASSIGN_OR_RETURN(std::unique_ptr<File> file, folder_->directory->OpenFile(path, wanted));
  file_ = std::move(file);
  return file_;
}

void Segment::CloseFile() const {
  std::shared_ptr<File> dropped;
  const base::Lock lock(mutex_);
  dropped.swap(file_);
}

bool Segment::has_open_file() const {
  const base::Lock lock(mutex_);
  return file_ != nullptr;
}

void Segment::Attach(std::shared_ptr<SegmentStorage> storage, int64_t memory_from,
                     std::shared_ptr<Indexes> indexes) {
  const base::Lock lock(mutex_);
  storage_ = std::move(storage);
  memory_from_ = memory_from;
  indexes_ = std::move(indexes);
  summary_.reset();
}

void Segment::DropMemory() {
  const base::Lock lock(mutex_);
  storage_.reset();
  memory_from_ = 0;
  indexes_.reset();
}

StatusOr<OffsetIndexEntry> Segment::LookupOffset(Offset offset) const {
  {
    const base::Lock lock(mutex_);
    if (indexes_ != nullptr) return indexes_->offsets.Lookup(offset);
  }
  RUNNEL_ASSIGN_OR_RETURN(const auto file,
                          folder_->directory->OpenFile(
                              folder_->PathOf(base_offset_, kOffsetIndexSuffix), OpenMode::kRead));
  RUNNEL_ASSIGN_OR_RETURN(const auto index, OffsetIndexFile::Open(*file, base_offset_));
  return index.Lookup(offset);
}

StatusOr<OffsetIndexEntry> Segment::FirstEntryAt(int64_t position) const {
  {
    const base::Lock lock(mutex_);
    if (indexes_ != nullptr) return indexes_->offsets.FirstAtOrAfter(position);
  }
  RUNNEL_ASSIGN_OR_RETURN(const auto file,
                          folder_->directory->OpenFile(
                              folder_->PathOf(base_offset_, kOffsetIndexSuffix), OpenMode::kRead));
  RUNNEL_ASSIGN_OR_RETURN(const auto index, OffsetIndexFile::Open(*file, base_offset_));
  return index.FirstAtOrAfter(position);
}

StatusOr<OffsetIndexEntry> Segment::LastOffsetEntry() const {
  return LookupOffset(Offset(INT64_MAX));
}

StatusOr<TimeIndexEntry> Segment::LookupTime(Timestamp time) const {
  {
    const base::Lock lock(mutex_);
    if (indexes_ != nullptr) return indexes_->times.Lookup(time);
  }
  RUNNEL_ASSIGN_OR_RETURN(
      const auto file, folder_->directory->OpenFile(folder_->PathOf(base_offset_, kTimeIndexSuffix),
                                                    OpenMode::kRead));
  RUNNEL_ASSIGN_OR_RETURN(const auto index, TimeIndexFile::Open(*file, base_offset_));
  return index.Lookup(time);
}

StatusOr<TimeIndexEntry> Segment::LastTime() const {
  {
    const base::Lock lock(mutex_);
    if (indexes_ != nullptr) return indexes_->times.Last();
  }
  RUNNEL_ASSIGN_OR_RETURN(
      const auto file, folder_->directory->OpenFile(folder_->PathOf(base_offset_, kTimeIndexSuffix),
                                                    OpenMode::kRead));
  RUNNEL_ASSIGN_OR_RETURN(const auto index, TimeIndexFile::Open(*file, base_offset_));
  return index.Last();
}

StatusOr<std::shared_ptr<Segment::Indexes>> Segment::LoadIndexes() const {
  {
    const base::Lock lock(mutex_);
    if (indexes_ != nullptr) return indexes_;
  }
  auto indexes = std::make_shared<Indexes>(base_offset_);
  if (size_bytes() == 0) return indexes;
  Directory& directory = *folder_->directory;
  RUNNEL_ASSIGN_OR_RETURN(
      const std::string offsets,
      base::ReadWhole(directory, folder_->PathOf(base_offset_, kOffsetIndexSuffix),
                      kMaxIndexBytes));
  RUNNEL_RETURN_IF_ERROR(indexes->offsets.Decode(offsets, size_bytes()));
  RUNNEL_ASSIGN_OR_RETURN(
      const std::string times,
      base::ReadWhole(directory, folder_->PathOf(base_offset_, kTimeIndexSuffix), kMaxIndexBytes));
  RUNNEL_RETURN_IF_ERROR(indexes->times.Decode(times));
  return indexes;
}

Status Segment::WriteIndexes(const Indexes& indexes, std::string_view state) const {
  Directory& directory = *folder_->directory;
  const auto path = [&](std::string_view kind) {
    return folder_->PathOf(base_offset_, base::StrCat(kind, state));
  };
  RUNNEL_RETURN_IF_ERROR(WriteFile(directory, path(kOffsetIndexSuffix), indexes.offsets.Encode()));
  RUNNEL_RETURN_IF_ERROR(WriteFile(directory, path(kTimeIndexSuffix), indexes.times.Encode()));
  std::shared_ptr<TransactionIndex> transactions;
  {
    const base::Lock lock(mutex_);
    if (!transactions_loaded_) return OkStatus();  // unchanged on disk, or none
    transactions = transactions_;
  }
  if (transactions == nullptr || transactions->empty()) {
    const Status removed = directory.Remove(path(kTransactionIndexSuffix));
    return removed.ok() || IsNotFound(removed) ? OkStatus() : removed;
  }
  return WriteFile(directory, path(kTransactionIndexSuffix), transactions->Encode());
}

Status Segment::SyncIndexes() const {
  Directory& directory = *folder_->directory;
  for (const std::string_view kind :
       {kOffsetIndexSuffix, kTimeIndexSuffix, kTransactionIndexSuffix}) {
    RUNNEL_RETURN_IF_ERROR(SyncFile(directory, folder_->PathOf(base_offset_, kind)));
  }
  return OkStatus();
}

StatusOr<std::shared_ptr<TransactionIndex>> Segment::Transactions(bool create) const {
  const base::Lock lock(mutex_);
  if (!transactions_loaded_ && folder_->directory != nullptr) {
    const std::string path = folder_->PathOf(base_offset_, kTransactionIndexSuffix);
    StatusOr<std::string> bytes = base::ReadWhole(*folder_->directory, path, kMaxIndexBytes);
    if (!bytes.ok() && !IsNotFound(bytes.status())) return std::move(bytes).status();
    if (bytes.ok() && !bytes->empty()) {
      auto index = std::make_shared<TransactionIndex>();
      RUNNEL_RETURN_IF_ERROR(index->Decode(*bytes, base_offset_));
      transactions_ = std::move(index);
    }
  }
  transactions_loaded_ = true;
  if (transactions_ == nullptr && create) transactions_ = std::make_shared<TransactionIndex>();
  return transactions_;
}

Status Segment::KeepReadable() {
  if (folder_->directory == nullptr) return OkStatus();
  RUNNEL_RETURN_IF_ERROR(OpenFile(OpenMode::kReadWrite).status());
  RUNNEL_RETURN_IF_ERROR(Transactions(false).status());
  RUNNEL_ASSIGN_OR_RETURN(auto indexes, LoadIndexes());
  const base::Lock lock(mutex_);
  indexes_ = std::move(indexes);
  return OkStatus();
}

Status Segment::RenameDeleted(SnapshotFile snapshot) {
  if (folder_->directory == nullptr) return OkStatus();
  const base::Lock lock(mutex_);
  Status first;
  for (const std::string_view kind : {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix,
                                      kTransactionIndexSuffix, kSnapshotSuffix}) {
    if (kind == kSnapshotSuffix && snapshot == SnapshotFile::kKeep) continue;
    const std::string path = folder_->PathOf(base_offset_, kind);
    const Status status = folder_->directory->Rename(path, base::StrCat(path, kDeletedSuffix));
    if (status.ok() || IsNotFound(status)) continue;
    if (first.ok()) first = status;
    if (kind == kLogSuffix) return first;  // the segment stays; so do its indexes
  }
  renamed_ = true;
  return first;
}

}  // namespace runnel::log
