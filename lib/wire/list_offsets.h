// ListOffsets (key 2): finds offsets by time, and the two ends of a partition.
// Version 0 returns a list of segment borders instead of one offset; it is spoken for old clients.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "wire/common.h"

namespace runnel::wire {

struct ListOffsetsRequestPartition {
  int32_t partition_index = 0;
  int32_t current_leader_epoch = -1;
  int64_t timestamp = 0;        // -1: the end; -2: the start
  int32_t max_num_offsets = 1;  // version 0 only

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("CurrentLeaderEpoch", m.current_leader_epoch, codec::Since(4));
    c.Field("Timestamp", m.timestamp);
    c.Field("MaxNumOffsets", m.max_num_offsets, codec::Only(0));
  }
};

struct ListOffsetsRequestTopic {
  std::string_view name = {};
  std::vector<ListOffsetsRequestPartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

// v2 isolation level; v4 leader epochs; v6 flexible; v7 -3: offset of the newest timestamp;
// v8 -4: first local offset; v9 -5: last tiered; v10 timeout; v11 -6: first not yet uploaded.
struct ListOffsetsRequest {
  static constexpr codec::Api kApi{.key = 2, .versions = {0, 11}, .flexible_since = 6};
  int32_t replica_id = 0;      // -1: a consumer
  int8_t isolation_level = 0;  // 1: the end is the last stable offset
  std::vector<ListOffsetsRequestTopic> topics = {};
  int32_t timeout_ms = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ReplicaId", m.replica_id);
    c.Field("IsolationLevel", m.isolation_level, codec::Since(2));
    c.Field("Topics", m.topics);
    c.Field("TimeoutMs", m.timeout_ms, codec::Since(10));
  }
};

struct ListOffsetsResponsePartition {
  int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<int64_t> old_style_offsets = {};  // version 0 only, newest first
  int64_t timestamp = -1;
  int64_t offset = -1;  // -1: no record is so new
  int32_t leader_epoch = -1;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("ErrorCode", m.error_code);
    c.Field("OldStyleOffsets", m.old_style_offsets, codec::Only(0));
    c.Field("Timestamp", m.timestamp, codec::Since(1));
    c.Field("Offset", m.offset, codec::Since(1));
    c.Field("LeaderEpoch", m.leader_epoch, codec::Since(4));
  }
};

struct ListOffsetsResponseTopic {
  std::string_view name = {};
  std::vector<ListOffsetsResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct ListOffsetsResponse {
  static constexpr codec::Api kApi = ListOffsetsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<ListOffsetsResponseTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(2));
    c.Field("Topics", m.topics);
  }
};

}  // namespace runnel::wire
