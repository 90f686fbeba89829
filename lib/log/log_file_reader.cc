#include "log/log_file_reader.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::log {
namespace {

constexpr int64_t kWindowBytes = int64_t{1} << 20;

bool IsZero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace

std::string_view LogFileReader::Peek(int64_t count) {
  const int64_t offset_in_window = next_ - window_position_;
  if (offset_in_window < 0 || offset_in_window + count > static_cast<int64_t>(window_.size())) {
    const int64_t want = std::min(std::max(count, kWindowBytes), size_bytes_ - next_);
    window_.resize(static_cast<size_t>(want));
    window_position_ = next_;
    const auto got = file_.Read(next_, window_);
    if (!got.ok()) {
      status_ = got.status();
      return {};
    }
    window_.resize(static_cast<size_t>(*got));
    if (*got < count) {
      status_ = Error(ErrorCode::kKafkaStorageError,
                      base::StrCat("the file ends at ", next_ + *got, " and not at ", size_bytes_));
      return {};
    }
  }
  return std::string_view(window_).substr(static_cast<size_t>(next_ - window_position_),
                                          static_cast<size_t>(count));
}

bool LogFileReader::Stop(End end) {
  end_ = end;
  return false;
}

bool LogFileReader::StopCorrupt(const Status& reason) {
  reason_ = std::string(reason.message());
  return Stop(End::kCorrupt);
}

bool LogFileReader::StopUnlessZero(End otherwise) {
  while (next_ < size_bytes_) {
    const std::string_view bytes = Peek(std::min(kWindowBytes, size_bytes_ - next_));
    if (!status_.ok()) return Stop(End::kFailed);
    if (!IsZero(bytes)) return Stop(otherwise);
    next_ += static_cast<int64_t>(bytes.size());
  }
  return Stop(End::kUnwritten);
}

bool LogFileReader::Next() {
  if (end_ != End::kNone) return false;
  position_ = next_;
  const int64_t left = size_bytes_ - next_;
  if (left <= 0) return Stop(End::kComplete);
  if (left < record::kBatchHeaderBytes) return StopUnlessZero(End::kTorn);
  const std::string_view head = Peek(record::kBatchHeaderBytes);
  if (!status_.ok()) return Stop(End::kFailed);
  if (base::LoadBigEndian<int32_t>(head.data() + record::field::kBatchLength) == 0) {
    reason_ = "a batch length of zero with other bytes behind it";
    return StopUnlessZero(End::kCorrupt);
  }
  const auto header = record::BatchHeader::Parse(head);
  if (!header.ok()) return StopCorrupt(header.status());
  const int64_t batch_bytes = header->size_bytes();
  if (batch_bytes > left) return Stop(End::kTorn);
  const std::string_view bytes = Peek(batch_bytes);
  if (!status_.ok()) return Stop(End::kFailed);
  const auto batch = record::BatchView::Parse(bytes);
  if (!batch.ok()) return StopCorrupt(batch.status());
  batch_ = *batch;
  next_ += batch_bytes;
  return true;
}

Status ForEachEntry(File& file, int64_t entry_bytes,
                    absl::FunctionRef<bool(int64_t index, std::string_view entry)> visit) {
  RUNNEL_CHECK(entry_bytes > 0);
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size_bytes, file.Size());
  const int64_t count = size_bytes / entry_bytes;
  const int64_t page_entries = std::max(int64_t{1}, (int64_t{64} << 10) / entry_bytes);
  std::string page;
  for (int64_t first = 0; first < count; first += page_entries) {
    const int64_t entries = std::min(page_entries, count - first);
    page.resize(static_cast<size_t>(entries * entry_bytes));
    RUNNEL_ASSIGN_OR_RETURN(const int64_t got, file.Read(first * entry_bytes, page));
    for (int64_t i = 0; i < got / entry_bytes; ++i) {
      const auto entry = std::string_view(page).substr(static_cast<size_t>(i * entry_bytes),
                                                       static_cast<size_t>(entry_bytes));
      if (!visit(first + i, entry)) return OkStatus();
    }
    if (got < entries * entry_bytes) break;  // it became shorter meanwhile
  }
  return OkStatus();
}

}  // namespace runnel::log
