// Gives each member consecutive partitions of each topic.
#pragma once

#include "runnel/assignor.h"

namespace runnel::client {

// Per topic: with P partitions and C members, each member gets P / C in a row and the first P mod
// C one more. Where racks are known and differ between partitions, members first get partitions
// with a replica in their own rack, within the same quotas.
//
// Source: RangeAssignor; KIP-881.
class RangeAssignor final : public Assignor {
 public:
  std::string_view name() const override { return "range"; }
  GroupAssignment Assign(const AssignableTopics& topics,
                         std::span<const GroupMember> members) override;
};

}  // namespace runnel::client
