// DeleteTopics (key 20). Version 0 is older than Kafka 4 speaks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::wire {

struct DeleteTopicsRequestTopic {
  std::optional<std::string_view> name = {};  // null: by id
  Uuid topic_id = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("TopicId", m.topic_id);
  }
};

// v4 flexible; v6 by name or id.
struct DeleteTopicsRequest {
  static constexpr codec::Api kApi{.key = 20, .versions = {0, 6}, .flexible_since = 4};
  std::vector<DeleteTopicsRequestTopic> topics = {};
  std::vector<std::string_view> topic_names = {};  // until v5
  int32_t timeout_ms = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topics", m.topics, codec::Since(6));
    c.Field("TopicNames", m.topic_names, codec::Until(5));
    c.Field("TimeoutMs", m.timeout_ms);
  }
};

struct DeleteTopicsResponseTopic {
  std::optional<std::string_view> name = {};
  Uuid topic_id = {};
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name, codec::FieldSpec().NullableSince(6));
    c.Field("TopicId", m.topic_id, codec::Since(6));
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message, codec::Since(5));
  }
};

struct DeleteTopicsResponse {
  static constexpr codec::Api kApi = DeleteTopicsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<DeleteTopicsResponseTopic> responses = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(1));
    c.Field("Responses", m.responses);
  }
};

}  // namespace runnel::wire
