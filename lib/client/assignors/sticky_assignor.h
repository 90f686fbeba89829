// Evens out partitions and leaves as many as possible where they are.
#pragma once

#include "runnel/assignor.h"

namespace runnel::client {

// Counts per member differ by at most one where all subscribe to the same topics, and are as even
// as subscriptions allow otherwise. Racks are not looked at.
//
// Eager: members give up everything before they join and remember it in the user data of their
// subscription.
//
// Source: StickyAssignor; KIP-54.
class StickyAssignor final : public Assignor {
 public:
  std::string_view name() const override { return "sticky"; }
  std::string SubscriptionUserData(std::span<const std::string> topics) override;
  GroupAssignment Assign(const AssignableTopics& topics,
                         std::span<const GroupMember> members) override;
  void OnAssignment(const MemberAssignment& assignment, GenerationId generation) override;

 private:
  bool has_assignment_ = false;
  std::vector<TopicPartition> last_;
  GenerationId generation_ = kNoGeneration;
};

// The same shares, but members keep what they own while they join. A partition that changes hands
// is left out of one rebalance and given away in the next, once its owner has let go of it.
//
// Source: CooperativeStickyAssignor; KIP-429.
class CooperativeStickyAssignor final : public Assignor {
 public:
  std::string_view name() const override { return "cooperative-sticky"; }
  std::vector<RebalanceProtocol> supported_protocols() const override {
    return {RebalanceProtocol::kCooperative, RebalanceProtocol::kEager};
  }
  std::string SubscriptionUserData(std::span<const std::string> topics) override;
  GroupAssignment Assign(const AssignableTopics& topics,
                         std::span<const GroupMember> members) override;
  void OnAssignment(const MemberAssignment& assignment, GenerationId generation) override;

 private:
  GenerationId generation_ = kNoGeneration;
};

}  // namespace runnel::client
