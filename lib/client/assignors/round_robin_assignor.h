// Deals out partitions like cards.
#pragma once

#include "runnel/assignor.h"

namespace runnel::client {

// All partitions in the order of topic and number go to the members in turn; a member that does
// not subscribe to the topic is passed over.
//
// Source: RoundRobinAssignor.
class RoundRobinAssignor final : public Assignor {
 public:
  std::string_view name() const override { return "roundrobin"; }
  GroupAssignment Assign(const AssignableTopics& topics,
                         std::span<const GroupMember> members) override;
};

}  // namespace runnel::client
