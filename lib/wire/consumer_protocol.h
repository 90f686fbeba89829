// What consumers tell each other through their group: the "consumer" embedded protocol.
//
// The group coordinator passes these bytes on unread. In front stands the version, then:
//   Subscription  [topic: string]* userData: nullable bytes
//                 v1 ownedPartitions [topic, [partition: int32]*]*; v2 generation: int32;
//                 v3 rack: nullable string
//   Assignment    assignedPartitions [topic, [partition: int32]*]* userData: nullable bytes
// Strings carry int16 lengths, bytes and arrays int32; -1 is null. For example topic "t" owned as
// partition 0, assignment v0:  0000 00000001 0001 74 00000001 00000000 ffffffff
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::wire {

inline constexpr int16_t kConsumerProtocolVersion = 3;

struct ConsumerProtocolTopic {
  std::string topic = {};
  std::vector<int32_t> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topic", m.topic);
    c.Field("Partitions", m.partitions);
  }
};

// KIP-429: owned partitions. KIP-792: generation. KIP-881: rack.
struct ConsumerProtocolSubscription {
  static constexpr codec::Api kApi{.key = -1, .versions = {0, kConsumerProtocolVersion}};
  std::vector<std::string> topics = {};
  std::optional<std::string> user_data = {};
  std::vector<ConsumerProtocolTopic> owned_partitions = {};
  GenerationId generation_id = kNoGeneration;
  std::optional<std::string> rack_id = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topics", m.topics);
    c.Bytes("UserData", m.user_data, codec::FieldSpec().NullableSince(0));
    c.Field("OwnedPartitions", m.owned_partitions, codec::Since(1));
    c.Field("GenerationId", m.generation_id, codec::Since(2));
    c.Field("RackId", m.rack_id, codec::Since(3).NullableSince(3));
  }
};

struct ConsumerProtocolAssignment {
  static constexpr codec::Api kApi{.key = -1, .versions = {0, kConsumerProtocolVersion}};
  std::vector<ConsumerProtocolTopic> assigned_partitions = {};
  std::optional<std::string> user_data = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("AssignedPartitions", m.assigned_partitions);
    c.Bytes("UserData", m.user_data, codec::FieldSpec().NullableSince(0));
  }
};

// With the version in front, as they stand in JoinGroup and SyncGroup.
// Errors: kInvalidRequest when a string is longer than 32,767 bytes.
StatusOr<std::string> Encode(const ConsumerProtocolSubscription& subscription,
                             int16_t version = kConsumerProtocolVersion);
StatusOr<std::string> Encode(const ConsumerProtocolAssignment& assignment,
                             int16_t version = kConsumerProtocolVersion);

// A version above ours is read as ours; bytes behind the known fields are skipped.
// Errors: kInvalidRequest for bytes that end early; kUnsupportedVersion for a negative version.
StatusOr<ConsumerProtocolSubscription> DecodeSubscription(std::string_view bytes);
// Empty bytes are an empty assignment, which members get that the leader left out.
StatusOr<ConsumerProtocolAssignment> DecodeAssignment(std::string_view bytes);

// What the "sticky" assignor remembers in the user data of its subscriptions: the member's last
// assignment, as [topic, [partition: int32]*]* [generation: int32].
struct StickyUserData {
  std::vector<TopicPartition> partitions = {};
  GenerationId generation = kNoGeneration;
};
std::string EncodeStickyUserData(const StickyUserData& data);
// The oldest form lacks the generation. Errors: kInvalidRequest.
StatusOr<StickyUserData> DecodeStickyUserData(std::string_view bytes);

// User data of "cooperative-sticky": [generation: int32]; kNoGeneration for other bytes.
std::string EncodeGeneration(GenerationId generation);
GenerationId DecodeGeneration(std::string_view bytes);

// Between the grouped form of the protocol and a list. The list is sorted, and so is the result.
std::vector<ConsumerProtocolTopic> GroupByTopic(std::vector<TopicPartition> partitions);
std::vector<TopicPartition> Flatten(const std::vector<ConsumerProtocolTopic>& topics);

}  // namespace runnel::wire
