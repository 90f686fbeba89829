#include <catch2/catch.hpp>

#include <algorithm>

#include "group/java_string.h"
#include "group_world.h"

namespace runnel::group {

using namespace std::chrono_literals;

namespace {

OffsetCommitRequest CommitRequest(const std::string& member, int32_t generation, int64_t offset) {
  return {.group_id = "g",
          .generation_id = GenerationId(generation),
          .member_id = member,
          .topics = World::OneOffset("t", offset)};
}

ErrorCode CodeOf(const Answer<OffsetCommitResponse>& answer) {
  return (*answer)->topics.at(0).partitions.at(0).error_code;
}

TxnOffsetCommitRequest TxnRequest(int64_t producer, int64_t offset) {
  return {.group_id = "g",
          .producer_id = ProducerId(producer),
          .producer_epoch = 0,
          .topics = World::OneOffset("t", offset)};
}

}  // namespace

TEST_CASE("A simple consumer's offset is stored and found again", "[group][offsets]") {
  World world;
  CHECK(world.Committed("g") == -1);
  CHECK(world.Fetch("g").error_code == ErrorCode::kNone);
  CHECK(world.CommitSimply("g", 42) == ErrorCode::kNone);
  for (const World::From from : {World::From::kLog, World::From::kStore}) {
    CHECK(world.Committed("g") == 42);
    CHECK(world.State() == "Empty");
    world.Restart(from);
  }
  CHECK(world.CommitSimply("g", 43) == ErrorCode::kNone);
  CHECK(world.Committed("g") == 43);
}

TEST_CASE("Metadata, leader epoch and topic id are kept with the offset", "[group][offsets]") {
  World world;
  OffsetCommitRequest request{.group_id = "g", .topics = World::OneOffset("t", 5)};
  request.topics[0].topic_id = Uuid{{1, 2, 3}};
  request.topics[0].partitions[0].committed_leader_epoch = LeaderEpoch(4);
  request.topics[0].partitions[0].committed_metadata = "note \u00e4";
  CHECK(CodeOf(world.Commit(request)) == ErrorCode::kNone);
  const auto fetched = world.Fetch("g");
  CHECK(fetched.committed_leader_epoch == LeaderEpoch(4));
  CHECK(fetched.metadata == "note \u00e4");
  const auto value = DecodeOffsetCommitValue(*world.log.back().record.value);
  REQUIRE_OK(value);
  CHECK(value->topic_id == request.topics[0].topic_id);
  CHECK(value->commit_timestamp == 1700000000000);
  CHECK(world.log.back().record.value->substr(0, 2) == std::string("\0\4", 2));
}

TEST_CASE("Too much metadata fails its partition alone", "[group][offsets][bad-input]") {
  World world;
  OffsetCommitRequest request{.group_id = "g", .topics = World::OneOffset("t", 5)};
  request.topics[0].partitions.push_back({.partition_index = 1});
  std::string& metadata = request.topics[0].partitions[0].committed_metadata.emplace();
  for (int i = 0; i < 4096; ++i)
    metadata += "\u00e4";  // counted as Java does: 4096
  CHECK(CodeOf(world.Commit(request)) == ErrorCode::kNone);
  metadata += "x";
  const auto answer = world.Commit(request);
  CHECK((*answer)->topics[0].partitions[0].error_code == ErrorCode::kOffsetMetadataTooLarge);
  CHECK((*answer)->topics[0].partitions[1].error_code == ErrorCode::kNone);
}

TEST_CASE("A commit is answered, and visible, when it is durable", "[group][offsets]") {
  World world;
  world.hold_writes = true;
  const auto answer = world.Commit({.group_id = "g", .topics = World::OneOffset("t", 5)});
  CHECK_FALSE(answer->has_value());
  CHECK(world.Committed("g") == -1);
  SECTION("durable") {
    world.Release();
    CHECK(CodeOf(answer) == ErrorCode::kNone);
    CHECK(world.Committed("g") == 5);
  }
  SECTION("failed") {
    const std::pair<ErrorCode, ErrorCode> cases[] = {
        {ErrorCode::kNotEnoughReplicas, ErrorCode::kCoordinatorNotAvailable},
        {ErrorCode::kRequestTimedOut, ErrorCode::kCoordinatorNotAvailable},
        {ErrorCode::kNotLeaderOrFollower, ErrorCode::kNotCoordinator},
        {ErrorCode::kKafkaStorageError, ErrorCode::kNotCoordinator},
        {ErrorCode::kMessageTooLarge, ErrorCode::kInvalidCommitOffsetSize}};
    for (const auto& [failure, shown] : cases) {
      const auto again = world.Commit({.group_id = "g", .topics = World::OneOffset("t", 6)});
      world.Release(Error(failure, "no"));
      if (again->has_value()) CHECK(CodeOf(again) == shown);
      if (world.HasHeldWrite() && failure == ErrorCode::kNotEnoughReplicas) {
        world.Release(Error(failure, "no"));
      }
      while (world.HasHeldWrite())
        world.Release(Error(failure, "no"));
      CHECK(CodeOf(again) == shown);
    }
    CHECK(world.Committed("g") == -1);
  }
}

TEST_CASE("Members commit with their id and generation", "[group][offsets]") {
  World world;
  CHECK(CodeOf(world.Commit(CommitRequest("x", 1, 5))) == ErrorCode::kGroupIdNotFound);
  CHECK(CodeOf(world.Commit(CommitRequest("x", 1, 5), {.api_version = 8})) ==
        ErrorCode::kIllegalGeneration);
  const std::string a = MakeStableGroup(world);
  CHECK(CodeOf(world.Commit(CommitRequest(a, 1, 5))) == ErrorCode::kNone);
  CHECK(CodeOf(world.Commit(CommitRequest(a, 0, 6))) == ErrorCode::kIllegalGeneration);
  CHECK(CodeOf(world.Commit(CommitRequest("x", 1, 6))) == ErrorCode::kUnknownMemberId);
  CHECK(world.CommitSimply("g", 6) == ErrorCode::kUnknownMemberId);
  CHECK(world.Committed("g") == 5);

  auto [b, join_b] = Enter(world);  // PreparingRebalance: still allowed
  CHECK(CodeOf(world.Commit(CommitRequest(a, 1, 7))) == ErrorCode::kNone);
  world.Join(JoinRequest(a));  // CompletingRebalance
  CHECK(CodeOf(world.Commit(CommitRequest(a, 2, 8))) == ErrorCode::kRebalanceInProgress);
  CHECK(world.Committed("g") == 7);
}

TEST_CASE("A commit keeps its member alive", "[group][offsets][session]") {
  World world;
  const std::string a = MakeStableGroup(world);
  for (int i = 0; i < 5; ++i) {
    world.Advance(8s);
    REQUIRE(CodeOf(world.Commit(CommitRequest(a, 1, i))) == ErrorCode::kNone);
  }
  CHECK(world.State() == "Stable");
}

TEST_CASE("All offsets of a group are fetched at once", "[group][offsets]") {
  World world;
  world.CommitSimply("g", 1, "b");
  world.CommitSimply("g", 2, "a");
  world.CommitSimply("gg", 3, "a");
  const auto response = world.shard().OffsetFetch({.group_id = "g"});
  REQUIRE(response.topics.size() == 2);
  CHECK(response.topics[0].name == "a");
  CHECK(response.topics[1].partitions[0].committed_offset == Offset(1));
  CHECK(world.shard().OffsetFetch({.group_id = "none"}).topics.empty());
}

TEST_CASE("Transactional offsets appear with the commit of their transaction",
          "[group][offsets][transaction]") {
  // Before and after the marker: no restart, from the log, from the store.
  const int restart_before = GENERATE(0, 1, 2);
  const int restart_after = GENERATE(1, 2);
  const auto restart = [](World& world, int how) {
    if (how > 0) world.Restart(how == 1 ? World::From::kLog : World::From::kStore);
  };
  World world;
  world.CommitSimply("g", 1);
  CHECK(CodeOf(world.CommitInTransaction(TxnRequest(5, 10))) == ErrorCode::kNone);
  restart(world, restart_before);
  CHECK(world.Committed("g") == 1);
  CHECK(world.Fetch("g", "t", true).error_code == ErrorCode::kUnstableOffsetCommit);
  world.Marker(ProducerId(6), TransactionResult::kCommit);  // somebody else's
  CHECK(world.Committed("g") == 1);
  CHECK(world.Fetch("g", "t", true).error_code == ErrorCode::kUnstableOffsetCommit);
  int64_t expected = 0;
  SECTION("committed") {
    world.Marker(ProducerId(5), TransactionResult::kCommit);
    expected = 10;
  }
  SECTION("aborted") {
    world.Marker(ProducerId(5), TransactionResult::kAbort);
    expected = 1;
  }
  SECTION("overtaken by a plain commit") {
    world.CommitSimply("g", 20);
    world.Marker(ProducerId(5), TransactionResult::kCommit);
    expected = 20;
  }
  CHECK(world.Committed("g") == expected);
  CHECK(world.Fetch("g", "t", true).error_code == ErrorCode::kNone);
  restart(world, restart_after);
  CHECK(world.Committed("g") == expected);
}

TEST_CASE("Transactional commits are checked when they name a member",
          "[group][offsets][transaction]") {
  World world;
  auto request = TxnRequest(5, 10);
  request.generation_id = GenerationId(1);
  request.member_id = "x";
  CHECK(CodeOf(world.CommitInTransaction(request)) == ErrorCode::kIllegalGeneration);
  const std::string a = MakeStableGroup(world);
  CHECK(CodeOf(world.CommitInTransaction(request)) == ErrorCode::kUnknownMemberId);
  request.member_id = a;
  CHECK(CodeOf(world.CommitInTransaction(request)) == ErrorCode::kNone);
  CHECK(CodeOf(world.CommitInTransaction(TxnRequest(6, 11))) == ErrorCode::kNone);
  CHECK(CodeOf(world.CommitInTransaction(TxnRequest(-1, 11))) ==
        ErrorCode::kInvalidProducerIdMapping);
}

TEST_CASE("Deleted groups are gone with their offsets", "[group][delete]") {
  World world;
  CHECK(world.DeleteGroup("g") == ErrorCode::kGroupIdNotFound);
  const std::string a = MakeStableGroup(world);
  world.Commit(CommitRequest(a, 1, 5));
  CHECK(world.DeleteGroup("g") == ErrorCode::kNonEmptyGroup);
  world.Leave({{.member_id = a}});
  SECTION("durably") {
    CHECK(world.DeleteGroup("g") == ErrorCode::kNone);
    for (const World::From from : {World::From::kStore, World::From::kLog}) {
      CHECK(world.Committed("g") == -1);
      CHECK(world.State() == "Dead");
      CHECK(world.shard().ListGroups({}).empty());
      world.Restart(from);
    }
    auto [id, join] = Enter(world);
    CHECK((*join)->generation_id == GenerationId(1));
  }
  SECTION("unless the write fails") {
    world.fail_writes = Error(ErrorCode::kNotLeaderOrFollower, "moved");
    CHECK(world.DeleteGroup("g") == ErrorCode::kNotCoordinator);
    CHECK(world.State() == "Empty");
    CHECK(world.Committed("g") == 5);
  }
  SECTION("with commits still on their way") {
    world.hold_writes = true;
    world.Commit({.group_id = "g", .topics = World::OneOffset("u", 9)});
    world.DeleteGroup("g");
    world.Release();
    world.Release();
    CHECK(world.Committed("g", "u") == -1);
  }
}

TEST_CASE("Offsets are deleted unless the group reads the topic", "[group][delete]") {
  World world;
  CHECK(world.DeleteOffsets("g", "t").error_code == ErrorCode::kGroupIdNotFound);
  const std::string a = MakeStableGroup(world);
  world.Commit(CommitRequest(a, 1, 5));
  const auto in_use = world.DeleteOffsets("g", "t");
  CHECK(in_use.topics[0].partitions[0].error_code == ErrorCode::kGroupSubscribedToTopic);
  CHECK(world.DeleteOffsets("g", "u").topics[0].partitions[0].error_code == ErrorCode::kNone);
  world.Leave({{.member_id = a}});
  CHECK(world.DeleteOffsets("g", "t").topics[0].partitions[0].error_code == ErrorCode::kNone);
  CHECK(world.Committed("g") == -1);
}

TEST_CASE("Deleted topics drop their offsets from all groups", "[group][delete]") {
  World world;
  world.CommitSimply("g", 1, "t");
  world.CommitSimply("g", 2, "u");
  world.CommitSimply("h", 3, "t");
  Output out;
  const std::vector<std::string> gone = {"t"};
  world.shard().OnTopicsDeleted(gone, world.now, out);
  world.Run(out);
  CHECK(world.Committed("g", "t") == -1);
  CHECK(world.Committed("g", "u") == 2);
  CHECK(world.Committed("h", "t") == -1);
}

TEST_CASE("Old offsets expire, by commit time for simple groups", "[group][expiry]") {
  World world;
  world.CommitSimply("g", 1, "t");
  world.Advance(24h * 6);
  world.CommitSimply("g", 2, "u");
  world.Advance(25h);
  CHECK(world.Committed("g", "t") == -1);
  CHECK(world.Committed("g", "u") == 2);
  world.Advance(24h * 6);
  CHECK(world.Committed("g", "u") == -1);
  CHECK(world.State() == "Dead");
}

TEST_CASE("Offsets of a former group expire since its last member left", "[group][expiry]") {
  World world;
  const std::string a = MakeStableGroup(world);
  world.Commit(CommitRequest(a, 1, 5));
  for (int i = 0; i < 24 * 8 * 60 * 6; i += 9) {  // eight days of heartbeats, 9 s apart, hourly
    if (i % 5400 == 0) {
      world.Advance(9s);
      world.Heartbeat(a, 1);
    }
  }
  world.Leave({{.member_id = a}});
  world.Advance(24h * 6);
  CHECK(world.Committed("g") == 5);
  world.Advance(25h);
  CHECK(world.Committed("g") == -1);
  CHECK(world.State() == "Dead");
  CHECK_FALSE(world.log.back().record.value.has_value());  // the group's own tombstone
  world.Restart();
  CHECK(world.State() == "Dead");
}

TEST_CASE("A live group loses only offsets of topics it no longer reads", "[group][expiry]") {
  World world({.initial_rebalance_delay = {}, .offsets_retention = 1min});
  const std::string a = MakeStableGroup(world);
  auto request = CommitRequest(a, 1, 5);
  request.topics.push_back(World::OneOffset("u", 6)[0]);
  world.Commit(request);
  for (int i = 0; i < 100; ++i) {
    world.Advance(8s);
    REQUIRE(world.Heartbeat(a, 1) == ErrorCode::kNone);
  }
  CHECK(world.Committed("g", "t") == 5);
  CHECK(world.Committed("g", "u") == -1);
}

TEST_CASE("An explicit retention wins, pending transactions hold expiry off", "[group][expiry]") {
  World world;
  OffsetCommitRequest request{
      .group_id = "g", .retention_time = 1min, .topics = World::OneOffset("t", 5)};
  world.Commit(request);
  CHECK(world.log.back().record.value->substr(0, 2) == std::string("\0\1", 2));
  world.CommitInTransaction(TxnRequest(5, 10));
  world.Advance(11min);
  CHECK(world.Committed("g") == 5);
  world.Marker(ProducerId(5), TransactionResult::kAbort);
  world.Advance(11min);
  CHECK(world.Committed("g") == -1);
}

TEST_CASE("A sweep over many offsets goes in steps", "[group][expiry]") {
  World world;
  for (int i = 0; i < 2500; ++i)
    world.CommitSimply("g" + std::to_string(i), i);
  world.Advance(24h * 8);
  CHECK(world.shard().ListGroups({}).empty());
}

TEST_CASE("A store that fails once takes nothing more, so that it never has a hole",
          "[group][offsets]") {
  class FailingStore final : public OffsetStore {
   public:
    StatusOr<std::optional<std::string>> Get(std::string_view key) override {
      return inner.Get(key);
    }
    Status Scan(std::string_view begin, std::string_view end,
                absl::FunctionRef<bool(std::string_view, std::string_view)> visit) override {
      return inner.Scan(begin, end, visit);
    }
    Status Write(const StoreBatch& batch) override {
      if (std::exchange(fail, false)) return Error(ErrorCode::kKafkaStorageError, "full");
      return inner.Write(batch);
    }
    MemoryOffsetStore inner;
    bool fail = false;
  };
  FailingStore store;
  const auto random = Random::Seeded(1);
  GroupShard shard({}, store, *random);
  shard.Start({});
  int64_t log_end = 0;
  const auto commit = [&](int64_t offset) {
    const auto answer = std::make_shared<std::optional<OffsetCommitResponse>>();
    Output out;
    shard.OffsetCommit({.group_id = "g", .topics = World::OneOffset("t", offset)}, {},
                       World::Into(answer), {}, out);
    shard.OnWritten(out.writes.at(0).id, Offset(log_end++), {}, out);
    for (auto& reply : out.replies)
      reply();
    return CodeOf(answer);
  };
  CHECK(commit(1) == ErrorCode::kNone);
  store.fail = true;
  CHECK(commit(2) == ErrorCode::kNotCoordinator);
  CHECK(commit(3) == ErrorCode::kNotCoordinator);
  CHECK(shard.applied_end_offset() == Offset(1));
}

TEST_CASE("Groups are listed by state and type", "[group][list]") {
  World world;
  MakeStableGroup(world);
  world.CommitSimply("simple", 1);
  const auto names = [&](ListGroupsRequest request) {
    std::vector<std::string> ids;
    for (const auto& group : world.shard().ListGroups(request))
      ids.push_back(group.group_id);
    return ids;
  };
  CHECK(names({}) == std::vector<std::string>{"g", "simple"});
  CHECK(names({.states_filter = {"stable"}}) == std::vector<std::string>{"g"});
  CHECK(names({.states_filter = {"EMPTY"}}) == std::vector<std::string>{"simple"});
  CHECK(names({.types_filter = {"Classic"}}).size() == 2);
  CHECK(names({.types_filter = {"consumer"}}).empty());
}

TEST_CASE("Describing shows the members of a stable group", "[group][list]") {
  World world;
  const std::string a = MakeStableGroup(world);
  const auto group = world.shard().DescribeGroup("g", {});
  CHECK(group.protocol_type == "consumer");
  CHECK(group.protocol_data == "range");
  REQUIRE(group.members.size() == 1);
  CHECK(group.members[0].member_id == a);
  CHECK(group.members[0].client_id == "client");
  CHECK(group.members[0].member_assignment == "work");
  CHECK(group.members[0].member_metadata == SubscribeTo("t"));
  CHECK(world.shard().DescribeGroup("x", {}).error_code == ErrorCode::kGroupIdNotFound);
  CHECK(world.shard().DescribeGroup("x", {.api_version = 5}).error_code == ErrorCode::kNone);
  CHECK(world.shard().DescribeGroup("x", {.api_version = 5}).group_state == "Dead");
}

TEST_CASE("Groups find their partition as in Kafka", "[group]") {
  CHECK(JavaHashCode("my-group") == -1906497762);
  CHECK(CoordinatorPartition("my-group", 50) == 12);
  CHECK(CoordinatorPartition("g", 50) == 3);
  CHECK(CoordinatorPartition("test", 50) == 48);
  CHECK(CoordinatorPartition("consumer-group-1", 50) == 20);
  CHECK(JavaHashCode("\u00e9\u4e2d") == 233 * 31 + 0x4e2d);
  CHECK(Utf16Length("a\u00e9\U0001F600") == 4);
  CHECK(Utf16Length("\xff\xe4") == 2);
}

}  // namespace runnel::group
