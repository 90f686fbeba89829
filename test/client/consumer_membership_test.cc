#include "client/membership.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

#include "client/consumer_subscription.h"

namespace runnel::client {
namespace {

using namespace std::chrono_literals;
using Step = Membership::Step;

group::JoinGroupResponse Joined(std::string member_id, int32_t generation) {
  return {.generation_id = GenerationId(generation),
          .protocol_name = "range",
          .leader = "somebody else",
          .member_id = std::move(member_id)};
}

// A member that has gone through a whole rebalance.
Membership Stable(std::string instance_id = "") {
  Membership member(std::move(instance_id), 100ms);
  member.RequestJoin();
  member.Prepared(member.round());
  member.OnJoin(member.StartJoin(), Joined("m", 1), 0s);
  member.OnSync(member.StartSync(), {.assignment = "bytes"}, 0s);
  member.Completed(member.round());
  REQUIRE(member.stable());
  return member;
}

TEST_CASE("A member prepares, joins, syncs and completes", "[client][group]") {
  Membership member("", 100ms);
  CHECK(member.Next(0s) == Step::kNone);
  member.RequestJoin();
  REQUIRE(member.Next(0s) == Step::kPrepare);
  CHECK_FALSE(member.lost());
  member.Prepared(member.round());
  REQUIRE(member.Next(0s) == Step::kJoin);
  const uint64_t join = member.StartJoin();
  CHECK(member.Next(0s) == Step::kNone);
  CHECK_FALSE(member.wants_heartbeat());
  member.OnJoin(join, Joined("m", 7), 0s);
  REQUIRE(member.Next(0s) == Step::kSync);
  CHECK(member.generation() == GenerationId(7));
  CHECK_FALSE(member.leader());
  CHECK(member.wants_heartbeat());
  member.OnSync(member.StartSync(), {.assignment = "bytes"}, 0s);
  REQUIRE(member.Next(0s) == Step::kComplete);
  CHECK(member.assignment() == "bytes");
  member.Completed(member.round());
  CHECK(member.stable());
  CHECK(member.Next(0s) == Step::kNone);
}

TEST_CASE("The coordinator hands out the member id first", "[client][group]") {
  Membership member("", 100ms);
  member.RequestJoin();
  member.Prepared(member.round());
  member.OnJoin(member.StartJoin(),
                {.error_code = ErrorCode::kMemberIdRequired, .member_id = "given"}, 0s);
  CHECK(member.member_id() == "given");
  CHECK(member.Next(0s) == Step::kJoin);
}

TEST_CASE("A heartbeat tells of a rebalance", "[client][group]") {
  Membership member = Stable();
  member.OnAnswer(GenerationId(1), ErrorCode::kRebalanceInProgress);
  CHECK(member.Next(0s) == Step::kPrepare);
  CHECK_FALSE(member.lost());
  CHECK(member.generation() == GenerationId(1));
}

TEST_CASE("A member that was removed has lost its partitions and its id", "[client][group]") {
  Membership member = Stable();
  const auto [error, id] = GENERATE(std::pair(ErrorCode::kUnknownMemberId, ""),
                                    std::pair(ErrorCode::kIllegalGeneration, "m"));
  member.OnAnswer(GenerationId(1), error);
  CHECK(member.Next(0s) == Step::kPrepare);
  CHECK(member.lost());
  CHECK(member.generation() == kNoGeneration);
  CHECK(member.member_id() == id);
  CHECK_FALSE(member.wants_heartbeat());
}

TEST_CASE("Answers to an older generation or round change nothing", "[client][group]") {
  Membership member = Stable();
  member.OnAnswer(GenerationId(0), ErrorCode::kUnknownMemberId);
  CHECK(member.stable());
  member.RequestJoin();
  REQUIRE(member.Next(0s) == Step::kPrepare);
  member.Prepared(member.round());
  const uint64_t first = member.StartJoin();
  member.OnPollOverdue();
  member.OnJoin(first, Joined("late", 9), 0s);
  CHECK(member.Next(0s) == Step::kPrepare);
  CHECK(member.member_id().empty());
}

TEST_CASE("Losing the place while preparing starts the preparation anew", "[client][group]") {
  Membership member = Stable();
  member.RequestJoin();
  REQUIRE(member.Next(0s) == Step::kPrepare);
  const uint64_t round = member.round();
  member.OnAnswer(GenerationId(1), ErrorCode::kUnknownMemberId);
  member.Prepared(round);
  CHECK(member.Next(0s) == Step::kPrepare);
  CHECK(member.lost());
}

TEST_CASE("Retriable errors are retried after the backoff, others are told once",
          "[client][group]") {
  Membership member("", 100ms);
  member.RequestJoin();
  member.Prepared(member.round());
  SECTION("retriable") {
    member.OnJoin(member.StartJoin(), {.error_code = ErrorCode::kCoordinatorLoadInProgress}, 1s);
    CHECK(member.TakeError().ok());
  }
  SECTION("not retriable") {
    member.OnJoin(member.StartJoin(), {.error_code = ErrorCode::kGroupMaxSizeReached}, 1s);
    CHECK(CodeOf(member.TakeError()) == ErrorCode::kGroupMaxSizeReached);
    CHECK(member.TakeError().ok());
  }
  CHECK(member.Next(1s) == Step::kNone);
  CHECK(member.retry_at() == 1100ms);
  CHECK(member.Next(1100ms) == Step::kJoin);
}

TEST_CASE("A rebalance during the sync joins again with the same id", "[client][group]") {
  Membership member("", 100ms);
  member.RequestJoin();
  member.Prepared(member.round());
  member.OnJoin(member.StartJoin(), Joined("m", 1), 0s);
  member.OnSync(member.StartSync(), {.error_code = ErrorCode::kRebalanceInProgress}, 0s);
  CHECK(member.Next(0s) == Step::kJoin);
  CHECK(member.member_id() == "m");
}

TEST_CASE("A fenced static member never comes back", "[client][group]") {
  Membership member = Stable("shelf-1");
  member.OnAnswer(GenerationId(1), ErrorCode::kFencedInstanceId);
  CHECK(CodeOf(member.fatal()) == ErrorCode::kFencedInstanceId);
  CHECK(member.Next(0s) == Step::kNone);
  CHECK_FALSE(member.wants_heartbeat());
}

TEST_CASE("A subscription change while joining is joined for afterwards", "[client][group]") {
  Membership member("", 100ms);
  member.RequestJoin();
  member.Prepared(member.round());
  const uint64_t round = member.StartJoin();
  member.RequestJoin();
  member.OnJoin(round, Joined("m", 1), 0s);
  member.OnSync(member.StartSync(), {}, 0s);
  member.Completed(member.round());
  CHECK(member.Next(0s) == Step::kPrepare);
}

TEST_CASE("Patterns match whole names and notice changes", "[client][consumer]") {
  Subscription subscription;
  REQUIRE(subscription.SetPattern("orders-.*", nullptr).ok());
  const std::vector<std::string> topics = {"my-orders-1", "orders-1", "orders-2", "other"};
  CHECK(subscription.Match(topics));
  CHECK(subscription.topics() == std::vector<std::string>{"orders-1", "orders-2"});
  CHECK_FALSE(subscription.Match(topics));
  CHECK(subscription.Contains("orders-2"));
  CHECK_FALSE(subscription.Contains("my-orders-1"));
  CHECK(CodeOf(subscription.SetPattern("(", nullptr)) == ErrorCode::kInvalidRegularExpression);
  CHECK(subscription.Match(std::vector<std::string>{}));  // the old pattern still holds
}

TEST_CASE("Subscriptions are sorted, without repetitions and without empty names",
          "[client][consumer]") {
  Subscription subscription;
  REQUIRE(subscription.SetTopics({"b", "a", "b"}, nullptr).ok());
  CHECK(subscription.topics() == std::vector<std::string>{"a", "b"});
  CHECK(subscription.automatic());
  CHECK(CodeOf(subscription.SetTopics({""}, nullptr)) == ErrorCode::kInvalidTopicException);
}

}  // namespace
}  // namespace runnel::client
