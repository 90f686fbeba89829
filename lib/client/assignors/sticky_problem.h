// The sticky assignment as a problem with an answer, for both sticky assignors.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "client/assignors/members.h"
#include "runnel/assignor.h"

namespace runnel::client {

// What one member wants and had.
struct StickyMember {
  std::string id = {};
  std::set<std::string, JavaLess> all_topics = {};  // also those that do not exist
  std::set<std::string, JavaLess> topics = {};      // those that exist
  std::vector<TopicPartition> claimed = {};         // as the member says
  GenerationId generation = kNoGeneration;
  std::set<TopicPartition> owned = {};  // claims that nobody disputes better
};

using Shares = std::map<std::string, std::vector<TopicPartition>, JavaLess>;  // by member id

struct StickyProblem {
  const AssignableTopics& topics;
  std::vector<StickyMember> members = {};  // by id
  // Claimed by several members of one generation: nobody keeps these.
  std::set<TopicPartition> disputed = {};
  bool same_subscriptions = true;

  // Fills `owned` and `disputed` from the claims. Call first.
  void SettleClaims();
  // Partitions of all topics somebody subscribes to.
  std::vector<TopicPartition> AllPartitions() const;
};

struct StickySolution {
  Shares shares = {};
  // Partitions that somebody else may still hold.
  std::set<TopicPartition> transferring = {};
};

// For equal subscriptions: quotas, filled with what each member has.
StickySolution SolveConstrained(const StickyProblem& problem);
// For any subscriptions: moves partitions until it is as even as it gets.
StickySolution SolveGeneral(const StickyProblem& problem);
// Chooses between the two.
StickySolution Solve(const StickyProblem& problem);

}  // namespace runnel::client
