#include "client/assignors/round_robin_assignor.h"

#include "client/assignors/members.h"

namespace runnel::client {

GroupAssignment RoundRobinAssignor::Assign(const AssignableTopics& topics,
                                           std::span<const GroupMember> members) {
  const std::vector<const GroupMember*> ring = InAssignmentOrder(members);
  std::vector<std::set<std::string, JavaLess>> wanted;
  std::set<std::string, JavaLess> all;
  for (const GroupMember* member : ring) {
    wanted.push_back(ExistingTopics(*member, topics));
    all.insert(wanted.back().begin(), wanted.back().end());
  }
  GroupAssignment assignment = EmptyAssignment(members);
  size_t next = 0;
  for (const std::string& topic : all) {
    for (int32_t partition = 0; partition < topics.find(topic)->second.partition_count;
         ++partition) {
      while (!wanted[next].contains(topic))
        next = (next + 1) % ring.size();
      assignment[ring[next]->member_id].partitions.push_back({topic, partition});
      next = (next + 1) % ring.size();
    }
  }
  return assignment;
}

}  // namespace runnel::client
