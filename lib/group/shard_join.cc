#include <algorithm>

#include "base/strings.h"
#include "group/shard_impl.h"
#include "group/store_keys.h"

namespace runnel::group {
namespace {

constexpr int16_t kFirstVersionWithKnownMemberIds = 4;
constexpr int16_t kFirstVersionWithSkipAssignment = 9;
constexpr size_t kMaxTextBytes = 32767;  // of strings in records

std::chrono::milliseconds RebalanceTimeoutOf(const JoinGroupRequest& request) {
  return request.rebalance_timeout.count() < 0 ? request.session_timeout
                                               : request.rebalance_timeout;
}

bool IsTooLong(const JoinGroupRequest& request, const RequestContext& context) {
  const auto too_long = [](const std::string& text) { return text.size() > kMaxTextBytes; };
  // A member id is made of one of the first two and 37 more characters.
  return context.client_id.size() > kMaxTextBytes - 64 ||
         (request.group_instance_id && request.group_instance_id->size() > kMaxTextBytes - 64) ||
         too_long(context.client_host) || too_long(request.protocol_type) ||
         std::any_of(request.protocols.begin(), request.protocols.end(),
                     [&](const auto& protocol) { return too_long(protocol.name); });
}

}  // namespace

void GroupShard::Impl::FailJoin(Output& out, Reply<JoinGroupResponse>& reply, ErrorCode code,
                                std::string member_id) {
  Answer(out, reply, JoinGroupResponse{.error_code = code, .member_id = std::move(member_id)});
}

ErrorCode GroupShard::Impl::CheckJoin(const JoinGroupRequest& request,
                                      const RequestContext& context) const {
  if (const ErrorCode code = PhaseError(); code != ErrorCode::kNone) return code;
  if (request.group_id.empty() || request.group_id.size() > kMaxTextBytes) {
    return ErrorCode::kInvalidGroupId;
  }
  if (request.session_timeout < options_.min_session_timeout ||
      request.session_timeout > options_.max_session_timeout) {
    return ErrorCode::kInvalidSessionTimeout;
  }
  return IsTooLong(request, context) ? ErrorCode::kInvalidRequest : ErrorCode::kNone;
}

void GroupShard::Impl::JoinGroup(const JoinGroupRequest& request, const RequestContext& context,
                                 Reply<JoinGroupResponse> reply, Now now, Output& out) {
  if (const ErrorCode code = CheckJoin(request, context); code != ErrorCode::kNone) {
    return FailJoin(out, reply, code, request.member_id);
  }
  ClassicGroup* group = FindGroup(request.group_id);
  if (group == nullptr) {
    if (!request.member_id.empty()) {
      return FailJoin(out, reply, ErrorCode::kUnknownMemberId, request.member_id);
    }
    if (const ErrorCode code = ReplaceOther(request.group_id, out); code != ErrorCode::kNone) {
      return FailJoin(out, reply, code, request.member_id);
    }
    // A request that could not join anything leaves no group behind.
    if (request.protocol_type.empty() || request.protocols.empty()) {
      return FailJoin(out, reply, ErrorCode::kInconsistentGroupProtocol, request.member_id);
    }
    group = &MakeGroup(request.group_id, now);
  }
  if (!HasRoomFor(*group, request.member_id)) {
    group->pending.erase(request.member_id);
    return FailJoin(out, reply, ErrorCode::kGroupMaxSizeReached, "");
  }
  if (!group->SupportsProtocols(request.protocol_type, request.protocols)) {
    return FailJoin(out, reply, ErrorCode::kInconsistentGroupProtocol, request.member_id);
  }
  if (request.member_id.empty()) {
    return JoinNewMember(*group, request, context, std::move(reply), now, out);
  }
  JoinKnownMember(*group, request, context, std::move(reply), now, out);
}

bool GroupShard::Impl::HasRoomFor(ClassicGroup& group, const std::string& member_id) const {
  const auto max_size = static_cast<size_t>(options_.max_size);
  const Member* member = group.Find(member_id);
  switch (group.state) {
    case GroupState::kPreparingRebalance:
      return (member != nullptr && member->awaiting_join) || group.AwaitingJoinCount() < max_size;
    case GroupState::kCompletingRebalance:
    case GroupState::kStable:
      return member != nullptr || group.members.size() < max_size;
    default:
      return true;
  }
}

ErrorCode GroupShard::Impl::ReplaceOther(std::string_view group_id, Output& out) {
  const StatusOr<OtherGroup> other = FindOther(group_id);
  if (!other.ok()) return ToClientError(other.status());
  if (other->type.empty()) return ErrorCode::kNone;
  if (other->has_members || other->type != "consumer") {
    return ErrorCode::kInconsistentGroupProtocol;
  }
  const auto keys = OtherRecordKeys(group_id);
  if (!keys.ok()) return ToClientError(keys.status());
  Write write;
  for (const std::string& key : *keys)
    write.records.push_back({.key = key});
  AddWrite(out, std::move(write), [](const Status&, Now, Output&) {});
  return ErrorCode::kNone;
}

// "client-6f3b5e42-....": the client's or the instance's name and a random part.
std::string GroupShard::Impl::NewMemberId(std::string_view prefix) {
  static constexpr char kHex[] = "0123456789abcdef";
  const Uuid uuid = random_.NextUuid();
  std::string id(prefix);
  id.push_back('-');
  for (size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id.push_back('-');
    id.push_back(kHex[uuid.bytes[i] >> 4]);
    id.push_back(kHex[uuid.bytes[i] & 15]);
  }
  return id;
}

void GroupShard::Impl::JoinNewMember(ClassicGroup& group, const JoinGroupRequest& request,
                                     const RequestContext& context, Reply<JoinGroupResponse> reply,
                                     Now now, Output& out) {
  if (request.group_instance_id) {
    const auto known = group.static_members.find(*request.group_instance_id);
    if (known != group.static_members.end()) {
      const std::string old_id = known->second;
      return JoinReturningStaticMember(group, old_id, request, context, std::move(reply), now, out);
    }
    const std::string id = NewMemberId(*request.group_instance_id);
    return AddMemberAndRebalance(group, id, request, context, std::move(reply), now, out);
  }
  std::string id = NewMemberId(context.client_id);
  if (context.api_version < kFirstVersionWithKnownMemberIds) {
    return AddMemberAndRebalance(group, id, request, context, std::move(reply), now, out);
  }
  auto pending = std::make_unique<PendingMember>(group, id, timers_);
  pending->timeout.Set(now.elapsed + request.session_timeout);
  group.pending.insert_or_assign(id, std::move(pending));
  FailJoin(out, reply, ErrorCode::kMemberIdRequired, std::move(id));
}

void GroupShard::Impl::JoinKnownMember(ClassicGroup& group, const JoinGroupRequest& request,
                                       const RequestContext& context,
                                       Reply<JoinGroupResponse> reply, Now now, Output& out) {
  if (group.pending.contains(request.member_id)) {
    if (request.group_instance_id) {  // ids are handed out to dynamic members only
      return FailJoin(out, reply, ErrorCode::kUnknownMemberId, request.member_id);
    }
    return AddMemberAndRebalance(group, request.member_id, request, context, std::move(reply), now,
                                 out);
  }
  const ErrorCode code = CheckMember(group, request.member_id, request.group_instance_id);
  if (code != ErrorCode::kNone) return FailJoin(out, reply, code, request.member_id);
  Member& member = *group.Find(request.member_id);
  const bool unchanged = member.protocols == request.protocols;
  const bool answer_at_once =
      unchanged && (group.state == GroupState::kCompletingRebalance ||
                    (group.state == GroupState::kStable && !group.IsLeader(member)));
  if (answer_at_once) {  // its answer was lost, or it asked without need
    KeepAlive(member, now);
    return Answer(out, reply, CurrentGeneration(group, member));
  }
  UpdateMember(member, request, std::move(reply), out);
  KeepAlive(member, now);
  RebalanceOrCompleteJoin(group, now, out);
}

JoinGroupResponse GroupShard::Impl::CurrentGeneration(ClassicGroup& group, const Member& member) {
  JoinGroupResponse response{.generation_id = GenerationId(group.generation),
                             .protocol_type = group.protocol_type,
                             .protocol_name = group.protocol,
                             .leader = group.leader.value_or(""),
                             .member_id = member.id};
  if (group.IsLeader(member)) response.members = group.JoinMembers();
  return response;
}

void GroupShard::Impl::AddMemberAndRebalance(ClassicGroup& group, const std::string& member_id,
                                             const JoinGroupRequest& request,
                                             const RequestContext& context,
                                             Reply<JoinGroupResponse> reply, Now now, Output& out) {
  group.pending.erase(member_id);
  if (group.members.empty()) group.protocol_type = request.protocol_type;
  auto made = std::make_unique<Member>(group, timers_);
  made->id = member_id;
  made->instance_id = request.group_instance_id;
  made->client_id = context.client_id;
  made->client_host = context.client_host;
  made->is_new = true;
  Member& member = group.Add(std::move(made));
  UpdateMember(member, request, std::move(reply), out);
  if (group.state == GroupState::kPreparingRebalance &&
      group.previous_state == GroupState::kEmpty) {
    group.new_member_added = true;
  }
  member.session.Set(now.elapsed + options_.new_member_join_timeout);
  RebalanceOrCompleteJoin(group, now, out);
}

void GroupShard::Impl::UpdateMember(Member& member, const JoinGroupRequest& request,
                                    Reply<JoinGroupResponse> reply, Output& out) {
  member.protocols = request.protocols;
  member.session_timeout = request.session_timeout;
  member.rebalance_timeout = RebalanceTimeoutOf(request);
  // A second join overtakes the first, whose caller has gone; it gets an answer all the same.
  FailJoin(out, member.awaiting_join, ErrorCode::kRebalanceInProgress, member.id);
  member.awaiting_join = std::move(reply);
}

void GroupShard::Impl::JoinReturningStaticMember(ClassicGroup& group, const std::string& old_id,
                                                 const JoinGroupRequest& request,
                                                 const RequestContext& context,
                                                 Reply<JoinGroupResponse> reply, Now now,
                                                 Output& out) {
  Member& member = group.Replace(old_id, NewMemberId(*request.group_instance_id));
  FailJoin(out, member.awaiting_join, ErrorCode::kFencedInstanceId, old_id);
  Answer(out, member.awaiting_sync, SyncGroupResponse{.error_code = ErrorCode::kFencedInstanceId});
  std::vector<JoinGroupProtocol> old_protocols = std::move(member.protocols);
  member.client_id = context.client_id;
  member.client_host = context.client_host;
  UpdateMember(member, request, nullptr, out);
  KeepAlive(member, now);
  if (group.state == GroupState::kStable && group.SelectProtocol() == group.protocol) {
    return PersistReplacement(group, old_id, member, std::move(old_protocols), context,
                              std::move(reply), out);
  }
  member.awaiting_join = std::move(reply);
  RebalanceOrCompleteJoin(group, now, out);
}

void GroupShard::Impl::PersistReplacement(ClassicGroup& group, const std::string& old_id,
                                          Member& member,
                                          std::vector<JoinGroupProtocol> old_protocols,
                                          const RequestContext& context,
                                          Reply<JoinGroupResponse> reply, Output& out) {
  JoinGroupResponse response = CurrentGeneration(group, member);
  if (context.api_version >= kFirstVersionWithSkipAssignment) {
    response.skip_assignment = group.IsLeader(member);
  } else {
    // Older clients assign when they find themselves leading: show them the id that is gone.
    if (group.IsLeader(member)) response.leader = old_id;
    response.members.clear();
  }
  Write write;
  write.records.push_back({.key = EncodeKey(GroupMetadataKey{.group = group.id}),
                           .value = EncodeValue(group.ToRecord(nullptr))});
  AddWrite(out, std::move(write),
           [this, group_id = group.id, old_id, new_id = member.id, response,
            protocols = std::move(old_protocols),
            reply = std::move(reply)](const Status& status, Now, Output& done) mutable {
             if (status.ok()) return Answer(done, reply, std::move(response));
             ClassicGroup* now_group = FindGroup(group_id);
             if (now_group != nullptr && now_group->Find(new_id) != nullptr) {
               now_group->Replace(new_id, old_id).protocols = std::move(protocols);
             }
             FailJoin(done, reply, ToClientError(status), new_id);
           });
}

}  // namespace runnel::group
