#include <catch2/catch.hpp>

#include "group_world.h"

namespace runnel::group {

using namespace std::chrono_literals;

TEST_CASE("A new member is given an id, joins with it, and leads", "[group][join]") {
  World world;
  auto [id, join] = Enter(world);
  CHECK(id.starts_with("client-"));
  CHECK(id.size() == std::string("client-").size() + 36);
  REQUIRE(join->has_value());
  CHECK((*join)->error_code == ErrorCode::kNone);
  CHECK((*join)->generation_id == GenerationId(1));
  CHECK((*join)->leader == id);
  CHECK((*join)->protocol_name == "range");
  REQUIRE((*join)->members.size() == 1);
  CHECK((*join)->members[0].metadata == SubscribeTo("t"));
  CHECK(world.State() == "CompletingRebalance");
}

TEST_CASE("Old clients are admitted without asking for an id", "[group][join]") {
  World world;
  const auto join = world.Join(JoinRequest(), {.client_id = "old", .api_version = 3});
  REQUIRE(join->has_value());
  CHECK((*join)->error_code == ErrorCode::kNone);
}

TEST_CASE("Joins that make no sense are refused", "[group][join][bad-input]") {
  World world;
  const auto code = [&](JoinGroupRequest request) {
    return (*world.Join(std::move(request)))->error_code;
  };
  auto request = JoinRequest();
  request.group_id = "";
  CHECK(code(request) == ErrorCode::kInvalidGroupId);
  request = JoinRequest();
  request.session_timeout = 5999ms;
  CHECK(code(request) == ErrorCode::kInvalidSessionTimeout);
  request.session_timeout = 1800001ms;
  CHECK(code(request) == ErrorCode::kInvalidSessionTimeout);
  CHECK(code(JoinRequest("stranger")) == ErrorCode::kUnknownMemberId);
  request = JoinRequest();
  request.protocols.clear();
  CHECK(code(request) == ErrorCode::kInconsistentGroupProtocol);
  request = JoinRequest();
  request.protocol_type = "";
  CHECK(code(request) == ErrorCode::kInconsistentGroupProtocol);
  request = JoinRequest();
  request.group_instance_id = std::string(40000, 'i');
  CHECK(code(request) == ErrorCode::kInvalidRequest);
  CHECK(world.shard().ListGroups({}).empty());

  MakeStableGroup(world);
  CHECK(code(JoinRequest("stranger")) == ErrorCode::kUnknownMemberId);
  CHECK(code(JoinRequest("", {"sticky"})) == ErrorCode::kInconsistentGroupProtocol);
  request = JoinRequest();
  request.protocol_type = "connect";
  CHECK(code(request) == ErrorCode::kInconsistentGroupProtocol);
}

TEST_CASE("A handed-out id expires with the session timeout", "[group][join]") {
  World world;
  const auto first = world.Join(JoinRequest());
  world.Advance(10001ms);
  CHECK((*world.Join(JoinRequest((*first)->member_id)))->error_code == ErrorCode::kUnknownMemberId);
}

TEST_CASE("A second member waits until the first has rejoined", "[group][join]") {
  World world;
  const std::string a = MakeStableGroup(world);
  auto [b, join_b] = Enter(world);
  CHECK_FALSE(join_b->has_value());
  CHECK(world.State() == "PreparingRebalance");
  CHECK(world.Heartbeat(a, 1) == ErrorCode::kRebalanceInProgress);
  const auto join_a = world.Join(JoinRequest(a));
  REQUIRE(join_a->has_value());
  REQUIRE(join_b->has_value());
  CHECK((*join_a)->generation_id == GenerationId(2));
  CHECK((*join_a)->leader == a);
  CHECK((*join_b)->leader == a);
  CHECK((*join_a)->members.size() == 2);
  CHECK((*join_b)->members.empty());

  const auto sync_b = world.Sync(SyncRequest(b, 2));
  CHECK_FALSE(sync_b->has_value());
  const auto sync_a = world.Sync(SyncRequest(a, 2, {{.member_id = a, .assignment = "x"}}));
  CHECK((*sync_a)->assignment == "x");
  CHECK((*sync_b)->assignment == "");  // the leader forgot it
  CHECK(world.State() == "Stable");
  CHECK(world.Heartbeat(a, 2) == ErrorCode::kNone);
  CHECK(world.Heartbeat(b, 2) == ErrorCode::kNone);
}

TEST_CASE("A member that does not rejoin in time is removed", "[group][join]") {
  World world;
  const std::string a = MakeStableGroup(world);
  auto [b, join_b] = Enter(world);
  for (int i = 0; i < 3; ++i) {  // alive, but not joining
    world.Advance(9s);
    CHECK(world.Heartbeat(a, 1) == ErrorCode::kRebalanceInProgress);
  }
  CHECK_FALSE(join_b->has_value());
  world.Advance(3s);
  REQUIRE(join_b->has_value());
  CHECK((*join_b)->leader == b);
  CHECK(world.Heartbeat(a, 1) == ErrorCode::kUnknownMemberId);
}

TEST_CASE("A silent member loses its session and causes a rebalance", "[group][session]") {
  World world;
  const std::string a = MakeStableGroup(world);
  auto [b, join_b] = Enter(world);
  world.Join(JoinRequest(a));
  world.Sync(SyncRequest(b, 2));
  world.Sync(SyncRequest(a, 2));
  world.Advance(6s);
  CHECK(world.Heartbeat(a, 2) == ErrorCode::kNone);
  world.Advance(5s);  // b has been silent for 11 s
  CHECK(world.Heartbeat(b, 2) == ErrorCode::kUnknownMemberId);
  CHECK(world.Heartbeat(a, 2) == ErrorCode::kRebalanceInProgress);
  const auto again = world.Join(JoinRequest(a));
  CHECK((*again)->generation_id == GenerationId(3));
}

TEST_CASE("A group whose last member expires is empty and remembers its generation",
          "[group][session]") {
  World world;
  MakeStableGroup(world);
  world.Advance(11s);
  CHECK(world.State() == "Empty");
  for (const World::From from : {World::From::kLog, World::From::kStore}) {
    world.Restart(from);
    CHECK(world.State() == "Empty");
  }
  auto [id, join] = Enter(world);
  CHECK((*join)->generation_id == GenerationId(3));  // becoming empty was generation 2
}

TEST_CASE("Members that do not sync in time are removed", "[group][sync]") {
  World world;
  const std::string a = MakeStableGroup(world);
  auto [b, join_b] = Enter(world);
  world.Join(JoinRequest(a));
  const auto sync_b = world.Sync(SyncRequest(b, 2));
  for (int i = 0; i < 4; ++i) {  // the leader lives but assigns nothing
    world.Advance(8s);
    world.Heartbeat(a, 2);
  }
  REQUIRE(sync_b->has_value());
  CHECK((*sync_b)->error_code == ErrorCode::kRebalanceInProgress);
  CHECK(world.Heartbeat(a, 2) == ErrorCode::kUnknownMemberId);
}

TEST_CASE("Syncs and heartbeats are checked for member, generation and protocol",
          "[group][sync][bad-input]") {
  World world;
  const auto code = [&](SyncGroupRequest request) {
    return (*world.Sync(std::move(request)))->error_code;
  };
  CHECK(code(SyncRequest("x", 1)) == ErrorCode::kUnknownMemberId);
  CHECK(world.Heartbeat("x", 1) == ErrorCode::kUnknownMemberId);
  const std::string a = MakeStableGroup(world);
  CHECK(code(SyncRequest("x", 1)) == ErrorCode::kUnknownMemberId);
  CHECK(code(SyncRequest(a, 0)) == ErrorCode::kIllegalGeneration);
  CHECK(world.Heartbeat(a, 7) == ErrorCode::kIllegalGeneration);
  CHECK(world.Heartbeat(a, 1, "i") == ErrorCode::kUnknownMemberId);
  auto request = SyncRequest(a, 1);
  request.protocol_name = "sticky";
  CHECK(code(request) == ErrorCode::kInconsistentGroupProtocol);
  request = SyncRequest(a, 1);
  request.protocol_type = "connect";
  CHECK(code(request) == ErrorCode::kInconsistentGroupProtocol);
  request = SyncRequest(a, 1);
  request.group_id = "";
  CHECK(code(request) == ErrorCode::kInvalidGroupId);
  CHECK((*world.Sync(SyncRequest(a, 1)))->assignment == "work");  // a repeated sync
}

TEST_CASE("A lost join answer is repeated, a changed subscription rebalances", "[group][join]") {
  World world;
  auto [a, join] = Enter(world);
  const auto repeated = world.Join(JoinRequest(a));
  CHECK((*repeated)->generation_id == GenerationId(1));
  CHECK(world.State() == "CompletingRebalance");
  auto changed = JoinRequest(a);
  changed.protocols[0].metadata = SubscribeTo("u");
  CHECK((*world.Join(changed))->generation_id == GenerationId(2));
}

TEST_CASE("In a stable group a follower's join changes nothing, the leader's rebalances",
          "[group][join]") {
  World world;
  const std::string a = MakeStableGroup(world);
  auto [b, join_b] = Enter(world);
  world.Join(JoinRequest(a));
  world.Sync(SyncRequest(b, 2));
  world.Sync(SyncRequest(a, 2));
  CHECK((*world.Join(JoinRequest(b)))->generation_id == GenerationId(2));
  CHECK(world.State() == "Stable");
  CHECK_FALSE(world.Join(JoinRequest(a))->has_value());
  CHECK(world.State() == "PreparingRebalance");
}

TEST_CASE("The protocol that most members like best is chosen", "[group][join]") {
  World world({.initial_rebalance_delay = 3000ms});
  auto [a, join_a] = Enter(world, {"x", "y", "z"});
  auto [b, join_b] = Enter(world, {"y", "z"});
  auto [c, join_c] = Enter(world, {"z", "y"});
  auto [d, join_d] = Enter(world, {"y", "x", "z"});
  world.Advance(40s);
  REQUIRE(join_a->has_value());
  CHECK((*join_a)->protocol_name == "y");  // x is not known to all
  CHECK((*join_c)->protocol_name == "y");
}

TEST_CASE("The first join waits, and longer while members arrive, but not for ever",
          "[group][join]") {
  World world({.initial_rebalance_delay = 3000ms});
  auto [a, join_a] = Enter(world);
  world.Advance(2s);
  auto [b, join_b] = Enter(world);
  world.Advance(2s);
  CHECK_FALSE(join_a->has_value());  // stretched by b
  world.Advance(2s);
  REQUIRE(join_a->has_value());
  CHECK((*join_a)->members.size() == 2);

  World busy({.initial_rebalance_delay = 3000ms});
  std::vector<Answer<JoinGroupResponse>> joins;
  for (int i = 0; i < 20; ++i) {
    joins.push_back(Enter(busy).second);
    busy.Advance(2s);
    if (joins[0]->has_value()) break;
  }
  REQUIRE(joins[0]->has_value());
  CHECK(joins.size() <= 16);  // the rebalance timeout of 30 s bounds it
}

TEST_CASE("A join phase waits for ids that were handed out", "[group][join]") {
  World world;
  const std::string a = MakeStableGroup(world);
  const auto asked = world.Join(JoinRequest());  // gets an id and does not come back
  auto [b, join_b] = Enter(world);
  const auto join_a = world.Join(JoinRequest(a));
  CHECK_FALSE(join_a->has_value());
  world.Advance(10001ms);
  CHECK(join_a->has_value());
}

TEST_CASE("A group takes no more members than allowed", "[group][join]") {
  World world({.initial_rebalance_delay = {}, .max_size = 1});
  const std::string a = MakeStableGroup(world);
  CHECK((*world.Join(JoinRequest()))->error_code == ErrorCode::kGroupMaxSizeReached);
  CHECK(world.Join(JoinRequest(a))->has_value());
}

TEST_CASE("A leaving member hands over at once", "[group][leave]") {
  World world;
  const std::string a = MakeStableGroup(world);
  auto [b, join_b] = Enter(world);
  world.Join(JoinRequest(a));
  world.Sync(SyncRequest(b, 2));
  world.Sync(SyncRequest(a, 2));
  CHECK(world.Leave({{.member_id = a}, {.member_id = "x"}}) ==
        std::vector<ErrorCode>{ErrorCode::kNone, ErrorCode::kUnknownMemberId});
  CHECK(world.Heartbeat(b, 2) == ErrorCode::kRebalanceInProgress);
  const auto rejoined = world.Join(JoinRequest(b));
  CHECK((*rejoined)->leader == b);
  CHECK(world.Leave({{.member_id = b}}) == std::vector<ErrorCode>{ErrorCode::kNone});
  CHECK(world.State() == "Empty");
}

TEST_CASE("A member that leaves while it waits is answered", "[group][leave]") {
  World world;
  MakeStableGroup(world);
  auto [b, join_b] = Enter(world);
  world.Leave({{.member_id = b}});
  REQUIRE(join_b->has_value());
  CHECK((*join_b)->error_code == ErrorCode::kUnknownMemberId);
}

TEST_CASE("A second join or sync overtakes the first, and both are answered", "[group][join]") {
  World world;
  const std::string a = MakeStableGroup(world);
  auto [b, first] = Enter(world);
  const auto second = world.Join(JoinRequest(b));
  REQUIRE(first->has_value());
  CHECK((*first)->error_code == ErrorCode::kRebalanceInProgress);
  world.Join(JoinRequest(a));
  REQUIRE(second->has_value());
  const auto sync = world.Sync(SyncRequest(b, 2));
  const auto sync_again = world.Sync(SyncRequest(b, 2));
  CHECK((*sync)->error_code == ErrorCode::kRebalanceInProgress);
  CHECK_FALSE(sync_again->has_value());
}

TEST_CASE("An assignment is given out only when it is durable", "[group][sync]") {
  World world;
  auto [a, join] = Enter(world);
  world.hold_writes = true;
  const auto sync = world.Sync(SyncRequest(a, 1, {{.member_id = a, .assignment = "work"}}));
  CHECK_FALSE(sync->has_value());
  CHECK(world.State() == "CompletingRebalance");

  SECTION("it is") {
    world.Release();
    CHECK((*sync)->assignment == "work");
    CHECK(world.State() == "Stable");
  }
  SECTION("writing it failed: try again") {
    world.hold_writes = false;
    world.Release(Error(ErrorCode::kNotEnoughReplicas, "no"));
    CHECK((*sync)->error_code == ErrorCode::kCoordinatorNotAvailable);
    CHECK(world.State() == "PreparingRebalance");
    CHECK((*world.Join(JoinRequest(a)))->generation_id == GenerationId(2));
  }
  SECTION("the group moves on meanwhile") {
    world.hold_writes = false;
    auto changed = JoinRequest(a);
    changed.protocols[0].metadata = SubscribeTo("u");
    CHECK((*world.Join(changed))->generation_id == GenerationId(2));
    CHECK((*sync)->error_code == ErrorCode::kRebalanceInProgress);
    world.Release();
    CHECK(world.State() == "CompletingRebalance");
  }
}

TEST_CASE("A stable group survives a restart", "[group][replay]") {
  World world;
  const std::string a = MakeStableGroup(world);
  for (const World::From from : {World::From::kLog, World::From::kStore}) {
    world.Restart(from);
    CHECK(world.State() == "Stable");
    CHECK(world.Heartbeat(a, 1) == ErrorCode::kNone);
    CHECK((*world.Sync(SyncRequest(a, 1)))->assignment == "work");
  }
  world.Restart();
  world.Advance(11s);  // a fresh session, which nobody keeps alive
  CHECK(world.State() == "Empty");
}

TEST_CASE("A restart ends the members that lived in the process", "[group][replay]") {
  World world;
  const RequestContext here{.client_host = kInProcessHost};
  const auto required = world.Join(JoinRequest(), here);
  const std::string id = (*required)->member_id;
  const auto join = world.Join(JoinRequest(id), here);
  REQUIRE((*join)->error_code == ErrorCode::kNone);
  REQUIRE((*world.Sync(SyncRequest(id, 1, {{.member_id = id, .assignment = "work"}})))
              ->error_code == ErrorCode::kNone);
  REQUIRE(world.State() == "Stable");
  world.Restart();
  world.Advance(1ms);
  CHECK(world.State() == "Empty");
  CHECK(world.Heartbeat(id, 1) == ErrorCode::kUnknownMemberId);
}

TEST_CASE("Nothing is served before the start and after the stop", "[group]") {
  MemoryOffsetStore store;
  const auto random = Random::Seeded(1);
  GroupShard shard({}, store, *random);
  Output out;
  ErrorCode code = ErrorCode::kNone;
  const auto join = [&] {
    shard.JoinGroup(
        JoinRequest(), {}, [&](JoinGroupResponse response) { code = response.error_code; }, {},
        out);
    for (auto& reply : out.replies)
      reply();
    out.replies.clear();
  };
  join();
  CHECK(code == ErrorCode::kCoordinatorLoadInProgress);
  CHECK(shard.OffsetFetch({}).error_code == ErrorCode::kCoordinatorLoadInProgress);
  shard.Start({});
  shard.Stop(out);
  join();
  CHECK(code == ErrorCode::kNotCoordinator);
  CHECK(shard.NextDeadline() == kForever);
}

TEST_CASE("Stopping answers everybody who waits", "[group]") {
  World world;
  const std::string a = MakeStableGroup(world);
  auto [b, join_b] = Enter(world);
  Output out;
  world.shard().Stop(out);
  world.Run(out);
  REQUIRE(join_b->has_value());
  CHECK((*join_b)->error_code == ErrorCode::kNotCoordinator);
  CHECK(world.Heartbeat(a, 1) == ErrorCode::kNotCoordinator);
}

}  // namespace runnel::group
