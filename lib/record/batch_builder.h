// Makes record batches: many records into one batch, or one record straight to its place.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "record/batch_header.h"
#include "record/buffer.h"
#include "record/compression.h"
#include "record/record.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::record {

// Everything in a batch that is not its records.
struct BatchOptions {
  CompressionType compression = CompressionType::kNone;
  // nullopt: the codec's default.
  std::optional<int> level = {};
  // 0 in a batch a client sends; the leader stamps the real one over it (StampOffset).
  Offset base_offset{0};
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  // With kLogAppendTime, `log_append_time` is the timestamp of every record.
  TimestampType timestamp_type = TimestampType::kCreateTime;
  Timestamp log_append_time = kNoTimestamp;
  ProducerId producer_id = kNoProducerId;
  int16_t producer_epoch = kNoProducerEpoch;
  int32_t base_sequence = kNoSequence;
  bool is_transactional = false;
  bool is_control = false;
  // Set by compaction: stored as base timestamp, see BatchHeader::delete_horizon.
  std::optional<Timestamp> delete_horizon = {};
  // Last offset of the batch when records at its end are missing (compaction); nullopt: the last
  // record's. Never below the last record's.
  std::optional<Offset> last_offset = {};
  // Records are refused beyond this size of the uncompressed batch, header included. A first
  // record is refused only above 2^31 - 1 bytes, which the format cannot hold.
  int64_t max_bytes = INT32_MAX;

  // The options under which a builder makes a batch like `header`: same codec, offsets, producer,
  // flags, timestamp type and delete horizon. For compaction and recompression.
  static BatchOptions Like(const BatchHeader& header);
};

// Builds one batch after the other.
//
//   BatchBuilder builder({.compression = CompressionType::kLz4}, codecs);
//   while (next record) if (!builder.TryAppend(record)) break;   // full: finish, reset, go on
//   RUNNEL_ASSIGN_OR_RETURN(const std::string_view batch, builder.Finish());
//
// Thread safety: thread-compatible.
// Cost: no allocation once its memory has grown to the size of the batches; TryAppend copies the
// record once, Finish computes the CRC once and compresses once.
class BatchBuilder {
 public:
  // Builds in memory of its own. `codecs` compresses and must outlive the builder; it may be
  // null when no batch is compressed.
  explicit BatchBuilder(const BatchOptions& options, Codecs* codecs = nullptr);
  // Builds the finished batch at the start of `memory`, for example the mapped tail of a
  // segment, which must stay valid until Finish() has returned. Records that would not fit
  // uncompressed are refused.
  BatchBuilder(const BatchOptions& options, std::span<char> memory, Codecs* codecs = nullptr);
  BatchBuilder(const BatchBuilder&) = delete;
  BatchBuilder& operator=(const BatchBuilder&) = delete;

  // Adds a record at the next offset. False, with nothing changed, when it does not fit.
  bool TryAppend(const RecordFields& record);
  // Adds a record at base_offset + `offset_delta`, which must be at least the next one.
  bool TryAppendAt(int32_t offset_delta, const RecordFields& record);
  // Adds a record that was read from another batch, at its own offset, which must be at least
  // base_offset plus the next delta.
  bool TryAppendCopy(const RecordView& record);

  // Completes the batch. The bytes stay valid until Reset or destruction. Call once per batch.
  // Errors: kUnsupportedCompressionType; kRecordListTooLarge when the compressed batch does not
  // fit into the given memory. An empty batch is an error of the caller (see EncodeEmptyBatch).
  StatusOr<std::string_view> Finish();

  // Starts the next batch, keeping the memory.
  void Reset(const BatchOptions& options);
  void Reset(const BatchOptions& options, std::span<char> memory);

  int32_t record_count() const { return record_count_; }
  bool empty() const { return record_count_ == 0; }
  // Size of the batch so far if it were not compressed, header included.
  int64_t uncompressed_bytes() const { return cursor_ - begin_; }
  // Size uncompressed_bytes() would have after appending `record`.
  int64_t SizeWith(const RecordFields& record) const;
  Timestamp max_timestamp() const { return max_timestamp_; }
  const BatchOptions& options() const { return options_; }

 private:
  template <class AnyRecord>
  bool Append(int64_t offset_delta, const AnyRecord& record);
  bool MakeRoom(int64_t record_bytes);
  int64_t DeltaOf(Timestamp timestamp) const;
  void Start();
  void SetBegin(char* begin, int64_t writable_bytes);
  bool builds_in_place() const;
  StatusOr<std::span<char>> FinishCompressed();
  void WriteHeader(std::span<char> batch) const;

  BatchOptions options_;
  Codecs* codecs_;
  std::span<char> memory_;  // where the finished batch goes; empty: into our own
  Buffer own_;              // the batch, or with compression its uncompressed records
  Buffer compressed_;       // the finished batch, with compression

  char* begin_ = nullptr;   // of the uncompressed batch, whose header is written last
  char* cursor_ = nullptr;  // end of the records so far
  char* limit_ = nullptr;   // end of what may be written without asking MakeRoom()
  int32_t record_count_ = 0;
  int64_t next_offset_delta_ = 0;
  Timestamp base_timestamp_ = kNoTimestamp;
  Timestamp max_timestamp_ = kNoTimestamp;
};

// Where a single record goes.
struct SingleRecordBatch {
  Offset base_offset{0};
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  ProducerId producer_id = kNoProducerId;
  int16_t producer_epoch = kNoProducerEpoch;
  int32_t base_sequence = kNoSequence;
  bool is_transactional = false;
};

// Whether an encoder stores the batch length. kLeave keeps the four bytes as they are, for a log
// that publishes a batch by storing its length last.
enum class LengthField { kStore, kLeave };

// Size in bytes of the batch EncodeSingleRecordBatch makes; above INT32_MAX it cannot be made.
int64_t SizeOfSingleRecordBatch(const RecordFields& record);

// Encodes `record` as an uncompressed batch of its own at `out`, where `size_bytes`, the result
// of SizeOfSingleRecordBatch(record), bytes are writable.
void EncodeSingleRecordBatch(char* out, int64_t size_bytes, const SingleRecordBatch& batch,
                             const RecordFields& record, LengthField length = LengthField::kStore);

}  // namespace runnel::record
