// DeleteRecords (key 21): moves the start of partitions up.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct DeleteRecordsRequestPartition {
  int32_t partition_index = 0;
  int64_t offset = 0;  // the new start; -1: the high watermark

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("Offset", m.offset);
  }
};

struct DeleteRecordsRequestTopic {
  std::string_view name = {};
  std::vector<DeleteRecordsRequestPartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

// v2 flexible.
struct DeleteRecordsRequest {
  static constexpr codec::Api kApi{.key = 21, .versions = {0, 2}, .flexible_since = 2};
  std::vector<DeleteRecordsRequestTopic> topics = {};
  int32_t timeout_ms = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topics", m.topics);
    c.Field("TimeoutMs", m.timeout_ms);
  }
};

struct DeleteRecordsResponsePartition {
  int32_t partition_index = 0;
  int64_t low_watermark = 0;  // -1 with an error
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("LowWatermark", m.low_watermark);
    c.Field("ErrorCode", m.error_code);
  }
};

struct DeleteRecordsResponseTopic {
  std::string_view name = {};
  std::vector<DeleteRecordsResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct DeleteRecordsResponse {
  static constexpr codec::Api kApi = DeleteRecordsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<DeleteRecordsResponseTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("Topics", m.topics);
  }
};

}  // namespace runnel::wire
