#include "log/batch_scanner.h"

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"

namespace runnel::log {

BatchScanner::BatchScanner(const BatchSource& source, int64_t position, int64_t limit,
                           ScanCheck check, int64_t chunk_bytes)
    : source_(source),
      limit_(limit),
      check_(check),
      chunk_bytes_(chunk_bytes),
      position_(position),
      next_(position) {}

StatusOr<std::string_view> BatchScanner::Peek(int64_t bytes) {
  if (next_ >= source_.memory_from) {
    const int64_t size = std::min(bytes, limit_ - next_);
    return std::string_view(source_.memory + next_, static_cast<size_t>(size));
  }
  const int64_t disk_end = std::min(limit_, source_.memory_from);
  const int64_t size = std::min(bytes, disk_end - next_);
  if (next_ < buffer_begin_ || next_ + size > buffer_end_) {
    const int64_t wanted = std::min(std::max(size, chunk_bytes_), disk_end - next_);
    if (static_cast<int64_t>(buffer_.size()) < wanted) buffer_.resize(static_cast<size_t>(wanted));
    RUNNEL_ASSIGN_OR_RETURN(
        const int64_t read,
        source_.file->Read(next_, std::span(buffer_.data(), static_cast<size_t>(wanted))));
    buffer_begin_ = next_;
    buffer_end_ = next_ + read;
  }
  const int64_t there = std::min(size, buffer_end_ - next_);
  return std::string_view(buffer_.data() + (next_ - buffer_begin_), static_cast<size_t>(there));
}

StatusOr<ScanResult> BatchScanner::Next() {
  position_ = next_;
  if (position_ >= limit_) return ScanResult::kEnd;
  RUNNEL_ASSIGN_OR_RETURN(std::string_view bytes, Peek(record::kBatchHeaderBytes));
  StatusOr<record::BatchHeader> header = record::BatchHeader::Parse(bytes);
  if (!header.ok()) {
    reason_ = std::string(base::AsStd(header.status().message()));
    return ScanResult::kBadBatch;
  }
  const int64_t size = header->size_bytes();
  if (size > limit_ - position_) {
    reason_ = base::StrCat("a batch of ", size, " bytes is cut after ", limit_ - position_);
    return ScanResult::kBadBatch;
  }
  if (check_ == ScanCheck::kHeaders) {
    header_ = *header;
    next_ = position_ + size;
    return ScanResult::kBatch;
  }
  RUNNEL_ASSIGN_OR_RETURN(bytes, Peek(size));
  if (static_cast<int64_t>(bytes.size()) < size) {
    reason_ = base::StrCat("a batch of ", size, " bytes is cut after ", bytes.size());
    return ScanResult::kBadBatch;
  }
  const record::BatchView view = record::BatchView::FromTrusted(bytes.data());
  header_ = view;
  next_ = position_ + size;
  if (view.IsCrcValid()) return ScanResult::kBatch;
  reason_ = base::StrCat("the checksum is ", view.crc(), " and should be ", view.ComputeCrc());
  return ScanResult::kBadChecksum;
}

StatusOr<bool> BatchScanner::RestIsZero() {
  const int64_t resume = next_;
  next_ = position_;
  bool zero = true;
  while (zero && next_ < limit_) {
    RUNNEL_ASSIGN_OR_RETURN(const std::string_view bytes, Peek(chunk_bytes_));
    if (bytes.empty()) break;
    zero = bytes.find_first_not_of('\0') == std::string_view::npos;
    next_ += static_cast<int64_t>(bytes.size());
  }
  next_ = resume;
  return zero;
}

}  // namespace runnel::log
