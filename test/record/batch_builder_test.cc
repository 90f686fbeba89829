#include "record/batch_builder.h"

#include <catch2/catch.hpp>

#include "record/control.h"
#include "record_support.h"
#include "support/hex.h"
#include "vectors.h"

namespace runnel::record {
namespace {

using testing::FromHex;
using testing::ToHex;

const BatchOptions kVectorOptions{.base_offset = Offset(100), .leader_epoch = LeaderEpoch(7)};

TEST_CASE("A built batch has Kafka's bytes", "[record][builder]") {
  Codecs codecs;
  BatchOptions options = kVectorOptions;
  CHECK(ToHex(BuildBatch(options, VectorRecords(), codecs)) == vectors::kPlain);

  SECTION("stamped with the append time") {
    options.timestamp_type = TimestampType::kLogAppendTime;
    options.log_append_time = At(1700000009999);
    CHECK(ToHex(BuildBatch(options, VectorRecords(), codecs)) == vectors::kLogAppend);
  }
  SECTION("of an idempotent and a transactional producer") {
    options.producer_id = ProducerId(4000);
    options.producer_epoch = 2;
    options.base_sequence = 41;
    CHECK(ToHex(BuildBatch(options, VectorRecords(), codecs)) == vectors::kIdempotent);
    options.is_transactional = true;
    CHECK(ToHex(BuildBatch(options, VectorRecords(), codecs)) == vectors::kTransactional);
  }
  SECTION("with the framed codecs") {
    options.compression = CompressionType::kLz4;
    CHECK(ToHex(BuildBatch(options, VectorRecords(), codecs)) == vectors::kLz4);
    options.compression = CompressionType::kSnappy;
    if (IsSupported(options.compression)) {
      CHECK(ToHex(BuildBatch(options, VectorRecords(), codecs)) == vectors::kSnappy);
    }
  }
}

TEST_CASE("Kafka's batches are read with every codec", "[record][iterator]") {
  Codecs codecs;
  const auto [name, hex, type] = GENERATE(table<const char*, std::string_view, CompressionType>({
      {"plain", vectors::kPlain, CompressionType::kNone},
      {"idempotent", vectors::kIdempotent, CompressionType::kNone},
      {"gzip", vectors::kGzip, CompressionType::kGzip},
      {"snappy", vectors::kSnappy, CompressionType::kSnappy},
      {"lz4", vectors::kLz4, CompressionType::kLz4},
      {"zstd", vectors::kZstd, CompressionType::kZstd},
  }));
  CAPTURE(name);
  if (!IsSupported(type)) return;
  const std::string bytes = FromHex(hex);
  const StatusOr<BatchView> batch = BatchView::Parse(bytes);
  REQUIRE(batch.ok());
  CHECK(batch->compression() == type);
  CHECK(batch->VerifyCrc().ok());
  const auto records = ReadAll(*batch, codecs);
  REQUIRE(records.ok());
  CHECK(*records == VectorRecords());
}

TEST_CASE("LogAppendTime gives every record the time of the append", "[record][iterator]") {
  Codecs codecs;
  const auto records = ReadAll(FromHex(vectors::kLogAppend), codecs);
  REQUIRE(records.ok());
  for (const OwnedRecord& record : *records) {
    CHECK(record.timestamp == 1700000009999);
  }
}

TEST_CASE("A single record is encoded as a builder would", "[record][builder]") {
  const Header headers[] = {{"h", "x"}, {"n", std::nullopt}};
  const RecordFields record{
      .timestamp = At(1700000000000), .key = "key", .value = "value", .headers = headers};
  BatchBuilder builder({.base_offset = Offset(7),
                        .leader_epoch = LeaderEpoch(3),
                        .producer_id = ProducerId(9),
                        .producer_epoch = 1,
                        .base_sequence = 5});
  REQUIRE(builder.TryAppend(record));
  const auto expected = builder.Finish();
  REQUIRE(expected.ok());
  std::string out(static_cast<size_t>(SizeOfSingleRecordBatch(record)), '\xee');
  const SingleRecordBatch batch{.base_offset = Offset(7),
                                .leader_epoch = LeaderEpoch(3),
                                .producer_id = ProducerId(9),
                                .producer_epoch = 1,
                                .base_sequence = 5};
  EncodeSingleRecordBatch(out.data(), static_cast<int64_t>(out.size()), batch, record);
  CHECK(ToHex(out) == ToHex(*expected));

  SECTION("and leaves the length to a log that publishes with it") {
    out.assign(out.size(), '\0');
    EncodeSingleRecordBatch(out.data(), static_cast<int64_t>(out.size()), batch, record,
                            LengthField::kLeave);
    CHECK(out.substr(8, 4) == std::string(4, '\0'));
    out.replace(8, 4, expected->substr(8, 4));
    CHECK(ToHex(out) == ToHex(*expected));
  }
}

TEST_CASE("A builder refuses what does not fit and stays as it was", "[record][builder]") {
  const RecordFields record{.timestamp = At(1), .value = std::string_view("0123456789")};
  const int64_t record_bytes = SizeOfRecord(0, 0, record);
  SECTION("by its own limit") {
    BatchBuilder builder({.max_bytes = kBatchHeaderBytes + 2 * record_bytes});
    CHECK(builder.SizeWith(record) == kBatchHeaderBytes + record_bytes);
    CHECK(builder.TryAppend(record));
    CHECK(builder.TryAppend(record));
    CHECK_FALSE(builder.TryAppend(record));
    CHECK(builder.record_count() == 2);
    CHECK(builder.Finish()->size() == static_cast<size_t>(kBatchHeaderBytes + 2 * record_bytes));
  }
  SECTION("but takes a first record above the limit") {
    BatchBuilder builder({.max_bytes = 61});
    CHECK(builder.TryAppend(record));
    CHECK_FALSE(builder.TryAppend(record));
  }
  SECTION("by the memory it was given") {
    std::vector<char> memory(static_cast<size_t>(kBatchHeaderBytes + record_bytes));
    BatchBuilder builder({}, memory);
    CHECK(builder.TryAppend(record));
    CHECK_FALSE(builder.TryAppend(record));
    const auto batch = builder.Finish();
    REQUIRE(batch.ok());
    CHECK(batch->data() == memory.data());
    CHECK(BatchView::Parse(*batch)->VerifyCrc().ok());
  }
  SECTION("of no size at all") {
    char byte = 0;
    BatchBuilder builder({}, std::span<char>(&byte, 1));
    CHECK_FALSE(builder.TryAppend(record));
  }
}

TEST_CASE("A builder is used again without mixing batches", "[record][builder]") {
  Codecs codecs;
  BatchBuilder builder({}, &codecs);
  for (const CompressionType type : {CompressionType::kNone, CompressionType::kLz4}) {
    for (int round = 0; round < 3; ++round) {
      BatchOptions options = kVectorOptions;
      options.compression = type;
      builder.Reset(options);
      for (const OwnedRecord& record : VectorRecords()) {
        REQUIRE(Append(builder, record));
      }
      const auto batch = builder.Finish();
      REQUIRE(batch.ok());
      CHECK(*ReadAll(*batch, codecs) == VectorRecords());
    }
  }
}

TEST_CASE("A compressed batch goes to the memory it was given", "[record][builder]") {
  Codecs codecs;
  std::vector<char> memory(4096);
  BatchBuilder builder({.compression = CompressionType::kLz4}, memory, &codecs);
  REQUIRE(builder.TryAppend({.timestamp = At(1), .value = std::string_view("value")}));
  const auto batch = builder.Finish();
  REQUIRE(batch.ok());
  CHECK(batch->data() == memory.data());
  CHECK(ReadAll(*batch, codecs)->size() == 1);
}

TEST_CASE("A rewritten batch keeps offsets, times and a delete horizon", "[record][compaction]") {
  Codecs codecs;
  const std::string source = FromHex(vectors::kIdempotent);
  const BatchView batch = *BatchView::Parse(source);
  BatchOptions options = BatchOptions::Like(batch);
  options.delete_horizon = At(1800000000000);
  BatchBuilder builder(options);
  RecordIterator iterator(batch, batch.records());
  for (RecordView record; iterator.Next(record);) {
    if (record.offset == Offset(101)) REQUIRE(builder.TryAppendCopy(record));
  }
  const auto out = builder.Finish();
  REQUIRE(out.ok());
  const BatchView copy = *BatchView::Parse(*out);
  CHECK(copy.delete_horizon() == At(1800000000000));
  CHECK(copy.base_offset() == Offset(100));
  CHECK(copy.last_offset() == Offset(102));
  CHECK(copy.last_sequence() == 43);
  CHECK(copy.max_timestamp() == At(1700000000005));
  CHECK(ReadAll(*out, codecs).value() == std::vector<OwnedRecord>{VectorRecords()[1]});
}

TEST_CASE("Timestamps at the ends of their range survive", "[record][builder]") {
  Codecs codecs;
  const std::vector<OwnedRecord> records = {
      {0, INT64_MAX, "a", "b", {}}, {1, INT64_MIN, "a", "b", {}}, {2, -1, "a", "b", {}}};
  CHECK(*ReadAll(BuildBatch({}, records, codecs), codecs) == records);
}

TEST_CASE("Sequences wrap after 2^31 - 1", "[record][header]") {
  CHECK(AddSequence(INT32_MAX, 1) == 0);
  CHECK(AddSequence(INT32_MAX - 1, 3) == 1);
  Codecs codecs;
  const std::string bytes = BuildBatch(
      {.producer_id = ProducerId(1), .producer_epoch = 0, .base_sequence = INT32_MAX - 1},
      VectorRecords(), codecs);
  const BatchView batch = *BatchView::Parse(bytes);
  CHECK(batch.last_sequence() == 0);
  CHECK(batch.SequenceOf(Offset(1)) == INT32_MAX);
}

TEST_CASE("Patching the header keeps a batch valid", "[record][header]") {
  Codecs codecs;
  std::string bytes = FromHex(vectors::kPlain);
  StampOffset(bytes.data(), Offset(5000), LeaderEpoch(8));
  BatchView batch = *BatchView::Parse(bytes);
  CHECK(batch.VerifyCrc().ok());
  CHECK(batch.base_offset() == Offset(5000));
  CHECK(batch.leader_epoch() == LeaderEpoch(8));
  StampOffset(bytes.data(), Offset(100), LeaderEpoch(7));
  StampLogAppendTime({bytes.data(), bytes.size()}, At(1700000009999));
  CHECK(ToHex(bytes) == vectors::kLogAppend);
  StampCreateTime({bytes.data(), bytes.size()}, At(1700000000005));
  CHECK(ToHex(bytes) == vectors::kPlain);
}

TEST_CASE("Markers have Kafka's bytes and are read back", "[record][control]") {
  const auto [type, hex] = GENERATE(table<ControlType, std::string_view>(
      {{ControlType::kCommit, vectors::kCommit}, {ControlType::kAbort, vectors::kAbort}}));
  MarkerBatch marker{.offset = Offset(200),
                     .leader_epoch = LeaderEpoch(7),
                     .timestamp = At(1700000000100),
                     .producer_id = ProducerId(4000),
                     .producer_epoch = 3,
                     .marker = {.type = type, .coordinator_epoch = 5}};
  char out[kMaxMarkerBatchBytes];
  std::string bytes(out, static_cast<size_t>(EncodeMarkerBatch(out, marker)));
  CHECK(ToHex(bytes) == hex);
  CHECK(bytes.size() == kMarkerBatchBytes);
  const auto record = ReadControlRecord(*BatchView::Parse(bytes));
  REQUIRE(record.ok());
  const auto parsed = ParseEndTxnMarker(*record);
  REQUIRE(parsed.ok());
  CHECK(parsed->type == type);
  CHECK(parsed->coordinator_epoch == 5);

  marker.delete_horizon = At(1);
  bytes.assign(out, static_cast<size_t>(EncodeMarkerBatch(out, marker)));
  const BatchView batch = *BatchView::Parse(bytes);
  CHECK(batch.VerifyCrc().ok());
  CHECK(batch.delete_horizon() == At(1));
  CHECK(ReadControlRecord(batch)->timestamp == At(1700000000100));
}

TEST_CASE("Unknown control types and later versions are tolerated", "[record][control]") {
  const auto parse = [](std::string_view hex) {
    const std::string key = FromHex(hex);
    return ParseControlType(
        {.offset = {}, .timestamp = {}, .key = key, .value = {}, .headers = {}});
  };
  CHECK(*parse("00000006") == ControlType::kKraftVoters);
  CHECK(*parse("00000007") == ControlType::kUnknown);
  CHECK(*parse("0000ffff") == ControlType::kUnknown);
  CHECK(*parse("00010001ffff") == ControlType::kCommit);
  CHECK(CodeOf(parse("ffff0001")) == ErrorCode::kInvalidRecord);
  CHECK(CodeOf(parse("000000")) == ErrorCode::kInvalidRecord);
  CHECK(NameOf(ControlType::kAbort) == "ABORT");
  CHECK(NameOf(ControlType::kUnknown) == "UNKNOWN");
}

TEST_CASE("An empty batch keeps what its producer needs", "[record][compaction]") {
  const std::string source = FromHex(vectors::kIdempotent);
  char out[kBatchHeaderBytes];
  EncodeEmptyBatch(out, *BatchHeader::Parse(source));
  std::string bytes(out, sizeof out);
  const BatchView batch = *BatchView::Parse(bytes);
  CHECK(batch.VerifyCrc().ok());
  CHECK(batch.last_sequence() == 43);
  CHECK(batch.record_count() == 0);
  StampOffset(bytes.data(), Offset(100), kNoLeaderEpoch);
  std::string kafka = FromHex(vectors::kEmpty);
  StampOffset(kafka.data(), Offset(100), kNoLeaderEpoch);
  CHECK(ToHex(bytes) == ToHex(kafka));
  Codecs codecs;
  CHECK(ReadAll(batch, codecs)->empty());
}

}  // namespace
}  // namespace runnel::record
