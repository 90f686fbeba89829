// Produce (key 0): appends record batches to partitions. With acks 0 there is no response: an error
// closes the connection.
// Versions 0-2 carried older record formats and are not spoken.
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

struct ProduceRequestPartition {
  int32_t index = 0;
  std::optional<std::string_view> records = {};  // one batch

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Index", m.index);
    c.Records("Records", m.records);
  }
};

struct ProduceRequestTopic {
  std::string_view name = {};
  Uuid topic_id = {};
  std::vector<ProduceRequestPartition> partition_data = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name, codec::Until(12));
    c.Field("TopicId", m.topic_id, codec::Since(13));
    c.Field("PartitionData", m.partition_data);
  }
};

// v7 allows zstd; v9 flexible; v12 adds partitions to transactions (KIP-890); v13 topic ids.
struct ProduceRequest {
  static constexpr codec::Api kApi{.key = 0, .versions = {3, 13}, .flexible_since = 9};
  std::optional<std::string_view> transactional_id = {};
  int16_t acks = 0;        // 0, 1 or -1 (all in-sync replicas)
  int32_t timeout_ms = 0;  // bounds the wait for replicas
  std::vector<ProduceRequestTopic> topic_data = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TransactionalId", m.transactional_id);
    c.Field("Acks", m.acks);
    c.Field("TimeoutMs", m.timeout_ms);
    c.Field("TopicData", m.topic_data);
  }
};

struct ProduceResponseRecordError {
  int32_t batch_index = 0;  // of the record within its batch
  std::optional<std::string_view> batch_index_error_message = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("BatchIndex", m.batch_index);
    c.Field("BatchIndexErrorMessage", m.batch_index_error_message);
  }
};

struct ProduceResponsePartition {
  int32_t index = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int64_t base_offset = 0;
  int64_t log_append_time_ms = -1;  // -1: timestamps are the producer's
  int64_t log_start_offset = -1;
  std::vector<ProduceResponseRecordError> record_errors = {};
  std::optional<std::string_view> error_message = {};
  CurrentLeader current_leader = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Index", m.index);
    c.Field("ErrorCode", m.error_code);
    c.Field("BaseOffset", m.base_offset);
    c.Field("LogAppendTimeMs", m.log_append_time_ms);
    c.Field("LogStartOffset", m.log_start_offset, codec::Since(5));
    c.Field("RecordErrors", m.record_errors, codec::Since(8));
    c.Field("ErrorMessage", m.error_message, codec::Since(8));
    c.Tagged(0, "CurrentLeader", m.current_leader, codec::Since(10));
  }
};

struct ProduceResponseTopic {
  std::string_view name = {};
  Uuid topic_id = {};
  std::vector<ProduceResponsePartition> partition_responses = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name, codec::Until(12));
    c.Field("TopicId", m.topic_id, codec::Since(13));
    c.Field("PartitionResponses", m.partition_responses);
  }
};

// v8 errors of records (KIP-467); v10 the new leader (KIP-951).
struct ProduceResponse {
  static constexpr codec::Api kApi = ProduceRequest::kApi;
  std::vector<ProduceResponseTopic> responses = {};
  int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Responses", m.responses);
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Tagged(0, "NodeEndpoints", m.node_endpoints, codec::Since(10));
  }
};

}  // namespace runnel::wire
