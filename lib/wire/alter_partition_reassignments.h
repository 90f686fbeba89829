// AlterPartitionReassignments (key 45): moves partitions to other replicas.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct AlterPartitionReassignmentsRequestPartition {
  int32_t partition_index = 0;
  std::optional<std::vector<int32_t>> replicas = {};  // null: cancel

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("Replicas", m.replicas);
  }
};

struct AlterPartitionReassignmentsRequestTopic {
  std::string_view name = {};
  std::vector<AlterPartitionReassignmentsRequestPartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

// v1 may forbid a change of the replication factor.
struct AlterPartitionReassignmentsRequest {
  static constexpr codec::Api kApi{.key = 45, .versions = {0, 1}, .flexible_since = 0};
  int32_t timeout_ms = 60000;
  bool allow_replication_factor_change = true;
  std::vector<AlterPartitionReassignmentsRequestTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TimeoutMs", m.timeout_ms);
    c.Field("AllowReplicationFactorChange", m.allow_replication_factor_change, codec::Since(1));
    c.Field("Topics", m.topics);
  }
};

struct AlterPartitionReassignmentsResponsePartition {
  int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
  }
};

struct AlterPartitionReassignmentsResponseTopic {
  std::string_view name = {};
  std::vector<AlterPartitionReassignmentsResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct AlterPartitionReassignmentsResponse {
  static constexpr codec::Api kApi = AlterPartitionReassignmentsRequest::kApi;
  int32_t throttle_time_ms = 0;
  bool allow_replication_factor_change = true;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  std::vector<AlterPartitionReassignmentsResponseTopic> responses = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("AllowReplicationFactorChange", m.allow_replication_factor_change, codec::Since(1));
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
    c.Field("Responses", m.responses);
  }
};

}  // namespace runnel::wire
