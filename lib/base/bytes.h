// Integers as bytes: fixed big- and little-endian, and Kafka's variable-length ones.
//
// A varint holds 7 bits per byte, lowest first; the top bit says that more follow. Signed ones are
// zigzag-coded first (0, -1, 1, -2 become 0, 1, 2, 3). 32-bit ones take at most 5 bytes, 64-bit
// ones at most 10; bits that do not fit are an error.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/check.h"
#include "runnel/error.h"

namespace runnel::base {

template <std::integral T>
constexpr T SwapBytes(T value) {
  using U = std::make_unsigned_t<T>;
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<U>(value)));
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<U>(value)));
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<U>(value)));
}

// Loads and stores at any address; the caller has checked that sizeof(T) bytes are there.
template <std::integral T>
T LoadBigEndian(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return std::endian::native == std::endian::little ? SwapBytes(value) : value;
}
template <std::integral T>
T LoadLittleEndian(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return std::endian::native == std::endian::little ? value : SwapBytes(value);
}
template <std::integral T>
void StoreBigEndian(char* at, T value) {
  if constexpr (std::endian::native == std::endian::little) value = SwapBytes(value);
  std::memcpy(at, &value, sizeof(T));
}
template <std::integral T>
void StoreLittleEndian(char* at, T value) {
  if constexpr (std::endian::native != std::endian::little) value = SwapBytes(value);
  std::memcpy(at, &value, sizeof(T));
}

constexpr uint32_t ZigZag(int32_t value) {
  return (static_cast<uint32_t>(value) << 1) ^ static_cast<uint32_t>(value >> 31);
}
constexpr uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int32_t UnZigZag(uint32_t value) {
  return static_cast<int32_t>((value >> 1) ^ (0 - (value & 1)));
}
constexpr int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (0 - (value & 1)));
}

inline constexpr int kMaxVarintBytes = 5;
inline constexpr int kMaxVarlongBytes = 10;

// Bytes that the value takes: 1 to 5, or 1 to 10.
constexpr int UnsignedVarlongSize(uint64_t value) {
  return (static_cast<int>(std::bit_width(value | 1)) + 6) / 7;
}
constexpr int UnsignedVarintSize(uint32_t value) {
  return UnsignedVarlongSize(value);
}
constexpr int VarintSize(int32_t value) {
  return UnsignedVarlongSize(ZigZag(value));
}
constexpr int VarlongSize(int64_t value) {
  return UnsignedVarlongSize(ZigZag(value));
}

// Stores at `at`, where the value's size is free, and returns the byte after it.
inline char* StoreUnsignedVarlong(char* at, uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}
inline char* StoreUnsignedVarint(char* at, uint32_t value) {
  return StoreUnsignedVarlong(at, value);
}
inline char* StoreVarint(char* at, int32_t value) {
  return StoreUnsignedVarlong(at, ZigZag(value));
}
inline char* StoreVarlong(char* at, int64_t value) {
  return StoreUnsignedVarlong(at, ZigZag(value));
}

// The long way of the loads below: values of more than one byte.
const char* LoadUnsignedVarintSlow(const char* at, const char* end, uint32_t& value);
const char* LoadUnsignedVarlongSlow(const char* at, const char* end, uint64_t& value);

// Loads from [at, end) and returns the byte after the value; null when the bytes end too early or
// the value has too many bits, and `value` is then unspecified.
inline const char* LoadUnsignedVarint(const char* at, const char* end, uint32_t& value) {
  if (at < end && static_cast<signed char>(*at) >= 0) [[likely]] {
    value = static_cast<uint8_t>(*at);
    return at + 1;
  }
  return LoadUnsignedVarintSlow(at, end, value);
}
inline const char* LoadUnsignedVarlong(const char* at, const char* end, uint64_t& value) {
  if (at < end && static_cast<signed char>(*at) >= 0) [[likely]] {
    value = static_cast<uint8_t>(*at);
    return at + 1;
  }
  return LoadUnsignedVarlongSlow(at, end, value);
}
inline const char* LoadVarint(const char* at, const char* end, int32_t& value) {
  uint32_t raw = 0;
  at = LoadUnsignedVarint(at, end, raw);
  value = UnZigZag(raw);
  return at;
}
inline const char* LoadVarlong(const char* at, const char* end, int64_t& value) {
  uint64_t raw = 0;
  at = LoadUnsignedVarlong(at, end, raw);
  value = UnZigZag(raw);
  return at;
}

// Reads values one after the other from untrusted bytes. The first read that does not fit makes
// the reader fail for good: it and all later ones return zero or nothing. So a format is read
// straight through and ok() or Finish() asked once, before the values are used.
//
// Thread safety: thread-compatible. Lifetime: views it returns point into the bytes it was given.
class ByteReader final {
 public:
  explicit ByteReader(std::string_view bytes)
      : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // Fixed-size big-endian integers.
  int8_t ReadInt8() { return ReadFixed<int8_t>(); }
  uint8_t ReadUint8() { return ReadFixed<uint8_t>(); }
  int16_t ReadInt16() { return ReadFixed<int16_t>(); }
  uint16_t ReadUint16() { return ReadFixed<uint16_t>(); }
  int32_t ReadInt32() { return ReadFixed<int32_t>(); }
  uint32_t ReadUint32() { return ReadFixed<uint32_t>(); }
  int64_t ReadInt64() { return ReadFixed<int64_t>(); }
  uint64_t ReadUint64() { return ReadFixed<uint64_t>(); }

  // Variable-length integers.
  int32_t ReadVarint() { return ReadVariable<int32_t>(LoadVarint); }
  int64_t ReadVarlong() { return ReadVariable<int64_t>(LoadVarlong); }
  uint32_t ReadUnsignedVarint() { return ReadVariable<uint32_t>(LoadUnsignedVarint); }
  uint64_t ReadUnsignedVarlong() { return ReadVariable<uint64_t>(LoadUnsignedVarlong); }

  // The next `size_bytes`; fails when they are negative or more than are left.
  std::string_view ReadBytes(int64_t size_bytes) {
    if (size_bytes < 0 || size_bytes > remaining()) return Fail(), std::string_view();
    const char* start = at_;
    at_ += size_bytes;
    return {start, static_cast<size_t>(size_bytes)};
  }
  void Skip(int64_t size_bytes) { ReadBytes(size_bytes); }

  // Makes the reader fail; for values that are read well but mean nothing.
  void Fail() {
    failed_ = true;
    end_ = at_;
  }

  bool ok() const { return !failed_; }
  // Bytes read so far; of a failed reader, those before the read that failed.
  int64_t position() const { return at_ - begin_; }
  // Bytes left; 0 after a failure.
  int64_t remaining() const { return end_ - at_; }
  // The bytes left, without reading them.
  std::string_view rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }

  // OK when all reads fitted and nothing is left. Errors: kCorruptMessage naming `what` and the
  // position.
  Status Finish(std::string_view what) const;
  // OK when all reads fitted; more may follow.
  Status Check(std::string_view what) const;

 private:
  template <class T>
  T ReadFixed() {
    if (remaining() < static_cast<int64_t>(sizeof(T))) [[unlikely]] {
      Fail();
      return 0;
    }
    const T value = LoadBigEndian<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  template <class T, class Load>
  T ReadVariable(Load load) {
    T value = 0;
    const char* next = load(at_, end_, value);
    if (next == nullptr) [[unlikely]] {
      Fail();
      return 0;
    }
    at_ = next;
    return value;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

// Appends values to a string.
//
// Thread safety: thread-compatible. Lifetime: `out` outlives it.
class ByteWriter final {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void WriteInt8(int8_t value) { WriteFixed(value); }
  void WriteUint8(uint8_t value) { WriteFixed(value); }
  void WriteInt16(int16_t value) { WriteFixed(value); }
  void WriteUint16(uint16_t value) { WriteFixed(value); }
  void WriteInt32(int32_t value) { WriteFixed(value); }
  void WriteUint32(uint32_t value) { WriteFixed(value); }
  void WriteInt64(int64_t value) { WriteFixed(value); }
  void WriteUint64(uint64_t value) { WriteFixed(value); }

  void WriteVarint(int32_t value) { WriteUnsignedVarlong(ZigZag(value)); }
  void WriteVarlong(int64_t value) { WriteUnsignedVarlong(ZigZag(value)); }
  void WriteUnsignedVarint(uint32_t value) { WriteUnsignedVarlong(value); }
  void WriteUnsignedVarlong(uint64_t value) {
    char buffer[kMaxVarlongBytes];
    out_.append(buffer, StoreUnsignedVarlong(buffer, value));
  }

  void WriteBytes(std::string_view bytes) { out_.append(bytes); }

  // Overwrites an integer written before, such as a length known only now. `position` counts from
  // the start of the string.
  void PatchInt32(int64_t position, int32_t value) {
    RUNNEL_CHECK(position >= 0 && position + 4 <= this->position());
    StoreBigEndian(out_.data() + position, value);
  }

  // The size of the string.
  int64_t position() const { return static_cast<int64_t>(out_.size()); }

 private:
  template <class T>
  void WriteFixed(T value) {
    char buffer[sizeof(T)];
    StoreBigEndian(buffer, value);
    out_.append(buffer, sizeof(T));
  }

  std::string& out_;
};

}  // namespace runnel::base
