#include "record/batch_reader.h"

#include "base/strings.h"

namespace runnel::record {

bool BatchReader::StopCorrupt(const Status& reason) {
  status_ = Error(CodeOf(reason),
                  base::StrCat("at position ", position(), ": ", base::AsStd(reason.message())));
  return Stop(End::kCorrupt);
}

bool BatchReader::StopMalformed(std::string_view bytes) {
  const StatusOr<BatchHeader> header = BatchHeader::Parse(bytes);
  return StopCorrupt(header.status());
}

bool BatchReader::Next() {
  if (end_ != End::kNone) return false;
  position_ = next_;
  const std::string_view left = bytes_.substr(position_);
  if (left.empty()) return Stop(End::kComplete);
  if (left.size() < kLogOverheadBytes) return Stop(End::kIncomplete);
  const int32_t length = base::LoadBigEndian<int32_t>(left.data() + field::kBatchLength);
  if (length == 0) return Stop(End::kUnwritten);
  const int64_t size_bytes = int64_t{kLogOverheadBytes} + length;
  const bool whole_header = left.size() >= kBatchHeaderBytes;
  const bool well_formed =
      whole_header ? BatchHeader::IsWellFormed(left.data()) : size_bytes >= kBatchHeaderBytes;
  if (!well_formed) [[unlikely]] {
    return StopMalformed(left);
  }
  if (size_bytes > static_cast<int64_t>(left.size())) {
    incomplete_batch_bytes_ = size_bytes;
    return Stop(End::kIncomplete);
  }
  batch_ = BatchView::FromTrusted(left.data());
  if (crc_check_ == CrcCheck::kVerify && !batch_.IsCrcValid()) [[unlikely]] {
    return StopCorrupt(batch_.VerifyCrc());
  }
  next_ = position_ + static_cast<size_t>(size_bytes);
  return true;
}

}  // namespace runnel::record
