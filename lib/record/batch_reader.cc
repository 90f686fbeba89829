#include "record/batch_reader.h"

#include "base/strings.h"

namespace runnel::record {

bool BatchReader::StopCorrupt(const Status& reason) {
  status_ = Error(CodeOf(reason),
                  base::StrCat("at position ", position(), ": ", base::AsStd(reason.message())));
  return Stop(End::kCorrupt);
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
  // A length below a header's is corrupt even when the bytes end here; so is another magic.
  const bool whole_header = left.size() >= kBatchHeaderBytes;
  if (length > 0 && size_bytes > static_cast<int64_t>(left.size()) &&
      (!whole_header || BatchHeader::Parse(left).ok())) {
    incomplete_batch_bytes_ = size_bytes;
    return Stop(End::kIncomplete);
  }
  const StatusOr<BatchView> batch = BatchView::Parse(left);
  if (!batch.ok()) return StopCorrupt(batch.status());
  if (crc_check_ == CrcCheck::kVerify && !batch->IsCrcValid()) [[unlikely]] {
    return StopCorrupt(batch->VerifyCrc());
  }
  batch_ = *batch;
  next_ = position_ + static_cast<size_t>(size_bytes);
  return true;
}

}  // namespace runnel::record
