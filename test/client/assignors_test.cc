// Expected shares are those of Kafka 4.3.1's own classes where a test says so.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <sstream>

#include "client/assignors/members.h"
#include "runnel/assignor.h"

namespace runnel {
namespace {

AssignableTopics Topics(std::initializer_list<std::pair<const char*, int32_t>> counts) {
  AssignableTopics topics;
  for (const auto& [name, count] : counts)
    topics[name].partition_count = count;
  return topics;
}

GroupMember Member(std::string id, std::vector<std::string> topics) {
  return {.member_id = std::move(id), .subscription = {.topics = std::move(topics)}};
}

GroupMember Owner(std::string id, std::vector<std::string> topics,
                  std::vector<TopicPartition> owned, int32_t generation) {
  GroupMember member = Member(std::move(id), std::move(topics));
  member.subscription.owned_partitions = std::move(owned);
  member.subscription.generation = GenerationId(generation);
  return member;
}

// "C0=t0-0,t0-1; C1=t0-2;" with the partitions of each member sorted.
std::string Text(const GroupAssignment& assignment) {
  std::ostringstream out;
  for (const auto& [id, share] : assignment) {
    out << (out.tellp() > 0 ? " " : "") << id << '=';
    std::vector<TopicPartition> sorted = share.partitions;
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < sorted.size(); ++i)
      out << (i > 0 ? "," : "") << sorted[i];
    out << ';';
  }
  return out.str();
}

std::string Assign(std::string_view name, const AssignableTopics& topics,
                   const std::vector<GroupMember>& members) {
  return Text(MakeAssignor(name)->Assign(topics, members));
}

std::vector<TopicPartition> Range(const std::string& topic, int32_t first, int32_t last) {
  std::vector<TopicPartition> partitions;
  for (int32_t i = first; i <= last; ++i)
    partitions.push_back({topic, i});
  return partitions;
}

}  // namespace

TEST_CASE("Two members share two topics as in Kafka", "[client][assignor]") {
  const auto topics = Topics({{"t0", 3}, {"t1", 3}});
  const std::vector<GroupMember> members = {Member("C0", {"t0", "t1"}), Member("C1", {"t0", "t1"})};
  const char* in_turn = "C0=t0-0,t0-2,t1-1; C1=t0-1,t1-0,t1-2;";
  CHECK(Assign("range", topics, members) == "C0=t0-0,t0-1,t1-0,t1-1; C1=t0-2,t1-2;");
  CHECK(Assign("roundrobin", topics, members) == in_turn);
  CHECK(Assign("sticky", topics, members) == in_turn);
  CHECK(Assign("cooperative-sticky", topics, members) == in_turn);
}

TEST_CASE("Three members share seven partitions as in Kafka", "[client][assignor]") {
  const auto topics = Topics({{"t0", 7}});
  const std::vector<GroupMember> members = {Member("C0", {"t0"}), Member("C1", {"t0"}),
                                            Member("C2", {"t0"})};
  CHECK(Assign("range", topics, members) == "C0=t0-0,t0-1,t0-2; C1=t0-3,t0-4; C2=t0-5,t0-6;");
  CHECK(Assign("sticky", topics, members) == "C0=t0-0,t0-3,t0-6; C1=t0-1,t0-4; C2=t0-2,t0-5;");
}

TEST_CASE("Different subscriptions are shared as in Kafka", "[client][assignor]") {
  const auto topics = Topics({{"t0", 1}, {"t1", 2}, {"t2", 3}});
  const std::vector<GroupMember> members = {Member("C0", {"t0"}), Member("C1", {"t0", "t1"}),
                                            Member("C2", {"t0", "t1", "t2"})};
  CHECK(Assign("range", topics, members) == "C0=t0-0; C1=t1-0; C2=t1-1,t2-0,t2-1,t2-2;");
  CHECK(Assign("roundrobin", topics, members) == "C0=t0-0; C1=t1-0; C2=t1-1,t2-0,t2-1,t2-2;");
  CHECK(Assign("sticky", topics, members) == "C0=t0-0; C1=t1-0,t1-1; C2=t2-0,t2-1,t2-2;");
}

TEST_CASE("A third member gets its share in two cooperative rebalances, as in Kafka",
          "[client][assignor]") {
  const auto topics = Topics({{"t0", 7}});
  CHECK(Assign("cooperative-sticky", topics,
               {Owner("C0", {"t0"}, Range("t0", 0, 3), 1),
                Owner("C1", {"t0"}, Range("t0", 4, 6), 1), Member("C2", {"t0"})}) ==
        "C0=t0-0,t0-1,t0-2; C1=t0-4,t0-5; C2=;");
  CHECK(Assign("cooperative-sticky", topics,
               {Owner("C0", {"t0"}, Range("t0", 0, 2), 2),
                Owner("C1", {"t0"}, Range("t0", 4, 5), 2), Owner("C2", {"t0"}, {}, 2)}) ==
        "C0=t0-0,t0-1,t0-2; C1=t0-4,t0-5; C2=t0-3,t0-6;");
}

TEST_CASE("The claim of the newest generation wins, as in Kafka", "[client][assignor]") {
  CHECK(
      Assign("cooperative-sticky", Topics({{"t0", 7}}),
             {Owner("C0", {"t0"}, Range("t0", 0, 2), 1), Owner("C1", {"t0"}, Range("t0", 2, 4), 2),
              Owner("C2", {"t0"}, Range("t0", 5, 6), 2)}) ==
      "C0=t0-0,t0-1; C1=t0-2,t0-3,t0-4; C2=t0-5,t0-6;");
}

TEST_CASE("Static members come first, by instance id, as in Kafka", "[client][assignor]") {
  std::vector<GroupMember> members = {Member("A", {"t0"}), Member("Y", {"t0"}),
                                      Member("Z", {"t0"})};
  members[1].group_instance_id = "i2";
  members[2].group_instance_id = "i1";
  const auto topics = Topics({{"t0", 7}});
  CHECK(Assign("range", topics, members) == "A=t0-5,t0-6; Y=t0-3,t0-4; Z=t0-0,t0-1,t0-2;");
  CHECK(Assign("roundrobin", topics, members) == "A=t0-2,t0-5; Y=t0-1,t0-4; Z=t0-0,t0-3,t0-6;");
}

TEST_CASE("Range prefers partitions with a replica in the member's rack", "[client][assignor]") {
  AssignableTopics topics = Topics({{"t", 3}});
  topics["t"].replica_racks = {{"b"}, {"a"}, {"c"}};
  std::vector<GroupMember> members = {Member("A", {"t"}), Member("B", {"t"}), Member("C", {"t"})};
  members[0].subscription.rack = "a";
  members[1].subscription.rack = "b";
  members[2].subscription.rack = "c";
  CHECK(Assign("range", topics, members) == "A=t-1; B=t-0; C=t-2;");

  SECTION("but not when all partitions are in all racks") {
    topics["t"].replica_racks = {{"a", "b", "c"}, {"a", "b", "c"}, {"a", "b", "c"}};
    CHECK(Assign("range", topics, members) == "A=t-0; B=t-1; C=t-2;");
  }
  SECTION("and keeps equal numbers of like topics together") {
    topics["u"] = topics["t"];
    for (GroupMember& member : members)
      member.subscription.topics = {"t", "u"};
    CHECK(Assign("range", topics, members) == "A=t-1,u-1; B=t-0,u-0; C=t-2,u-2;");
  }
  SECTION("and fills up with the rest") {
    topics["t"].replica_racks = {{"a"}, {"a"}, {"a"}};
    topics["u"].partition_count = 1;
    topics["u"].replica_racks = {{"b"}};
    const auto text = Assign("range", topics, members);
    CHECK(text == "A=t-0; B=t-1; C=t-2;");
  }
}

TEST_CASE("Assignors cope with nothing to share and nobody to share it", "[client][assignor]") {
  for (const char* name : {"range", "roundrobin", "sticky", "cooperative-sticky"}) {
    INFO(name);
    CHECK(Assign(name, Topics({{"t", 2}}), {}).empty());
    CHECK(Assign(name, {}, {Member("A", {"gone"})}) == "A=;");
    CHECK(Assign(name, Topics({{"t", 2}}), {Member("A", {})}) == "A=;");
    CHECK(Assign(name, Topics({{"t", 0}}), {Member("A", {"t"})}) == "A=;");
    CHECK(Assign(name, Topics({{"t", 1}}), {Member("A", {"t", "t"}), Member("B", {"t"})}) ==
          "A=t-0; B=;");
  }
  CHECK(MakeAssignor("other") == nullptr);
}

TEST_CASE("The eager sticky assignor remembers through its user data", "[client][assignor]") {
  const auto topics = Topics({{"t", 4}});
  auto first = MakeAssignor("sticky");
  auto second = MakeAssignor("sticky");
  CHECK(first->SubscriptionUserData({}).empty());
  first->OnAssignment({.partitions = {{"t", 1}, {"t", 3}}}, GenerationId(5));
  second->OnAssignment({.partitions = {{"t", 0}, {"t", 2}}}, GenerationId(5));
  std::vector<GroupMember> members = {Member("A", {"t"}), Member("B", {"t"})};
  members[0].subscription.user_data = first->SubscriptionUserData({});
  members[1].subscription.user_data = second->SubscriptionUserData({});
  CHECK(Text(first->Assign(topics, members)) == "A=t-1,t-3; B=t-0,t-2;");
  members[1].subscription.user_data = "rubbish";
  CHECK(Text(first->Assign(topics, members)) == "A=t-1,t-3; B=t-0,t-2;");
}

TEST_CASE("Names compare as in Java", "[client][assignor]") {
  const client::JavaLess less;
  CHECK(less("a", "b"));
  CHECK(less("a", "ab"));
  CHECK_FALSE(less("a", "a"));
  CHECK(less("\U0001F600", "\uFFFD"));  // a surrogate sorts below U+FFFD
  CHECK(less("\u4E2D", "\U0001F600"));
}

namespace {

struct World {
  AssignableTopics topics;
  std::vector<GroupMember> members;
};

World RandomWorld(std::mt19937& random, bool same_subscriptions) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  World world;
  const int topic_count = 1 + below(5);
  for (int i = 0; i < topic_count; ++i) {
    world.topics["t" + std::to_string(i)].partition_count = below(9);
  }
  const int member_count = 1 + below(8);
  for (int i = 0; i < member_count; ++i) {
    std::vector<std::string> wanted;
    for (const auto& [name, _] : world.topics) {
      if (same_subscriptions || below(3) > 0) wanted.push_back(name);
    }
    world.members.push_back(Member("m" + std::to_string(i), wanted));
  }
  return world;
}

bool Wants(const GroupMember& member, const std::string& topic) {
  const auto& topics = member.subscription.topics;
  return std::find(topics.begin(), topics.end(), topic) != topics.end();
}

// Each partition once, to a member that wants it; none left out that somebody wants, unless
// `may_hold_back`.
void CheckValid(const World& world, const GroupAssignment& assignment, bool may_hold_back) {
  REQUIRE(assignment.size() == world.members.size());
  std::set<TopicPartition> given;
  for (const GroupMember& member : world.members) {
    for (const TopicPartition& partition : assignment.at(member.member_id).partitions) {
      REQUIRE(given.insert(partition).second);
      REQUIRE(Wants(member, partition.topic));
      REQUIRE(partition.partition < world.topics.at(partition.topic).partition_count);
    }
  }
  if (may_hold_back) return;
  for (const auto& [name, topic] : world.topics) {
    const bool wanted = std::any_of(world.members.begin(), world.members.end(),
                                    [&](const auto& member) { return Wants(member, name); });
    for (int32_t i = 0; wanted && i < topic.partition_count; ++i) {
      REQUIRE(given.contains({name, i}));
    }
  }
}

void Remember(World& world, const GroupAssignment& assignment, int32_t generation) {
  for (GroupMember& member : world.members) {
    member.subscription.owned_partitions = assignment.at(member.member_id).partitions;
    member.subscription.generation = GenerationId(generation);
  }
}

}  // namespace

TEST_CASE("Every partition goes to one member that wants it", "[client][assignor][random]") {
  const unsigned seed = 20240601;
  std::mt19937 random(seed);
  for (int round = 0; round < 400; ++round) {
    INFO("seed " << seed << " round " << round);
    const World world = RandomWorld(random, round % 2 == 0);
    for (const char* name : {"range", "roundrobin", "sticky", "cooperative-sticky"}) {
      CheckValid(world, MakeAssignor(name)->Assign(world.topics, world.members), false);
    }
  }
}

TEST_CASE("Sticky shares stay even and settle while members come and go",
          "[client][assignor][random]") {
  const unsigned seed = 20240602;
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    INFO("seed " << seed << " round " << round);
    const bool same = round % 3 != 0;
    World world = RandomWorld(random, same);
    auto assignor = MakeAssignor("cooperative-sticky");
    int32_t generation = 0;
    for (int step = 0; step < 6; ++step) {
      GroupAssignment shares;
      for (int rebalance = 0; rebalance < 2; ++rebalance) {
        const World before = world;
        shares = assignor->Assign(world.topics, world.members);
        CheckValid(world, shares, rebalance == 0);
        for (const GroupMember& member : before.members) {  // nothing changes hands while held
          for (const TopicPartition& partition : shares.at(member.member_id).partitions) {
            for (const GroupMember& other : before.members) {
              const auto& held = other.subscription.owned_partitions;
              const bool holds = std::find(held.begin(), held.end(), partition) != held.end();
              REQUIRE((!holds || other.member_id == member.member_id ||
                       !Wants(other, partition.topic)));
            }
          }
        }
        Remember(world, shares, ++generation);
      }
      // A further rebalance without cause moves nothing.
      REQUIRE(Text(assignor->Assign(world.topics, world.members)) == Text(shares));
      if (same) {
        size_t least = SIZE_MAX;
        size_t most = 0;
        for (const auto& [_, share] : shares) {
          least = std::min(least, share.partitions.size());
          most = std::max(most, share.partitions.size());
        }
        REQUIRE(most - least <= 1);
      }
      if (random() % 2 == 0 && world.members.size() > 1) {
        world.members.erase(world.members.begin() +
                            static_cast<int>(random() % world.members.size()));
      } else {
        world.members.push_back(
            Member("n" + std::to_string(step), world.members[0].subscription.topics));
      }
    }
  }
}

TEST_CASE("A member that leaves costs only what it had", "[client][assignor]") {
  World world{.topics = Topics({{"t", 12}}),
              .members = {Member("A", {"t"}), Member("B", {"t"}), Member("C", {"t"})}};
  auto assignor = MakeAssignor("cooperative-sticky");
  const auto before = assignor->Assign(world.topics, world.members);
  Remember(world, before, 1);
  world.members.pop_back();
  const auto after = assignor->Assign(world.topics, world.members);
  for (const char* id : {"A", "B"}) {
    for (const TopicPartition& kept : before.at(id).partitions) {
      const auto& now = after.at(id).partitions;
      CHECK(std::find(now.begin(), now.end(), kept) != now.end());
    }
    CHECK(after.at(id).partitions.size() == 6);
  }
}

}  // namespace runnel
