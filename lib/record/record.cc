#include "record/record.h"

#include "base/bytes.h"
#include "record/record_format.h"

namespace runnel::record {

int64_t SizeOfRecord(int64_t timestamp_delta, int32_t offset_delta, const RecordFields& record) {
  return internal::SizeWithLength(internal::SizeOfBody(timestamp_delta, offset_delta, record));
}

namespace internal {

int64_t SizeOfSomeHeaders(std::span<const Header> headers) {
  int64_t size = base::VarlongSize(static_cast<int64_t>(headers.size()));
  for (const Header& header : headers) {
    size += SizeOfNullable(header.key) + SizeOfNullable(header.value);
  }
  return size;
}

char* StoreSomeHeaders(char* at, std::span<const Header> headers) {
  at = base::StoreVarlong(at, static_cast<int64_t>(headers.size()));
  for (const Header& header : headers) {
    at = StoreNullable(at, header.key);
    at = StoreNullable(at, header.value);
  }
  return at;
}

}  // namespace internal

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
