// What the built-in assignors share: orders of members and topics.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/assignor.h"

namespace runnel::client {

// Compares UTF-8 text as Java compares strings: by UTF-16 units. Differs from comparing bytes only
// above U+FFFF.
struct JavaLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};

// Static members first, by instance id, then dynamic ones by member id.
std::vector<const GroupMember*> InAssignmentOrder(std::span<const GroupMember> members);

// The topics of a member that exist, without doubles.
std::set<std::string, JavaLess> ExistingTopics(const GroupMember& member,
                                               const AssignableTopics& topics);

// An entry without partitions for every member.
GroupAssignment EmptyAssignment(std::span<const GroupMember> members);

}  // namespace runnel::client
