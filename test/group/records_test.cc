#include "group/records.h"

#include <catch2/catch.hpp>

#include "support/golden_messages.h"

namespace runnel::group {

using testing::CheckGolden;
using testing::FromHex;
using testing::ToHex;

TEST_CASE("Coordinator records have Kafka's bytes", "[group][golden]") {
  CheckGolden<OffsetCommitKey>("OffsetCommitKey");
  CheckGolden<OffsetCommitValue>("OffsetCommitValue");
  CheckGolden<GroupMetadataKey>("GroupMetadataKey");
  CheckGolden<GroupMetadataValue>("GroupMetadataValue");
}

// Fields as Kafka 4.3.1 wrote them.
TEST_CASE("Keys and values carry type and version in front", "[group][golden]") {
  CHECK(ToHex(EncodeKey(OffsetCommitKey{.group = "e", .topic = "gbjgj", .partition = -1})) ==
        "0001"
        "000165000567626a676affffffff");
  CHECK(ToHex(EncodeKey(GroupMetadataKey{.group = "ahddbji"})) ==
        "0002"
        "000761686464626a69");
  const std::string value = FromHex(
      "0004"
      "e8cb935dcd8c1dc829eac20d086965626662c3a900000000000000000100102f024a6a827a4f6c3fa3ba76"
      "86107a4d");
  const auto decoded = DecodeOffsetCommitValue(value);
  REQUIRE_OK(decoded);
  CHECK(decoded->offset == -1672080805548253752);
  CHECK(decoded->metadata == "iebfb\u00e9");
  CHECK(ToString(decoded->topic_id) == "LwJKaoJ6T2w_o7p2hhB6TQ");
  CHECK(ToHex(EncodeValue(*decoded)) == ToHex(value));
}

TEST_CASE("An expiry time is written in the old version that has it", "[group][golden]") {
  const OffsetCommitValue value{.offset = 547828893467965861,
                                .metadata = "\u00e9ejhf\u00e9",
                                .expire_timestamp = 5777348879573996305};
  CHECK(ToHex(EncodeValue(value)) ==
        "0001"
        "079a4779e0da79a50008c3a9656a6866c3a90000000000000000502d44323e825311");
}

TEST_CASE("The old type of offset keys is read, unknown types are told", "[group]") {
  const auto old =
      ParseKey(FromHex("0000"
                       "000165000567626a676affffffff"));
  REQUIRE_OK(old);
  CHECK(std::get<OffsetCommitKey>(*old).topic == "gbjgj");
  const std::string member_key = FromHex(
      "0005"
      "000167"
      "00016d");
  const auto other = ParseKey(member_key);
  REQUIRE_OK(other);
  CHECK(std::get<OtherGroupKey>(*other).group == "g");
  for (const char* hex : {"0009", "0012", "0018", "7fff", "ffff"}) {
    CHECK(std::holds_alternative<UnknownKey>(*ParseKey(FromHex(hex))));
  }
}

TEST_CASE("Cut keys are refused", "[group][bad-input]") {
  for (const char* hex : {"000100016500016600000001", "000200016500", "00050001"}) {
    const std::string key = FromHex(hex);
    for (size_t size = 0; size < 4; ++size)
      CHECK_FALSE(ParseKey(key.substr(0, size)).ok());
  }
}

TEST_CASE("Subscribed topics are read from any version", "[group]") {
  const std::string v0 = FromHex("0000000000020002743100027432ffffffff");
  CHECK(SubscribedTopics(v0) == std::vector<std::string>{"t1", "t2"});
  CHECK(SubscribedTopics(FromHex("0003000000020002743100027432ffffffff00000000")).size() == 2);
  CHECK(SubscribedTopics("rubbish").empty());
  CHECK(SubscribedTopics("").empty());
}

}  // namespace runnel::group
