// The assignors of one consumer, and the bytes they exchange through the group.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/broker.h"
#include "runnel/assignor.h"
#include "runnel/error.h"
#include "runnel/options.h"

namespace runnel::client {

// Speaks the "consumer" protocol type: translates between what assignors work with and the
// embedded Subscription and Assignment (wire/consumer_protocol.h).
//
// Thread safety: confined to the polling thread.
class AssignorSet final {
 public:
  // Built-in and custom assignors in the order of options.assignors.
  // Errors: kInvalidConfig for a name that is not known, an empty list, or assignors that share
  // no rebalance protocol.
  static StatusOr<AssignorSet> Make(const ConsumerOptions& options);

  // Cooperative when all assignors support it.
  RebalanceProtocol protocol() const { return protocol_; }

  // What to join with. `subscription` without user data, which each assignor adds.
  std::vector<group::JoinGroupProtocol> Protocols(const MemberSubscription& subscription) const;

  // What the members said about themselves. Errors: kCorruptMessage.
  static StatusOr<std::vector<GroupMember>> Members(
      std::span<const group::JoinGroupResponseMember> members);

  // Lets the assignor named `name` share out `topics`. Every member has an entry.
  // Errors: kInconsistentGroupProtocol when there is no such assignor.
  StatusOr<std::vector<group::SyncGroupRequestAssignment>> Assign(
      std::string_view name, const AssignableTopics& topics, std::span<const GroupMember> members);

  // What this member got; empty bytes are an empty assignment. Errors: kCorruptMessage.
  static StatusOr<MemberAssignment> Decode(std::string_view bytes);

  // Tells the assignor named `name`.
  void OnAssignment(std::string_view name, const MemberAssignment& assignment,
                    GenerationId generation);

 private:
  Assignor* Find(std::string_view name) const;

  std::vector<std::shared_ptr<Assignor>> assignors_;
  RebalanceProtocol protocol_ = RebalanceProtocol::kEager;
};

}  // namespace runnel::client
