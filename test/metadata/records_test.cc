#include "metadata/records.h"

#include <catch2/catch.hpp>

#include "support/golden_messages.h"

namespace runnel::metadata {

using testing::CheckGolden;
using testing::FromHex;
using testing::ToHex;

TEST_CASE("Metadata records have Kafka's bytes", "[metadata][golden]") {
  CheckGolden<TopicRecord>("TopicRecord");
  CheckGolden<PartitionRecord>("PartitionRecord");
  CheckGolden<ConfigRecord>("ConfigRecord");
  CheckGolden<PartitionChangeRecord>("PartitionChangeRecord");
  CheckGolden<RemoveTopicRecord>("RemoveTopicRecord");
  CheckGolden<FeatureLevelRecord>("FeatureLevelRecord");
  CheckGolden<ProducerIdsRecord>("ProducerIdsRecord");
}

TEST_CASE("A metadata record is framed by type and version", "[metadata][golden]") {
  // Fields as Kafka 4.3.1 wrote them, behind frame version 1, type 2, version 0.
  const std::string bytes = FromHex("010200 05c3a9616a 16861335b88288e78039d6bf167df615 00");
  const auto frame = ParseFrame(bytes);
  REQUIRE_OK(frame);
  const auto record = DecodeRecord<TopicRecord>(*frame);
  REQUIRE_OK(record);
  CHECK(record->name == "\u00e9aj");
  CHECK(ToHex(EncodeRecord(*record)) == ToHex(bytes));
  CHECK(RecordToJson(bytes) ==
        "{\"type\":\"TOPIC_RECORD\",\"version\":0,\"data\":"
        "{\"name\":\"\u00e9aj\",\"topicId\":\"FoYTNbiCiOeAOda_Fn32FQ\"}}");
}

TEST_CASE("Broken frames are corrupt, not fatal", "[metadata][bad-input]") {
  for (const char* hex : {"", "01", "0102", "020200", "ffffffffff", "01ffff0700", "0102ffff07"}) {
    CHECK(CodeOf(ParseFrame(FromHex(hex))) == ErrorCode::kCorruptMessage);
  }
  CHECK(CodeOf(DecodeRecord<TopicRecord>({.type = 2, .version = 7})) == ErrorCode::kCorruptMessage);
  CHECK(RecordToJson(FromHex("0107 00 ff")) == R"({"type":7,"version":0})");
}

}  // namespace runnel::metadata
