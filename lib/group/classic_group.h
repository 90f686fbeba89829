// The members and the state of one classic group: bookkeeping without decisions.
#pragma once

#include <absl/container/btree_map.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "group/group_shard.h"
#include "group/messages.h"
#include "group/records.h"
#include "group/timer_queue.h"
#include "runnel/types.h"

namespace runnel::group {

enum class GroupState { kEmpty, kPreparingRebalance, kCompletingRebalance, kStable, kDead };
std::string_view NameOf(GroupState state);

struct ClassicGroup;

struct Member {
  Member(ClassicGroup& group_of, TimerQueue& timers)
      : group(group_of), session(timers, Timer::Kind::kSession, this) {}

  ClassicGroup& group;
  std::string id = {};
  std::optional<std::string> instance_id = {};
  std::string client_id = {};
  std::string client_host = {};
  std::chrono::milliseconds rebalance_timeout{0};
  std::chrono::milliseconds session_timeout{0};
  std::vector<JoinGroupProtocol> protocols = {};  // in order of preference
  std::string assignment = {};
  uint64_t join_sequence = 0;  // order of arrival
  bool is_new = false;         // has not completed a join phase yet
  Timer session;               // removes the member when it fires
  // Requests that wait; null when none does.
  Reply<JoinGroupResponse> awaiting_join = {};
  Reply<SyncGroupResponse> awaiting_sync = {};

  // Metadata for `protocol`; empty when the member does not know it.
  const std::string& Metadata(std::string_view protocol) const;
};

// A member id that was handed out and not used yet.
struct PendingMember {
  PendingMember(ClassicGroup& group_of, std::string member_id, TimerQueue& timers)
      : group(group_of),
        id(std::move(member_id)),
        timeout(timers, Timer::Kind::kPendingMember, this) {}
  ClassicGroup& group;
  std::string id;
  Timer timeout;
};

struct ClassicGroup {
  ClassicGroup(std::string group_id, TimerQueue& timer_queue, Timestamp now)
      : id(std::move(group_id)),
        timers(timer_queue),
        state_since(now),
        join_timer(timer_queue, Timer::Kind::kJoin, this),
        sync_timer(timer_queue, Timer::Kind::kSync, this) {}

  const std::string id;
  TimerQueue& timers;
  GroupState state = GroupState::kEmpty;
  GroupState previous_state = GroupState::kEmpty;
  Timestamp state_since;
  int32_t generation = 0;
  std::string protocol_type = {};  // "": nobody has joined yet
  std::optional<std::string> protocol = {};
  std::optional<std::string> leader = {};
  absl::btree_map<std::string, std::unique_ptr<Member>, std::less<>> members = {};
  base::StringMap<std::string> static_members = {};  // instance id -> member id
  absl::btree_map<std::string, std::unique_ptr<PendingMember>, std::less<>> pending = {};
  std::set<std::string, std::less<>> pending_sync = {};  // have not synced in this generation
  uint64_t next_join_sequence = 0;
  // The first join phase, which is stretched while members arrive.
  bool new_member_added = false;
  std::chrono::milliseconds initial_join_remaining{0};
  Timer join_timer;
  Timer sync_timer;
  // The leader's assignment of this generation is being written; -1: none is.
  int32_t assignment_in_flight = -1;

  void TransitionTo(GroupState next, Timestamp now);

  Member* Find(std::string_view member_id);
  bool IsLeader(const Member& member) const { return leader == member.id; }
  // Longest of the members; how long joins and syncs may take.
  std::chrono::milliseconds RebalanceTimeout() const;
  size_t AwaitingJoinCount() const;
  bool AllJoined() const;

  // The member keeps its place and gets a leader's role when there is none.
  Member& Add(std::unique_ptr<Member> member);
  // The next leader is the member that has been here longest.
  void Remove(std::string_view member_id);
  // Gives a static member a new id; its requests and its role move along.
  Member& Replace(std::string_view old_id, const std::string& new_id);
  // Makes a joined member the leader when the leader has not joined. False: nobody has.
  bool ElectJoinedLeader();

  // True when a member with these would have a protocol in common with all others.
  bool SupportsProtocols(const std::string& type,
                         const std::vector<JoinGroupProtocol>& protocols) const;
  // The protocol with the most votes; ties go to the leader's taste. Needs a member.
  std::string SelectProtocol() const;
  // Topics any member subscribes to; nullopt when that cannot be told.
  std::optional<std::set<std::string, std::less<>>> Subscribed() const;

  std::vector<JoinGroupResponseMember> JoinMembers() const;
  // The record to write, with `assignments` for the members (or their present ones).
  GroupMetadataValue ToRecord(const base::StringMap<std::string>* assignments) const;
  void Load(const GroupMetadataValue& value);
};

}  // namespace runnel::group
