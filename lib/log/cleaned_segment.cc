#include "log/cleaned_segment.h"

#include <cstring>

#include "base/status.h"
#include "base/strings.h"
#include "log/cleaned_segment_impl.h"
#include "log/file_names.h"

namespace runnel::log {
namespace {

constexpr size_t kWriteBytes = 1 << 20;  // collected before they are written

}  // namespace

CleanedSegment::CleanedSegment(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CleanedSegment::~CleanedSegment() = default;

Status CleanedSegment::Append(std::string_view batch) {
  RUNNEL_ASSIGN_OR_RETURN(const auto view, record::BatchView::Parse(batch));
  Impl& impl = *impl_;
  RUNNEL_CHECK(view.base_offset() >= impl.next_offset);
  const std::string_view bytes = view.bytes();
  impl.builder.Add(view.last_offset(), view.max_timestamp(), impl.size_bytes, view.size_bytes());
  impl.next_offset = view.next_offset();
  impl.size_bytes += view.size_bytes();
  if (impl.storage != nullptr) {
    RUNNEL_CHECK(impl.size_bytes <= impl.storage->capacity_bytes());
    std::memcpy(impl.storage->data() + impl.size_bytes - view.size_bytes(), bytes.data(),
                bytes.size());
    return OkStatus();
  }
  impl.pending.append(bytes);
  return impl.pending.size() < kWriteBytes ? OkStatus() : impl.WritePending();
}

Status CleanedSegment::Impl::WritePending() {
  RUNNEL_RETURN_IF_ERROR(file->Write(size_bytes - static_cast<int64_t>(pending.size()), pending));
  pending.clear();
  return OkStatus();
}

void CleanedSegment::AddAborted(const AbortedTxn& txn) {
  impl_->transactions->Add(txn);
}

Status CleanedSegment::Finish(Timestamp modified) {
  Impl& impl = *impl_;
  impl.builder.Close();
  impl.finished = true;
  if (impl.storage != nullptr) return OkStatus();
  if (!impl.pending.empty()) RUNNEL_RETURN_IF_ERROR(impl.WritePending());
  Directory& directory = *impl.folder->directory;
  RUNNEL_RETURN_IF_ERROR(impl.file->Truncate(impl.size_bytes));
  RUNNEL_RETURN_IF_ERROR(impl.file->Sync());
  const auto write = [&](std::string_view kind, const std::string& bytes) -> Status {
    const std::string path =
        impl.folder->PathOf(impl.base_offset, base::StrCat(kind, kCleanedSuffix));
    RUNNEL_ASSIGN_OR_RETURN(const auto file, directory.OpenFile(path, OpenMode::kCreate));
    RUNNEL_RETURN_IF_ERROR(file->Truncate(static_cast<int64_t>(bytes.size())));
    RUNNEL_RETURN_IF_ERROR(file->Write(0, bytes));
    return file->Sync();
  };
  RUNNEL_RETURN_IF_ERROR(write(kOffsetIndexSuffix, impl.indexes->offsets.Encode()));
  RUNNEL_RETURN_IF_ERROR(write(kTimeIndexSuffix, impl.indexes->times.Encode()));
  if (!impl.transactions->empty()) {
    RUNNEL_RETURN_IF_ERROR(write(kTransactionIndexSuffix, impl.transactions->Encode()));
  }
  return directory.SetModified(
      impl.folder->PathOf(impl.base_offset, base::StrCat(kLogSuffix, kCleanedSuffix)), modified);
}

Offset CleanedSegment::base_offset() const {
  return impl_->base_offset;
}

int64_t CleanedSegment::size_bytes() const {
  return impl_->size_bytes;
}

int64_t CleanedSegment::index_bytes() const {
  return std::max(impl_->indexes->offsets.size_bytes(), impl_->indexes->times.size_bytes());
}

}  // namespace runnel::log
