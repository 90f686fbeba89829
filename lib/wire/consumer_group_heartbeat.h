// ConsumerGroupHeartbeat (key 68): joins, stays in and leaves a consumer group (KIP-848).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::wire {

struct ConsumerGroupHeartbeatRequestTopic {
  Uuid topic_id = {};
  std::vector<int32_t> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TopicId", m.topic_id);
    c.Field("Partitions", m.partitions);
  }
};

// v1 subscribes by pattern; the member chooses its id.
struct ConsumerGroupHeartbeatRequest {
  static constexpr codec::Api kApi{.key = 68, .versions = {0, 1}, .flexible_since = 0};
  std::string_view group_id = {};
  std::string_view member_id = {};
  int32_t member_epoch = 0;  // 0 joins, -1 leaves, -2 leaves as a static member
  std::optional<std::string_view> instance_id = {};
  std::optional<std::string_view> rack_id = {};
  int32_t rebalance_timeout_ms = -1;
  std::optional<std::vector<std::string_view>> subscribed_topic_names = {};  // null: as before
  std::optional<std::string_view> subscribed_topic_regex = {};
  std::optional<std::string_view> server_assignor = {};
  // What the member owns; null: as before.
  std::optional<std::vector<ConsumerGroupHeartbeatRequestTopic>> topic_partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id);
    c.Field("MemberId", m.member_id);
    c.Field("MemberEpoch", m.member_epoch);
    c.Field("InstanceId", m.instance_id);
    c.Field("RackId", m.rack_id);
    c.Field("RebalanceTimeoutMs", m.rebalance_timeout_ms);
    c.Field("SubscribedTopicNames", m.subscribed_topic_names);
    c.Field("SubscribedTopicRegex", m.subscribed_topic_regex, codec::Since(1));
    c.Field("ServerAssignor", m.server_assignor);
    c.Field("TopicPartitions", m.topic_partitions);
  }
};

struct ConsumerGroupHeartbeatResponseTopic {
  Uuid topic_id = {};
  std::vector<int32_t> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TopicId", m.topic_id);
    c.Field("Partitions", m.partitions);
  }
};

struct ConsumerGroupHeartbeatResponseAssignment {
  std::vector<ConsumerGroupHeartbeatResponseTopic> topic_partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TopicPartitions", m.topic_partitions);
  }
};

struct ConsumerGroupHeartbeatResponse {
  static constexpr codec::Api kApi = ConsumerGroupHeartbeatRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  std::optional<std::string_view> member_id = {};
  int32_t member_epoch = 0;
  int32_t heartbeat_interval_ms = 0;
  std::optional<ConsumerGroupHeartbeatResponseAssignment> assignment = {};  // null: as before

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
    c.Field("MemberId", m.member_id);
    c.Field("MemberEpoch", m.member_epoch);
    c.Field("HeartbeatIntervalMs", m.heartbeat_interval_ms);
    c.Field("Assignment", m.assignment);
  }
};

}  // namespace runnel::wire
