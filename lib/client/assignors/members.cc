#include "client/assignors/members.h"

#include <algorithm>

namespace runnel::client {

// Lead bytes of four-byte sequences (U+10000 and above) are surrogates in UTF-16, which sort
// below U+E000, whose lead byte is 0xee.
bool JavaLess::operator()(std::string_view a, std::string_view b) const {
  const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at_b == b.end()) return false;
  if (at_a == a.end()) return true;
  const auto rank = [](char c) {
    const int byte = static_cast<unsigned char>(c);
    return byte >= 0xf0 ? byte - 0xf0 + 0xee : byte >= 0xee ? byte + 0x10 : byte;
  };
  return rank(*at_a) < rank(*at_b);
}

std::vector<const GroupMember*> InAssignmentOrder(std::span<const GroupMember> members) {
  std::vector<const GroupMember*> ordered;
  for (const GroupMember& member : members)
    ordered.push_back(&member);
  std::sort(ordered.begin(), ordered.end(), [](const GroupMember* a, const GroupMember* b) {
    const JavaLess less;
    if (a->group_instance_id && b->group_instance_id) {
      return less(*a->group_instance_id, *b->group_instance_id);
    }
    if (a->group_instance_id || b->group_instance_id) return a->group_instance_id.has_value();
    return less(a->member_id, b->member_id);
  });
  return ordered;
}

std::set<std::string, JavaLess> ExistingTopics(const GroupMember& member,
                                               const AssignableTopics& topics) {
  std::set<std::string, JavaLess> existing;
  for (const std::string& topic : member.subscription.topics) {
    if (topics.contains(topic)) existing.insert(topic);
  }
  return existing;
}

GroupAssignment EmptyAssignment(std::span<const GroupMember> members) {
  GroupAssignment assignment;
  for (const GroupMember& member : members)
    assignment[member.member_id];
  return assignment;
}

}  // namespace runnel::client
