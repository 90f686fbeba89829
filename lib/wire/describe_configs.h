// DescribeConfigs (key 32). Version 0 is older than Kafka 4 speaks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct DescribeConfigsRequestResource {
  int8_t resource_type = 0;  // 2 topic, 4 broker, 8 logger, 16 metrics, 32 group
  std::string_view resource_name = {};
  std::optional<std::vector<std::string_view>> configuration_keys = {};  // null: all

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ResourceType", m.resource_type);
    c.Field("ResourceName", m.resource_name);
    c.Field("ConfigurationKeys", m.configuration_keys);
  }
};

// v1 synonyms; v3 documentation; v4 flexible.
struct DescribeConfigsRequest {
  static constexpr codec::Api kApi{.key = 32, .versions = {0, 4}, .flexible_since = 4};
  std::vector<DescribeConfigsRequestResource> resources = {};
  bool include_synonyms = false;
  bool include_documentation = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Resources", m.resources);
    c.Field("IncludeSynonyms", m.include_synonyms, codec::Since(1));
    c.Field("IncludeDocumentation", m.include_documentation, codec::Since(3));
  }
};

struct DescribeConfigsResponseSynonym {
  std::string_view name = {};
  std::optional<std::string_view> value = {};
  int8_t source = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Value", m.value);
    c.Field("Source", m.source);
  }
};

struct DescribeConfigsResponseConfig {
  std::string_view name = {};
  std::optional<std::string_view> value = {};  // null when sensitive
  bool read_only = false;
  bool is_default = false;    // version 0 only
  int8_t config_source = -1;  // 1 topic, 2 and 3 dynamic, 4 static, 5 default
  bool is_sensitive = false;
  std::vector<DescribeConfigsResponseSynonym> synonyms = {};
  int8_t config_type = 0;  // 1 boolean, 2 string, 3 int, 4 short, 5 long, ...
  std::optional<std::string_view> documentation = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Value", m.value);
    c.Field("ReadOnly", m.read_only);
    c.Field("IsDefault", m.is_default, codec::Only(0));
    c.Field("ConfigSource", m.config_source, codec::Since(1));
    c.Field("IsSensitive", m.is_sensitive);
    c.Field("Synonyms", m.synonyms, codec::Since(1));
    c.Field("ConfigType", m.config_type, codec::Since(3));
    c.Field("Documentation", m.documentation, codec::Since(3));
  }
};

struct DescribeConfigsResponseResult {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  int8_t resource_type = 0;
  std::string_view resource_name = {};
  std::vector<DescribeConfigsResponseConfig> configs = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
    c.Field("ResourceType", m.resource_type);
    c.Field("ResourceName", m.resource_name);
    c.Field("Configs", m.configs);
  }
};

// v1 says where a value comes from instead of whether it is a default.
struct DescribeConfigsResponse {
  static constexpr codec::Api kApi = DescribeConfigsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<DescribeConfigsResponseResult> results = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("Results", m.results);
  }
};

}  // namespace runnel::wire
