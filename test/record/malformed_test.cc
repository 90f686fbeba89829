// Bytes from outside are never trusted: cut, changed and hostile batches.
#include <catch2/catch.hpp>

#include "base/bytes.h"
#include "record/batch_reader.h"
#include "record/control.h"
#include "record_support.h"
#include "support/hex.h"
#include "vectors.h"

namespace runnel::record {
namespace {

using testing::FromHex;

constexpr std::string_view kAllVectors[] = {
    vectors::kPlain,  vectors::kLogAppend, vectors::kIdempotent, vectors::kTransactional,
    vectors::kGzip,   vectors::kSnappy,    vectors::kLz4,        vectors::kZstd,
    vectors::kCommit, vectors::kAbort,     vectors::kEmpty};

bool CanRead(std::string_view bytes) {
  return IsSupported(BatchHeader::Parse(bytes)->compression());
}

TEST_CASE("A batch cut at any byte is incomplete, not corrupt", "[record][reader]") {
  for (const std::string_view hex : kAllVectors) {
    const std::string two = FromHex(hex) + FromHex(hex);
    const size_t size = two.size() / 2;
    for (size_t cut = size + 1; cut < two.size(); ++cut) {
      const std::string bytes = two.substr(0, cut);  // ASan sees reads beyond it
      BatchReader reader(bytes, CrcCheck::kVerify);
      REQUIRE(reader.Next());
      REQUIRE_FALSE(reader.Next());
      CHECK(reader.end() == BatchReader::End::kIncomplete);
      CHECK(reader.position() == static_cast<int64_t>(size));
      CHECK(reader.incomplete_batch_bytes() == (cut - size < 12 ? 0 : static_cast<int64_t>(size)));
      CHECK_FALSE(BatchView::Parse(std::string_view(bytes).substr(size)).ok());
    }
  }
}

TEST_CASE("A batch whose length field lies about a cut blob is never half read",
          "[record][iterator]") {
  Codecs codecs;
  for (const std::string_view hex : kAllVectors) {
    const std::string whole = FromHex(hex);
    if (!CanRead(whole)) continue;
    for (size_t cut = kBatchHeaderBytes; cut < whole.size(); ++cut) {
      std::string bytes = whole.substr(0, cut);
      base::StoreBigEndian<int32_t>(bytes.data() + field::kBatchLength,
                                    static_cast<int32_t>(cut) - kLogOverheadBytes);
      FixCrc(bytes);
      const auto records = ReadAll(bytes, codecs);
      CAPTURE(hex, cut);
      const ErrorCode code = CodeOf(records);
      const bool refused = code == ErrorCode::kInvalidRecord || code == ErrorCode::kCorruptMessage;
      // Trailing codec bytes that carry no record may go missing.
      if (!refused) CHECK((records.ok() && records->size() == 3));
    }
  }
}

TEST_CASE("Any flipped bit under the checksum is noticed", "[record][header]") {
  for (const std::string_view hex : {vectors::kPlain, vectors::kLz4}) {
    const std::string whole = FromHex(hex);
    for (size_t bit = field::kMagic * 8; bit < whole.size() * 8; ++bit) {
      std::string bytes = whole;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      BatchReader reader(bytes, CrcCheck::kVerify);
      CHECK_FALSE(reader.Next());
      CHECK(reader.end() == BatchReader::End::kCorrupt);
      CHECK(reader.position() == 0);
      CHECK_FALSE(reader.status().ok());
    }
  }
}

TEST_CASE("Flipped bits under a right checksum do no harm", "[record][iterator]") {
  Codecs codecs;
  for (const std::string_view hex : kAllVectors) {
    const std::string whole = FromHex(hex);
    for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string bytes = whole;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      FixCrc(bytes);
      const auto batch = BatchView::Parse(bytes);
      if (!batch.ok()) continue;
      const auto records = ReadAll(*batch, codecs);
      if (records.ok()) CHECK(static_cast<int32_t>(records->size()) == batch->record_count());
      if (batch->is_control()) {
        if (const auto record = ReadControlRecord(*batch); record.ok()) {
          (void)ParseEndTxnMarker(*record).ok();
        }
      }
    }
  }
}

TEST_CASE("Length fields of -1, 0 and the maximum are refused", "[record][header]") {
  const std::string whole = FromHex(vectors::kPlain);
  for (const int32_t value : {-1, 0, 48, INT32_MAX, INT32_MIN}) {
    std::string bytes = whole;
    base::StoreBigEndian(bytes.data() + field::kBatchLength, value);
    CHECK_FALSE(BatchView::Parse(bytes).ok());
    BatchReader reader(bytes, CrcCheck::kVerify);
    CHECK_FALSE(reader.Next());
    CAPTURE(value);
    CHECK(reader.end() == (value == 0           ? BatchReader::End::kUnwritten
                           : value == INT32_MAX ? BatchReader::End::kIncomplete
                                                : BatchReader::End::kCorrupt));
  }
}

TEST_CASE("Counts and deltas that do not fit the records are refused", "[record][iterator]") {
  Codecs codecs;
  const auto with = [&](int position, auto value) {
    std::string bytes = FromHex(vectors::kPlain);
    base::StoreBigEndian(bytes.data() + position, value);
    FixCrc(bytes);
    return CodeOf(ReadAll(bytes, codecs));
  };
  CHECK(with(field::kRecordCount, int32_t{-1}) == ErrorCode::kCorruptMessage);
  CHECK(with(field::kLastOffsetDelta, int32_t{-1}) == ErrorCode::kCorruptMessage);
  CHECK(with(field::kBaseOffset, int64_t{-1}) == ErrorCode::kCorruptMessage);
  CHECK(with(field::kBaseOffset, INT64_MAX) == ErrorCode::kCorruptMessage);
  CHECK(with(field::kMagic, int8_t{3}) == ErrorCode::kCorruptMessage);
  CHECK(with(field::kMagic, int8_t{-1}) == ErrorCode::kCorruptMessage);
  CHECK(with(field::kMagic, int8_t{1}) == ErrorCode::kUnsupportedForMessageFormat);
  for (const int32_t count : {0, 2, 4, INT32_MAX}) {
    CAPTURE(count);
    CHECK(with(field::kRecordCount, count) == ErrorCode::kInvalidRecord);
  }
  CHECK(with(field::kLastOffsetDelta, int32_t{1}) == ErrorCode::kInvalidRecord);
  CHECK(with(field::kAttributes, int16_t{5}) == ErrorCode::kUnsupportedCompressionType);
}

// A batch with one record of these bytes, length field included.
Status ReadOne(std::string_view record_hex) {
  Codecs codecs;
  std::string bytes(kBatchHeaderBytes, '\0');
  EncodeEmptyBatch(bytes.data(), *BatchHeader::Parse(FromHex(vectors::kEmpty)));
  bytes += FromHex(record_hex);
  base::StoreBigEndian<int32_t>(bytes.data() + field::kBatchLength,
                                static_cast<int32_t>(bytes.size()) - kLogOverheadBytes);
  base::StoreBigEndian<int32_t>(bytes.data() + field::kRecordCount, 1);
  FixCrc(bytes);
  return ReadAll(bytes, codecs).status();
}

TEST_CASE("Malformed records are refused", "[record][iterator]") {
  CHECK(ReadOne("0c 00 00 00 01 01 00").ok());  // the smallest one
  const auto [what, hex] = GENERATE(table<const char*, const char*>({
      {"length of zero", "00"},
      {"negative length", "01 00 00 00 01 01 00"},
      {"length above what is left", "0e 00 00 00 01 01 00"},
      {"length of 2^31 - 1", "feffffff0f 00 00 00 01 01 00"},
      {"length that never ends", "ffffffffffffff"},
      {"length below the fields", "0a 00 00 00 01 01 00"},
      {"bytes after the fields", "0e 00 00 00 01 01 00 00"},
      {"bytes after the record", "0c 00 00 00 01 01 00 00"},
      {"negative offset delta", "0c 00 00 01 01 01 00"},
      {"offset delta beyond the last", "0c 00 00 06 01 01 00"},
      {"key length of -2", "0c 00 00 00 03 01 00"},
      {"key beyond the record", "0c 00 00 00 7e 01 00"},
      {"value length of -2", "0c 00 00 00 01 03 00"},
      {"value beyond the record", "0c 00 00 00 01 7e 00"},
      {"value length of 2^31 - 1", "14 00 00 00 01 feffffff0f 00"},
      {"header count of -1", "0c 00 00 00 01 01 01"},
      {"header count of 2^31 - 1", "14 00 00 00 01 01 feffffff0f"},
      {"header without bytes", "0c 00 00 00 01 01 02"},
      {"null header key", "10 00 00 00 01 01 02 01 01"},
      {"header key beyond the record", "10 00 00 00 01 01 02 7e 01"},
      {"header value beyond the record", "10 00 00 00 01 01 02 00 7e"},
      {"timestamp delta that never ends", "1c 00 ffffffffffffffffffffff 00"},
  }));
  CAPTURE(what);
  CHECK(CodeOf(ReadOne(hex)) == ErrorCode::kInvalidRecord);
}

TEST_CASE("Offsets must rise within a batch", "[record][iterator]") {
  CHECK(ReadOne("0c 00 00 04 01 01 00").ok());  // a gap before the record is compaction's
  Codecs codecs;
  std::string bytes = FromHex(vectors::kPlain);
  bytes[bytes.size() - 8] = 2;  // the last record's offset delta: 1 again
  FixCrc(bytes);
  CHECK(CodeOf(ReadAll(bytes, codecs)) == ErrorCode::kInvalidRecord);
}

TEST_CASE("A control batch must be what it says", "[record][control]") {
  CHECK(CodeOf(ReadControlRecord(*BatchView::Parse(FromHex(vectors::kPlain)))) ==
        ErrorCode::kInvalidRecord);
  std::string bytes = FromHex(vectors::kCommit);
  bytes[field::kAttributes + 1] = 0x33;
  CHECK(CodeOf(ReadControlRecord(*BatchView::Parse(bytes))) == ErrorCode::kInvalidRecord);
  RecordView marker;
  marker.key = std::string_view("\0\0\0\2", 4);
  CHECK(CodeOf(ParseEndTxnMarker(marker)) == ErrorCode::kInvalidRecord);
  marker.key = std::string_view("\0\0\0\1", 4);
  marker.value = std::string_view("\0\0\0\0\0", 5);
  CHECK(CodeOf(ParseEndTxnMarker(marker)) == ErrorCode::kInvalidRecord);
}

}  // namespace
}  // namespace runnel::record
