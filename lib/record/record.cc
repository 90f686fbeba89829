#include "record/record.h"

#include "base/bytes.h"
#include "record/record_format.h"

namespace runnel::record {

int64_t SizeOfRecord(int64_t timestamp_delta, int32_t offset_delta, const RecordFields& record) {
  return internal::SizeWithLength(internal::SizeOfBody(timestamp_delta, offset_delta, record));
}

// Bounds were checked when the record was read.
void HeaderRange::Iterator::Decode() {
  int32_t size = 0;
  next_ = base::LoadVarint(next_, end_, size);
  header_.key = {next_, static_cast<size_t>(size)};
  next_ = base::LoadVarint(next_ + size, end_, size);
  header_.value.reset();
  if (size >= 0) {
    header_.value.emplace(next_, static_cast<size_t>(size));
    next_ += size;
  }
}

HeaderRange::Iterator& HeaderRange::Iterator::operator++() {
  if (--left_ > 0) Decode();
  return *this;
}

}  // namespace runnel::record
