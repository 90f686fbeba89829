#include "codec/codec.h"

#include <catch2/catch.hpp>

#include "codec/describer.h"
#include "codec/json_writer.h"
#include "codec/varint.h"

namespace runnel::codec {
namespace {

enum class Color : int8_t { kRed = 0, kBlue = 7 };

struct Leaf {
  int32_t index = 0;
  std::optional<std::string_view> text = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Index", m.index);
    c.Field("Text", m.text, Since(1));
  }
  friend bool operator==(const Leaf&, const Leaf&) = default;
};

// Every kind of field there is.
struct Everything {
  static constexpr Api kApi{.key = 99, .versions = {0, 3}, .flexible_since = 2};
  bool flag = false;
  int8_t small = 0;
  uint16_t port = 0;
  int64_t big = -1;
  double ratio = 0;
  Uuid id;
  Offset offset;
  Color color = Color::kRed;
  std::string name;
  std::optional<std::string> nick;
  std::optional<std::string_view> bytes;
  std::vector<int32_t> numbers;
  std::optional<std::vector<std::string_view>> words;
  std::vector<Leaf> leaves;
  std::optional<Leaf> maybe;
  std::vector<std::string_view> records;
  int32_t tagged_number = -1;
  std::optional<Leaf> tagged_leaf;
  std::vector<Leaf> tagged_leaves;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Flag", m.flag);
    c.Field("Small", m.small, Until(2));
    c.Field("Port", m.port);
    c.Field("Big", m.big, Since(1).DefaultsTo(-1));
    c.Field("Ratio", m.ratio);
    c.Field("Id", m.id);
    c.Field("Offset", m.offset);
    c.Field("Color", m.color);
    c.Field("Name", m.name);
    c.Field("Nick", m.nick, Since(0).NullableSince(1));
    c.Bytes("Bytes", m.bytes);
    c.Field("Numbers", m.numbers);
    c.Field("Words", m.words);
    c.Field("Leaves", m.leaves);
    c.Field("Maybe", m.maybe, Since(3));
    c.Records("Records", m.records);
    c.Tagged(0, "TaggedNumber", m.tagged_number, Since(2).DefaultsTo(-1));
    c.Tagged(2, "TaggedLeaf", m.tagged_leaf, Since(2));
    c.Tagged(5, "TaggedLeaves", m.tagged_leaves, Since(3));
  }
  friend bool operator==(const Everything&, const Everything&) = default;
};

struct Numbers {
  static constexpr Api kApi{.versions = {0, 1}, .flexible_since = 1};
  std::vector<int32_t> numbers;
  static void Visit(Numbers& m, Reader& c) { c.Field("Numbers", m.numbers); }
};

// The same record as an older program knows it: without the tagged fields.
struct Header {
  static constexpr Api kApi{.key = 98, .versions = {0, 1}, .flexible_since = 1};
  int32_t id = 0;
  std::optional<std::string_view> client_id;
  int32_t extra = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Id", m.id);
    c.Field("ClientId", m.client_id, Since(0).NeverFlexible());
    c.Tagged(3, "Extra", m.extra, Since(1));
  }
};
struct OldHeader {
  static constexpr Api kApi = Header::kApi;
  int32_t id = 0;
  std::optional<std::string_view> client_id;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Id", m.id);
    c.Field("ClientId", m.client_id, Since(0).NeverFlexible());
  }
};

Everything Sample(int16_t version) {
  Everything m;
  m.flag = true;
  m.small = version <= 2 ? int8_t{-5} : int8_t{0};
  m.port = 65535;
  m.big = version >= 1 ? int64_t{1} << 40 : -1;
  m.ratio = 0.25;
  m.id.bytes[0] = 0xab;
  m.offset = Offset(1234567890123);
  m.color = Color::kBlue;
  m.name = "name";
  m.nick = "nick";
  m.bytes = "\x01\x02";
  m.numbers = {1, -2, 3};
  m.words = {{"a", "", "ccc"}};
  m.leaves = {{.index = 1}, {.index = 2}};
  if (version >= 1) m.leaves[1].text = "two";
  m.records = {"batch"};
  if (version >= 2) m.tagged_number = 77;
  if (version >= 2) m.tagged_leaf = Leaf{.index = 9, .text = "nine"};
  if (version >= 3) m.maybe = Leaf{.index = 3};
  if (version >= 3) m.tagged_leaves = {{.index = 4, .text = "four"}};
  return m;
}

std::string MustEncode(const auto& value, int16_t version) {
  std::string out;
  REQUIRE(Encode(value, version, out).ok());
  return out;
}

}  // namespace

TEST_CASE("What is written is read back in every version", "[codec]") {
  for (int16_t version = 0; version <= 3; ++version) {
    INFO("version " << version);
    const Everything sent = Sample(version);
    const std::string bytes = MustEncode(sent, version);
    const auto read = Decode<Everything>(bytes, version);
    REQUIRE(read.ok());
    CHECK(*read == sent);
    CHECK(MustEncode(*read, version) == bytes);
  }
}

TEST_CASE("Defaults and nulls survive every version", "[codec]") {
  for (int16_t version = 0; version <= 3; ++version) {
    Everything sent;
    sent.nick = version == 0 ? std::optional<std::string>("") : std::nullopt;
    sent.records = {""};
    const std::string bytes = MustEncode(sent, version);
    const auto read = Decode<Everything>(bytes, version);
    REQUIRE(read.ok());
    CHECK(*read == sent);
  }
}

TEST_CASE("A message cut at any byte is refused", "[codec][bad-input]") {
  for (int16_t version = 0; version <= 3; ++version) {
    const std::string bytes = MustEncode(Sample(version), version);
    for (size_t size = 0; size < bytes.size(); ++size) {
      const std::string cut = bytes.substr(0, size);  // own buffer, so that ASan sees overruns
      const auto read = Decode<Everything>(cut, version);
      CHECK(CodeOf(read) == ErrorCode::kInvalidRequest);
    }
  }
}

TEST_CASE("A flipped byte never crashes the reader", "[codec][bad-input]") {
  for (int16_t version = 0; version <= 3; ++version) {
    const std::string bytes = MustEncode(Sample(version), version);
    for (size_t i = 0; i < bytes.size(); ++i) {
      for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
        std::string bad = bytes;
        bad[i] = static_cast<char>(value);
        const auto read = Decode<Everything>(bad, version);
        CHECK((read.ok() || CodeOf(read) == ErrorCode::kInvalidRequest));
      }
    }
  }
}

TEST_CASE("An announced count reserves nothing beyond the bytes that came", "[codec][bad-input]") {
  using std::string_literals::operator""s;
  for (const std::string& bytes :
       {"\x7f\xff\xff\xff"s, "\xff\xff\xff\xfe"s, "\x00\x00\x00\x05\x00"s}) {
    CHECK(CodeOf(Decode<Numbers>(bytes, 0)) == ErrorCode::kInvalidRequest);
  }
  CHECK(CodeOf(Decode<Numbers>("\xff\xff\xff\xff\x0f"s, 1)) == ErrorCode::kInvalidRequest);
  CHECK(CodeOf(Decode<Numbers>("\xff\xff\xff\xff\xff\xff"s, 1)) == ErrorCode::kInvalidRequest);
}

TEST_CASE("Unknown tagged fields are skipped, disorder is not", "[codec]") {
  const Header sent{.id = 5, .client_id = "c", .extra = 6};
  const std::string bytes = MustEncode(sent, 1);
  const auto old = Decode<OldHeader>(bytes, 1);
  REQUIRE(old.ok());
  CHECK(old->id == 5);
  CHECK(old->client_id == "c");

  const std::string base = MustEncode(OldHeader{.id = 5, .client_id = {}}, 1);
  const auto with_tags = [&](std::string_view tags) {
    return Decode<Header>(base.substr(0, base.size() - 1) + std::string(tags), 1);
  };
  using std::string_view_literals::operator""sv;
  const auto mixed = with_tags("\x03\x01\x01x\x03\x05\x00\x00\x00\x07!\x09\x00"sv);
  REQUIRE(mixed.ok());
  CHECK(mixed->extra == 7);
  CHECK_FALSE(with_tags("\x02\x03\x04\x00\x00\x00\x07\x03\x04\x00\x00\x00\x07"sv).ok());
  CHECK_FALSE(with_tags("\x02\x05\x00\x03\x04\x00\x00\x00\x07"sv).ok());
  CHECK_FALSE(with_tags("\x01\x03\x05\x00\x00\x00\x07"sv).ok());
  CHECK_FALSE(with_tags("\x01\x03\x03\x00\x00\x00"sv).ok());
}

TEST_CASE("Large record bytes are handed out instead of copied", "[codec]") {
  const std::string large(5000, 'x');
  Everything sent = Sample(1);
  sent.records = {large, "tail"};
  const std::string whole = MustEncode(sent, 1);
  std::string out;
  std::vector<Splice> splices;
  REQUIRE(Encode(sent, 1, out, &splices).ok());
  REQUIRE(splices.size() == 1);
  CHECK(splices[0].bytes.data() == large.data());
  out.insert(splices[0].position, splices[0].bytes);
  CHECK(out == whole);
}

TEST_CASE("Errors name the field, the version and the range", "[codec]") {
  const std::string bytes = MustEncode(Sample(0), 0);
  CHECK(ToString(Decode<Everything>(bytes.substr(0, 6), 0).status()) ==
        "INVALID_REQUEST: field Ratio is cut short at byte 4, 2 bytes left");
  CHECK(ToString(Decode<Everything>(bytes, 4).status()) ==
        "UNSUPPORTED_VERSION: version 4 of type 99 is outside [0, 3]");
  Everything sent;
  sent.name.assign(40000, 'n');
  std::string out;
  CHECK(ToString(Encode(sent, 0, out)) == "INVALID_REQUEST: field Name is too long for version 0");
}

TEST_CASE("Unsigned varints have one length and 32 bits", "[codec][varint]") {
  using std::string_literals::operator""s;
  const std::pair<uint32_t, std::string> cases[] = {{0, "\x00"s},
                                                    {63, "\x3f"},
                                                    {64, "\x40"},
                                                    {300, "\xac\x02"},
                                                    {2147483647, "\xff\xff\xff\xff\x07"},
                                                    {4294967295, "\xff\xff\xff\xff\x0f"}};
  for (const auto& [value, bytes] : cases) {
    std::string out;
    AppendUvarint(out, value);
    CHECK(out == bytes);
    std::string_view rest = bytes;
    CHECK(TakeUvarint(rest) == value);
    CHECK(rest.empty());
  }
  for (const auto& bad : {""s, "\x80"s, "\xff\xff\xff\xff\x10"s, "\x80\x80\x80\x80\x80\x00"s}) {
    std::string_view rest = bad;
    CHECK_FALSE(TakeUvarint(rest).has_value());
  }
}

TEST_CASE("A struct prints itself as JSON and as a schema", "[codec]") {
  CHECK(ToJson(Header{.id = 5, .client_id = "a\"b", .extra = 0}, 1) ==
        R"({"id":5,"clientId":"a\"b"})");
  CHECK(ToJson(Header{.id = 5, .client_id = {}, .extra = 6}, 1) ==
        R"({"id":5,"clientId":null,"extra":6})");
  const std::string text = Describe<Everything>();
  CHECK(text.find("Big int64 1+ default=-1\n") != std::string::npos);
  CHECK(text.find("Nick string 0+ null=1+\n") != std::string::npos);
  CHECK(text.find("Leaves []struct 0+\n  Index int32 0+\n  Text string 1+ null=1+\n") !=
        std::string::npos);
  CHECK(text.find("TaggedLeaf struct 2+ null=2+ tag=2\n") != std::string::npos);
}

}  // namespace runnel::codec
