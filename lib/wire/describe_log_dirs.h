// DescribeLogDirs (key 35): sizes of partitions and of the directories they lie in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct DescribeLogDirsRequestTopic {
  std::string_view topic = {};
  std::vector<int32_t> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topic", m.topic);
    c.Field("Partitions", m.partitions);
  }
};

// v2 flexible.
struct DescribeLogDirsRequest {
  static constexpr codec::Api kApi{.key = 35, .versions = {1, 5}, .flexible_since = 2};
  std::optional<std::vector<DescribeLogDirsRequestTopic>> topics = {};  // null: all

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topics", m.topics);
  }
};

struct DescribeLogDirsResponsePartition {
  int32_t partition_index = 0;
  int64_t partition_size = 0;
  int64_t offset_lag = 0;
  bool is_future_key = false;  // on its way to another directory

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("PartitionSize", m.partition_size);
    c.Field("OffsetLag", m.offset_lag);
    c.Field("IsFutureKey", m.is_future_key);
  }
};

struct DescribeLogDirsResponseTopic {
  std::string_view name = {};
  std::vector<DescribeLogDirsResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct DescribeLogDirsResponseResult {
  ErrorCode error_code = ErrorCode::kNone;
  std::string_view log_dir = {};
  std::vector<DescribeLogDirsResponseTopic> topics = {};
  int64_t total_bytes = -1;
  int64_t usable_bytes = -1;
  bool is_cordoned = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("LogDir", m.log_dir);
    c.Field("Topics", m.topics);
    c.Field("TotalBytes", m.total_bytes, codec::Since(4));
    c.Field("UsableBytes", m.usable_bytes, codec::Since(4));
    c.Field("IsCordoned", m.is_cordoned, codec::Since(5));
  }
};

// v3 error of the whole request; v4 sizes of the volume; v5 cordoned directories.
struct DescribeLogDirsResponse {
  static constexpr codec::Api kApi = DescribeLogDirsRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<DescribeLogDirsResponseResult> results = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code, codec::Since(3));
    c.Field("Results", m.results);
  }
};

}  // namespace runnel::wire
