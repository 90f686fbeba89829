// DescribeProducers (key 61): producers with state in a partition, to find hanging transactions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct DescribeProducersRequestTopic {
  std::string_view name = {};
  std::vector<int32_t> partition_indexes = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("PartitionIndexes", m.partition_indexes);
  }
};

struct DescribeProducersRequest {
  static constexpr codec::Api kApi{.key = 61, .versions = {0, 0}, .flexible_since = 0};
  std::vector<DescribeProducersRequestTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topics", m.topics);
  }
};

struct DescribeProducersResponseProducer {
  int64_t producer_id = 0;
  int32_t producer_epoch = 0;
  int32_t last_sequence = -1;
  int64_t last_timestamp = -1;
  int32_t coordinator_epoch = 0;
  int64_t current_txn_start_offset = -1;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ProducerId", m.producer_id);
    c.Field("ProducerEpoch", m.producer_epoch);
    c.Field("LastSequence", m.last_sequence);
    c.Field("LastTimestamp", m.last_timestamp);
    c.Field("CoordinatorEpoch", m.coordinator_epoch);
    c.Field("CurrentTxnStartOffset", m.current_txn_start_offset);
  }
};

struct DescribeProducersResponsePartition {
  int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  std::vector<DescribeProducersResponseProducer> active_producers = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
    c.Field("ActiveProducers", m.active_producers);
  }
};

struct DescribeProducersResponseTopic {
  std::string_view name = {};
  std::vector<DescribeProducersResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct DescribeProducersResponse {
  static constexpr codec::Api kApi = DescribeProducersRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<DescribeProducersResponseTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("Topics", m.topics);
  }
};

}  // namespace runnel::wire
