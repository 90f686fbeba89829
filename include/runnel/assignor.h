// How the members of a consumer group share out partitions. Plug in your own through
// ConsumerOptions::custom_assignors.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel {

// What members do with their partitions while a rebalance runs.
enum class RebalanceProtocol : int8_t {
  kEager = 0,        // give all up before joining
  kCooperative = 1,  // keep them, and give up only what the assignment takes away (KIP-429)
};

// What a member tells the leader about itself when it joins.
struct MemberSubscription {
  std::vector<std::string> topics = {};
  // What Assignor::SubscriptionUserData of that member returned.
  std::string user_data = {};
  // What the member holds and keeps while it rejoins; empty from eager members.
  std::vector<TopicPartition> owned_partitions = {};
  // The generation in which it got them; kNoGeneration: unknown.
  GenerationId generation = kNoGeneration;
  // Where the member runs, as set in ConsumerOptions::rack.
  std::optional<std::string> rack = {};
};

struct GroupMember {
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  MemberSubscription subscription = {};
};

// A topic to share out.
struct AssignableTopic {
  int32_t partition_count = 0;
  // Per partition, the racks that hold a replica. Empty: not known.
  std::vector<std::vector<std::string>> replica_racks = {};
};
// By name. Topics that members want but that do not exist are missing here.
using AssignableTopics = std::map<std::string, AssignableTopic, std::less<>>;

struct MemberAssignment {
  std::vector<TopicPartition> partitions = {};
  std::string user_data = {};
};
// By member id; every member has an entry, be it an empty one.
using GroupAssignment = std::map<std::string, MemberAssignment, std::less<>>;

// Shares out partitions. One member of a group, its leader, is asked to; all members must support
// an assignor of the same name.
//
// A consumer calls its assignors from the thread that polls. An object keeps state of its own
// between rebalances, so give each consumer its own.
//
// Thread safety: thread-compatible.
// Source: org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.
class Assignor {
 public:
  virtual ~Assignor() = default;

  // The name on the wire, by which members agree: "range", "my-company-assignor".
  virtual std::string_view name() const = 0;

  // Protocols it can run under, in any order. A consumer uses kCooperative when all its assignors
  // support it. An assignor under kCooperative must not give a partition away while its owner
  // still holds it: leave it out, and it is assigned in the rebalance that follows.
  virtual std::vector<RebalanceProtocol> supported_protocols() const {
    return {RebalanceProtocol::kEager};
  }

  // Bytes to send along when this member joins; the leader finds them in MemberSubscription.
  virtual std::string SubscriptionUserData(std::span<const std::string> topics) {
    (void)topics;
    return {};
  }

  // Shares out `topics`. Each partition goes to at most one member, which subscribes to its topic.
  virtual GroupAssignment Assign(const AssignableTopics& topics,
                                 std::span<const GroupMember> members) = 0;

  // Tells every member, after each rebalance, what it got and in which generation.
  virtual void OnAssignment(const MemberAssignment& assignment, GenerationId generation) {
    (void)assignment;
    (void)generation;
  }
};

// One of Kafka's assignors:
// - "range": per topic, consecutive partitions to members in order; equal numbers of several
//   topics meet in one member. Uneven with many topics.
// - "roundrobin": partitions of all topics in turn to members in order. Even; moves a lot.
// - "sticky": even, and keeps as much as possible where it was. Eager.
// - "cooperative-sticky": the same, and members go on reading what stays with them.
// Results equal those of Kafka's Java classes. Null for another name.
std::unique_ptr<Assignor> MakeAssignor(std::string_view name);

}  // namespace runnel
