// DeleteGroups (key 42): removes empty groups with their offsets.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v2 flexible.
struct DeleteGroupsRequest {
  static constexpr codec::Api kApi{.key = 42, .versions = {0, 2}, .flexible_since = 2};
  std::vector<std::string_view> groups_names = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupsNames", m.groups_names);
  }
};

struct DeleteGroupsResponseResult {
  std::string_view group_id = {};
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id);
    c.Field("ErrorCode", m.error_code);
  }
};

struct DeleteGroupsResponse {
  static constexpr codec::Api kApi = DeleteGroupsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<DeleteGroupsResponseResult> results = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("Results", m.results);
  }
};

}  // namespace runnel::wire
