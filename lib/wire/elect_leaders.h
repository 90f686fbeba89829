// ElectLeaders (key 43): gives leadership back to preferred replicas, or to any replica.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct ElectLeadersRequestTopic {
  std::string_view topic = {};
  std::vector<int32_t> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topic", m.topic);
    c.Field("Partitions", m.partitions);
  }
};

// v1 election type; v2 flexible.
struct ElectLeadersRequest {
  static constexpr codec::Api kApi{.key = 43, .versions = {0, 2}, .flexible_since = 2};
  int8_t election_type = 0;  // 0 preferred, 1 unclean
  std::optional<std::vector<ElectLeadersRequestTopic>> topic_partitions = {};  // null: all
  int32_t timeout_ms = 60000;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ElectionType", m.election_type, codec::Since(1));
    c.Field("TopicPartitions", m.topic_partitions);
    c.Field("TimeoutMs", m.timeout_ms);
  }
};

struct ElectLeadersResponsePartition {
  int32_t partition_id = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionId", m.partition_id);
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
  }
};

struct ElectLeadersResponseTopic {
  std::string_view topic = {};
  std::vector<ElectLeadersResponsePartition> partition_result = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topic", m.topic);
    c.Field("PartitionResult", m.partition_result);
  }
};

// v1 error of the whole request.
struct ElectLeadersResponse {
  static constexpr codec::Api kApi = ElectLeadersRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ElectLeadersResponseTopic> replica_election_results = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code, codec::Since(1));
    c.Field("ReplicaElectionResults", m.replica_election_results);
  }
};

}  // namespace runnel::wire
