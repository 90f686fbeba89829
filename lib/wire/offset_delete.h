// OffsetDelete (key 47): forgets committed offsets of a group (KIP-496). Never flexible.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct OffsetDeleteRequestPartition {
  int32_t partition_index = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
  }
};

struct OffsetDeleteRequestTopic {
  std::string_view name = {};
  std::vector<OffsetDeleteRequestPartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct OffsetDeleteRequest {
  static constexpr codec::Api kApi{.key = 47, .versions = {0, 0}};
  std::string_view group_id = {};
  std::vector<OffsetDeleteRequestTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id);
    c.Field("Topics", m.topics);
  }
};

struct OffsetDeleteResponsePartition {
  int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("ErrorCode", m.error_code);
  }
};

struct OffsetDeleteResponseTopic {
  std::string_view name = {};
  std::vector<OffsetDeleteResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct OffsetDeleteResponse {
  static constexpr codec::Api kApi = OffsetDeleteRequest::kApi;
  ErrorCode error_code = ErrorCode::kNone;
  int32_t throttle_time_ms = 0;
  std::vector<OffsetDeleteResponseTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("Topics", m.topics);
  }
};

}  // namespace runnel::wire
