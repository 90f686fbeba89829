// CreateTopics (key 19). Versions 0 and 1 are older than Kafka 4 speaks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::wire {

struct CreateTopicsRequestAssignment {
  int32_t partition_index = 0;
  std::vector<int32_t> broker_ids = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("BrokerIds", m.broker_ids);
  }
};

struct CreateTopicsRequestConfig {
  std::string_view name = {};
  std::optional<std::string_view> value = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Value", m.value);
  }
};

struct CreateTopicsRequestTopic {
  std::string_view name = {};
  int32_t num_partitions = 0;      // -1: the default, or as assigned
  int16_t replication_factor = 0;  // -1: the default, or as assigned
  std::vector<CreateTopicsRequestAssignment> assignments = {};
  std::vector<CreateTopicsRequestConfig> configs = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("NumPartitions", m.num_partitions);
    c.Field("ReplicationFactor", m.replication_factor);
    c.Field("Assignments", m.assignments);
    c.Field("Configs", m.configs);
  }
};

// v1 validate only; v4 -1 asks for the broker's default counts; v5 flexible.
struct CreateTopicsRequest {
  static constexpr codec::Api kApi{.key = 19, .versions = {0, 7}, .flexible_since = 5};
  std::vector<CreateTopicsRequestTopic> topics = {};
  int32_t timeout_ms = 60000;
  bool validate_only = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topics", m.topics);
    c.Field("timeoutMs", m.timeout_ms);
    c.Field("validateOnly", m.validate_only, codec::Since(1));
  }
};

struct CreateTopicsResponseConfig {
  std::string_view name = {};
  std::optional<std::string_view> value = {};
  bool read_only = false;
  int8_t config_source = -1;
  bool is_sensitive = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Value", m.value);
    c.Field("ReadOnly", m.read_only);
    c.Field("ConfigSource", m.config_source);
    c.Field("IsSensitive", m.is_sensitive);
  }
};

struct CreateTopicsResponseTopic {
  std::string_view name = {};
  Uuid topic_id = {};
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  ErrorCode topic_config_error_code = ErrorCode::kNone;
  int32_t num_partitions = -1;
  int16_t replication_factor = -1;
  std::optional<std::vector<CreateTopicsResponseConfig>> configs = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("TopicId", m.topic_id, codec::Since(7));
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message, codec::Since(1));
    c.Field("NumPartitions", m.num_partitions, codec::Since(5));
    c.Field("ReplicationFactor", m.replication_factor, codec::Since(5));
    c.Field("Configs", m.configs, codec::Since(5));
    c.Tagged(0, "TopicConfigErrorCode", m.topic_config_error_code, codec::Since(5));
  }
};

// v5 what was created; v7 topic ids.
struct CreateTopicsResponse {
  static constexpr codec::Api kApi = CreateTopicsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<CreateTopicsResponseTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(2));
    c.Field("Topics", m.topics);
  }
};

}  // namespace runnel::wire
