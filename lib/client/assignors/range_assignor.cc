#include "client/assignors/range_assignor.h"

#include <algorithm>
#include <functional>

#include "client/assignors/members.h"

namespace runnel::client {
namespace {

using RackSet = std::set<std::string>;

// One topic while it is being shared out.
class TopicState {
 public:
  TopicState(const std::string& topic, const AssignableTopic& info,
             std::vector<const GroupMember*> subscribers)
      : topic_(topic), subscribers_(std::move(subscribers)) {
    const auto members = static_cast<int32_t>(subscribers_.size());
    quota_ = info.partition_count / members;
    extras_ = info.partition_count % members;
    for (int32_t i = 0; i < info.partition_count; ++i)
      unassigned_.insert(i);
    for (const auto& racks : info.replica_racks)
      racks_.emplace_back(racks.begin(), racks.end());
    racks_.resize(static_cast<size_t>(info.partition_count));
    uses_racks_ = ComputeUsesRacks();
  }

  const std::vector<const GroupMember*>& subscribers() const { return subscribers_; }
  size_t partition_count() const { return racks_.size(); }
  bool uses_racks() const { return uses_racks_; }
  const std::set<int32_t>& unassigned() const { return unassigned_; }

  int32_t Room(const GroupMember& member) const {
    const auto found = assigned_.find(&member);
    const int32_t held = found == assigned_.end() ? 0 : found->second;
    return std::max(0, quota_ + (extras_ > 0 ? 1 : 0) - held);
  }

  bool InRack(const GroupMember& member, int32_t partition) const {
    const auto& rack = member.subscription.rack;
    return !rack || racks_[static_cast<size_t>(partition)].contains(*rack);
  }

  void Give(const GroupMember& member, const std::vector<int32_t>& partitions,
            GroupAssignment& assignment) {
    auto& list = assignment[member.member_id].partitions;
    for (const int32_t partition : partitions) {
      list.push_back({topic_, partition});
      unassigned_.erase(partition);
    }
    int32_t& held = assigned_[&member];
    held += static_cast<int32_t>(partitions.size());
    if (held > quota_) --extras_;
  }

 private:
  // Racks say nothing when every partition has all of them, or no member is in one.
  bool ComputeUsesRacks() const {
    RackSet all;
    for (const RackSet& racks : racks_)
      all.insert(racks.begin(), racks.end());
    const bool somebody_there =
        std::any_of(subscribers_.begin(), subscribers_.end(), [&](const GroupMember* member) {
          return member->subscription.rack && all.contains(*member->subscription.rack);
        });
    return somebody_there && std::any_of(racks_.begin(), racks_.end(),
                                         [&](const RackSet& racks) { return racks != all; });
  }

  std::string topic_;
  std::vector<const GroupMember*> subscribers_;  // in order
  int32_t quota_ = 0;                            // partitions everybody gets
  int32_t extras_ = 0;                           // members that may still get one more
  std::vector<RackSet> racks_;                   // by partition
  bool uses_racks_ = false;
  std::set<int32_t> unassigned_;
  std::map<const GroupMember*, int32_t> assigned_;
};

enum class Match { kRack, kAny };

void GiveRanges(TopicState& state, Match match, GroupAssignment& assignment) {
  for (const GroupMember* member : state.subscribers()) {
    std::vector<int32_t> partitions;
    auto room = static_cast<size_t>(state.Room(*member));
    for (const int32_t partition : state.unassigned()) {
      if (partitions.size() == room) break;
      if (match == Match::kAny || state.InRack(*member, partition)) {
        partitions.push_back(partition);
      }
    }
    if (!partitions.empty()) state.Give(*member, partitions, assignment);
  }
}

// Topics with equal subscribers and partition counts are joined by partition number: the same
// member gets the same number of all of them.
void GiveTogether(const std::vector<TopicState*>& states, GroupAssignment& assignment) {
  std::vector<const GroupMember*> open = states[0]->subscribers();
  const auto count = static_cast<int32_t>(states[0]->partition_count());
  for (int32_t partition = 0; partition < count && !open.empty(); ++partition) {
    const auto found = std::find_if(open.begin(), open.end(), [&](const GroupMember* member) {
      return std::all_of(states.begin(), states.end(), [&](const TopicState* state) {
        return state->InRack(*member, partition) && state->Room(*member) > 0;
      });
    });
    if (found == open.end()) continue;
    for (TopicState* state : states)
      state->Give(**found, {partition}, assignment);
    const bool full = std::none_of(states.begin(), states.end(), [&](const TopicState* state) {
      return state->Room(**found) > 0;
    });
    if (full) open.erase(found);
  }
}

void GiveByRack(std::vector<TopicState>& states, GroupAssignment& assignment) {
  std::map<std::pair<std::vector<const GroupMember*>, size_t>, std::vector<TopicState*>> alike;
  for (TopicState& state : states) {
    alike[{state.subscribers(), state.partition_count()}].push_back(&state);
  }
  for (auto& [_, group] : alike) {
    if (group.size() > 1) {
      GiveTogether(group, assignment);
    } else if (group[0]->uses_racks()) {
      GiveRanges(*group[0], Match::kRack, assignment);
    }
  }
}

}  // namespace

GroupAssignment RangeAssignor::Assign(const AssignableTopics& topics,
                                      std::span<const GroupMember> members) {
  std::map<std::string, std::vector<const GroupMember*>, JavaLess> subscribers;
  for (const GroupMember* member : InAssignmentOrder(members)) {
    for (const std::string& topic : ExistingTopics(*member, topics)) {
      subscribers[topic].push_back(member);
    }
  }
  std::vector<TopicState> states;
  for (const auto& [topic, who] : subscribers) {
    states.emplace_back(topic, topics.find(topic)->second, who);
  }
  GroupAssignment assignment = EmptyAssignment(members);
  const bool use_racks = std::any_of(states.begin(), states.end(),
                                     [](const TopicState& state) { return state.uses_racks(); });
  if (use_racks) GiveByRack(states, assignment);
  for (TopicState& state : states)
    GiveRanges(state, Match::kAny, assignment);
  if (use_racks) {
    for (auto& [_, mine] : assignment)
      std::sort(mine.partitions.begin(), mine.partitions.end());
  }
  return assignment;
}

}  // namespace runnel::client
