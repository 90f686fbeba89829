// AlterConfigs (key 33): replaces all configs of a resource; IncrementalAlterConfigs is the newer
// way.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct AlterConfigsRequestConfig {
  std::string_view name = {};
  std::optional<std::string_view> value = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Value", m.value);
  }
};

struct AlterConfigsRequestResource {
  int8_t resource_type = 0;
  std::string_view resource_name = {};
  std::vector<AlterConfigsRequestConfig> configs = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ResourceType", m.resource_type);
    c.Field("ResourceName", m.resource_name);
    c.Field("Configs", m.configs);
  }
};

// v2 flexible.
struct AlterConfigsRequest {
  static constexpr codec::Api kApi{.key = 33, .versions = {0, 2}, .flexible_since = 2};
  std::vector<AlterConfigsRequestResource> resources = {};
  bool validate_only = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Resources", m.resources);
    c.Field("ValidateOnly", m.validate_only);
  }
};

struct AlterConfigsResponseResource {
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

struct AlterConfigsResponse {
  static constexpr codec::Api kApi = AlterConfigsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<AlterConfigsResponseResource> responses = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("Responses", m.responses);
  }
};

}  // namespace runnel::wire
