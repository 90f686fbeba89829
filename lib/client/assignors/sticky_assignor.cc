#include "client/assignors/sticky_assignor.h"

#include <algorithm>

#include "client/assignors/sticky_problem.h"
#include "wire/consumer_protocol.h"

namespace runnel::client {
namespace {

struct Claim {
  std::vector<TopicPartition> partitions = {};
  GenerationId generation = kNoGeneration;
};

// `claim_of` reads what a member says it had.
template <class ClaimOf>
StickyProblem MakeProblem(const AssignableTopics& topics, std::span<const GroupMember> members,
                          ClaimOf claim_of) {
  StickyProblem problem{.topics = topics};
  for (const GroupMember& member : members) {
    Claim claim = claim_of(member);
    const auto& wanted = member.subscription.topics;
    problem.members.push_back({.id = member.member_id,
                               .all_topics = {wanted.begin(), wanted.end()},
                               .topics = ExistingTopics(member, topics),
                               .claimed = std::move(claim.partitions),
                               .generation = std::max(claim.generation, kNoGeneration)});
  }
  std::sort(problem.members.begin(), problem.members.end(),
            [](const auto& a, const auto& b) { return JavaLess()(a.id, b.id); });
  problem.SettleClaims();
  return problem;
}

GroupAssignment ToAssignment(StickySolution solution, std::span<const GroupMember> members) {
  GroupAssignment assignment = EmptyAssignment(members);
  for (auto& [id, partitions] : solution.shares) {
    assignment[id].partitions = std::move(partitions);
  }
  return assignment;
}

// An eager member has given up what it owned; only its user data tells.
Claim RememberedClaim(const GroupMember& member) {
  if (member.subscription.user_data.empty()) return {};
  auto data = wire::DecodeStickyUserData(member.subscription.user_data);
  if (!data.ok()) return {};
  return {.partitions = std::move(data->partitions), .generation = data->generation};
}

// Subscriptions before version 2 carry the generation in the user data.
Claim OwnedClaim(const GroupMember& member) {
  const MemberSubscription& subscription = member.subscription;
  Claim claim{.partitions = subscription.owned_partitions, .generation = subscription.generation};
  if (claim.generation < GenerationId(0)) {
    claim.generation = wire::DecodeGeneration(subscription.user_data);
  }
  return claim;
}

}  // namespace

std::string StickyAssignor::SubscriptionUserData(std::span<const std::string>) {
  if (!has_assignment_) return {};
  return wire::EncodeStickyUserData({.partitions = last_, .generation = generation_});
}

GroupAssignment StickyAssignor::Assign(const AssignableTopics& topics,
                                       std::span<const GroupMember> members) {
  return ToAssignment(Solve(MakeProblem(topics, members, RememberedClaim)), members);
}

void StickyAssignor::OnAssignment(const MemberAssignment& assignment, GenerationId generation) {
  has_assignment_ = true;
  last_ = assignment.partitions;
  generation_ = generation;
}

std::string CooperativeStickyAssignor::SubscriptionUserData(std::span<const std::string>) {
  return wire::EncodeGeneration(generation_);
}

GroupAssignment CooperativeStickyAssignor::Assign(const AssignableTopics& topics,
                                                  std::span<const GroupMember> members) {
  StickySolution solution = Solve(MakeProblem(topics, members, OwnedClaim));
  for (auto& [_, partitions] : solution.shares) {
    std::erase_if(partitions, [&](const TopicPartition& partition) {
      return solution.transferring.contains(partition);
    });
  }
  return ToAssignment(std::move(solution), members);
}

void CooperativeStickyAssignor::OnAssignment(const MemberAssignment&, GenerationId generation) {
  generation_ = generation;
}

}  // namespace runnel::client
