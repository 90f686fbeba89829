// IncrementalAlterConfigs (key 44): changes single configs (KIP-339).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct IncrementalAlterConfigsRequestConfig {
  std::string_view name = {};
  int8_t config_operation = 0;  // 0 set, 1 delete, 2 append, 3 subtract
  std::optional<std::string_view> value = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("ConfigOperation", m.config_operation);
    c.Field("Value", m.value);
  }
};

struct IncrementalAlterConfigsRequestResource {
  int8_t resource_type = 0;
  std::string_view resource_name = {};
  std::vector<IncrementalAlterConfigsRequestConfig> configs = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ResourceType", m.resource_type);
    c.Field("ResourceName", m.resource_name);
    c.Field("Configs", m.configs);
  }
};

// v1 flexible.
struct IncrementalAlterConfigsRequest {
  static constexpr codec::Api kApi{.key = 44, .versions = {0, 1}, .flexible_since = 1};
  std::vector<IncrementalAlterConfigsRequestResource> resources = {};
  bool validate_only = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Resources", m.resources);
    c.Field("ValidateOnly", m.validate_only);
  }
};

struct IncrementalAlterConfigsResponseResource {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  int8_t resource_type = 0;
  std::string_view resource_name = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
    c.Field("ResourceType", m.resource_type);
    c.Field("ResourceName", m.resource_name);
  }
};

struct IncrementalAlterConfigsResponse {
  static constexpr codec::Api kApi = IncrementalAlterConfigsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<IncrementalAlterConfigsResponseResource> responses = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("Responses", m.responses);
  }
};

}  // namespace runnel::wire
