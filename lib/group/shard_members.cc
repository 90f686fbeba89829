#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "group/shard_impl.h"

namespace runnel::group {
namespace {

std::chrono::milliseconds AtLeastOne(std::chrono::milliseconds duration) {
  return std::max(duration, std::chrono::milliseconds(1));
}

}  // namespace

// --- Checks

ErrorCode GroupShard::Impl::CheckMember(ClassicGroup& group, const std::string& member_id,
                                        const std::optional<std::string>& instance_id) {
  if (instance_id) {
    const auto known = group.static_members.find(*instance_id);
    if (known == group.static_members.end()) return ErrorCode::kUnknownMemberId;
    if (known->second != member_id) return ErrorCode::kFencedInstanceId;
  }
  return group.Find(member_id) == nullptr ? ErrorCode::kUnknownMemberId : ErrorCode::kNone;
}

void GroupShard::Impl::KeepAlive(Member& member, Now now) {
  member.session.Set(now.elapsed + AtLeastOne(member.session_timeout));
}

// --- Sync

ErrorCode GroupShard::Impl::CheckSync(ClassicGroup& group, const SyncGroupRequest& request) {
  const ErrorCode code = CheckMember(group, request.member_id, request.group_instance_id);
  if (code != ErrorCode::kNone) return code;
  if (request.generation_id != GenerationId(group.generation)) {
    return ErrorCode::kIllegalGeneration;
  }
  if ((request.protocol_type && request.protocol_type != group.protocol_type) ||
      (request.protocol_name && group.protocol && request.protocol_name != group.protocol)) {
    return ErrorCode::kInconsistentGroupProtocol;
  }
  if (group.state == GroupState::kPreparingRebalance) return ErrorCode::kRebalanceInProgress;
  return ErrorCode::kNone;
}

void GroupShard::Impl::SyncGroup(const SyncGroupRequest& request, const RequestContext&,
                                 Reply<SyncGroupResponse> reply, Now now, Output& out) {
  ErrorCode code = PhaseError();
  ClassicGroup* group = FindGroup(request.group_id);
  if (code == ErrorCode::kNone && request.group_id.empty()) code = ErrorCode::kInvalidGroupId;
  if (code == ErrorCode::kNone) {
    code = group == nullptr ? ErrorCode::kUnknownMemberId : CheckSync(*group, request);
  }
  if (code != ErrorCode::kNone) {
    return Answer(out, reply, SyncGroupResponse{.error_code = code});
  }
  Member& member = *group->Find(request.member_id);
  KeepAlive(member, now);
  group->pending_sync.erase(member.id);
  if (group->pending_sync.empty()) group->sync_timer.Cancel();
  if (group->state == GroupState::kStable) {
    return Answer(out, reply,
                  SyncGroupResponse{.protocol_type = group->protocol_type,
                                    .protocol_name = group->protocol,
                                    .assignment = member.assignment});
  }
  RUNNEL_CHECK(group->state == GroupState::kCompletingRebalance);
  // A second sync overtakes the first, whose caller has gone.
  Answer(out, member.awaiting_sync,
         SyncGroupResponse{.error_code = ErrorCode::kRebalanceInProgress});
  member.awaiting_sync = std::move(reply);
  if (group->IsLeader(member) && group->assignment_in_flight != group->generation) {
    StoreAssignment(*group, request, now, out);
  }
}

void GroupShard::Impl::StoreAssignment(ClassicGroup& group, const SyncGroupRequest& request,
                                       Now now, Output& out) {
  base::StringMap<std::string> assignments;
  for (const SyncGroupRequestAssignment& assignment : request.assignments) {
    assignments.insert_or_assign(assignment.member_id, assignment.assignment);
  }
  group.assignment_in_flight = group.generation;
  GroupMetadataValue value = group.ToRecord(&assignments);
  value.current_state_timestamp = now.wall.time_since_epoch().count();
  Write write;
  write.records.push_back(
      {.key = EncodeKey(GroupMetadataKey{.group = group.id}), .value = EncodeValue(value)});
  AddWrite(out, std::move(write),
           [this, group_id = group.id, generation = group.generation,
            assignments = std::move(assignments)](const Status& status, Now later,
                                                  Output& done) mutable {
             FinishAssignment(group_id, generation, status, std::move(assignments), later, done);
           });
}

// The group may have moved on while the record was written; then nobody waits for it any more.
void GroupShard::Impl::FinishAssignment(const std::string& group_id, int32_t generation,
                                        Status status, base::StringMap<std::string> assignments,
                                        Now now, Output& out) {
  ClassicGroup* group = FindGroup(group_id);
  if (group == nullptr || phase_ != Phase::kActive) return;
  if (group->assignment_in_flight == generation) group->assignment_in_flight = -1;
  if (group->state != GroupState::kCompletingRebalance || group->generation != generation) return;
  if (!status.ok()) {
    FailSyncs(*group, ToClientError(status), now, out);
    return PrepareRebalance(*group, now, out);
  }
  for (const auto& [id, member] : group->members) {
    const auto found = assignments.find(id);
    member->assignment = found == assignments.end() ? std::string() : found->second;
    if (!member->awaiting_sync) continue;
    KeepAlive(*member, now);
    Answer(out, member->awaiting_sync,
           SyncGroupResponse{.protocol_type = group->protocol_type,
                             .protocol_name = group->protocol,
                             .assignment = member->assignment});
  }
  group->TransitionTo(GroupState::kStable, now.wall);
}

// Assignments of the unfinished generation are void.
void GroupShard::Impl::FailSyncs(ClassicGroup& group, ErrorCode code, Now now, Output& out) {
  for (const auto& [_, member] : group.members) {
    member->assignment.clear();
    if (!member->awaiting_sync) continue;
    KeepAlive(*member, now);
    Answer(out, member->awaiting_sync, SyncGroupResponse{.error_code = code});
  }
}

// --- Heartbeat and leave

HeartbeatResponse GroupShard::Impl::Heartbeat(const HeartbeatRequest& request, Now now) {
  if (const ErrorCode code = PhaseError(); code != ErrorCode::kNone) return {.error_code = code};
  if (request.group_id.empty()) return {.error_code = ErrorCode::kInvalidGroupId};
  ClassicGroup* group = FindGroup(request.group_id);
  if (group == nullptr) return {.error_code = ErrorCode::kUnknownMemberId};
  const ErrorCode code = CheckMember(*group, request.member_id, request.group_instance_id);
  if (code != ErrorCode::kNone) return {.error_code = code};
  if (request.generation_id != GenerationId(group->generation)) {
    return {.error_code = ErrorCode::kIllegalGeneration};
  }
  KeepAlive(*group->Find(request.member_id), now);
  if (group->state == GroupState::kPreparingRebalance) {
    return {.error_code = ErrorCode::kRebalanceInProgress};
  }
  return {};
}

void GroupShard::Impl::LeaveGroup(const LeaveGroupRequest& request, Reply<LeaveGroupResponse> reply,
                                  Now now, Output& out) {
  LeaveGroupResponse response{.error_code = PhaseError()};
  if (response.error_code == ErrorCode::kNone && request.group_id.empty()) {
    response.error_code = ErrorCode::kInvalidGroupId;
  }
  if (response.error_code != ErrorCode::kNone) return Answer(out, reply, std::move(response));
  ClassicGroup* group = FindGroup(request.group_id);
  bool left = false;
  for (const LeaveGroupMember& leaving : request.members) {
    const ErrorCode code =
        group == nullptr ? ErrorCode::kUnknownMemberId : LeaveOne(*group, leaving, out);
    left |= code == ErrorCode::kNone;
    response.members.push_back({.member_id = leaving.member_id,
                                .group_instance_id = leaving.group_instance_id,
                                .error_code = code});
  }
  Answer(out, reply, std::move(response));
  if (left) AfterRemoval(*group, now, out);
}

ErrorCode GroupShard::Impl::LeaveOne(ClassicGroup& group, const LeaveGroupMember& leaving,
                                     Output& out) {
  std::string member_id = leaving.member_id;
  if (member_id.empty() && leaving.group_instance_id) {
    const auto known = group.static_members.find(*leaving.group_instance_id);
    if (known == group.static_members.end()) return ErrorCode::kUnknownMemberId;
    member_id = known->second;
  }
  if (!leaving.group_instance_id && group.pending.erase(member_id) > 0) return ErrorCode::kNone;
  const ErrorCode code = CheckMember(group, member_id, leaving.group_instance_id);
  if (code == ErrorCode::kNone) DropMember(group, member_id, ErrorCode::kUnknownMemberId, out);
  return code;
}

void GroupShard::Impl::DropMember(ClassicGroup& group, std::string_view member_id, ErrorCode code,
                                  Output& out) {
  Member& member = *group.Find(member_id);
  FailJoin(out, member.awaiting_join, code, member.id);
  Answer(out, member.awaiting_sync, SyncGroupResponse{.error_code = code});
  group.Remove(member_id);
}

// --- Rebalance

void GroupShard::Impl::RebalanceOrCompleteJoin(ClassicGroup& group, Now now, Output& out) {
  if (group.state == GroupState::kPreparingRebalance) return MaybeCompleteJoin(group, now, out);
  PrepareRebalance(group, now, out);
}

void GroupShard::Impl::PrepareRebalance(ClassicGroup& group, Now now, Output& out) {
  if (group.state == GroupState::kCompletingRebalance) {
    FailSyncs(group, ErrorCode::kRebalanceInProgress, now, out);
  }
  group.pending_sync.clear();
  group.sync_timer.Cancel();
  const bool first = group.state == GroupState::kEmpty;
  group.TransitionTo(GroupState::kPreparingRebalance, now.wall);
  if (first) return BeginFirstJoin(group, now, out);
  if (group.AllJoined()) return CompleteJoin(group, now, out);
  group.join_timer.Set(now.elapsed + AtLeastOne(group.RebalanceTimeout()));
}

// Members of a starting program tend to come within moments of each other: wait for them once
// instead of rebalancing for each.
void GroupShard::Impl::BeginFirstJoin(ClassicGroup& group, Now now, Output& out) {
  const auto delay = options_.initial_rebalance_delay;
  group.new_member_added = false;
  if (delay.count() <= 0) return CompleteJoin(group, now, out);
  group.initial_join_remaining =
      std::max(group.RebalanceTimeout() - delay, std::chrono::milliseconds(0));
  group.join_timer.Set(now.elapsed + delay);
}

void GroupShard::Impl::OnJoinTimer(ClassicGroup& group, Now now, Output& out) {
  if (group.state != GroupState::kPreparingRebalance) return;
  const bool stretch = group.previous_state == GroupState::kEmpty && group.new_member_added &&
                       group.initial_join_remaining.count() > 0;
  if (!stretch) return CompleteJoin(group, now, out);
  group.new_member_added = false;
  const auto delay = std::min(options_.initial_rebalance_delay, group.initial_join_remaining);
  group.initial_join_remaining -= delay;
  group.join_timer.Set(now.elapsed + delay);
}

void GroupShard::Impl::MaybeCompleteJoin(ClassicGroup& group, Now now, Output& out) {
  const bool first_join = group.previous_state == GroupState::kEmpty;
  if (group.AllJoined() && (!first_join || group.members.empty())) CompleteJoin(group, now, out);
}

void GroupShard::Impl::CompleteJoin(ClassicGroup& group, Now now, Output& out) {
  RUNNEL_CHECK(group.state == GroupState::kPreparingRebalance);
  group.join_timer.Cancel();
  std::vector<std::string> absent;
  for (const auto& [id, member] : group.members) {
    if (!member->awaiting_join && !member->instance_id) absent.push_back(id);
  }
  for (const std::string& id : absent) {
    DropMember(group, id, ErrorCode::kUnknownMemberId, out);
  }
  if (!group.members.empty() && !group.ElectJoinedLeader()) {
    // Only static members are left, and none is here: wait for one.
    group.join_timer.Set(now.elapsed + AtLeastOne(group.RebalanceTimeout()));
    return;
  }
  ++group.generation;
  group.pending_sync.clear();
  if (group.members.empty()) {
    group.protocol.reset();
    group.TransitionTo(GroupState::kEmpty, now.wall);
    return PersistEmpty(group, out);
  }
  BeginSyncPhase(group, now, out);
}

void GroupShard::Impl::BeginSyncPhase(ClassicGroup& group, Now now, Output& out) {
  group.protocol = group.SelectProtocol();
  group.TransitionTo(GroupState::kCompletingRebalance, now.wall);
  for (const auto& [id, member] : group.members) {
    group.pending_sync.insert(id);
    KeepAlive(*member, now);
    if (!member->awaiting_join) continue;  // a static member that is away
    member->is_new = false;
    Answer(out, member->awaiting_join, CurrentGeneration(group, *member));
  }
  group.sync_timer.Set(now.elapsed + AtLeastOne(group.RebalanceTimeout()));
}

// Nobody waits for this record: without it a restart finds the group with its former members,
// who then expire.
void GroupShard::Impl::PersistEmpty(ClassicGroup& group, Output& out) {
  Write write;
  write.records.push_back({.key = EncodeKey(GroupMetadataKey{.group = group.id}),
                           .value = EncodeValue(group.ToRecord(nullptr))});
  AddWrite(out, std::move(write), [](const Status&, Now, Output&) {});
}

void GroupShard::Impl::OnSyncTimer(ClassicGroup& group, Now now, Output& out) {
  const std::set<std::string, std::less<>> late = std::exchange(group.pending_sync, {});
  if (late.empty()) return;
  for (const std::string& id : late) {
    if (group.Find(id) != nullptr) DropMember(group, id, ErrorCode::kUnknownMemberId, out);
  }
  PrepareRebalance(group, now, out);
}

void GroupShard::Impl::AfterRemoval(ClassicGroup& group, Now now, Output& out) {
  switch (group.state) {
    case GroupState::kStable:
    case GroupState::kCompletingRebalance:
      return PrepareRebalance(group, now, out);
    case GroupState::kPreparingRebalance:
      return MaybeCompleteJoin(group, now, out);
    default:
      return;
  }
}

// --- Time

// A member whose request waits here is alive, unless it is new and has waited too long.
void GroupShard::Impl::OnSessionTimer(Member& member, Now now, Output& out) {
  const bool waits = member.awaiting_join || member.awaiting_sync;
  if (waits && !member.is_new) return KeepAlive(member, now);
  ClassicGroup& group = member.group;
  const std::string id = member.id;
  DropMember(group, id, ErrorCode::kUnknownMemberId, out);
  AfterRemoval(group, now, out);
}

void GroupShard::Impl::OnPendingTimer(PendingMember& pending, Now now, Output& out) {
  ClassicGroup& group = pending.group;
  const std::string id = pending.id;
  group.pending.erase(id);
  if (group.state == GroupState::kPreparingRebalance) MaybeCompleteJoin(group, now, out);
}

}  // namespace runnel::group
