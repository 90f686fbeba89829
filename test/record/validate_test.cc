#include "record/validate.h"

#include <catch2/catch.hpp>

#include "base/bytes.h"
#include "record/batch_reader.h"
#include "record/control.h"
#include "record_support.h"
#include "support/hex.h"
#include "vectors.h"

namespace runnel::record {
namespace {

using namespace std::chrono_literals;
using testing::FromHex;
using testing::ToHex;

constexpr int64_t kNowMs = 1700000009999;
const ValidateOptions kDefaults{.now = At(kNowMs)};

// Validates `bytes`, which may be patched.
struct Validation {
  Validation(std::string& bytes, const ValidateOptions& options) {
    status = ValidateBatches({bytes.data(), bytes.size()}, options, codecs, result);
  }
  std::string_view bytes() const { return {result.bytes.data(), result.bytes.size()}; }

  Codecs codecs;
  ValidateResult result;
  Status status;
};

std::string ClientBatch(std::string_view hex = vectors::kPlain) {
  std::string bytes = FromHex(hex);
  StampOffset(bytes.data(), Offset(0), kNoLeaderEpoch);
  return bytes;
}

ErrorCode CodeFor(std::string bytes, const ValidateOptions& options = kDefaults) {
  return CodeOf(Validation(bytes, options).status);
}

template <class T>
std::string With(int position, T value, std::string bytes = ClientBatch()) {
  base::StoreBigEndian<T>(bytes.data() + position, value);
  FixCrc(bytes);
  return bytes;
}

TEST_CASE("A good batch passes unchanged", "[record][validate]") {
  for (const std::string_view hex :
       {vectors::kPlain, vectors::kIdempotent, vectors::kTransactional, vectors::kLz4}) {
    std::string bytes = ClientBatch(hex);
    const std::string before = bytes;
    const Validation validation(bytes, kDefaults);
    REQUIRE(validation.status.ok());
    CHECK(validation.result.bytes.data() == bytes.data());
    CHECK(bytes == before);
    CHECK(validation.result.offset_count == 3);
    CHECK(validation.result.batch_count == 1);
    CHECK(validation.result.max_timestamp == At(1700000000005));
    CHECK(validation.result.log_append_time == kNoTimestamp);
    CHECK_FALSE(validation.result.recompressed);
  }
}

TEST_CASE("LogAppendTime is stamped", "[record][validate]") {
  std::string bytes = ClientBatch();
  const Validation validation(bytes,
                              {.now = At(kNowMs), .timestamp_type = TimestampType::kLogAppendTime});
  REQUIRE(validation.status.ok());
  CHECK(validation.result.log_append_time == At(kNowMs));
  CHECK(validation.result.max_timestamp == At(kNowMs));
  StampOffset(bytes.data(), Offset(100), LeaderEpoch(7));
  CHECK(ToHex(bytes) == vectors::kLogAppend);
}

TEST_CASE("The greatest timestamp is computed, not believed", "[record][validate]") {
  std::string bytes = With(field::kMaxTimestamp, int64_t{42});
  const Validation validation(bytes, kDefaults);
  REQUIRE(validation.status.ok());
  CHECK(bytes == ClientBatch());
}

TEST_CASE("A producer may not claim LogAppendTime", "[record][validate]") {
  const std::string claimed = ClientBatch(vectors::kLogAppend);
  SECTION("on a topic that sets it") {
    CHECK(CodeFor(claimed, {.now = At(kNowMs), .timestamp_type = TimestampType::kLogAppendTime}) ==
          ErrorCode::kInvalidTimestamp);
  }
  SECTION("without a time") {
    CHECK(CodeFor(With(field::kMaxTimestamp, int64_t{-1}, claimed)) ==
          ErrorCode::kInvalidTimestamp);
  }
  SECTION("else it becomes CreateTime") {
    std::string bytes = claimed;
    const Validation validation(bytes, kDefaults);
    REQUIRE(validation.status.ok());
    const BatchView batch = *BatchView::Parse(bytes);
    CHECK(batch.timestamp_type() == TimestampType::kCreateTime);
    CHECK(batch.VerifyCrc().ok());
  }
}

TEST_CASE("Another compression.type rewrites the batch", "[record][validate]") {
  for (const CompressionType type : {CompressionType::kNone, CompressionType::kGzip,
                                     CompressionType::kSnappy, CompressionType::kZstd}) {
    if (!IsSupported(type)) continue;
    std::string bytes = ClientBatch(vectors::kLz4);
    const Validation validation(bytes, {.now = At(kNowMs), .compression = type});
    REQUIRE(validation.status.ok());
    CHECK(validation.result.recompressed);
    const BatchView batch = *BatchView::Parse(validation.bytes());
    CHECK(batch.compression() == type);
    StampOffset(validation.result.bytes.data(), Offset(100), LeaderEpoch(7));
    Codecs codecs;
    CHECK(ReadAll(validation.bytes(), codecs).value() == VectorRecords());
    if (type == CompressionType::kNone) CHECK(ToHex(validation.bytes()) == vectors::kPlain);
  }
}

TEST_CASE("Rewriting keeps producer, flags and append time", "[record][validate]") {
  std::string bytes = ClientBatch(vectors::kTransactional);
  const Validation validation(bytes, {.now = At(kNowMs),
                                      .timestamp_type = TimestampType::kLogAppendTime,
                                      .compression = CompressionType::kLz4});
  REQUIRE(validation.status.ok());
  const BatchView batch = *BatchView::Parse(validation.bytes());
  CHECK(batch.VerifyCrc().ok());
  CHECK(batch.is_transactional());
  CHECK(batch.producer_id() == ProducerId(4000));
  CHECK(batch.last_sequence() == 43);
  CHECK(batch.max_timestamp() == At(kNowMs));
}

TEST_CASE("Several batches are taken only where allowed", "[record][validate]") {
  std::string bytes = ClientBatch() + ClientBatch(vectors::kLz4) + ClientBatch();
  CHECK(CodeFor(bytes) == ErrorCode::kInvalidRecord);
  ValidateOptions options = kDefaults;
  options.batches = BatchCount::kAny;
  CHECK(Validation(bytes, options).result.offset_count == 9);
  options.compression = CompressionType::kNone;
  const Validation validation(bytes, options);
  REQUIRE(validation.status.ok());
  CHECK(ToHex(validation.bytes()) == ToHex(ClientBatch() + ClientBatch() + ClientBatch()));
  std::string none;
  CHECK(Validation(none, options).status.ok());
  CHECK(CodeFor("") == ErrorCode::kInvalidRecord);
}

TEST_CASE("A cut batch at the end is dropped, a lone one refused", "[record][validate]") {
  const std::string whole = ClientBatch();
  std::string two = whole + whole.substr(0, 40);
  const Validation validation(two, kDefaults);
  CHECK(validation.status.ok());
  CHECK(validation.result.bytes.size() == whole.size());
  for (size_t cut = 1; cut < whole.size(); ++cut) {
    CHECK(CodeFor(whole.substr(0, cut)) == ErrorCode::kCorruptMessage);
  }
}

TEST_CASE("Damage is corrupt, a sender's mistake invalid", "[record][validate]") {
  std::string damaged = ClientBatch();
  damaged.back() ^= 1;
  CHECK(CodeFor(damaged) == ErrorCode::kCorruptMessage);
  CHECK(CodeFor(std::string(100, '\0')) == ErrorCode::kCorruptMessage);
  CHECK(CodeFor(FromHex(vectors::kLegacy) + std::string(40, '\0')) == ErrorCode::kInvalidRecord);
  CHECK(CodeFor(With(field::kMagic, int8_t{3})) == ErrorCode::kCorruptMessage);
  CHECK(CodeFor(With(field::kBaseOffset, int64_t{1})) == ErrorCode::kInvalidRecord);
  CHECK(CodeFor(With(field::kRecordCount, int32_t{-1})) == ErrorCode::kInvalidRecord);
  CHECK(CodeFor(With(field::kRecordCount, int32_t{2})) == ErrorCode::kInvalidRecord);
  CHECK(CodeFor(With(field::kLastOffsetDelta, int32_t{3})) == ErrorCode::kInvalidRecord);
  CHECK(CodeFor(With(field::kLastOffsetDelta, int32_t{-1})) == ErrorCode::kInvalidRecord);
  CHECK(CodeFor(With(field::kProducerId, int64_t{1})) == ErrorCode::kInvalidRecord);
  CHECK(CodeFor(With(field::kAttributes, int16_t{0x40})) == ErrorCode::kInvalidRecord);
  CHECK(CodeFor(With(field::kAttributes, int16_t{7})) == ErrorCode::kUnsupportedCompressionType);
  CHECK(CodeFor(With(field::kAttributes, int16_t{3})) == ErrorCode::kCorruptMessage);
  CHECK(CodeFor(ClientBatch(vectors::kEmpty)) == ErrorCode::kInvalidRecord);
}

TEST_CASE("Control batches come from coordinators only", "[record][validate]") {
  CHECK(CodeFor(ClientBatch(vectors::kCommit)) == ErrorCode::kInvalidRecord);
  ValidateOptions options = kDefaults;
  options.origin = Origin::kCoordinator;
  options.compression = CompressionType::kLz4;  // markers stay uncompressed
  std::string bytes = FromHex(vectors::kCommit);
  const Validation validation(bytes, options);
  CHECK(validation.status.ok());
  CHECK(ToHex(validation.bytes()) == vectors::kCommit);
}

TEST_CASE("Sizes are bounded before anything is read", "[record][validate]") {
  const std::string bytes = ClientBatch();
  ValidateOptions options = kDefaults;
  options.max_batch_bytes = static_cast<int64_t>(bytes.size());
  CHECK(CodeFor(bytes, options) == ErrorCode::kNone);
  options.max_batch_bytes -= 1;
  CHECK(CodeFor(bytes, options) == ErrorCode::kMessageTooLarge);
  CHECK(CodeFor(bytes.substr(0, 80), options) == ErrorCode::kMessageTooLarge);
  options = kDefaults;
  options.max_inflated_bytes = 10;
  CHECK(CodeFor(ClientBatch(vectors::kLz4), options) == ErrorCode::kRecordListTooLarge);
}

TEST_CASE("Each record without a key is named on a compacted topic", "[record][validate]") {
  Codecs codecs;
  std::vector<OwnedRecord> records;
  for (int i = 0; i < 6; ++i) {
    records.push_back({.offset = i, .timestamp = kNowMs, .value = "v"});
  }
  records[1].key = "k";
  std::string bytes = BuildBatch({}, records, codecs);
  ValidateOptions options = kDefaults;
  options.keys = KeyPolicy::kRequired;
  const Validation validation(bytes, options);
  CHECK(CodeOf(validation.status) == ErrorCode::kInvalidRecord);
  std::vector<int32_t> refused;
  for (const RecordError& error : validation.result.record_errors) {
    refused.push_back(error.index);
  }
  CHECK(refused == std::vector<int32_t>{0, 2, 3, 4, 5});
}

TEST_CASE("CreateTime must lie in the topic's window", "[record][validate]") {
  Codecs codecs;
  const auto code = [&](int64_t ms, const ValidateOptions& options) {
    return CodeFor(BuildBatch({}, {{.timestamp = kNowMs}, {.timestamp = ms}}, codecs), options);
  };
  ValidateOptions options = kDefaults;
  CHECK(code(kNowMs + 3600000, options) == ErrorCode::kNone);
  CHECK(code(kNowMs + 3600001, options) == ErrorCode::kInvalidTimestamp);
  CHECK(code(INT64_MAX, options) == ErrorCode::kInvalidTimestamp);
  CHECK(code(0, options) == ErrorCode::kNone);
  options.timestamp_before_max = 10ms;
  options.timestamp_after_max = std::chrono::milliseconds::max();
  CHECK(code(kNowMs - 10, options) == ErrorCode::kNone);
  CHECK(code(kNowMs - 11, options) == ErrorCode::kInvalidTimestamp);
  CHECK(code(-1, options) == ErrorCode::kNone);
  CHECK(code(INT64_MAX, options) == ErrorCode::kNone);
  options.timestamp_type = TimestampType::kLogAppendTime;
  CHECK(code(0, options) == ErrorCode::kNone);
}

TEST_CASE("Offsets within a client's batch have no gaps", "[record][validate]") {
  BatchBuilder builder({});
  REQUIRE(builder.TryAppendAt(0, {.timestamp = At(1)}));
  REQUIRE(builder.TryAppendAt(2, {.timestamp = At(1)}));
  std::string bytes(*builder.Finish());
  bytes = With(field::kLastOffsetDelta, int32_t{1}, bytes);
  CHECK(CodeFor(bytes) == ErrorCode::kInvalidRecord);
}

}  // namespace
}  // namespace runnel::record
