// Golden bytes: made by Kafka 4.3.1's ConsumerProtocol.
#include "wire/consumer_protocol.h"

#include <catch2/catch.hpp>

#include <string>

#include "support/golden_messages.h"
#include "support/hex.h"

namespace runnel::wire {
namespace {

using testing::FromHex;
using testing::ToHex;

const std::string kSubscriptions[] = {
    "0000000000020002743100027432ffffffff",
    "0001000000020002743100027432ffffffff0000000100027431000000020000000000000002",
    "0002000000020002743100027432ffffffff000000010002743100000002000000000000000200000007",
    "0003000000020002743100027432ffffffff0000000100027431000000020000000000000002000000070005"
    "7261636b41"};
const std::string kAssignmentV0 =
    "00000000000200027431000000020000000000000002000274320000000100000001ffffffff";

ConsumerProtocolSubscription TestSubscription() {
  return {.topics = {"t1", "t2"},
          .owned_partitions = {{.topic = "t1", .partitions = {0, 2}}},
          .generation_id = GenerationId(7),
          .rack_id = "rackA"};
}

TEST_CASE("Subscriptions have Kafka's bytes in every version", "[wire][group]") {
  for (int16_t version = 0; version <= kConsumerProtocolVersion; ++version) {
    CHECK(ToHex(Encode(TestSubscription(), version).value()) ==
          kSubscriptions[static_cast<size_t>(version)]);
  }
  const auto read = DecodeSubscription(FromHex(kSubscriptions[3])).value();
  CHECK(read.topics == std::vector<std::string>{"t1", "t2"});
  CHECK(read.owned_partitions.at(0).partitions == std::vector<int32_t>{0, 2});
  CHECK(read.generation_id == GenerationId(7));
  CHECK(read.rack_id == "rackA");
  CHECK_FALSE(read.user_data.has_value());
}

TEST_CASE("Assignments have Kafka's bytes, and empty ones are allowed", "[wire][group]") {
  const auto read = DecodeAssignment(FromHex(kAssignmentV0)).value();
  const std::vector<TopicPartition> partitions = Flatten(read.assigned_partitions);
  CHECK(partitions == std::vector<TopicPartition>{{"t1", 0}, {"t1", 2}, {"t2", 1}});
  const ConsumerProtocolAssignment again{.assigned_partitions = GroupByTopic(partitions)};
  CHECK(ToHex(Encode(again, 0).value()) == kAssignmentV0);
  CHECK(DecodeAssignment("").value().assigned_partitions.empty());
}

TEST_CASE("Newer versions and trailing bytes are read as far as known", "[wire][group]") {
  std::string newer = FromHex(kSubscriptions[3]);
  newer[1] = 9;
  newer += "tail";
  CHECK(DecodeSubscription(newer).value().rack_id == "rackA");
}

TEST_CASE("A subscription cut anywhere is refused", "[wire][group]") {
  const std::string whole = FromHex(kSubscriptions[3]);
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(DecodeSubscription(whole.substr(0, size)).ok());
  }
  CHECK(CodeOf(DecodeSubscription(FromHex("ffff00000000ffffffff"))) ==
        ErrorCode::kUnsupportedVersion);
  CHECK_FALSE(DecodeSubscription(FromHex("00007fffffffffff")).ok());
}

}  // namespace
TEST_CASE("The sticky assignor's user data has Kafka's layout", "[wire][group]") {
  const std::vector<TopicPartition> owned = {{"t", 0}, {"t", 2}};
  const std::string bytes =
      EncodeStickyUserData({.partitions = owned, .generation = GenerationId(7)});
  CHECK(ToHex(bytes) ==
        "00000001000174"
        "00000002"
        "00000000"
        "00000002"
        "00000007");
  const auto read = DecodeStickyUserData(bytes);
  REQUIRE(read.ok());
  CHECK(read->partitions == owned);
  CHECK(read->generation == GenerationId(7));
  // Version 0 had no generation.
  CHECK(DecodeStickyUserData(bytes.substr(0, bytes.size() - 4))->generation == kNoGeneration);
  CHECK_FALSE(DecodeStickyUserData(bytes.substr(0, 9)).ok());
  CHECK(ToHex(EncodeGeneration(GenerationId(7))) == "00000007");
  CHECK(DecodeGeneration(FromHex("00000007")) == GenerationId(7));
  CHECK(DecodeGeneration("x") == kNoGeneration);
}

TEST_CASE("The embedded protocol has Kafka's bytes", "[wire][group][golden]") {
  testing::CheckGolden<ConsumerProtocolSubscription>("ConsumerProtocolSubscription");
  testing::CheckGolden<ConsumerProtocolAssignment>("ConsumerProtocolAssignment");
}

}  // namespace runnel::wire
