#include <catch2/catch.hpp>

#include "group_world.h"

namespace runnel::group {

using namespace std::chrono_literals;

namespace {

JoinGroupRequest StaticJoin(const std::string& instance, std::string member = "",
                            std::vector<std::string> protocols = {"range"}) {
  JoinGroupRequest request = JoinRequest(std::move(member), std::move(protocols));
  request.group_instance_id = instance;
  return request;
}

// A stable group of the static member "i". Returns its member id.
std::string MakeStaticGroup(World& world) {
  const auto join = world.Join(StaticJoin("i"));
  REQUIRE((*join)->error_code == ErrorCode::kNone);
  const std::string id = (*join)->member_id;
  CHECK(id.starts_with("i-"));
  const auto sync = world.Sync(SyncRequest(id, 1, {{.member_id = id, .assignment = "work"}}));
  REQUIRE((*sync)->assignment == "work");
  return id;
}

}  // namespace

TEST_CASE("A returning static member takes its place without a rebalance", "[group][static]") {
  World world;
  const std::string old_id = MakeStaticGroup(world);
  const auto join = world.Join(StaticJoin("i"));
  REQUIRE(join->has_value());
  const std::string new_id = (*join)->member_id;
  CHECK(new_id != old_id);
  CHECK((*join)->generation_id == GenerationId(1));
  CHECK((*join)->leader == new_id);
  CHECK((*join)->skip_assignment);
  CHECK((*join)->members.size() == 1);
  CHECK(world.State() == "Stable");
  CHECK((*world.Sync(SyncRequest(new_id, 1)))->assignment == "work");
  CHECK(world.Heartbeat(old_id, 1, "i") == ErrorCode::kFencedInstanceId);
  CHECK(world.Heartbeat(old_id, 1) == ErrorCode::kUnknownMemberId);
  world.Restart();
  CHECK(world.Heartbeat(new_id, 1, "i") == ErrorCode::kNone);
}

TEST_CASE("Older clients are shown the former leader, so that they do not assign",
          "[group][static]") {
  World world;
  const std::string old_id = MakeStaticGroup(world);
  const auto join = world.Join(StaticJoin("i"), {.api_version = 8});
  CHECK((*join)->leader == old_id);
  CHECK((*join)->members.empty());
  CHECK_FALSE((*join)->skip_assignment);
}

TEST_CASE("A returning static member is answered when its new id is durable", "[group][static]") {
  World world;
  const std::string old_id = MakeStaticGroup(world);
  world.hold_writes = true;
  const auto join = world.Join(StaticJoin("i"));
  CHECK_FALSE(join->has_value());
  SECTION("written") {
    world.Release();
    CHECK((*join)->error_code == ErrorCode::kNone);
  }
  SECTION("not written: the old one stays") {
    world.Release(Error(ErrorCode::kNotLeaderOrFollower, "moved"));
    CHECK((*join)->error_code == ErrorCode::kNotCoordinator);
    CHECK(world.Heartbeat(old_id, 1, "i") == ErrorCode::kNone);
  }
}

TEST_CASE("A static member with another subscription causes a rebalance", "[group][static]") {
  World world;
  const std::string old_id = MakeStaticGroup(world);
  const auto join = world.Join(StaticJoin("i", "", {"sticky"}));
  // Alone with a protocol that nobody else needs to share, but the former member counted.
  CHECK((*join)->error_code == ErrorCode::kInconsistentGroupProtocol);
  const auto both = world.Join(StaticJoin("i", "", {"sticky", "range"}));
  REQUIRE(both->has_value());
  CHECK((*both)->generation_id == GenerationId(2));
  CHECK(world.Heartbeat(old_id, 1, "i") == ErrorCode::kFencedInstanceId);
}

TEST_CASE("A duplicate instance fences the waiting one", "[group][static]") {
  World world;
  MakeStableGroup(world);
  const auto first = world.Join(StaticJoin("j"));
  CHECK_FALSE(first->has_value());
  const auto second = world.Join(StaticJoin("j"));
  REQUIRE(first->has_value());
  CHECK((*first)->error_code == ErrorCode::kFencedInstanceId);
  CHECK_FALSE(second->has_value());
}

TEST_CASE("An absent static member keeps its place in a rebalance until its session ends",
          "[group][static]") {
  World world;
  const std::string a = MakeStaticGroup(world);
  auto [b, join_b] = Enter(world);
  world.Advance(9s);
  world.Heartbeat(a, 1, "i");
  world.Advance(9s);
  world.Heartbeat(a, 1, "i");
  world.Advance(9s);
  world.Heartbeat(a, 1, "i");
  world.Advance(4s);  // the rebalance timeout of 30 s has passed
  REQUIRE(join_b->has_value());
  CHECK((*join_b)->leader == b);
  CHECK((*join_b)->members.size() == 2);
}

TEST_CASE("A static member leaves by its instance id", "[group][static]") {
  World world;
  MakeStaticGroup(world);
  CHECK(world.Leave({{.group_instance_id = "nobody"}}) ==
        std::vector<ErrorCode>{ErrorCode::kUnknownMemberId});
  CHECK(world.Leave({{.member_id = "wrong", .group_instance_id = "i"}}) ==
        std::vector<ErrorCode>{ErrorCode::kFencedInstanceId});
  CHECK(world.Leave({{.group_instance_id = "i"}}) == std::vector<ErrorCode>{ErrorCode::kNone});
  CHECK(world.State() == "Empty");
}

TEST_CASE("A known static member's id must match", "[group][static]") {
  World world;
  const std::string a = MakeStaticGroup(world);
  CHECK((*world.Join(StaticJoin("i", "other")))->error_code == ErrorCode::kFencedInstanceId);
  CHECK((*world.Join(StaticJoin("k", a)))->error_code == ErrorCode::kUnknownMemberId);
}

}  // namespace runnel::group
