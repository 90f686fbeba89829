#include "runnel/admin.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "runnel/runnel.h"
#include "runnel/testing/manual_clock.h"
#include "runnel/testing/manual_executor.h"

namespace runnel {
namespace {

using namespace std::chrono_literals;

struct AdminWorld {
  AdminWorld() {
    BrokerOptions options;
    options.environment = {.clock = &clock, .executor = &executor};
    broker = Broker::Open(options).value();
    admin = broker->NewAdmin().value();
    producer = broker->NewProducer().value();
  }
  void Fill(std::string_view topic, int records) {
    for (int i = 0; i < records; ++i) {
      REQUIRE(producer->Send({.topic = topic, .value = "v", .partition = 0}).ok());
      clock.Advance(10ms);
    }
  }
  testing::ManualClock clock;
  testing::ManualExecutor executor{clock};
  std::unique_ptr<Broker> broker;
  std::unique_ptr<Admin> admin;
  std::unique_ptr<Producer> producer;
};

const ConfigEntry& Find(const std::vector<ConfigEntry>& entries, std::string_view name) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const ConfigEntry& entry) { return entry.name == name; });
  REQUIRE(found != entries.end());
  return *found;
}

TEST_CASE("Topics are created, listed, described, grown and deleted", "[client][admin]") {
  AdminWorld world;
  REQUIRE(world.admin->CreateTopic("b", {.partition_count = 2}).ok());
  REQUIRE(world.admin->CreateTopic("a").ok());
  CHECK(world.admin->ListTopics().value() == std::vector<std::string>{"a", "b"});
  auto described = world.admin->DescribeTopic("b").value();
  CHECK(described.name == "b");
  CHECK_FALSE(described.id.is_zero());
  CHECK_FALSE(described.internal);
  CHECK(described.partitions.size() == 2);
  CHECK(world.admin->CreatePartitions("b", 5).ok());
  CHECK(world.admin->DescribeTopic("b")->partitions.size() == 5);
  CHECK(world.admin->DeleteTopic("b").ok());
  CHECK(world.admin->ListTopics().value() == std::vector<std::string>{"a"});

  CHECK(CodeOf(world.admin->CreateTopic("a")) == ErrorCode::kTopicAlreadyExists);
  CHECK(CodeOf(world.admin->CreateTopic("a/b")) == ErrorCode::kInvalidTopicException);
  CHECK(CodeOf(world.admin->CreateTopic("c", {.partition_count = 0})) ==
        ErrorCode::kInvalidPartitions);
  CHECK(CodeOf(world.admin->CreatePartitions("a", 1)) == ErrorCode::kInvalidPartitions);
  CHECK(CodeOf(world.admin->DeleteTopic("b")) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(CodeOf(world.admin->DescribeTopic("b")) == ErrorCode::kUnknownTopicOrPartition);
}

TEST_CASE("Configs say where their value comes from", "[client][admin]") {
  AdminWorld world;
  REQUIRE(world.admin->CreateTopic("t", {.retention = 5s}).ok());
  auto entries = world.admin->DescribeTopicConfigs("t").value();
  CHECK(Find(entries, "retention.ms").value == "5000");
  CHECK(Find(entries, "retention.ms").source == ConfigEntry::Source::kTopic);
  CHECK(Find(entries, "segment.ms").source == ConfigEntry::Source::kDefault);

  const std::vector<ConfigChange> changes = {{"retention.ms", std::nullopt},
                                             {"cleanup.policy", "compact"}};
  REQUIRE(world.admin->AlterTopicConfigs("t", changes).ok());
  entries = world.admin->DescribeTopicConfigs("t").value();
  CHECK(Find(entries, "retention.ms").value == "604800000");
  CHECK(Find(entries, "cleanup.policy").value == "compact");

  const std::vector<ConfigChange> bad = {{"retention.bytes", "7"}, {"retention.mss", "1"}};
  const Status refused = world.admin->AlterTopicConfigs("t", bad);
  CHECK(CodeOf(refused) == ErrorCode::kInvalidConfig);
  CHECK(ToString(refused).find("retention.ms") != std::string::npos);
  CHECK(Find(world.admin->DescribeTopicConfigs("t").value(), "retention.bytes").value == "-1");
  CHECK(CodeOf(world.admin->CreateTopic("u", {.configs = {{"no.such", "1"}}})) ==
        ErrorCode::kInvalidConfig);
  CHECK(world.admin->ListTopics()->size() == 1);
  CHECK_FALSE(world.admin->DescribeBrokerConfigs()->empty());
}

TEST_CASE("Offsets are listed by place and by time; records are deleted", "[client][admin]") {
  AdminWorld world;
  const Timestamp start = world.clock.Now();
  world.Fill("t", 10);
  const TopicPartition t0{"t", 0};
  const auto at = [&](OffsetSpec spec) {
    return world.admin->ListOffsets({{t0, spec}}).at(t0).value().offset.value();
  };
  CHECK(at(OffsetSpec::Earliest()) == 0);
  CHECK(at(OffsetSpec::Latest()) == 10);
  CHECK(at(OffsetSpec::MaxTimestamp()) == 9);
  CHECK(at(OffsetSpec::At(start + 25ms)) == 3);
  CHECK(at(OffsetSpec::At(start + 1h)) == -1);

  const auto deleted = world.admin->DeleteRecords({{t0, Offset(4)}, {{"no", 0}, Offset(1)}});
  CHECK(deleted.at(t0).value() == Offset(4));
  CHECK(CodeOf(deleted.at({"no", 0})) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(at(OffsetSpec::Earliest()) == 4);
  CHECK(CodeOf(world.admin->DeleteRecords({{t0, Offset(11)}}).at(t0)) ==
        ErrorCode::kOffsetOutOfRange);
  CHECK(world.admin->DeleteRecords({{t0, kNoOffset}}).at(t0).value() == Offset(10));
  const auto missing = world.admin->ListOffsets({{{"t", 9}, OffsetSpec::Latest()}});
  CHECK(CodeOf(missing.at({"t", 9})) == ErrorCode::kUnknownTopicOrPartition);
}

TEST_CASE("Group offsets are set, listed and deleted without members", "[client][admin]") {
  AdminWorld world;
  REQUIRE(world.admin->CreateTopic("t", {.partition_count = 2}).ok());
  OffsetMap offsets;
  offsets[{"t", 0}] = {Offset(3), kNoLeaderEpoch, "note"};
  offsets[{"t", 1}] = {Offset(5), kNoLeaderEpoch, ""};
  for (const auto& [partition, status] : world.admin->AlterGroupOffsets("g", offsets)) {
    INFO(partition << ' ' << ToString(status));
    CHECK(status.ok());
  }
  CHECK(world.admin->ListGroupOffsets("g").value() == offsets);
  const auto groups = world.admin->ListGroups().value();
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].group_id == "g");
  CHECK(groups[0].state == GroupState::kEmpty);
  CHECK(world.admin->DescribeGroup("g")->members.empty());

  const TopicPartition t0{"t", 0};
  CHECK(world.admin->DeleteGroupOffsets("g", {&t0, 1}).at(t0).ok());
  CHECK(world.admin->ListGroupOffsets("g")->size() == 1);
  CHECK(world.admin->DeleteGroup("g").ok());
  CHECK(CodeOf(world.admin->DeleteGroup("g")) == ErrorCode::kGroupIdNotFound);
  CHECK(CodeOf(world.admin->DescribeGroup("g")) == ErrorCode::kGroupIdNotFound);
  OffsetMap unknown;
  unknown[{"no", 0}] = {Offset(1), kNoLeaderEpoch, ""};
  CHECK(CodeOf(world.admin->AlterGroupOffsets("g", unknown).at({"no", 0})) ==
        ErrorCode::kUnknownTopicOrPartition);
}

TEST_CASE("A group with members shows them, and is not deleted", "[client][admin]") {
  AdminWorld world;
  REQUIRE(world.admin->CreateTopic("t", {.partition_count = 2}).ok());
  auto consumer = world.broker->NewConsumer({.group_id = "g", .client_id = "me"}).value();
  REQUIRE(consumer->Subscribe({"t"}).ok());
  for (int i = 0; i < 10 && consumer->Assignment().empty(); ++i)
    consumer->Poll(1s);
  const auto group = world.admin->DescribeGroup("g").value();
  CHECK(group.state == GroupState::kStable);
  CHECK(group.assignor == "range");
  REQUIRE(group.members.size() == 1);
  CHECK(group.members[0].client_id == "me");
  CHECK(group.members[0].assignment == std::vector<TopicPartition>{{"t", 0}, {"t", 1}});
  CHECK(CodeOf(world.admin->DeleteGroup("g")) == ErrorCode::kNonEmptyGroup);
  OffsetMap offsets;
  offsets[{"t", 0}] = {Offset(0), kNoLeaderEpoch, ""};
  CHECK(CodeOf(world.admin->AlterGroupOffsets("g", offsets).at({"t", 0})) ==
        ErrorCode::kUnknownMemberId);
}

TEST_CASE("An admin of a closed broker says so", "[client][admin]") {
  AdminWorld world;
  REQUIRE(world.broker->Close().ok());
  CHECK(CodeOf(world.admin->ListTopics()) == ErrorCode::kBrokerNotAvailable);
  CHECK(CodeOf(world.admin->CreateTopic("t")) == ErrorCode::kBrokerNotAvailable);
  CHECK(CodeOf(world.admin->ListGroupOffsets("g")) == ErrorCode::kBrokerNotAvailable);
}

}  // namespace
}  // namespace runnel
