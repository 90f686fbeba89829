#include "group/classic_group.h"

#include <algorithm>

#include "base/check.h"

namespace runnel::group {

std::string_view NameOf(GroupState state) {
  switch (state) {
    case GroupState::kEmpty:
      return "Empty";
    case GroupState::kPreparingRebalance:
      return "PreparingRebalance";
    case GroupState::kCompletingRebalance:
      return "CompletingRebalance";
    case GroupState::kStable:
      return "Stable";
    case GroupState::kDead:
      break;
  }
  return "Dead";
}

const std::string& Member::Metadata(std::string_view protocol) const {
  static const std::string kNone;
  for (const JoinGroupProtocol& candidate : protocols) {
    if (candidate.name == protocol) return candidate.metadata;
  }
  return kNone;
}

void ClassicGroup::TransitionTo(GroupState next, Timestamp now) {
  previous_state = state;
  state = next;
  state_since = now;
}

Member* ClassicGroup::Find(std::string_view member_id) {
  const auto found = members.find(member_id);
  return found == members.end() ? nullptr : found->second.get();
}

std::chrono::milliseconds ClassicGroup::RebalanceTimeout() const {
  std::chrono::milliseconds longest{0};
  for (const auto& [_, member] : members)
    longest = std::max(longest, member->rebalance_timeout);
  return longest;
}

size_t ClassicGroup::AwaitingJoinCount() const {
  return static_cast<size_t>(std::count_if(members.begin(), members.end(), [](const auto& entry) {
    return bool{entry.second->awaiting_join};
  }));
}

bool ClassicGroup::AllJoined() const {
  return AwaitingJoinCount() == members.size() && pending.empty();
}

Member& ClassicGroup::Add(std::unique_ptr<Member> member) {
  Member& added = *member;
  added.join_sequence = next_join_sequence++;
  if (!leader) leader = added.id;
  if (added.instance_id) static_members.insert_or_assign(*added.instance_id, added.id);
  members.insert_or_assign(added.id, std::move(member));
  return added;
}

void ClassicGroup::Remove(std::string_view member_id) {
  const auto found = members.find(member_id);
  RUNNEL_CHECK(found != members.end());
  const std::string id = found->first;
  if (const auto& instance = found->second->instance_id) {
    const auto entry = static_members.find(*instance);
    if (entry != static_members.end() && entry->second == id) static_members.erase(entry);
  }
  members.erase(found);
  pending_sync.erase(id);
  if (leader != id) return;
  leader.reset();
  const Member* oldest = nullptr;
  for (const auto& [_, member] : members) {
    if (oldest == nullptr || member->join_sequence < oldest->join_sequence) oldest = member.get();
  }
  if (oldest != nullptr) leader = oldest->id;
}

Member& ClassicGroup::Replace(std::string_view old_id, const std::string& new_id) {
  auto node = members.extract(members.find(old_id));
  RUNNEL_CHECK(!node.empty());
  std::unique_ptr<Member> member = std::move(node.mapped());
  if (leader == member->id) leader = new_id;
  if (pending_sync.erase(member->id) > 0) pending_sync.insert(new_id);
  member->id = new_id;
  if (member->instance_id) static_members.insert_or_assign(*member->instance_id, new_id);
  Member& replaced = *member;
  members.insert_or_assign(new_id, std::move(member));
  return replaced;
}

bool ClassicGroup::ElectJoinedLeader() {
  const Member* best = leader ? Find(*leader) : nullptr;
  if (best != nullptr && best->awaiting_join) return true;
  best = nullptr;
  for (const auto& [_, member] : members) {
    if (!member->awaiting_join) continue;
    if (best == nullptr || member->join_sequence < best->join_sequence) best = member.get();
  }
  if (best == nullptr) return false;
  leader = best->id;
  return true;
}

bool ClassicGroup::SupportsProtocols(const std::string& type,
                                     const std::vector<JoinGroupProtocol>& protocols) const {
  if (type.empty() || protocols.empty()) return false;
  if (members.empty()) return true;
  if (type != protocol_type) return false;
  const auto known_to_all = [&](const JoinGroupProtocol& protocol) {
    return std::all_of(members.begin(), members.end(), [&](const auto& entry) {
      const auto& theirs = entry.second->protocols;
      return std::any_of(theirs.begin(), theirs.end(),
                         [&](const auto& other) { return other.name == protocol.name; });
    });
  };
  return std::any_of(protocols.begin(), protocols.end(), known_to_all);
}

std::string ClassicGroup::SelectProtocol() const {
  RUNNEL_CHECK(!members.empty());
  base::StringMap<size_t> supporters;
  for (const auto& [_, member] : members) {
    for (const JoinGroupProtocol& protocol : member->protocols)
      ++supporters[protocol.name];
  }
  base::StringMap<size_t> votes;
  for (const auto& [_, member] : members) {
    for (const JoinGroupProtocol& protocol : member->protocols) {
      if (supporters[protocol.name] < members.size()) continue;
      ++votes[protocol.name];
      break;
    }
  }
  const auto chief = leader ? members.find(*leader) : members.begin();
  const Member& judge = chief == members.end() ? *members.begin()->second : *chief->second;
  std::string best;
  size_t best_votes = 0;
  for (const JoinGroupProtocol& protocol : judge.protocols) {
    const auto found = votes.find(protocol.name);
    if (found == votes.end() || found->second <= best_votes) continue;
    best = protocol.name;
    best_votes = found->second;
  }
  return best;
}

std::optional<std::set<std::string, std::less<>>> ClassicGroup::Subscribed() const {
  if (protocol_type != "consumer" || !protocol) return std::nullopt;
  std::set<std::string, std::less<>> topics;
  for (const auto& [_, member] : members) {
    for (std::string& topic : SubscribedTopics(member->Metadata(*protocol))) {
      topics.insert(std::move(topic));
    }
  }
  return topics;
}

std::vector<JoinGroupResponseMember> ClassicGroup::JoinMembers() const {
  std::vector<JoinGroupResponseMember> result;
  result.reserve(members.size());
  for (const auto& [id, member] : members) {
    result.push_back({.member_id = id,
                      .group_instance_id = member->instance_id,
                      .metadata = member->Metadata(protocol.value_or(""))});
  }
  return result;
}

GroupMetadataValue ClassicGroup::ToRecord(const base::StringMap<std::string>* assignments) const {
  GroupMetadataValue value{.protocol_type = protocol_type,
                           .generation = generation,
                           .protocol = protocol,
                           .leader = leader,
                           .current_state_timestamp = state_since.time_since_epoch().count()};
  for (const auto& [id, member] : members) {
    MemberMetadata& out = value.members.emplace_back();
    out.member_id = id;
    out.group_instance_id = member->instance_id;
    out.client_id = member->client_id;
    out.client_host = member->client_host;
    out.rebalance_timeout = static_cast<int32_t>(member->rebalance_timeout.count());
    out.session_timeout = static_cast<int32_t>(member->session_timeout.count());
    out.subscription = member->Metadata(protocol.value_or(""));
    if (assignments == nullptr) {
      out.assignment = member->assignment;
    } else if (const auto found = assignments->find(id); found != assignments->end()) {
      out.assignment = found->second;
    }
  }
  return value;
}

void ClassicGroup::Load(const GroupMetadataValue& value) {
  members.clear();
  static_members.clear();
  leader.reset();
  protocol_type = value.protocol_type;
  generation = value.generation;
  protocol = value.protocol;
  if (value.current_state_timestamp >= 0) {
    state_since = Timestamp(std::chrono::milliseconds(value.current_state_timestamp));
  }
  for (const MemberMetadata& from : value.members) {
    auto member = std::make_unique<Member>(*this, timers);
    member->id = from.member_id;
    member->instance_id = from.group_instance_id;
    member->client_id = from.client_id;
    member->client_host = from.client_host;
    member->session_timeout = std::chrono::milliseconds(from.session_timeout);
    member->rebalance_timeout = std::chrono::milliseconds(
        from.rebalance_timeout < 0 ? from.session_timeout : from.rebalance_timeout);
    member->protocols = {{.name = value.protocol.value_or(""), .metadata = from.subscription}};
    member->assignment = from.assignment;
    Add(std::move(member));
  }
  if (value.leader && Find(*value.leader) != nullptr) leader = value.leader;
  state = previous_state = members.empty() ? GroupState::kEmpty : GroupState::kStable;
}

}  // namespace runnel::group
