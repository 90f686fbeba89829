// DescribeTopicPartitions (key 75): topics page by page, with eligible leader replicas (KIP-966).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"
#include "wire/common.h"

namespace runnel::wire {

struct DescribeTopicPartitionsRequestTopic {
  std::string_view name = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
  }
};

struct DescribeTopicPartitionsCursor {
  std::string_view topic_name = {};
  int32_t partition_index = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TopicName", m.topic_name);
    c.Field("PartitionIndex", m.partition_index);
  }
};

struct DescribeTopicPartitionsRequest {
  static constexpr codec::Api kApi{.key = 75, .versions = {0, 0}, .flexible_since = 0};
  std::vector<DescribeTopicPartitionsRequestTopic> topics = {};  // none: all
  int32_t response_partition_limit = 2000;
  std::optional<DescribeTopicPartitionsCursor> cursor = {};  // where the page before ended

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topics", m.topics);
    c.Field("ResponsePartitionLimit", m.response_partition_limit);
    c.Field("Cursor", m.cursor);
  }
};

struct DescribeTopicPartitionsResponsePartition {
  ErrorCode error_code = ErrorCode::kNone;
  int32_t partition_index = 0;
  int32_t leader_id = 0;
  int32_t leader_epoch = -1;
  std::vector<int32_t> replica_nodes = {};
  std::vector<int32_t> isr_nodes = {};
  std::optional<std::vector<int32_t>> eligible_leader_replicas = {};
  std::optional<std::vector<int32_t>> last_known_elr = {};
  std::vector<int32_t> offline_replicas = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("PartitionIndex", m.partition_index);
    c.Field("LeaderId", m.leader_id);
    c.Field("LeaderEpoch", m.leader_epoch);
    c.Field("ReplicaNodes", m.replica_nodes);
    c.Field("IsrNodes", m.isr_nodes);
    c.Field("EligibleLeaderReplicas", m.eligible_leader_replicas);
    c.Field("LastKnownElr", m.last_known_elr);
    c.Field("OfflineReplicas", m.offline_replicas);
  }
};

struct DescribeTopicPartitionsResponseTopic {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> name = {};
  Uuid topic_id = {};
  bool is_internal = false;
  std::vector<DescribeTopicPartitionsResponsePartition> partitions = {};
  int32_t topic_authorized_operations = kNoAuthorizedOperations;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("Name", m.name);
    c.Field("TopicId", m.topic_id);
    c.Field("IsInternal", m.is_internal);
    c.Field("Partitions", m.partitions);
    c.Field("TopicAuthorizedOperations", m.topic_authorized_operations);
  }
};

struct DescribeTopicPartitionsResponse {
  static constexpr codec::Api kApi = DescribeTopicPartitionsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<DescribeTopicPartitionsResponseTopic> topics = {};
  std::optional<DescribeTopicPartitionsCursor> next_cursor = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("Topics", m.topics);
    c.Field("NextCursor", m.next_cursor);
  }
};

}  // namespace runnel::wire
