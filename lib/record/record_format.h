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

// In record.cc: most records have no headers, and their path shall be inlined.
int64_t SizeOfSomeHeaders(std::span<const Header> headers);
char* StoreSomeHeaders(char* at, std::span<const Header> headers);

inline int64_t SizeOfHeaders(std::span<const Header> headers) {
  return headers.empty() ? 1 : SizeOfSomeHeaders(headers);
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

// The reverse of SizeWithLength.
inline int64_t BodyOf(int64_t record_bytes) {
  int64_t length_bytes = 1;
  while (base::VarlongSize(record_bytes - length_bytes) > length_bytes) {
    ++length_bytes;
  }
  return record_bytes - length_bytes;
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
  if (!headers.empty()) return StoreSomeHeaders(at, headers);
  *at = 0;
  return at + 1;
}
inline char* StoreHeaders(char* at, const HeaderRange& headers) {
  return StoreBytes(base::StoreVarint(at, headers.size()), headers.encoded());
}

// Collects varints of one or two bytes in a word, to be stored at once: the CRC loads whole words,
// and a load that spans several smaller stores would stall.
class PackedFields {
 public:
  static bool IsSmall(uint64_t zigzag) { return zigzag < 0x4000; }
  // At most 8 bytes in all; `zigzag` must be small.
  void Add(uint64_t zigzag) {
    const uint64_t two = (zigzag & 0x7f) | 0x80 | ((zigzag >> 7) << 8);
    word_ |= (zigzag < 0x80 ? zigzag : two) << bits_;
    bits_ += zigzag < 0x80 ? 8 : 16;
  }
  void AddByte(uint8_t byte) {
    word_ |= uint64_t{byte} << bits_;
    bits_ += 8;
  }
  unsigned free_bytes() const { return 8 - bits_ / 8; }
  // Stores 8 bytes, of which the fields are the first; returns the end of the fields.
  char* StoreAt(char* at) const {
    base::StoreLittleEndian<uint64_t>(at, word_);
    return at + bits_ / 8;
  }

 private:
  uint64_t word_ = 0;
  unsigned bits_ = 0;
};

template <class AnyRecord>
char* StoreRecordInSteps(char* at, int64_t body_bytes, int64_t timestamp_delta,
                         int32_t offset_delta, const AnyRecord& record) {
  at = base::StoreVarlong(at, body_bytes);
  *at++ = 0;  // attributes
  at = base::StoreVarlong(at, timestamp_delta);
  at = base::StoreVarint(at, offset_delta);
  at = StoreNullable(at, record.key);
  at = StoreNullable(at, record.value);
  return StoreHeaders(at, record.headers);
}

template <class AnyRecord>
inline char* StoreRecord(char* at, int64_t body_bytes, int64_t timestamp_delta,
                         int32_t offset_delta, const AnyRecord& record) {
  const uint64_t length = base::ZigZag(body_bytes);
  const uint64_t time = base::ZigZag(timestamp_delta);
  const uint64_t offset = base::ZigZag(int64_t{offset_delta});
  // With a body of 7 bytes or more, the 8 bytes stored at once lie within the record.
  if (body_bytes < 7 || !PackedFields::IsSmall(length | time | offset)) [[unlikely]] {
    return StoreRecordInSteps(at, body_bytes, timestamp_delta, offset_delta, record);
  }
  PackedFields fields;
  fields.Add(length);
  fields.AddByte(0);  // attributes
  fields.Add(time);
  fields.Add(offset);
  if (record.key.has_value()) {
    at = StoreNullable(fields.StoreAt(at), record.key);
    at = StoreNullable(at, record.value);
    return StoreHeaders(at, record.headers);
  }
  fields.AddByte(1);  // no key: -1, zigzag
  const uint64_t value_bytes = record.value.has_value() ? record.value->size() * 2 : 1;
  if (!PackedFields::IsSmall(value_bytes) || fields.free_bytes() < 2) [[unlikely]] {
    at = StoreNullable(fields.StoreAt(at), record.value);
    return StoreHeaders(at, record.headers);
  }
  fields.Add(value_bytes);
  at = fields.StoreAt(at);
  if (record.value.has_value()) at = StoreBytes(at, *record.value);
  return StoreHeaders(at, record.headers);
}

}  // namespace runnel::record::internal
