// OffsetForLeaderEpoch (key 23): where an epoch ended; finds the point at which logs diverge.
// Versions 0 and 1 are older than Kafka 4 speaks.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "wire/common.h"

namespace runnel::wire {

struct OffsetForLeaderEpochRequestPartition {
  int32_t partition = 0;
  int32_t current_leader_epoch = -1;  // -1: not checked
  int32_t leader_epoch = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Partition", m.partition);
    c.Field("CurrentLeaderEpoch", m.current_leader_epoch, codec::Since(2));
    c.Field("LeaderEpoch", m.leader_epoch);
  }
};

struct OffsetForLeaderEpochRequestTopic {
  std::string_view topic = {};
  std::vector<OffsetForLeaderEpochRequestPartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topic", m.topic);
    c.Field("Partitions", m.partitions);
  }
};

// v2 fenced by the current epoch; v3 replica id; v4 flexible.
struct OffsetForLeaderEpochRequest {
  static constexpr codec::Api kApi{.key = 23, .versions = {0, 4}, .flexible_since = 4};
  int32_t replica_id = -2;  // -2 and -1: a consumer
  std::vector<OffsetForLeaderEpochRequestTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ReplicaId", m.replica_id, codec::Since(3));
    c.Field("Topics", m.topics);
  }
};

struct OffsetForLeaderEpochResponsePartition {
  ErrorCode error_code = ErrorCode::kNone;
  int32_t partition = 0;
  int32_t leader_epoch = -1;
  int64_t end_offset = -1;  // -1: unknown

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("Partition", m.partition);
    c.Field("LeaderEpoch", m.leader_epoch, codec::Since(1));
    c.Field("EndOffset", m.end_offset);
  }
};

struct OffsetForLeaderEpochResponseTopic {
  std::string_view topic = {};
  std::vector<OffsetForLeaderEpochResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topic", m.topic);
    c.Field("Partitions", m.partitions);
  }
};

struct OffsetForLeaderEpochResponse {
  static constexpr codec::Api kApi = OffsetForLeaderEpochRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<OffsetForLeaderEpochResponseTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(2));
    c.Field("Topics", m.topics);
  }
};

}  // namespace runnel::wire
