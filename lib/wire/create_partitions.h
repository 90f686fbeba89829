// CreatePartitions (key 37): makes topics wider.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct CreatePartitionsRequestAssignment {
  std::vector<int32_t> broker_ids = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("BrokerIds", m.broker_ids);
  }
};

struct CreatePartitionsRequestTopic {
  std::string_view name = {};
  int32_t count = 0;  // the new total
  // Null: the broker chooses; one per new partition.
  std::optional<std::vector<CreatePartitionsRequestAssignment>> assignments = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Count", m.count);
    c.Field("Assignments", m.assignments);
  }
};

// v2 flexible.
struct CreatePartitionsRequest {
  static constexpr codec::Api kApi{.key = 37, .versions = {0, 3}, .flexible_since = 2};
  std::vector<CreatePartitionsRequestTopic> topics = {};
  int32_t timeout_ms = 0;
  bool validate_only = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topics", m.topics);
    c.Field("TimeoutMs", m.timeout_ms);
    c.Field("ValidateOnly", m.validate_only);
  }
};

struct CreatePartitionsResponseResult {
  std::string_view name = {};
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
  }
};

struct CreatePartitionsResponse {
  static constexpr codec::Api kApi = CreatePartitionsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<CreatePartitionsResponseResult> results = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("Results", m.results);
  }
};

}  // namespace runnel::wire
