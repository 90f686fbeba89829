#include "client/consumer_assignors.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "wire/consumer_protocol.h"

namespace runnel::client {
namespace {

bool Supports(const Assignor& assignor, RebalanceProtocol protocol) {
  const std::vector<RebalanceProtocol> supported = assignor.supported_protocols();
  return std::find(supported.begin(), supported.end(), protocol) != supported.end();
}

std::shared_ptr<Assignor> FindCustom(const ConsumerOptions& options, std::string_view name) {
  for (const std::shared_ptr<Assignor>& custom : options.custom_assignors) {
    if (custom != nullptr && custom->name() == name) return custom;
  }
  return nullptr;
}

std::optional<std::string> NullIfEmpty(std::string bytes) {
  if (bytes.empty()) return std::nullopt;
  return bytes;
}

}  // namespace

StatusOr<AssignorSet> AssignorSet::Make(const ConsumerOptions& options) {
  AssignorSet set;
  for (const std::string& name : options.assignors) {
    std::shared_ptr<Assignor> assignor = FindCustom(options, name);
    if (assignor == nullptr) assignor = MakeAssignor(name);
    if (assignor == nullptr) {
      return Error(ErrorCode::kInvalidConfig,
                   base::StrCat("assignor '", name, "' is neither built in (range, roundrobin, ",
                                "sticky, cooperative-sticky) nor among custom_assignors"));
    }
    set.assignors_.push_back(std::move(assignor));
  }
  const auto all_support = [&set](RebalanceProtocol protocol) {
    return !set.assignors_.empty() &&
           std::all_of(set.assignors_.begin(), set.assignors_.end(),
                       [&](const auto& assignor) { return Supports(*assignor, protocol); });
  };
  if (all_support(RebalanceProtocol::kCooperative)) {
    set.protocol_ = RebalanceProtocol::kCooperative;
  } else if (!all_support(RebalanceProtocol::kEager)) {
    return Error(ErrorCode::kInvalidConfig, "the assignors share no rebalance protocol");
  }
  return set;
}

std::vector<group::JoinGroupProtocol> AssignorSet::Protocols(
    const MemberSubscription& subscription) const {
  wire::ConsumerProtocolSubscription message{
      .topics = subscription.topics,
      .owned_partitions = wire::GroupByTopic(subscription.owned_partitions),
      .generation_id = subscription.generation,
      .rack_id = subscription.rack};
  std::vector<group::JoinGroupProtocol> protocols;
  for (const std::shared_ptr<Assignor>& assignor : assignors_) {
    message.user_data = NullIfEmpty(assignor->SubscriptionUserData(subscription.topics));
    // Fails only for names over 32,767 bytes, which are no topic names.
    protocols.push_back({.name = std::string(assignor->name()),
                         .metadata = wire::Encode(message).value_or(std::string())});
  }
  return protocols;
}

StatusOr<std::vector<GroupMember>> AssignorSet::Members(
    std::span<const group::JoinGroupResponseMember> members) {
  std::vector<GroupMember> group;
  for (const group::JoinGroupResponseMember& member : members) {
    StatusOr<wire::ConsumerProtocolSubscription> about = wire::DecodeSubscription(member.metadata);
    if (!about.ok()) {
      return Error(ErrorCode::kCorruptMessage,
                   base::StrCat("member '", member.member_id, "' joined with a subscription that ",
                                "cannot be read: ", ToString(about.status())));
    }
    group.push_back({.member_id = member.member_id,
                     .group_instance_id = member.group_instance_id,
                     .subscription = {.topics = std::move(about->topics),
                                      .user_data = std::move(about->user_data).value_or(""),
                                      .owned_partitions = wire::Flatten(about->owned_partitions),
                                      .generation = about->generation_id,
                                      .rack = std::move(about->rack_id)}});
  }
  return group;
}

StatusOr<std::vector<group::SyncGroupRequestAssignment>> AssignorSet::Assign(
    std::string_view name, const AssignableTopics& topics, std::span<const GroupMember> members) {
  Assignor* const assignor = Find(name);
  if (assignor == nullptr) {
    return Error(ErrorCode::kInconsistentGroupProtocol,
                 base::StrCat("the group chose the assignor '", name, "', which is not ours"));
  }
  GroupAssignment shares = assignor->Assign(topics, members);
  std::vector<group::SyncGroupRequestAssignment> assignments;
  for (const GroupMember& member : members) {
    const auto share = shares.find(member.member_id);
    wire::ConsumerProtocolAssignment message;
    if (share != shares.end()) {
      message.assigned_partitions = wire::GroupByTopic(std::move(share->second.partitions));
      message.user_data = NullIfEmpty(std::move(share->second.user_data));
    }
    RUNNEL_ASSIGN_OR_RETURN(std::string bytes, wire::Encode(message));
    assignments.push_back({.member_id = member.member_id, .assignment = std::move(bytes)});
  }
  return assignments;
}

StatusOr<MemberAssignment> AssignorSet::Decode(std::string_view bytes) {
  StatusOr<wire::ConsumerProtocolAssignment> message = wire::DecodeAssignment(bytes);
  if (!message.ok()) {
    return Error(ErrorCode::kCorruptMessage,
                 base::StrCat("the group's leader sent an assignment that cannot be read: ",
                              ToString(message.status())));
  }
  return MemberAssignment{.partitions = wire::Flatten(message->assigned_partitions),
                          .user_data = std::move(message->user_data).value_or("")};
}

void AssignorSet::OnAssignment(std::string_view name, const MemberAssignment& assignment,
                               GenerationId generation) {
  if (Assignor* const assignor = Find(name); assignor != nullptr) {
    assignor->OnAssignment(assignment, generation);
  }
}

Assignor* AssignorSet::Find(std::string_view name) const {
  for (const std::shared_ptr<Assignor>& assignor : assignors_) {
    if (assignor->name() == name) return assignor.get();
  }
  return nullptr;
}

}  // namespace runnel::client
