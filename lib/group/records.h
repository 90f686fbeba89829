// Records of __consumer_offsets, in Kafka's formats.
//
// A key is [type: int16][fields], a value [version: int16][fields]. The offset 10 of partition 0
// of topic t, committed by group g:
//   key    0001 0001 67 0001 74 00000000
//   value  0004 000000000000000a ffffffff 01 0000018bcfe56800 00     (version 4, no metadata)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::group {

inline constexpr int16_t kLegacyOffsetCommitType = 0;  // the same key, from very old brokers
inline constexpr int16_t kOffsetCommitType = 1;
inline constexpr int16_t kGroupMetadataType = 2;

struct OffsetCommitKey {
  static constexpr codec::Api kApi{.key = kOffsetCommitType, .versions = {0, 0}};
  std::string group = {};
  std::string topic = {};
  int32_t partition = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("group", m.group);
    c.Field("topic", m.topic);
    c.Field("partition", m.partition);
  }
  friend bool operator==(const OffsetCommitKey&, const OffsetCommitKey&) = default;
};

// Written as version 4, or as version 1 when it has an expiry time.
struct OffsetCommitValue {
  static constexpr codec::Api kApi{
      .key = kOffsetCommitType, .versions = {0, 4}, .flexible_since = 4};
  int64_t offset = 0;
  int32_t leader_epoch = -1;
  std::string metadata = {};
  int64_t commit_timestamp = 0;
  int64_t expire_timestamp = -1;  // -1: by the retention of the broker
  Uuid topic_id = {};             // zero: unknown

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("offset", m.offset);
    c.Field("leaderEpoch", m.leader_epoch, codec::Since(3));
    c.Field("metadata", m.metadata);
    c.Field("commitTimestamp", m.commit_timestamp);
    c.Field("expireTimestamp", m.expire_timestamp, codec::Only(1));
    c.Tagged(0, "topicId", m.topic_id, codec::Since(4));
  }
  friend bool operator==(const OffsetCommitValue&, const OffsetCommitValue&) = default;
};

struct GroupMetadataKey {
  static constexpr codec::Api kApi{.key = kGroupMetadataType, .versions = {0, 0}};
  std::string group = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("group", m.group);
  }
};

struct MemberMetadata {
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  std::string client_id = {};
  std::string client_host = {};
  int32_t rebalance_timeout = -1;  // milliseconds; -1: the session timeout
  int32_t session_timeout = 0;     // milliseconds
  std::string subscription = {};   // metadata of the chosen protocol
  std::string assignment = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("memberId", m.member_id);
    c.Field("groupInstanceId", m.group_instance_id, codec::Since(3));
    c.Field("clientId", m.client_id);
    c.Field("clientHost", m.client_host);
    c.Field("rebalanceTimeout", m.rebalance_timeout, codec::Since(1));
    c.Field("sessionTimeout", m.session_timeout);
    c.Bytes("subscription", m.subscription);
    c.Bytes("assignment", m.assignment);
  }
  friend bool operator==(const MemberMetadata&, const MemberMetadata&) = default;
};

// A classic group with its assignment. Written as version 3, as Kafka 4.3 does.
struct GroupMetadataValue {
  static constexpr codec::Api kApi{
      .key = kGroupMetadataType, .versions = {0, 4}, .flexible_since = 4};
  static constexpr int16_t kWrittenVersion = 3;
  std::string protocol_type = {};
  int32_t generation = 0;
  std::optional<std::string> protocol = {};
  std::optional<std::string> leader = {};
  int64_t current_state_timestamp = -1;
  std::vector<MemberMetadata> members = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("protocolType", m.protocol_type);
    c.Field("generation", m.generation);
    c.Field("protocol", m.protocol);
    c.Field("leader", m.leader);
    c.Field("currentStateTimestamp", m.current_state_timestamp, codec::Since(2));
    c.Field("members", m.members);
  }
  friend bool operator==(const GroupMetadataValue&, const GroupMetadataValue&) = default;
};

// A record of another kind of group (KIP-848, KIP-932, KIP-1071); its key begins with the group.
struct OtherGroupKey {
  int16_t type = 0;
  std::string_view group = {};
};
// A type from the future. Skip it.
struct UnknownKey {
  int16_t type = 0;
};
using RecordKey = std::variant<UnknownKey, OffsetCommitKey, GroupMetadataKey, OtherGroupKey>;

// Errors: kInvalidRequest when a key of a known type is cut short.
// Lifetime: OtherGroupKey borrows `key`.
StatusOr<RecordKey> ParseKey(std::string_view key);

std::string EncodeKey(const OffsetCommitKey& key);
std::string EncodeKey(const GroupMetadataKey& key);
std::string EncodeValue(const OffsetCommitValue& value);
std::string EncodeValue(const GroupMetadataValue& value);
StatusOr<OffsetCommitValue> DecodeOffsetCommitValue(std::string_view bytes);
StatusOr<GroupMetadataValue> DecodeGroupMetadataValue(std::string_view bytes);

// The topics of a subscription of the "consumer" protocol; empty when the bytes are none.
std::vector<std::string> SubscribedTopics(std::string_view subscription);

}  // namespace runnel::group
