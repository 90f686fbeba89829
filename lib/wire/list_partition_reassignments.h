// ListPartitionReassignments (key 46): partitions that are on the move.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct ListPartitionReassignmentsRequestTopic {
  std::string_view name = {};
  std::vector<int32_t> partition_indexes = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("PartitionIndexes", m.partition_indexes);
  }
};

struct ListPartitionReassignmentsRequest {
  static constexpr codec::Api kApi{.key = 46, .versions = {0, 0}, .flexible_since = 0};
  int32_t timeout_ms = 60000;
  std::optional<std::vector<ListPartitionReassignmentsRequestTopic>> topics = {};  // null: all

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TimeoutMs", m.timeout_ms);
    c.Field("Topics", m.topics);
  }
};

struct ListPartitionReassignmentsResponsePartition {
  int32_t partition_index = 0;
  std::vector<int32_t> replicas = {};
  std::vector<int32_t> adding_replicas = {};
  std::vector<int32_t> removing_replicas = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("Replicas", m.replicas);
    c.Field("AddingReplicas", m.adding_replicas);
    c.Field("RemovingReplicas", m.removing_replicas);
  }
};

struct ListPartitionReassignmentsResponseTopic {
  std::string_view name = {};
  std::vector<ListPartitionReassignmentsResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct ListPartitionReassignmentsResponse {
  static constexpr codec::Api kApi = ListPartitionReassignmentsRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  std::vector<ListPartitionReassignmentsResponseTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
    c.Field("Topics", m.topics);
  }
};

}  // namespace runnel::wire
