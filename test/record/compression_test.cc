#include "record/compression.h"

#include <catch2/catch.hpp>

#include <random>

#include "record_support.h"
#include "support/hex.h"

namespace runnel::record {
namespace {

using testing::FromHex;
using testing::ToHex;

constexpr CompressionType kAllTypes[] = {CompressionType::kNone, CompressionType::kGzip,
                                         CompressionType::kSnappy, CompressionType::kLz4,
                                         CompressionType::kZstd};

std::vector<CompressionType> SupportedTypes() {
  std::vector<CompressionType> types;
  for (const CompressionType type : kAllTypes) {
    if (IsSupported(type)) types.push_back(type);
  }
  return types;
}

std::string RandomText(std::mt19937_64& random, size_t size, unsigned letters) {
  std::string text(size, '\0');
  for (char& c : text) {
    c = static_cast<char>('a' + static_cast<int>(random() % letters));
  }
  return text;
}

std::string Compressed(Codecs& codecs, CompressionType type, std::string_view in,
                       std::optional<int> level = std::nullopt) {
  Buffer out;
  REQUIRE(codecs.Compress(type, level, in, out).ok());
  return std::string(out.view());
}

TEST_CASE("Every codec gives back what it was given", "[record][compression]") {
  Codecs codecs;
  std::mt19937_64 random(7);
  for (const CompressionType type : SupportedTypes()) {
    for (const size_t size : {0, 1, 100, 32767, 32768, 65536, 65537, 1000000}) {
      for (const unsigned letters : {1U, 4U, 200U}) {
        CAPTURE(ToString(type), size, letters);
        const std::string text = RandomText(random, size, letters);
        const std::string packed = Compressed(codecs, type, text);
        Buffer out;
        out.Append("before");
        CHECK(codecs.Decompress(type, packed, static_cast<int64_t>(size), out).ok());
        CHECK(out.view() == "before" + text);
        if (size == 0) continue;
        out.Truncate(6);
        CHECK(CodeOf(codecs.Decompress(type, packed, static_cast<int64_t>(size) - 1, out)) ==
              ErrorCode::kRecordListTooLarge);
        CHECK(out.view() == "before");
      }
    }
  }
}

TEST_CASE("Levels are cut to the codec's range", "[record][compression]") {
  Codecs codecs;
  std::mt19937_64 random(8);
  const std::string text = RandomText(random, 100000, 4);
  for (const CompressionType type : SupportedTypes()) {
    for (const int level : {INT32_MIN, -5, 1, 9, 12, 17, 22, INT32_MAX}) {
      if (type == CompressionType::kZstd && level == INT32_MAX) continue;  // slow
      Buffer out;
      REQUIRE(codecs.Decompress(type, Compressed(codecs, type, text, level), 1 << 20, out).ok());
      CHECK(out.view() == text);
    }
  }
  CHECK(LevelsOf(CompressionType::kLz4)->default_level == 9);
  CHECK_FALSE(LevelsOf(CompressionType::kSnappy).has_value());
}

TEST_CASE("Cut and changed bytes never do harm", "[record][compression]") {
  Codecs codecs;
  std::mt19937_64 random(9);
  const std::string text = RandomText(random, 5000, 3);
  for (const CompressionType type : SupportedTypes()) {
    if (type == CompressionType::kNone) continue;
    const std::string packed = Compressed(codecs, type, text);
    CAPTURE(ToString(type));
    for (size_t cut = 0; cut < packed.size(); ++cut) {
      const std::string bytes = packed.substr(0, cut);
      Buffer out;
      const Status status = codecs.Decompress(type, bytes, 1 << 20, out);
      // A snappy stream may end after any chunk, the header included.
      if (status.ok()) CHECK(out.size() < text.size());
    }
    for (int i = 0; i < 2000; ++i) {
      std::string bytes = packed;
      bytes[random() % bytes.size()] = static_cast<char>(random());
      Buffer out;
      const Status status = codecs.Decompress(type, bytes, 1 << 20, out);
      CHECK((status.ok() || CodeOf(status) == ErrorCode::kCorruptMessage ||
             CodeOf(status) == ErrorCode::kRecordListTooLarge));
      CHECK(out.capacity() <= size_t{4} << 20);
    }
  }
}

TEST_CASE("A decompression bomb stops at the limit", "[record][compression]") {
  Codecs codecs;
  const std::string zeros(64 << 20, '\0');
  for (const CompressionType type : SupportedTypes()) {
    if (type == CompressionType::kNone) continue;
    CAPTURE(ToString(type));
    const std::string bomb = Compressed(codecs, type, zeros);
    CHECK(bomb.size() < zeros.size() / 20);
    Buffer out;
    CHECK(CodeOf(codecs.Decompress(type, bomb, 1 << 20, out)) == ErrorCode::kRecordListTooLarge);
    CHECK(out.empty());
    CHECK(out.capacity() <= size_t{8} << 20);
  }
}

TEST_CASE("Announced sizes do not make room", "[record][compression]") {
  Codecs codecs;
  Buffer out;
  SECTION("of a snappy block of 4 GiB") {
    if (!IsSupported(CompressionType::kSnappy)) return;
    CHECK_FALSE(
        codecs.Decompress(CompressionType::kSnappy, FromHex("ffffffff0f00"), INT64_MAX, out).ok());
  }
  SECTION("of a zstd frame of 2^40 bytes") {
    if (!IsSupported(CompressionType::kZstd)) return;
    CHECK_FALSE(codecs
                    .Decompress(CompressionType::kZstd, FromHex("28b52ffde00000000000010000010000"),
                                INT64_MAX, out)
                    .ok());
  }
  SECTION("of an lz4 frame with blocks of 4 MiB and a content size") {
    std::string frame = FromHex("6870ffffffffffffff7f");
    const std::string hc(1, '\x00');
    CHECK_FALSE(codecs
                    .Decompress(CompressionType::kLz4,
                                FromHex("04224d18") + frame + hc + FromHex("0a0000000000"),
                                INT64_MAX, out)
                    .ok());
  }
  CHECK(out.capacity() <= size_t{1} << 20);
}

TEST_CASE("lz4 frames follow Kafka's reader", "[record][compression][lz4]") {
  Codecs codecs;
  const auto read = [&](std::string_view hex) -> std::string {
    Buffer out;
    const Status status = codecs.Decompress(CompressionType::kLz4, FromHex(hex), 1 << 20, out);
    return status.ok() ? std::string(out.view()) : "refused";
  };
  CHECK(read("04224d18604082 03000080 616263 00000000") == "abc");
  CHECK(read("04224d18604082 03000080 616263") == "refused");           // no end mark
  CHECK(read("04224d18604083 03000080 616263 00000000") == "refused");  // header checksum
  CHECK(read("04224d18404000 03000080 616263 00000000") == "refused");  // dependent blocks
  CHECK(read("05224d18604082 03000080 616263 00000000") == "refused");  // magic
  CHECK(read("04224d18604082 01000180 616263 00000000") == "refused");  // block above 64 KiB
  // Written by lz4 1.9.4's frame compressor: "abc" with content size, block and content checksums.
  CHECK(read("04224d187c4003000000000000007403000080616263ff53d132"
             "00000000ff53d132") == "abc");
  CHECK(read("04224d187c4003000000000000007403000080616263ff53d133"
             "00000000ff53d132") == "refused");  // block checksum
}

TEST_CASE("Snappy is read framed, in several streams and bare", "[record][compression][snappy]") {
  if (!IsSupported(CompressionType::kSnappy)) return;
  Codecs codecs;
  const std::string framed = Compressed(codecs, CompressionType::kSnappy, "hello");
  CHECK(ToHex(framed.substr(0, 16)) == "82534e41505059000000000100000001");
  Buffer out;
  CHECK(codecs.Decompress(CompressionType::kSnappy, framed + framed, 100, out).ok());
  CHECK(out.view() == "hellohello");
  out.clear();
  CHECK(codecs.Decompress(CompressionType::kSnappy, framed.substr(20), 100, out).ok());
  CHECK(out.view() == "hello");
}

TEST_CASE("gzip and zstd frames may follow each other", "[record][compression]") {
  Codecs codecs;
  for (const CompressionType type : {CompressionType::kGzip, CompressionType::kZstd}) {
    if (!IsSupported(type)) continue;
    const std::string one = Compressed(codecs, type, "hello");
    Buffer out;
    CHECK(codecs.Decompress(type, one + one, 100, out).ok());
    CHECK(out.view() == "hellohello");
  }
}

TEST_CASE("Unknown codecs are refused by name", "[record][compression]") {
  Codecs codecs;
  Buffer out;
  const auto type = static_cast<CompressionType>(6);
  CHECK(CodeOf(codecs.Decompress(type, "", 1, out)) == ErrorCode::kUnsupportedCompressionType);
  CHECK(CodeOf(codecs.Compress(type, {}, "", out)) == ErrorCode::kUnsupportedCompressionType);
}

OwnedRecord RandomRecord(std::mt19937_64& random, int64_t offset) {
  const auto text = [&](size_t max) { return RandomText(random, random() % max, 20); };
  OwnedRecord record{.offset = offset,
                     .timestamp = 1700000000000 + static_cast<int64_t>(random() % 100000) - 50000};
  if (random() % 4 != 0) record.key = text(40);
  if (random() % 8 != 0) record.value = text(random() % 50 == 0 ? 70000 : 300);
  for (size_t i = random() % 3; i > 0; --i) {
    record.headers.emplace_back(text(10),
                                random() % 2 == 0 ? std::nullopt : std::optional(text(20)));
  }
  return record;
}

TEST_CASE("Random records come back through every codec", "[record][property]") {
  const uint64_t seed = 20240601;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Codecs codecs;
  for (const CompressionType type : SupportedTypes()) {
    for (int round = 0; round < 60; ++round) {
      std::vector<OwnedRecord> records;
      const int64_t base = static_cast<int64_t>(random() % 1000000);
      for (size_t i = 0, n = 1 + random() % 80; i < n; ++i) {
        records.push_back(RandomRecord(random, base + static_cast<int64_t>(i)));
      }
      const std::string batch =
          BuildBatch({.compression = type, .base_offset = Offset(base)}, records, codecs);
      const auto read = ReadAll(batch, codecs);
      REQUIRE(read.ok());
      CHECK(*read == records);
    }
  }
}

TEST_CASE("A pool keeps a bounded number of bounded buffers", "[record][buffer]") {
  BoundedBufferPool pool(1, 1000);
  Buffer small;
  small.EnsureFree(500);
  Buffer large;
  large.EnsureFree(2000);
  pool.Give(std::move(large));
  CHECK(pool.Take().capacity() == 0);
  const char* const data = small.data();
  pool.Give(std::move(small));
  CHECK(pool.Take().data() == data);
  CHECK(pool.Take().capacity() == 0);
}

}  // namespace
}  // namespace runnel::record
