// ListConfigResources (key 74): names of what has configs. Version 0 knows client metrics only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v1 chooses types.
struct ListConfigResourcesRequest {
  static constexpr codec::Api kApi{.key = 74, .versions = {0, 1}, .flexible_since = 0};
  std::vector<int8_t> resource_types = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ResourceTypes", m.resource_types, codec::Since(1));
  }
};

struct ListConfigResourcesResponseResource {
  std::string_view resource_name = {};
  int8_t resource_type = 16;  // 16: client metrics

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ResourceName", m.resource_name);
    c.Field("ResourceType", m.resource_type, codec::Since(1));
  }
};

struct ListConfigResourcesResponse {
  static constexpr codec::Api kApi = ListConfigResourcesRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ListConfigResourcesResponseResource> config_resources = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code);
    c.Field("ConfigResources", m.config_resources);
  }
};

}  // namespace runnel::wire
