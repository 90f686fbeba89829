// Members of groups: commits, rebalances and listeners, all on one thread.
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/client_world.h"

namespace runnel {
namespace {

using namespace std::chrono_literals;
using testing::At;
using testing::ClientWorld;
using testing::PollValues;
using testing::ValuesOf;
using Strings = std::vector<std::string>;
using Partitions = std::vector<TopicPartition>;

const TopicPartition kT0{"t", 0};
const TopicPartition kT1{"t", 1};

// Writes down what it is told: "+t-0 t-1" assigned, "-t-0" revoked, "!t-0" lost.
class Diary final : public RebalanceListener {
 public:
  void OnAssigned(std::span<const TopicPartition> partitions) override { Note("+", partitions); }
  void OnRevoked(std::span<const TopicPartition> partitions) override { Note("-", partitions); }
  void OnLost(std::span<const TopicPartition> partitions) override { Note("!", partitions); }
  Strings Take() { return std::exchange(lines_, {}); }

 private:
  void Note(std::string line, std::span<const TopicPartition> partitions) {
    for (const TopicPartition& partition : partitions) {
      line += (line.size() > 1 ? " " : "") + ToString(partition);
    }
    lines_.push_back(std::move(line));
  }
  Strings lines_;
};

ConsumerOptions Member(std::vector<std::string> assignors = {"range"}) {
  return {
      .group_id = "g", .offset_reset = OffsetReset::kEarliest, .assignors = std::move(assignors)};
}

// Polls all members in turn until they have had time to rebalance; the values that came.
Strings Settle(ClientWorld& world, std::initializer_list<Consumer*> members) {
  Strings values;
  for (int rounds = 0; rounds < 12; ++rounds) {
    for (Consumer* const member : members) {
      for (std::string& value : PollValues(*member))
        values.push_back(std::move(value));
      world.executor.RunUntilIdle();
    }
    world.executor.Advance(1s);  // heartbeats come every 3 s
  }
  std::sort(values.begin(), values.end());
  return values;
}

size_t Shares(std::initializer_list<Consumer*> members) {
  size_t count = 0;
  for (const Consumer* member : members)
    count += member->Assignment().size();
  return count;
}

// --- Commits

TEST_CASE("Commits are where the next member goes on", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t", 2);
  world.Fill("t", 3, 0);
  auto consumer = world.NewConsumer(Member());
  REQUIRE_OK(consumer->Subscribe({"t"}));
  CHECK(Settle(world, {consumer.get()}) == Strings{"0", "1", "2"});
  CHECK_FALSE(consumer->Committed(kT0).value().has_value());
  REQUIRE_OK(consumer->Commit());
  CHECK(consumer->Committed(kT0).value()->offset == Offset(3));
  const auto both = consumer->Committed(Partitions{kT0, kT1, {"none", 0}});
  REQUIRE_OK(both);
  CHECK(both->size() == 2);
  world.Put("t", "3");
  REQUIRE_OK(consumer->Close());

  auto second = world.NewConsumer(Member());
  REQUIRE_OK(second->Subscribe({"t"}));
  CHECK(Settle(world, {second.get()}) == Strings{"3"});
}

TEST_CASE("Explicit offsets with a text, sync and async, without a subscription",
          "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t", 2);
  world.Fill("t", 5);
  auto consumer = world.NewConsumer(Member());
  REQUIRE_OK(consumer->Assign({kT0}));
  REQUIRE_OK(consumer->Commit({{kT0, At(2, "half way")}}));
  CHECK(consumer->Committed(kT0).value() == At(2, "half way"));
  CHECK(PollValues(*consumer) == Strings{"2", "3", "4"});  // from the committed offset
  int told = 0;
  consumer->CommitAsync({{kT1, At(0, "b")}}, [&](const Status& status) {
    CHECK_OK(status);
    ++told;
  });
  consumer->CommitAsync([&](const Status& status) {
    CHECK_OK(status);
    ++told;
  });
  consumer->CommitAsync();
  world.executor.RunUntilIdle();
  CHECK(told == 2);
  CHECK(consumer->Committed(kT1).value() == At(0, "b"));
  CHECK(consumer->Committed(kT0).value()->offset == Offset(5));
  CHECK(CodeOf(consumer->Commit({{kT0, At(-1)}})) == ErrorCode::kOffsetOutOfRange);
  CHECK(CodeOf(consumer->Commit({{{"none", 0}, At(1)}})) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(CodeOf(consumer->Commit({{kT0, At(1, std::string(5000, 'x'))}})) ==
        ErrorCode::kOffsetMetadataTooLarge);
}

TEST_CASE("Commits survive a power loss", "[client][consumer][group][durability]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 5);
  auto consumer = world.NewConsumer(Member());
  REQUIRE_OK(consumer->Assign({kT0}));
  REQUIRE_OK(consumer->Commit({{kT0, At(4, "note")}}));
  consumer.reset();
  world.Crash();
  world.Open();
  consumer = world.NewConsumer(Member());
  CHECK(consumer->Committed(kT0).value() == At(4, "note"));
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(PollValues(*consumer) == Strings{"4"});
}

TEST_CASE("Auto commit at its interval and at closing", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 2);
  ConsumerOptions options = Member();
  options.auto_commit = true;
  options.max_poll_records = 1;
  auto consumer = world.NewConsumer(options);
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(PollValues(*consumer) == Strings{"0"});
  CHECK_FALSE(consumer->Committed(kT0).value().has_value());
  world.executor.Advance(5s);
  CHECK(PollValues(*consumer) == Strings{"1"});
  world.executor.RunUntilIdle();
  // The poll that commits is told what the one before delivered, not what it delivers itself.
  CHECK(consumer->Committed(kT0).value()->offset == Offset(1));
  REQUIRE_OK(consumer->Close());
  CHECK(world.admin->ListGroupOffsets("g").value().at(kT0).offset == Offset(2));
}

TEST_CASE("Without auto commit closing commits nothing", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 2);
  auto consumer = world.NewConsumer(Member());
  REQUIRE_OK(consumer->Subscribe({"t"}));
  CHECK(Settle(world, {consumer.get()}).size() == 2);
  REQUIRE_OK(consumer->Close());
  auto next = world.NewConsumer(Member());
  CHECK_FALSE(next->Committed(kT0).value().has_value());
}

TEST_CASE("A committed offset that is gone meets the reset policy", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 5);
  ConsumerOptions options = Member();
  options.offset_reset = GENERATE(OffsetReset::kEarliest, OffsetReset::kNone);
  auto consumer = world.NewConsumer(options);
  REQUIRE_OK(consumer->Commit({{kT0, At(1)}}));
  REQUIRE_OK(world.admin->DeleteRecords({{kT0, Offset(3)}}).at(kT0));
  REQUIRE_OK(consumer->Assign({kT0}));
  const Records records = consumer->Poll(10ms);
  if (options.offset_reset.kind == OffsetReset::Kind::kNone) {
    CHECK(CodeOf(records.status()) == ErrorCode::kOffsetOutOfRange);
  } else {
    CHECK(ValuesOf(records) == Strings{"3", "4"});
  }
}

// --- Subscriptions

TEST_CASE("A subscription makes the topic, and takes partitions added later",
          "[client][consumer][group]") {
  ClientWorld world;
  auto consumer = world.NewConsumer(Member());
  REQUIRE_OK(consumer->Subscribe({"t"}));
  Settle(world, {consumer.get()});
  CHECK(consumer->Subscription() == Strings{"t"});
  CHECK(consumer->Assignment() == Partitions{kT0});
  REQUIRE_OK(world.admin->CreatePartitions("t", 2));
  world.Put("t", "new", 1);
  CHECK(Settle(world, {consumer.get()}) == Strings{"new"});
  CHECK(consumer->Assignment() == Partitions{kT0, kT1});
}

TEST_CASE("A pattern takes in topics that are made later", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("orders-a");
  world.MakeTopic("other");
  auto consumer = world.NewConsumer(Member());
  CHECK(CodeOf(consumer->SubscribePattern("(")) == ErrorCode::kInvalidRegularExpression);
  REQUIRE_OK(consumer->SubscribePattern("orders-.*"));
  Settle(world, {consumer.get()});
  CHECK(consumer->Assignment() == Partitions{{"orders-a", 0}});
  world.MakeTopic("orders-b");
  world.Put("orders-b", "new");
  CHECK(Settle(world, {consumer.get()}) == Strings{"new"});
  CHECK(consumer->Assignment() == Partitions{{"orders-a", 0}, {"orders-b", 0}});
  REQUIRE_OK(world.admin->DeleteTopic("orders-a"));
  Settle(world, {consumer.get()});
  CHECK(consumer->Assignment() == Partitions{{"orders-b", 0}});
}

TEST_CASE("A subscription is replaced, given up, and taken again", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.MakeTopic("u");
  Diary diary;
  auto consumer = world.NewConsumer(Member());
  REQUIRE_OK(consumer->Subscribe({"t"}, &diary));
  Settle(world, {consumer.get()});
  REQUIRE_OK(consumer->Subscribe({"u"}, &diary));
  Settle(world, {consumer.get()});
  CHECK(consumer->Assignment() == Partitions{{"u", 0}});
  CHECK(diary.Take() == Strings{"+t-0", "-t-0", "+u-0"});
  REQUIRE_OK(consumer->Unsubscribe());
  CHECK(diary.Take() == Strings{"-u-0"});
  CHECK(consumer->Assignment().empty());
  CHECK(consumer->Subscription().empty());
  REQUIRE_OK(consumer->Subscribe({"t"}, &diary));
  Settle(world, {consumer.get()});
  CHECK(diary.Take() == Strings{"+t-0"});
}

// --- Handovers

TEST_CASE("Eager members give all up and share anew", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t", 6);
  Diary first_diary;
  Diary second_diary;
  auto first = world.NewConsumer(Member());
  auto second = world.NewConsumer(Member());
  auto third = world.NewConsumer(Member());
  REQUIRE_OK(first->Subscribe({"t"}, &first_diary));
  Settle(world, {first.get()});
  CHECK(first_diary.Take() == Strings{"+t-0 t-1 t-2 t-3 t-4 t-5"});
  REQUIRE_OK(second->Subscribe({"t"}, &second_diary));
  Settle(world, {first.get(), second.get()});
  const Strings lines = first_diary.Take();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "-t-0 t-1 t-2 t-3 t-4 t-5");
  CHECK(first->Assignment().size() == 3);
  CHECK(second->Assignment().size() == 3);
  CHECK(second_diary.Take().size() == 1);
  REQUIRE_OK(third->Subscribe({"t"}));
  Settle(world, {first.get(), second.get(), third.get()});
  for (Consumer* const member : {first.get(), second.get(), third.get()}) {
    CHECK(member->Assignment().size() == 2);
  }
  for (int i = 0; i < 6; ++i)
    world.Put("t", std::to_string(i), i);
  CHECK(Settle(world, {first.get(), second.get(), third.get()}).size() == 6);
}

TEST_CASE("Cooperative members give up only what is taken away", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t", 6);
  Diary first_diary;
  Diary second_diary;
  auto first = world.NewConsumer(Member({"cooperative-sticky"}));
  auto second = world.NewConsumer(Member({"cooperative-sticky"}));
  auto third = world.NewConsumer(Member({"cooperative-sticky"}));
  REQUIRE_OK(first->Subscribe({"t"}, &first_diary));
  Settle(world, {first.get()});
  first_diary.Take();
  REQUIRE_OK(second->Subscribe({"t"}, &second_diary));
  Settle(world, {first.get(), second.get()});
  CHECK(first->Assignment().size() == 3);
  CHECK(second->Assignment().size() == 3);
  int revocations = 0;
  for (const std::string& line : first_diary.Take()) {
    if (line[0] == '-') ++revocations;
    CHECK(line != "-t-0 t-1 t-2 t-3 t-4 t-5");
  }
  CHECK(revocations == 1);
  for (const std::string& line : second_diary.Take())
    CHECK(line[0] == '+');
  REQUIRE_OK(third->Subscribe({"t"}));
  Settle(world, {first.get(), second.get(), third.get()});
  CHECK(third->Assignment().size() == 2);
  CHECK(Shares({first.get(), second.get(), third.get()}) == 6);
}

TEST_CASE("Auto commit hands over what was read while joining", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t", 2);
  for (int i = 0; i < 60; ++i) {
    world.Put("t", std::to_string(i), i % 2);
  }
  ConsumerOptions options = Member({GENERATE("range", "cooperative-sticky")});
  options.auto_commit = true;
  options.auto_commit_interval = 1h;
  options.max_poll_records = 1;
  auto first = world.NewConsumer(options);
  auto second = world.NewConsumer(options);
  REQUIRE_OK(first->Subscribe({"t"}));
  Strings values = Settle(world, {first.get()});
  REQUIRE_OK(second->Subscribe({"t"}));
  for (int i = 0; i < 5; ++i) {
    for (std::string& value : Settle(world, {first.get(), second.get()})) {
      values.push_back(std::move(value));
    }
  }
  CHECK(second->Assignment().size() == 1);
  CHECK(values.size() == 60);
  std::sort(values.begin(), values.end());
  CHECK(std::unique(values.begin(), values.end()) == values.end());
}

TEST_CASE("Closing leaves the group at once", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t", 2);
  Diary diary;
  auto first = world.NewConsumer(Member());
  auto second = world.NewConsumer(Member());
  REQUIRE_OK(first->Subscribe({"t"}));
  REQUIRE_OK(second->Subscribe({"t"}, &diary));
  Settle(world, {first.get(), second.get()});
  REQUIRE(second->Assignment().size() == 1);
  diary.Take();
  if (GENERATE(true, false)) {
    REQUIRE_OK(second->Close());
    CHECK(diary.Take().size() == 1);
  } else {
    second.reset();
  }
  world.executor.RunUntilIdle();
  CHECK(world.admin->DescribeGroup("g").value().members.size() == 1);
  Settle(world, {first.get()});
  CHECK(first->Assignment().size() == 2);
}

TEST_CASE("A member that stops polling hands its partitions over", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t", 2);
  world.Fill("t", 1, 0);
  world.Fill("t", 1, 1);
  ConsumerOptions options = Member();
  options.max_poll_interval = 60s;
  Diary diary;
  auto busy = world.NewConsumer(options);
  auto other = world.NewConsumer(options);
  REQUIRE_OK(busy->Subscribe({"t"}, &diary));
  REQUIRE_OK(other->Subscribe({"t"}));
  Settle(world, {busy.get(), other.get()});
  REQUIRE(other->Assignment().size() == 1);
  diary.Take();
  for (int i = 0; i < 8; ++i)
    Settle(world, {other.get()});
  CHECK(other->Assignment().size() == 2);
  CHECK_FALSE(busy->Commit().ok());  // it has no place any more
  CHECK(busy->Poll(0ns).ok());
  const Strings lines = diary.Take();
  REQUIRE_FALSE(lines.empty());
  CHECK(lines[0][0] == '!');
  Settle(world, {busy.get(), other.get()});
  CHECK(busy->Assignment().size() == 1);
  CHECK(other->Assignment().size() == 1);
}

TEST_CASE("A commit from an older generation is refused", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t", 2);
  auto first = world.NewConsumer(Member());
  auto second = world.NewConsumer(Member());
  REQUIRE_OK(first->Subscribe({"t"}));
  Settle(world, {first.get()});
  REQUIRE_OK(second->Subscribe({"t"}));
  CHECK(PollValues(*second).empty());  // its join begins a rebalance
  world.executor.RunUntilIdle();
  CHECK(first->group_metadata().generation == GenerationId(1));
  for (int i = 0; i < 8; ++i) {
    PollValues(*second);
    world.executor.Advance(1min);  // the first one is thrown out
  }
  const Status refused = first->Commit({{kT0, At(1)}});
  INFO(ToString(refused));
  CHECK_FALSE(refused.ok());
  CHECK_FALSE(second->Committed(kT0).value().has_value());
}

TEST_CASE("EnforceRebalance joins anew", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t");
  auto consumer = world.NewConsumer(Member());
  REQUIRE_OK(consumer->Subscribe({"t"}));
  Settle(world, {consumer.get()});
  const auto before = consumer->group_metadata();
  CHECK(before.group_id == "g");
  CHECK_FALSE(before.member_id.empty());
  consumer->EnforceRebalance();
  Settle(world, {consumer.get()});
  CHECK(consumer->group_metadata().generation > before.generation);
  CHECK(consumer->group_metadata().member_id == before.member_id);
  CHECK(consumer->Assignment() == Partitions{kT0});
}

// --- Static members

TEST_CASE("A static member restarts without a rebalance; its predecessor is fenced",
          "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t", 2);
  ConsumerOptions options = Member();
  options.group_instance_id = "shelf-1";
  Diary diary;
  auto other = world.NewConsumer(Member());
  auto fixed = world.NewConsumer(options);
  REQUIRE_OK(other->Subscribe({"t"}, &diary));
  REQUIRE_OK(fixed->Subscribe({"t"}));
  Settle(world, {other.get(), fixed.get()});
  const Partitions mine = fixed->Assignment();
  REQUIRE(mine.size() == 1);
  const GenerationId generation = fixed->group_metadata().generation;
  CHECK(fixed->group_metadata().group_instance_id == "shelf-1");
  diary.Take();

  const bool closed = GENERATE(true, false);
  if (closed) REQUIRE_OK(fixed->Close());
  auto again = world.NewConsumer(options);
  REQUIRE_OK(again->Subscribe({"t"}));
  Settle(world, {other.get(), again.get()});
  CHECK(again->Assignment() == mine);
  CHECK(again->group_metadata().generation == generation);
  CHECK(diary.Take().empty());
  if (closed) return;
  CHECK(CodeOf(fixed->Poll(10s).status()) == ErrorCode::kFencedInstanceId);
  CHECK(CodeOf(fixed->status()) == ErrorCode::kFencedInstanceId);
  CHECK(CodeOf(fixed->Commit()) == ErrorCode::kFencedInstanceId);
  CHECK_OK(fixed->Close());
  Settle(world, {other.get(), again.get()});
  CHECK(again->Assignment() == mine);
}

// --- Assignors of the user's own

// Gives everything to the member whose id is smallest.
class Greedy final : public Assignor {
 public:
  std::string_view name() const override { return "greedy"; }
  GroupAssignment Assign(const AssignableTopics& topics,
                         std::span<const GroupMember> members) override {
    GroupAssignment assignment;
    for (const GroupMember& member : members)
      assignment[member.member_id];
    for (const auto& [topic, about] : topics) {
      for (int32_t i = 0; i < about.partition_count; ++i) {
        assignment.begin()->second.partitions.push_back({topic, i});
      }
    }
    return assignment;
  }
  void OnAssignment(const MemberAssignment& assignment, GenerationId generation) override {
    last = assignment.partitions.size();
    last_generation = generation;
  }
  size_t last = 99;
  GenerationId last_generation;
};

TEST_CASE("An assignor of the user's own shares out", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t", 4);
  const std::shared_ptr<Greedy> greedy[] = {std::make_shared<Greedy>(), std::make_shared<Greedy>()};
  std::unique_ptr<Consumer> members[2];
  for (int i = 0; i < 2; ++i) {
    ConsumerOptions options = Member({"greedy"});
    options.custom_assignors = {greedy[i]};
    members[i] = world.NewConsumer(options);
    REQUIRE_OK(members[i]->Subscribe({"t"}));
  }
  Settle(world, {members[0].get(), members[1].get()});
  CHECK(members[0]->Assignment().size() + members[1]->Assignment().size() == 4);
  CHECK((members[0]->Assignment().empty() || members[1]->Assignment().empty()));
  for (int i = 0; i < 2; ++i) {
    CHECK(greedy[i]->last == members[i]->Assignment().size());
    CHECK(greedy[i]->last_generation == members[i]->group_metadata().generation);
  }
}

TEST_CASE("Members without a common assignor are refused", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t");
  auto first = world.NewConsumer(Member({"range"}));
  auto second = world.NewConsumer(Member({"roundrobin"}));
  REQUIRE_OK(first->Subscribe({"t"}));
  Settle(world, {first.get()});
  REQUIRE_OK(second->Subscribe({"t"}));
  CHECK(CodeOf(second->Poll(1s).status()) == ErrorCode::kInconsistentGroupProtocol);
}

// --- Listeners

// Commits what is revoked, and seeks in what is assigned.
class Careful final : public RebalanceListener {
 public:
  void OnAssigned(std::span<const TopicPartition> partitions) override {
    for (const TopicPartition& partition : partitions) {
      CHECK_OK(consumer->Seek(partition, Offset(1)));
    }
    CHECK_FALSE(consumer->Poll(std::chrono::nanoseconds(0)).ok());
    CHECK_FALSE(consumer->Unsubscribe().ok());
  }
  void OnRevoked(std::span<const TopicPartition>) override { CHECK_OK(consumer->Commit()); }
  Consumer* consumer = nullptr;
};

TEST_CASE("A listener may commit and seek, but not poll", "[client][consumer][group]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 3);
  auto consumer = world.NewConsumer(Member());
  Careful listener;
  listener.consumer = consumer.get();
  REQUIRE_OK(consumer->Subscribe({"t"}, &listener));
  CHECK(Settle(world, {consumer.get()}) == Strings{"1", "2"});
  REQUIRE_OK(consumer->Close());
  CHECK(world.admin->ListGroupOffsets("g").value().at(kT0).offset == Offset(3));
}

}  // namespace
}  // namespace runnel
