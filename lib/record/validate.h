// What a leader checks before it appends the batches of a producer.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "record/buffer.h"
#include "record/compression.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::record {

// How many batches one append may hold. The Kafka protocol sends exactly one per partition.
enum class BatchCount { kExactlyOne, kAny };
// Whether records need keys: on topics whose cleanup policy contains compact.
enum class KeyPolicy { kOptional, kRequired };
// Who made the batches. Coordinators may append control batches and choose base offsets.
enum class Origin { kClient, kCoordinator };

// Names in brackets are the topic options these come from.
struct ValidateOptions {
  // The leader's clock: LogAppendTime, and the middle of the timestamp window; with kNoTimestamp
  // the window is not checked.
  Timestamp now = kNoTimestamp;
  // [message.timestamp.type]
  TimestampType timestamp_type = TimestampType::kCreateTime;
  // [compression.type] nullopt is "producer": each batch keeps its codec.
  std::optional<CompressionType> compression = {};
  // [compression.*.level] of that codec; nullopt: its default.
  std::optional<int> level = {};
  KeyPolicy keys = KeyPolicy::kOptional;
  BatchCount batches = BatchCount::kExactlyOne;
  Origin origin = Origin::kClient;
  // [max.message.bytes] Largest batch in bytes as it arrives and as it will be stored.
  int64_t max_batch_bytes = 1048588;
  // [message.timestamp.before.max.ms, message.timestamp.after.max.ms] The window around `now` in
  // which CreateTime timestamps must lie, ends included.
  std::chrono::milliseconds timestamp_before_max = std::chrono::milliseconds::max();
  std::chrono::milliseconds timestamp_after_max = std::chrono::hours(1);
  // Bound on one batch's decompressed records, in bytes.
  int64_t max_inflated_bytes = kDefaultMaxInflatedBytes;
};

// Why one record was refused.
struct RecordError {
  int32_t index = 0;  // of the record within its batch
  std::string message;
};

struct ValidateResult {
  // The batches, ready for StampOffset one after the other: `input` itself, patched where only
  // headers change, or new bytes in `storage`.
  std::span<char> bytes;
  int32_t batch_count = 0;
  // Number of offsets the batches take.
  int64_t offset_count = 0;
  // Greatest record timestamp of all batches; `now` with LogAppendTime.
  Timestamp max_timestamp = kNoTimestamp;
  // The time every record got, for the producer's response; kNoTimestamp with CreateTime.
  Timestamp log_append_time = kNoTimestamp;
  // True when a batch was written anew because the topic's codec differs.
  bool recompressed = false;
  // Of the batch that was refused, all records at fault; the status names at most three.
  std::vector<RecordError> record_errors;
  // Owns rewritten batches. Reuse the result to reuse the memory.
  Buffer storage;
  Buffer scratch;  // for decompressed records
};

// Checks the batches in `input` and makes them ready to append. A cut batch at the end is
// dropped when a whole one stands before it. On error nothing may be appended, and headers in
// `input` may have been patched already (never to something invalid).
// Lifetime: result.bytes lives as long as `input` and `result`.
// Errors: kCorruptMessage (structure, CRC, codec) · kMessageTooLarge · kInvalidRecord (old
// formats, number of batches, counts and deltas, control batches, missing keys, malformed records)
// · kInvalidTimestamp · kUnsupportedCompressionType · kRecordListTooLarge (inflates beyond bound).
// Cost: reads every record once; decompresses compressed batches; no allocation when warm, but
// for recompression.
// Source: org.apache.kafka.storage.internals.log.LogValidator.
Status ValidateBatches(std::span<char> input, const ValidateOptions& options, Codecs& codecs,
                       ValidateResult& result);

}  // namespace runnel::record
