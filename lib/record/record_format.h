// How one record is laid out: sizes and stores, inlined into the builder and the single-record
// encoder.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "record/record.h"

namespace runnel::record::internal {

// Timestamps come from outside: their difference wraps instead of overflowing, and the reader's
// sum wraps back.
inline int64_t WrappingDifference(Timestamp a, Timestamp b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a.time_since_epoch().count()) -
                              static_cast<uint64_t>(b.time_since_epoch().count()));
}

inline int64_t SizeOfNullable(const std::optional<std::string_view>& bytes) {
  if (!bytes.has_value()) return 1;
  return base::VarlongSize(static_cast<int64_t>(bytes->size())) +
         static_cast<int64_t>(bytes->size());
}

inline int64_t SizeOfHeaders(std::span<const Header> headers) {
  int64_t size = base::VarlongSize(static_cast<int64_t>(headers.size()));
  for (const Header& header : headers) {
    size += SizeOfNullable(header.key) + SizeOfNullable(header.value);
  }
  return size;
}
inline int64_t SizeOfHeaders(const HeaderRange& headers) {
  return base::VarintSize(headers.size()) + static_cast<int64_t>(headers.encoded().size());
}

// The value of the record's length field. A record above INT32_MAX has no valid one.
template <class AnyRecord>  // RecordFields or RecordView
int64_t SizeOfBody(int64_t timestamp_delta, int32_t offset_delta, const AnyRecord& record) {
  return 1 + base::VarlongSize(timestamp_delta) + base::VarintSize(offset_delta) +
         SizeOfNullable(record.key) + SizeOfNullable(record.value) + SizeOfHeaders(record.headers);
}

inline int64_t SizeWithLength(int64_t body_bytes) {
  return base::VarlongSize(body_bytes) + body_bytes;
}

inline char* StoreBytes(char* at, std::string_view bytes) {
  // memcpy must not see the null pointer of an empty view.
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

inline char* StoreNullable(char* at, const std::optional<std::string_view>& bytes) {
  if (!bytes.has_value()) {
    *at = 1;  // -1, zigzag
    return at + 1;
  }
  at = base::StoreVarlong(at, static_cast<int64_t>(bytes->size()));
  return StoreBytes(at, *bytes);
}

inline char* StoreHeaders(char* at, std::span<const Header> headers) {
  at = base::StoreVarlong(at, static_cast<int64_t>(headers.size()));
  for (const Header& header : headers) {
    at = StoreNullable(at, header.key);
    at = StoreNullable(at, header.value);
  }
  return at;
}
inline char* StoreHeaders(char* at, const HeaderRange& headers) {
  return StoreBytes(base::StoreVarint(at, headers.size()), headers.encoded());
}

template <class AnyRecord>
char* StoreRecord(char* at, int64_t body_bytes, int64_t timestamp_delta, int32_t offset_delta,
                  const AnyRecord& record) {
  at = base::StoreVarlong(at, body_bytes);
  *at++ = 0;  // attributes
  at = base::StoreVarlong(at, timestamp_delta);
  at = base::StoreVarint(at, offset_delta);
  at = StoreNullable(at, record.key);
  at = StoreNullable(at, record.value);
  return StoreHeaders(at, record.headers);
}

}  // namespace runnel::record::internal
