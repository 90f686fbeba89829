// The words of the domain: offsets, ids, timestamps, partitions. Every other header builds on
// these.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace runnel {

// An integer with a meaning. Two of different meanings do not mix; construction is explicit.
// Supported: comparison, `id + count`, `id - count`, `id - id` (a count), ++.
template <class Tag, class Rep>
class TypedInt {
 public:
  constexpr TypedInt() = default;
  constexpr explicit TypedInt(Rep value) : value_(value) {}

  // The bare number; for codecs and logs.
  constexpr Rep value() const { return value_; }

  friend constexpr auto operator<=>(TypedInt, TypedInt) = default;
  friend constexpr TypedInt operator+(TypedInt a, Rep count) { return TypedInt(a.value_ + count); }
  friend constexpr TypedInt operator-(TypedInt a, Rep count) { return TypedInt(a.value_ - count); }
  friend constexpr Rep operator-(TypedInt a, TypedInt b) { return a.value_ - b.value_; }
  constexpr TypedInt& operator++() {
    ++value_;
    return *this;
  }
  constexpr TypedInt& operator+=(Rep count) {
    value_ += count;
    return *this;
  }
  friend std::ostream& operator<<(std::ostream& out, TypedInt id) { return out << id.value_; }
  template <class H>
  friend H AbslHashValue(H h, TypedInt id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  Rep value_ = 0;
};

// Position of a record in its partition: 0, 1, 2, ... Compaction leaves gaps, nothing else does.
using Offset = TypedInt<struct OffsetTag, int64_t>;
// Identity of an idempotent or transactional producer; -1 is none.
using ProducerId = TypedInt<struct ProducerIdTag, int64_t>;
// Which leadership wrote a batch; rises with each new leader of a partition. -1 is unknown.
using LeaderEpoch = TypedInt<struct LeaderEpochTag, int32_t>;
// Counts the completed rebalances of a group; -1 is none.
using GenerationId = TypedInt<struct GenerationIdTag, int32_t>;

inline constexpr Offset kNoOffset{-1};
inline constexpr ProducerId kNoProducerId{-1};
inline constexpr LeaderEpoch kNoLeaderEpoch{-1};
inline constexpr GenerationId kNoGeneration{-1};

// Milliseconds since 1970-01-01 UTC, as records carry them.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
inline constexpr Timestamp kNoTimestamp{std::chrono::milliseconds(-1)};

// One partition of one topic, printed as "orders-0".
struct TopicPartition {
  std::string topic;
  int32_t partition = 0;

  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
  friend std::ostream& operator<<(std::ostream& out, const TopicPartition& tp) {
    return out << tp.topic << '-' << tp.partition;
  }
  template <class H>
  friend H AbslHashValue(H h, const TopicPartition& tp) {
    return H::combine(std::move(h), tp.topic, tp.partition);
  }
};

// "orders-0".
std::string ToString(const TopicPartition& partition);

// 128-bit identity of a topic or a directory. Text form: 22 characters of URL-safe base64, as
// Kafka prints it. All zero means "none".
struct Uuid {
  std::array<uint8_t, 16> bytes{};

  bool is_zero() const { return *this == Uuid{}; }
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
  template <class H>
  friend H AbslHashValue(H h, const Uuid& id) {
    return H::combine(std::move(h), id.bytes);
  }
};

// "ASNFZ4mrze_-3LqYdlQyEA".
std::string ToString(const Uuid& id);
// The reverse of ToString; nullopt when `text` is not 22 characters of URL-safe base64.
std::optional<Uuid> ParseUuid(std::string_view text);

// What a record's timestamp means: set by the producer, or by the log when it was appended.
enum class TimestampType : int8_t { kCreateTime = 0, kLogAppendTime = 1 };
// "CreateTime" or "LogAppendTime".
std::string_view ToString(TimestampType type);

// Codec of a record batch. The numbers are those of the batch attributes.
enum class CompressionType : int8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };
// "none", "gzip", "snappy", "lz4", "zstd".
std::string_view ToString(CompressionType type);
// The reverse of ToString; nullopt for another word.
std::optional<CompressionType> ParseCompressionType(std::string_view name);

// Which records of transactions a reader sees: all, or those of committed ones (KIP-98).
enum class IsolationLevel : int8_t { kReadUncommitted = 0, kReadCommitted = 1 };

}  // namespace runnel
