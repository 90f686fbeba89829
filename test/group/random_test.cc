// Simulated members against one shard: writes that are late or fail, lost answers, silence,
// restarts. Each run comes from one seed.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "group_world.h"

namespace runnel::group {
namespace {

using namespace std::chrono_literals;

constexpr int kPartitions = 6;

// One program that wants to be a member.
struct Client {
  std::string id = {};
  std::optional<std::string> instance = {};
  int32_t generation = -1;
  bool stable = false;
  std::vector<std::string> members = {};  // when leading
  Answer<JoinGroupResponse> join = {};
  Answer<SyncGroupResponse> sync = {};
};

class Simulation {
 public:
  explicit Simulation(unsigned seed) : random_(seed) {
    clients_.resize(1 + Below(5));
    for (size_t i = 0; i < clients_.size(); ++i) {
      if (Below(3) == 0) clients_[i].instance = "i" + std::to_string(i);
    }
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      INFO("step " << step);
      Step();
      Collect();
    }
    Settle();
  }

 private:
  unsigned Below(unsigned n) { return static_cast<unsigned>(random_() % n); }

  void Step() {
    Client& client = clients_[Below(static_cast<unsigned>(clients_.size()))];
    switch (Below(24)) {
      case 0:
        return world_.Advance(std::chrono::milliseconds(Below(15000)));
      case 1:
        world_.hold_writes = Below(2) == 0;
        return;
      case 2:
        if (Below(4) == 0) Restart();
        return;
      case 3:
        return Forget(client);
      case 4:
        if (!client.id.empty() && Below(3) == 0) {
          world_.Leave({{.member_id = client.id, .group_instance_id = client.instance}});
          Forget(client);
        }
        return;
      case 5:
      case 6:
      case 7:
        if (!world_.HasHeldWrite()) return;
        return world_.Release(Below(6) == 0 ? Error(ErrorCode::kNotEnoughReplicas, "no")
                                            : OkStatus());
      case 8:
      case 9:
        return Commit(client);
      default:
        return Act(client);
    }
  }

  // What a well-behaved client does next.
  void Act(Client& client) {
    if (client.join || client.sync) return;
    if (client.generation < 0) {
      JoinGroupRequest request = JoinRequest(client.id);
      request.group_instance_id = client.instance;
      client.join = world_.Join(request);
      return;
    }
    if (!client.stable) {
      SyncGroupRequest request = SyncRequest(client.id, client.generation, Shares(client));
      request.group_instance_id = client.instance;
      client.sync = world_.Sync(request);
      return;
    }
    React(client, world_.Heartbeat(client.id, client.generation, client.instance));
  }

  // The leader deals out the partitions.
  std::vector<SyncGroupRequestAssignment> Shares(const Client& client) {
    std::vector<SyncGroupRequestAssignment> shares;
    for (const std::string& member : client.members)
      shares.push_back({.member_id = member});
    for (int i = 0; i < kPartitions && !shares.empty(); ++i) {
      shares[Below(static_cast<unsigned>(shares.size()))].assignment.push_back(
          static_cast<char>('0' + i));
    }
    return shares;
  }

  void React(Client& client, ErrorCode code) {
    if (code == ErrorCode::kNone) return;
    client.generation = -1;
    client.stable = false;
    if (code == ErrorCode::kUnknownMemberId || code == ErrorCode::kFencedInstanceId) {
      client.id.clear();
    }
  }

  void Forget(Client& client) {
    abandoned_joins_.push_back(client.join);
    abandoned_syncs_.push_back(client.sync);
    const auto instance = client.instance;
    client = Client();
    client.instance = instance;
  }

  void Collect() {
    for (Client& client : clients_) {
      if (client.join && client.join->has_value()) TakeJoin(client);
      if (client.sync && client.sync->has_value()) TakeSync(client);
    }
  }

  void TakeJoin(Client& client) {
    const JoinGroupResponse answer = **client.join;
    client.join.reset();
    if (answer.error_code == ErrorCode::kMemberIdRequired) {
      client.id = answer.member_id;
      return;
    }
    if (answer.error_code != ErrorCode::kNone) return React(client, answer.error_code);
    client.id = answer.member_id;
    client.generation = answer.generation_id.value();
    client.members.clear();
    if (answer.leader == client.id && !answer.skip_assignment) {
      REQUIRE_FALSE(answer.members.empty());
      leaders_[client.generation].insert(client.id);
      for (const auto& member : answer.members)
        client.members.push_back(member.member_id);
    }
    // The answer to a returning static member waits for a write; the group may have gone on.
    REQUIRE((client.instance || client.generation >= newest_generation_));
    newest_generation_ = std::max(newest_generation_, client.generation);
  }

  // One owner per partition and generation.
  void TakeSync(Client& client) {
    const SyncGroupResponse answer = **client.sync;
    client.sync.reset();
    if (answer.error_code != ErrorCode::kNone) return React(client, answer.error_code);
    client.stable = true;
    for (const char partition : answer.assignment) {
      auto& owner = owners_[{client.generation, partition}];
      const bool taken_over = client.instance && owner == *client.instance;
      const std::string name = client.instance.value_or(client.id);
      REQUIRE((owner.empty() || owner == name || taken_over));
      owner = name;
    }
  }

  void Commit(Client& client) {
    if (!client.stable) return;
    const int64_t offset = next_offset_++;
    OffsetCommitRequest request{.group_id = "g",
                                .generation_id = GenerationId(client.generation),
                                .member_id = client.id,
                                .group_instance_id = client.instance,
                                .topics = World::OneOffset("t", offset)};
    // While a rebalance gathers members, those of the last generation may still commit.
    const ErrorCode code = world_.Heartbeat(client.id, client.generation, client.instance);
    const bool current = code == ErrorCode::kNone || code == ErrorCode::kRebalanceInProgress;
    commits_.push_back({offset, world_.Commit(request)});
    const auto& answer = commits_.back().second;
    if (answer->has_value() && (**answer).topics[0].partitions[0].error_code == ErrorCode::kNone) {
      REQUIRE(current);  // nobody commits with an old generation
    }
  }

  void Restart() {
    world_.hold_writes = false;
    world_.Restart(Below(2) == 0 ? World::From::kLog : World::From::kStore);
    for (Client& client : clients_) {  // connections break
      client.join.reset();
      client.sync.reset();
    }
    abandoned_joins_.clear();
    abandoned_syncs_.clear();
    commits_.erase(std::remove_if(commits_.begin(), commits_.end(),
                                  [](const auto& commit) { return !commit.second->has_value(); }),
                   commits_.end());
    owners_.clear();  // a generation that was not stored may be counted again
    newest_generation_ = 0;
  }

  // In the end everything is answered, and the last acknowledged commit is the one that counts.
  void Settle() {
    world_.hold_writes = false;
    while (world_.HasHeldWrite())
      world_.Release();
    world_.Advance(3min);
    while (world_.HasHeldWrite())
      world_.Release();
    const auto answered = [](const auto& answer) { return !answer || answer->has_value(); };
    for (const Client& client : clients_) {
      CHECK(answered(client.join));
      CHECK(answered(client.sync));
    }
    for (const auto& answer : abandoned_joins_)
      CHECK(answered(answer));
    for (const auto& answer : abandoned_syncs_)
      CHECK(answered(answer));
    int64_t last = -1;
    for (const auto& [offset, answer] : commits_) {
      REQUIRE(answer->has_value());
      if ((**answer).topics[0].partitions[0].error_code == ErrorCode::kNone) {
        last = std::max(last, offset);
      }
    }
    CHECK(world_.Committed("g") == last);
    CHECK(world_.State() != "Stable");  // nobody sent heartbeats
    for (const auto& [generation, leaders] : leaders_)
      CHECK(leaders.size() >= 1);
  }

  std::mt19937 random_;
  World world_;
  std::vector<Client> clients_;
  std::vector<Answer<JoinGroupResponse>> abandoned_joins_;
  std::vector<Answer<SyncGroupResponse>> abandoned_syncs_;
  std::vector<std::pair<int64_t, Answer<OffsetCommitResponse>>> commits_;
  int64_t next_offset_ = 0;
  int32_t newest_generation_ = 0;
  std::map<std::pair<int32_t, char>, std::string> owners_;
  std::map<int32_t, std::set<std::string>> leaders_;
};

}  // namespace

TEST_CASE("Members that come, go, fail and return keep the group's promises", "[group][random]") {
  // RUNNEL_SEED repeats one seed, RUNNEL_SEED_COUNT tries more of them.
  const auto setting = [](const char* name, unsigned otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : static_cast<unsigned>(std::atol(text));
  };
  const unsigned first = setting("RUNNEL_SEED", 1);
  const bool repeat = std::getenv("RUNNEL_SEED") != nullptr;
  const unsigned last = first + setting("RUNNEL_SEED_COUNT", repeat ? 1 : 300) - 1;
  for (unsigned seed = first; seed <= last; ++seed) {
    INFO("seed " << seed << " (RUNNEL_SEED repeats it)");
    Simulation(seed).Run(400);
  }
}

}  // namespace runnel::group
