#include "base/bytes.h"

#include <catch2/catch.hpp>
#include <limits>

#include "runnel/random.h"

namespace runnel::base {
namespace {

std::string Varint(int32_t value) {
  std::string out;
  ByteWriter(out).WriteVarint(value);
  return out;
}

std::string Varlong(int64_t value) {
  std::string out;
  ByteWriter(out).WriteVarlong(value);
  return out;
}

}  // namespace

TEST_CASE("Integers are written big-endian and read back", "[base][bytes]") {
  std::string out;
  ByteWriter writer(out);
  writer.WriteInt8(-2);
  writer.WriteInt16(0x0102);
  writer.WriteInt32(-1);
  writer.WriteInt64(0x0102030405060708);
  writer.WriteBytes("tail");
  CHECK(out == std::string("\xfe\x01\x02\xff\xff\xff\xff\x01\x02\x03\x04\x05\x06\x07\x08tail"));

  ByteReader reader(out);
  CHECK(reader.ReadInt8() == -2);
  CHECK(reader.ReadUint16() == 0x0102);
  CHECK(reader.ReadInt32() == -1);
  CHECK(reader.ReadInt64() == 0x0102030405060708);
  CHECK(reader.rest() == "tail");
  CHECK_FALSE(reader.Finish("a test").ok());
  CHECK(reader.ReadBytes(4) == "tail");
  CHECK(reader.Finish("a test").ok());
}

TEST_CASE("Varints have Kafka's bytes", "[base][bytes]") {
  CHECK(Varint(0) == std::string(1, '\0'));
  CHECK(Varint(-1) == "\x01");
  CHECK(Varint(1) == "\x02");
  CHECK(Varint(-64) == "\x7f");
  CHECK(Varint(64) == "\x80\x01");
  CHECK(Varint(std::numeric_limits<int32_t>::max()) == "\xfe\xff\xff\xff\x0f");
  CHECK(Varint(std::numeric_limits<int32_t>::min()) == "\xff\xff\xff\xff\x0f");
  CHECK(Varlong(std::numeric_limits<int64_t>::min()) == "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST_CASE("Varints of every size are read back and have the size foretold", "[base][bytes]") {
  const auto random = Random::Seeded(3);
  for (int round = 0; round < 10'000; ++round) {
    const auto value = static_cast<int64_t>(random->Next() >> random->Below(64));
    for (const int64_t signed_value : {value, -value}) {
      const std::string bytes = Varlong(signed_value);
      REQUIRE(static_cast<int>(bytes.size()) == VarlongSize(signed_value));
      ByteReader reader(bytes);
      REQUIRE(reader.ReadVarlong() == signed_value);
      REQUIRE(reader.Finish("varlong").ok());

      const auto narrow = static_cast<int32_t>(signed_value);
      const std::string narrow_bytes = Varint(narrow);
      REQUIRE(static_cast<int>(narrow_bytes.size()) == VarintSize(narrow));
      ByteReader narrow_reader(narrow_bytes);
      REQUIRE(narrow_reader.ReadVarint() == narrow);
    }
  }
}

TEST_CASE("A varint cut short or too long is an error", "[base][bytes]") {
  const auto fails32 = [](std::string_view bytes) {
    ByteReader reader(bytes);
    reader.ReadVarint();
    return !reader.ok();
  };
  const auto fails64 = [](std::string_view bytes) {
    ByteReader reader(bytes);
    reader.ReadVarlong();
    return !reader.ok();
  };
  const std::string longest = Varlong(std::numeric_limits<int64_t>::min());
  for (size_t size = 0; size < longest.size(); ++size) {
    CHECK(fails64(std::string_view(longest).substr(0, size)));
  }
  CHECK(fails32(std::string_view(longest).substr(0, 4)));
  CHECK(fails32("\xff\xff\xff\xff\x10"));                             // bit 32
  CHECK(fails32("\x80\x80\x80\x80\x80\x01"));                         // a sixth byte
  CHECK(fails64("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));         // bit 64
  CHECK(fails64(std::string(10, '\x80') + "\x01"));                   // an eleventh byte
  CHECK_FALSE(fails32(std::string_view("\x80\x80\x80\x80\x00", 5)));  // wasteful, but fits
}

TEST_CASE("A reader that failed stays failed and stays in place", "[base][bytes]") {
  ByteReader reader("\x01\x02\x03");
  CHECK(reader.ReadInt16() == 0x0102);
  CHECK(reader.ReadInt32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.ReadInt8() == 0);
  CHECK(reader.ReadBytes(0).empty());
  CHECK(reader.remaining() == 0);
  CHECK(reader.position() == 2);
  CHECK(CodeOf(reader.Check("a test")) == ErrorCode::kCorruptMessage);
}

TEST_CASE("A length is checked against the bytes that are left", "[base][bytes]") {
  for (const int64_t size : {int64_t{-1}, int64_t{4}, std::numeric_limits<int64_t>::max(),
                             std::numeric_limits<int64_t>::min()}) {
    ByteReader reader("abc");
    CHECK(reader.ReadBytes(size).empty());
    CHECK_FALSE(reader.ok());
  }
}

TEST_CASE("A length can be patched in later", "[base][bytes]") {
  std::string out = "x";
  ByteWriter writer(out);
  writer.WriteInt32(0);
  writer.WriteBytes("abc");
  writer.PatchInt32(1, 3);
  CHECK(out == std::string("x\0\0\0\3abc", 8));
}

}  // namespace runnel::base
