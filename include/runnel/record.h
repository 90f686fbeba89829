// Records as they are sent and as they are read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel {

// A named attribute of a record. Names may repeat and keep their order; the value may be null.
struct Header {
  std::string_view key = {};
  std::optional<std::string_view> value = {};

  friend bool operator==(const Header&, const Header&) = default;
};

// A record to send. Everything is read before the call that takes it returns.
struct ProducerRecord {
  // Name of the topic.
  std::string_view topic = {};
  // Chooses the partition, and is what compaction keeps the newest value of. nullopt: no key.
  std::optional<std::string_view> key = {};
  // nullopt is a tombstone: compaction removes the key.
  std::optional<std::string_view> value = {};
  std::span<const Header> headers = {};
  // nullopt: the clock's time at Send.
  std::optional<Timestamp> timestamp = {};
  // nullopt: the producer's partitioner chooses.
  std::optional<int32_t> partition = {};
};

// Where an acknowledged record is.
struct RecordMetadata {
  int32_t partition = 0;
  // kNoOffset when the producer does not wait for acknowledgement (Acks::kNone on a remote broker).
  Offset offset = kNoOffset;
  // The time the record carries: its own, or the append time with LogAppendTime.
  Timestamp timestamp = kNoTimestamp;
};

// Headers of a record that was read. Walks the encoded bytes; allocates nothing.
class HeaderList {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Header;
    using difference_type = std::ptrdiff_t;
    using pointer = const Header*;
    using reference = const Header&;
    Iterator() = default;
    Iterator(const char* at, int32_t left);
    const Header& operator*() const { return header_; }
    const Header* operator->() const { return &header_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_ == b.left_; }

   private:
    void Parse();
    const char* at_ = nullptr;
    int32_t left_ = 0;
    Header header_;
  };

  HeaderList() = default;
  // `encoded` holds `count` headers in Kafka's record format, checked before.
  HeaderList(std::string_view encoded, int32_t count) : encoded_(encoded), count_(count) {}

  Iterator begin() const { return Iterator(encoded_.data(), count_); }
  Iterator end() const { return Iterator(); }
  int32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  // The last header named `key`, as Kafka's lastHeader(); nullopt when there is none.
  std::optional<Header> Last(std::string_view key) const;

 private:
  std::string_view encoded_;
  int32_t count_ = 0;
};

// A record that was read.
//
// Lifetime: its views are valid while the Records it came from is alive.
class RecordView {
 public:
  std::string_view topic() const { return topic_; }
  int32_t partition() const { return partition_; }
  Offset offset() const { return offset_; }
  Timestamp timestamp() const { return timestamp_; }
  TimestampType timestamp_type() const { return timestamp_type_; }
  LeaderEpoch leader_epoch() const { return leader_epoch_; }

  bool has_key() const { return has_key_; }
  bool has_value() const { return has_value_; }
  // Empty when there is none; has_key() tells the two apart.
  std::string_view key() const { return key_; }
  // Empty for a tombstone; has_value() tells the two apart.
  std::string_view value() const { return value_; }
  std::optional<std::string_view> nullable_key() const {
    return has_key_ ? std::optional(key_) : std::nullopt;
  }
  std::optional<std::string_view> nullable_value() const {
    return has_value_ ? std::optional(value_) : std::nullopt;
  }
  const HeaderList& headers() const { return headers_; }

 private:
  friend class RecordViewAccess;  // the reader that fills it
  std::string_view topic_;
  int32_t partition_ = 0;
  LeaderEpoch leader_epoch_ = kNoLeaderEpoch;
  Offset offset_;
  Timestamp timestamp_ = kNoTimestamp;
  TimestampType timestamp_type_ = TimestampType::kCreateTime;
  bool has_key_ = false;
  bool has_value_ = false;
  std::string_view key_;
  std::string_view value_;
  HeaderList headers_;
};

// What one Poll() returned: records of one or more partitions, in offset order within each.
//
// Records are decoded while they are walked and point straight into the log. Walk it with a
// range-for, once or several times.
//
// Thread safety: thread-compatible; several threads may walk it at once with their own iterators.
// Lifetime: keeps the bytes alive, also beyond the consumer, until it is destroyed. Keeping many
// of them alive keeps deleted segments in memory.
class Records {
 public:
  // One walk over the records. For implementers of backends.
  class Source {
   public:
    virtual ~Source() = default;
    // Fills the start of `out` with the next records; returns how many, 0 at the end.
    virtual size_t Fill(std::span<RecordView> out) = 0;
  };
  // Starts fresh walks over the same bytes; immutable. For implementers of backends.
  class Body {
   public:
    virtual ~Body() = default;
    virtual std::unique_ptr<Source> Walk() const = 0;
  };

  // Decodes a few records at a time, so that a step is an increment.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = RecordView;
    using difference_type = std::ptrdiff_t;
    using pointer = const RecordView*;
    using reference = const RecordView&;
    Iterator() = default;
    explicit Iterator(std::unique_ptr<Source> source);
    const RecordView& operator*() const { return *at_; }
    const RecordView* operator->() const { return at_; }
    Iterator& operator++() {
      if (++at_ == end_) Refill();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    struct Window {
      std::unique_ptr<Source> source;
      std::array<RecordView, 32> records;
    };
    void Refill();
    std::unique_ptr<Window> window_;
    const RecordView* at_ = nullptr;  // null at the end
    const RecordView* end_ = nullptr;
  };

  Records() = default;
  Records(std::unique_ptr<Body> body, int64_t count, Status status)
      : body_(std::move(body)), count_(count), status_(std::move(status)) {}

  Iterator begin() const { return body_ == nullptr ? Iterator() : Iterator(body_->Walk()); }
  Iterator end() const { return Iterator(); }

  // Number of records.
  int64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  // Not OK when polling met an error that the caller must deal with; `count()` is then 0.
  const Status& status() const { return status_; }
  bool ok() const { return status_.ok(); }

 private:
  std::shared_ptr<const Body> body_;
  int64_t count_ = 0;
  Status status_;
};

}  // namespace runnel
