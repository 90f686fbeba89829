// The 61 bytes in front of every record batch of magic 2, read and patched in place.
//
//   [base offset: 8][batch length: 4][partition leader epoch: 4][magic: 1][crc: 4]
//   [attributes: 2][last offset delta: 4][base timestamp: 8][max timestamp: 8]
//   [producer id: 8][producer epoch: 2][base sequence: 4][record count: 4][records ...]
//
// All big-endian. Batch length counts the bytes after itself, so the whole is 12 + batch length.
// The CRC-32C covers everything from the attributes on: base offset and leader epoch may change
// without touching it. Base offset, length and magic stand at the same place in older formats.
// Source: org.apache.kafka.common.record.DefaultRecordBatch.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::record {

inline constexpr int32_t kBatchHeaderBytes = 61;
// Base offset and length: what stands before the bytes that the length counts.
inline constexpr int32_t kLogOverheadBytes = 12;
inline constexpr int8_t kMagicV2 = 2;
inline constexpr int16_t kNoProducerEpoch = -1;
inline constexpr int32_t kNoSequence = -1;

// Byte positions of the fields, for code that publishes or stamps a batch in shared memory.
namespace field {
inline constexpr int kBaseOffset = 0;
inline constexpr int kBatchLength = 8;
inline constexpr int kLeaderEpoch = 12;
inline constexpr int kMagic = 16;
inline constexpr int kCrc = 17;
inline constexpr int kAttributes = 21;
inline constexpr int kLastOffsetDelta = 23;
inline constexpr int kBaseTimestamp = 27;
inline constexpr int kMaxTimestamp = 35;
inline constexpr int kProducerId = 43;
inline constexpr int kProducerEpoch = 51;
inline constexpr int kBaseSequence = 53;
inline constexpr int kRecordCount = 57;
}  // namespace field

// Bits of the attributes.
namespace attribute {
inline constexpr int16_t kCodecMask = 0x07;
inline constexpr int16_t kLogAppendTime = 0x08;
inline constexpr int16_t kTransactional = 0x10;
inline constexpr int16_t kControl = 0x20;
inline constexpr int16_t kDeleteHorizon = 0x40;
}  // namespace attribute

// `sequence + count`, wrapping from 2^31 - 1 to 0. `count` must not be negative.
constexpr int32_t AddSequence(int32_t sequence, int32_t count) {
  return static_cast<int32_t>((static_cast<uint32_t>(sequence) + static_cast<uint32_t>(count)) &
                              0x7fffffffU);
}

// The header of a batch: typed accessors over bytes that belong to somebody else. Nothing is
// copied; each accessor is one load. The records behind the header need not be in memory.
//
// Lifetime: valid as long as the bytes.
// Thread safety: thread-compatible; the bytes must not change meanwhile.
class BatchHeader {
 public:
  // Checks the header in the first 61 bytes of `bytes`, but not that the records follow, and not
  // the CRC.
  // Errors: kCorruptMessage when there are fewer than 61 bytes, the length is below a header's,
  // or a count, delta or base offset is negative or overflows;
  // kUnsupportedForMessageFormat for magic 0 and 1 (see legacy.h).
  static StatusOr<BatchHeader> Parse(std::string_view bytes);

  // Trusts the caller that Parse(bytes at data) would succeed.
  static BatchHeader FromTrusted(const char* data) { return BatchHeader(data); }

  const char* data() const { return data_; }
  // Size of the whole batch, header and length field included.
  int64_t size_bytes() const {
    return int64_t{kLogOverheadBytes} + base::LoadBigEndian<int32_t>(data_ + field::kBatchLength);
  }
  Offset base_offset() const { return Offset(Load<int64_t>(field::kBaseOffset)); }
  Offset last_offset() const { return base_offset() + last_offset_delta(); }
  Offset next_offset() const { return last_offset() + 1; }
  int32_t last_offset_delta() const { return Load<int32_t>(field::kLastOffsetDelta); }
  LeaderEpoch leader_epoch() const { return LeaderEpoch(Load<int32_t>(field::kLeaderEpoch)); }
  int8_t magic() const { return Load<int8_t>(field::kMagic); }
  uint32_t crc() const { return Load<uint32_t>(field::kCrc); }
  int32_t record_count() const { return Load<int32_t>(field::kRecordCount); }

  int16_t attributes() const { return Load<int16_t>(field::kAttributes); }
  // May be a number that is no codec (5 to 7); Codecs::Decompress refuses it.
  CompressionType compression() const {
    return static_cast<CompressionType>(attributes() & attribute::kCodecMask);
  }
  TimestampType timestamp_type() const {
    return Has(attribute::kLogAppendTime) ? TimestampType::kLogAppendTime
                                          : TimestampType::kCreateTime;
  }
  bool is_transactional() const { return Has(attribute::kTransactional); }
  bool is_control() const { return Has(attribute::kControl); }
  bool has_delete_horizon() const { return Has(attribute::kDeleteHorizon); }

  // What record timestamps are relative to: the first record's timestamp, or the delete horizon
  // when there is one; -1 in an empty batch.
  Timestamp base_timestamp() const { return LoadTime(field::kBaseTimestamp); }
  Timestamp max_timestamp() const { return LoadTime(field::kMaxTimestamp); }
  // When compaction may drop the tombstones and markers of this batch; kNoTimestamp when unset.
  Timestamp delete_horizon() const {
    return has_delete_horizon() ? base_timestamp() : kNoTimestamp;
  }

  ProducerId producer_id() const { return ProducerId(Load<int64_t>(field::kProducerId)); }
  bool has_producer_id() const { return producer_id() > kNoProducerId; }
  int16_t producer_epoch() const { return Load<int16_t>(field::kProducerEpoch); }
  // -1 without a sequence, as in batches of plain producers and in markers.
  int32_t base_sequence() const { return Load<int32_t>(field::kBaseSequence); }
  // Sequence of the last record, wrapped; -1 without a sequence.
  int32_t last_sequence() const {
    const int32_t first = base_sequence();
    return first == kNoSequence ? kNoSequence : AddSequence(first, last_offset_delta());
  }
  // Sequence of the record at `offset`, which must lie in this batch; -1 without a sequence.
  int32_t SequenceOf(Offset offset) const {
    const int32_t first = base_sequence();
    if (first == kNoSequence) return kNoSequence;
    return AddSequence(first, static_cast<int32_t>(offset - base_offset()));
  }

 protected:
  explicit BatchHeader(const char* data) : data_(data) {}

 private:
  template <class T>
  T Load(int position) const {
    return base::LoadBigEndian<T>(data_ + position);
  }
  Timestamp LoadTime(int position) const {
    return Timestamp(std::chrono::milliseconds(Load<int64_t>(position)));
  }
  bool Has(int16_t bit) const { return (attributes() & bit) != 0; }

  const char* data_;
};

// A whole batch in memory.
//
// Lifetime: valid as long as the bytes.
class BatchView : public BatchHeader {
 public:
  // The batch at the start of `bytes`; bytes after it are ignored.
  // Errors: those of BatchHeader::Parse, and kCorruptMessage when the batch is longer than
  // `bytes`. The CRC is not checked.
  static StatusOr<BatchView> Parse(std::string_view bytes);

  // Trusts the caller that Parse(bytes at data) would succeed: for bytes that we wrote.
  static BatchView FromTrusted(const char* data) { return BatchView(data); }

  std::string_view bytes() const { return {data(), static_cast<size_t>(size_bytes())}; }
  // The bytes after the header; one compressed blob unless compression() is kNone.
  std::string_view records() const { return bytes().substr(kBatchHeaderBytes); }

  // The CRC of the bytes as they are.
  uint32_t ComputeCrc() const;
  bool IsCrcValid() const { return ComputeCrc() == crc(); }
  // Errors: kCorruptMessage with the offsets and both values.
  Status VerifyCrc() const;

 private:
  explicit BatchView(const char* data) : BatchHeader(data) {}
};

// Writes base offset and leader epoch; neither is covered by the CRC.
inline void StampOffset(char* batch, Offset base_offset, LeaderEpoch leader_epoch) {
  base::StoreBigEndian<int64_t>(batch + field::kBaseOffset, base_offset.value());
  base::StoreBigEndian<int32_t>(batch + field::kLeaderEpoch, leader_epoch.value());
}

// Marks every record as appended at `now`: timestamp type LogAppendTime, max timestamp `now`.
// Record deltas stay; readers ignore them. Recomputes the CRC.
// `batch` must be a whole batch that passed BatchView::Parse.
void StampLogAppendTime(std::span<char> batch, Timestamp now);

// Makes the timestamps CreateTime with the given maximum, and recomputes the CRC when that
// changed anything. `batch` must be a whole batch that passed BatchView::Parse.
void StampCreateTime(std::span<char> batch, Timestamp max_timestamp);

// Stores the CRC over the bytes as they are, after the caller has changed fields it covers.
// A delete horizon cannot be patched in: record deltas are relative to it. Compaction passes it
// to BatchBuilder instead.
void UpdateCrc(std::span<char> batch);

}  // namespace runnel::record
