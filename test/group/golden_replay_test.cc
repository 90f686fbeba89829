// Replays a __consumer_offsets partition of a real broker (Apache Kafka 4.3.1): a classic and a
// KIP-848 group, tombstones, offsets of a transaction, a deleted group.
#include <catch2/catch.hpp>

#include "base/encoding.h"
#include "codec/json_writer.h"
#include "group/records.h"
#include "group_world.h"
#include "record/batch_reader.h"
#include "record/control.h"
#include "record/record_iterator.h"
#include "support/golden.h"
#include "wire/consumer_protocol.h"

namespace runnel::group {
namespace {

using record::BatchView;

// Puts what the bytes mean in the place of their base64 form, as Kafka's tool does.
template <class T>
void Unfold(std::string& json, std::string_view name, std::string_view bytes,
            const StatusOr<T>& message) {
  REQUIRE_OK(message);
  const std::string folded = "\"" + std::string(name) + "\":\"" + base::Base64(bytes) + "\"";
  const size_t at = json.find(folded);
  REQUIRE(at != std::string::npos);
  json.replace(
      at, folded.size(),
      "\"" + std::string(name) + "\":" + codec::ToJson(*message, wire::kConsumerProtocolVersion));
}

std::string KeyText(const RecordKey& key) {
  if (const auto* offset = std::get_if<OffsetCommitKey>(&key)) {
    return R"({"type":"1","data":)" + codec::ToJson(*offset, 0) + "}";
  }
  if (const auto* group = std::get_if<GroupMetadataKey>(&key)) {
    return R"({"type":"2","data":)" + codec::ToJson(*group, 0) + "}";
  }
  return "";
}

std::string ValueText(const RecordKey& key, const std::optional<std::string_view>& bytes) {
  if (!bytes) return "<DELETE>";
  const int version = bytes->at(1);
  std::string data;
  if (std::holds_alternative<OffsetCommitKey>(key)) {
    const auto value = DecodeOffsetCommitValue(*bytes);
    REQUIRE_OK(value);
    CHECK(EncodeValue(*value) == *bytes);
    data = codec::ToJson(*value, static_cast<int16_t>(version));
  } else {
    const auto value = DecodeGroupMetadataValue(*bytes);
    REQUIRE_OK(value);
    CHECK(EncodeValue(*value) == *bytes);
    data = codec::ToJson(*value, static_cast<int16_t>(version));
    for (const MemberMetadata& member : value->members) {
      Unfold(data, "subscription", member.subscription,
             wire::DecodeSubscription(member.subscription));
      Unfold(data, "assignment", member.assignment, wire::DecodeAssignment(member.assignment));
    }
  }
  return R"({"version":")" + std::to_string(version) + R"(","data":)" + data + "}";
}

// Applies all batches to `shard`, and checks the text of records whose formats are ours.
void Replay(const std::string& log, const std::vector<std::string>& dump, GroupShard& shard) {
  record::BatchReader reader(log, record::CrcCheck::kVerify);
  while (reader.Next()) {
    const BatchView& batch = reader.batch();
    if (batch.is_control()) {
      const auto marker = record::ParseEndTxnMarker(*record::ReadControlRecord(batch));
      REQUIRE_OK(marker);
      CHECK_OK(shard.ApplyMarker(batch.producer_id(),
                                 marker->type == record::ControlType::kCommit
                                     ? TransactionResult::kCommit
                                     : TransactionResult::kAbort,
                                 batch.base_offset()));
      continue;
    }
    record::Buffer buffer;
    const auto bytes = record::InflateRecords(batch, nullptr, buffer);
    REQUIRE_OK(bytes);
    record::RecordIterator iterator(batch, *bytes);
    std::vector<AppliedRecord> records;
    for (record::RecordView view; iterator.Next(view);) {
      records.push_back({.offset = view.offset, .key = *view.key, .value = view.value});
      const auto key = ParseKey(*view.key);
      REQUIRE_OK(key);
      const std::string text = KeyText(*key);
      if (text.empty()) continue;
      const std::string& line = dump.at(static_cast<size_t>(view.offset.value()));
      INFO(line);
      CHECK(line.ends_with(" key: " + text + " payload: " + ValueText(*key, view.value)));
    }
    CHECK_OK(shard.Apply(
        {.records = records,
         .end_offset = batch.last_offset() + 1,
         .producer_id = batch.is_transactional() ? batch.producer_id() : kNoProducerId}));
  }
  CHECK(shard.applied_end_offset() == Offset(45));
}

OffsetFetchPartition Fetch(GroupShard& shard, const std::string& group, const std::string& topic) {
  const auto response = shard.OffsetFetch(
      {.group_id = group, .topics = {{{.name = topic, .partition_indexes = {0}}}}});
  return response.topics.at(0).partitions.at(0);
}

}  // namespace

TEST_CASE("A real broker's group partition replays to what its tool shows", "[group][golden]") {
  for (const testing::GoldenFolder& folder : testing::GoldenFolders()) {
    if (folder.name() != "consumer-offsets") continue;
    const std::string log = folder.ReadFile("00000000000000000000.log");
    MemoryOffsetStore store;
    const auto random = Random::Seeded(1);
    GroupShard shard({}, store, *random);
    REQUIRE_OK(shard.Load());
    Replay(log, folder.DumpLines("| offset:"), shard);
    shard.Start({});

    CHECK(Fetch(shard, "golden-classic", "java-none").committed_offset == Offset(42));
    CHECK(Fetch(shard, "golden-classic", "java-none").metadata == "meta \u00e4");
    CHECK(Fetch(shard, "golden-classic", "java-lz4").committed_offset == kNoOffset);
    CHECK(Fetch(shard, "golden-consumer", "java-none").committed_offset == Offset(42));
    CHECK(Fetch(shard, "golden-consumer", "java-lz4").committed_offset == Offset(53));
    CHECK(Fetch(shard, "golden-txn-group", "java-none").committed_offset == kNoOffset);
    std::vector<std::string> listed;
    for (const ListedGroup& group : shard.ListGroups({})) {
      listed.push_back(group.group_id + " " + group.group_type + " " + group.group_state);
    }
    CHECK(listed == std::vector<std::string>{"golden-classic classic Empty",
                                             "golden-consumer consumer Empty"});
    CHECK(shard.DescribeGroup("golden-classic", {}).protocol_type == "consumer");
  }
}

TEST_CASE("A group partition cut at any byte replays as far as it goes",
          "[group][golden][bad-input]") {
  for (const testing::GoldenFolder& folder : testing::GoldenFolders()) {
    if (folder.name() != "consumer-offsets") continue;
    const std::string log = folder.ReadFile("00000000000000000000.log");
    record::BatchReader reader(log, record::CrcCheck::kVerify);
    while (reader.Next()) {
      if (reader.batch().is_control()) continue;
      record::Buffer buffer;
      const auto bytes = record::InflateRecords(reader.batch(), nullptr, buffer);
      record::RecordIterator iterator(reader.batch(), *bytes);
      for (record::RecordView view; iterator.Next(view);) {
        if (!view.value) continue;
        const std::string key(*view.key);
        for (size_t size = 0; size < view.value->size(); ++size) {
          const std::string value(view.value->substr(0, size));
          MemoryOffsetStore store;
          const auto random = Random::Seeded(1);
          GroupShard shard({}, store, *random);
          const AppliedRecord record{.key = key, .value = value};
          const Status status = shard.Apply({.records = {&record, 1}, .end_offset = Offset(1)});
          CHECK((status.ok() || CodeOf(status) == ErrorCode::kCorruptMessage));
          CHECK(shard.applied_end_offset() == Offset(1));
        }
      }
    }
  }
}

}  // namespace runnel::group
