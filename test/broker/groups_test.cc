#include "broker/groups.h"

#include <catch2/catch.hpp>

#include <optional>

#include "broker/broker.h"
#include "support/broker_fixture.h"
#include "support/status.h"

namespace runnel::broker {
namespace {

using namespace runnel::testing;

group::OffsetCommitRequest CommitOf(const std::string& group, int64_t offset,
                                    const std::string& topic = "t", int32_t partition = 0) {
  group::OffsetCommitRequest request{.group_id = group};
  group::OffsetCommitTopic& commit = request.topics.emplace_back();
  commit.name = topic;
  commit.partitions = {{.partition_index = partition, .committed_offset = Offset(offset)}};
  return request;
}

ErrorCode Commit(Broker& broker, const std::string& group, int64_t offset,
                 const std::string& topic = "t") {
  return broker.OffsetCommit(CommitOf(group, offset, topic))
      .topics.at(0)
      .partitions.at(0)
      .error_code;
}

Offset Committed(Broker& broker, const std::string& group, const std::string& topic = "t") {
  group::OffsetFetchRequest request{.group_id = group};
  request.topics.emplace();
  request.topics->push_back({.name = topic, .partition_indexes = {0}});
  const auto response = broker.OffsetFetch(request);
  REQUIRE(response.error_code == ErrorCode::kNone);
  return response.topics.at(0).partitions.at(0).committed_offset;
}

// A member that joins and syncs alone, as leader.
struct Member {
  explicit Member(BrokerFixture& broker, std::string group = "g")
      : fixture(broker), group_id(std::move(group)) {}

  group::JoinGroupResponse Join() {
    std::optional<group::JoinGroupResponse> answer;
    while (!answer.has_value() || answer->error_code == ErrorCode::kMemberIdRequired) {
      if (answer.has_value()) id = answer->member_id;
      answer.reset();
      group::JoinGroupRequest request{.group_id = group_id, .member_id = id};
      request.protocols = {{"range", "subscription"}};
      fixture->JoinGroup(request, {},
                         [&](group::JoinGroupResponse response) { answer = std::move(response); });
      for (int i = 0; i < 100 && !answer.has_value(); ++i) {
        fixture.executor.Advance(std::chrono::milliseconds(10));
      }
      REQUIRE(answer.has_value());
    }
    id = answer->member_id;
    generation = answer->generation_id;
    return *answer;
  }

  group::SyncGroupResponse Sync(const std::string& assignment) {
    group::SyncGroupRequest request{
        .group_id = group_id, .generation_id = generation, .member_id = id};
    request.assignments = {{id, assignment}};
    std::optional<group::SyncGroupResponse> answer;
    fixture->SyncGroup(request, {},
                       [&](group::SyncGroupResponse response) { answer = std::move(response); });
    fixture.executor.RunUntilIdle();
    REQUIRE(answer.has_value());
    return *answer;
  }

  ErrorCode Heartbeat() {
    return fixture->Heartbeat({.group_id = group_id, .generation_id = generation, .member_id = id})
        .error_code;
  }

  BrokerFixture& fixture;
  std::string group_id;
  std::string id = {};
  GenerationId generation = kNoGeneration;
};

TEST_CASE("A member joins, syncs, lives and leaves", "[broker][groups]") {
  BrokerFixture fixture;
  if (GENERATE(false, true)) fixture.options.data_dir = "";
  fixture.Open();
  Member member(fixture);
  CHECK(member.Join().error_code == ErrorCode::kNone);
  CHECK(member.Sync("mine").assignment == "mine");
  CHECK(member.Heartbeat() == ErrorCode::kNone);
  const auto described = fixture->DescribeGroups(std::vector<std::string>{"g"});
  CHECK(described.at(0).group_state == "Stable");
  CHECK(described.at(0).members.size() == 1);
  ErrorCode left = ErrorCode::kUnknownServerError;
  fixture->LeaveGroup(
      {.group_id = "g", .members = {{.member_id = member.id}}}, {},
      [&](const group::LeaveGroupResponse& response) { left = response.members.at(0).error_code; });
  fixture.executor.RunUntilIdle();
  CHECK(left == ErrorCode::kNone);
  CHECK(fixture->DescribeGroups(std::vector<std::string>{"g"}).at(0).group_state == "Empty");
  CHECK(fixture->ListGroups().value().size() == 1);
  CHECK(fixture->DeleteGroups(std::vector<std::string>{"g", "x"}) ==
        std::vector<ErrorCode>{ErrorCode::kNone, ErrorCode::kGroupIdNotFound});
  CHECK(fixture->ListGroups().value().empty());
}

TEST_CASE("A member that falls silent is removed in time", "[broker][groups]") {
  BrokerFixture fixture;
  fixture.Open();
  Member member(fixture);
  REQUIRE(member.Join().error_code == ErrorCode::kNone);
  member.Sync("mine");
  fixture.executor.Advance(std::chrono::seconds(44));
  CHECK(member.Heartbeat() == ErrorCode::kNone);
  fixture.executor.Advance(std::chrono::seconds(46));
  CHECK(member.Heartbeat() == ErrorCode::kUnknownMemberId);
}

TEST_CASE("Acknowledged offsets survive whatever happens to the view", "[broker][groups][crash]") {
  const StoreKind store = GENERATE(StoreKind::kMemory, StoreKind::kLogBacked);
  BrokerFixture fixture;
  fixture.options.offsets_store = store;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  CHECK(Commit(*fixture, "g", 5) == ErrorCode::kNone);
  REQUIRE_OK(fixture->RunMaintenance());
  CHECK(Commit(*fixture, "g", 7) == ErrorCode::kNone);
  CHECK(Commit(*fixture, "other", 3) == ErrorCode::kNone);
  SECTION("closing") {
    fixture.Close();
  }
  SECTION("the end of the process") {
    fixture.Kill();
  }
  SECTION("power failures") {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      fixture.Crash(seed);
      fixture.Open();
      CHECK(Committed(*fixture, "g") == Offset(7));
    }
  }
  SECTION("another store") {
    fixture.Close();
    fixture.options.offsets_store =
        store == StoreKind::kMemory ? StoreKind::kLogBacked : StoreKind::kMemory;
  }
  SECTION("loss of the store's files") {
    fixture.Close();
    auto root = fixture.files.OpenDirectory("data", DirectoryMode::kMustExist).value();
    const auto entries = root->List("");
    REQUIRE_OK(entries);
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name.ends_with(".kv")) REQUIRE_OK(root->Remove(entry.name));
    }
  }
  fixture.Open();
  CHECK(Committed(*fixture, "g") == Offset(7));
  CHECK(Committed(*fixture, "other") == Offset(3));
  CHECK(fixture->ListGroups().value().size() == 2);
}

TEST_CASE("A commit names what does not exist", "[broker][groups]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  group::OffsetCommitRequest request = CommitOf("g", 1);
  request.topics[0].partitions.push_back({.partition_index = 9, .committed_offset = Offset(1)});
  request.topics.push_back({.name = "none", .partitions = {{.committed_offset = Offset(1)}}});
  const auto response = fixture->OffsetCommit(request);
  REQUIRE(response.topics.size() == 2);
  CHECK(response.topics[0].partitions.at(0).error_code == ErrorCode::kNone);
  CHECK(response.topics[0].partitions.at(1).error_code == ErrorCode::kUnknownTopicOrPartition);
  CHECK(response.topics[1].partitions.at(0).error_code == ErrorCode::kUnknownTopicOrPartition);
  CHECK(Committed(*fixture, "g") == Offset(1));
}

TEST_CASE("Offsets go with their topic", "[broker][groups]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  REQUIRE(MakeTopic(*fixture, "u") == ErrorCode::kNone);
  CHECK(Commit(*fixture, "g", 5) == ErrorCode::kNone);
  CHECK(Commit(*fixture, "g", 6, "u") == ErrorCode::kNone);
  REQUIRE(DropTopic(*fixture, "t") == ErrorCode::kNone);
  fixture.executor.RunUntilIdle();
  CHECK(Committed(*fixture, "g") == kNoOffset);
  CHECK(Committed(*fixture, "g", "u") == Offset(6));
}

TEST_CASE("Old offsets of empty groups expire", "[broker][groups]") {
  BrokerFixture fixture;
  fixture.options.properties = {{"offsets.retention.minutes", "60"}};
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  CHECK(Commit(*fixture, "g", 5) == ErrorCode::kNone);
  fixture.executor.Advance(std::chrono::minutes(30));
  CHECK(Committed(*fixture, "g") == Offset(5));
  fixture.executor.Advance(std::chrono::minutes(60));
  CHECK(Committed(*fixture, "g") == kNoOffset);
}

TEST_CASE("Commits by callback are answered once they are on disk", "[broker][groups]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  int answered = 0;
  for (int64_t offset = 1; offset <= 3; ++offset) {
    fixture->OffsetCommit(CommitOf("g", offset), {},
                          [&](const group::OffsetCommitResponse&) { ++answered; });
  }
  CHECK(answered == 0);
  CHECK(Committed(*fixture, "g") == kNoOffset);
  fixture.executor.RunUntilIdle();
  CHECK(answered == 3);
  fixture.Crash();
  fixture.Open();
  CHECK(Committed(*fixture, "g") == Offset(3));
}

}  // namespace
}  // namespace runnel::broker
