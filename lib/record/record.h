// One record: as it is given to a batch, and as it is read from one.
//
//   [length: varint][attributes: 1 = 0][timestamp delta: varlong][offset delta: varint]
//   [key length: varint, -1 null][key][value length: varint, -1 null][value]
//   [header count: varint]{[key length: varint][key][value length: varint, -1 null][value]}
//
// Varints are zigzag LEB128; length counts the bytes after itself. Sequence and offset are those
// of the batch plus the offset delta, the timestamp the batch's base timestamp plus its delta.
// Source: org.apache.kafka.common.record.DefaultRecord.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

#include "runnel/record.h"
#include "runnel/types.h"

namespace runnel::record {

// A header, given or read. The key is UTF-8 and never null.
using runnel::Header;

// What a record in a batch is made from. Views are read before the call returns.
struct RecordFields {
  Timestamp timestamp = kNoTimestamp;
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> value = {};
  std::span<const Header> headers = {};
};

// The headers of a record that was read, decoded one by one while they are walked. They have
// been checked when the record was: walking cannot fail.
class HeaderRange {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Header;
    using difference_type = std::ptrdiff_t;
    using pointer = const Header*;
    using reference = const Header&;

    Iterator() = default;
    const Header& operator*() const { return header_; }
    const Header* operator->() const { return &header_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_ == b.left_; }

   private:
    friend class HeaderRange;
    Iterator(std::string_view bytes, int32_t left)
        : next_(bytes.data()), end_(bytes.data() + bytes.size()), left_(left) {
      if (left_ > 0) Decode();
    }
    void Decode();

    const char* next_ = nullptr;
    const char* end_ = nullptr;
    int32_t left_ = 0;
    Header header_;
  };

  HeaderRange() = default;
  // `bytes` are exactly `count` well-formed headers.
  HeaderRange(std::string_view bytes, int32_t count) : bytes_(bytes), count_(count) {}

  int32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Iterator begin() const { return Iterator(bytes_, count_); }
  Iterator end() const { return Iterator(); }
  // The headers as they are encoded, for runnel::HeaderList and for copying.
  std::string_view encoded() const { return bytes_; }

 private:
  std::string_view bytes_;
  int32_t count_ = 0;
};

// A record that was read. Views point into the batch, or into the buffer it was inflated to.
struct RecordView {
  Offset offset;
  Timestamp timestamp;  // the batch's max timestamp when its type is LogAppendTime
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  HeaderRange headers;
  // Encoded size within the uncompressed batch, length field included.
  int32_t size_bytes = 0;
};

// Encoded size of a record within an uncompressed batch, length field included. `timestamp_delta`
// is relative to the batch's base timestamp, in milliseconds.
int64_t SizeOfRecord(int64_t timestamp_delta, int32_t offset_delta, const RecordFields& record);

}  // namespace runnel::record
