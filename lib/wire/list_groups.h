// ListGroups (key 16): the groups of one coordinator.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v3 flexible; v4 filter by state; v5 filter by type.
struct ListGroupsRequest {
  static constexpr codec::Api kApi{.key = 16, .versions = {0, 5}, .flexible_since = 3};
  std::vector<std::string_view> states_filter = {};
  std::vector<std::string_view> types_filter = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("StatesFilter", m.states_filter, codec::Since(4));
    c.Field("TypesFilter", m.types_filter, codec::Since(5));
  }
};

struct ListGroupsResponseGroup {
  std::string_view group_id = {};
  std::string_view protocol_type = {};
  std::string_view group_state = {};
  std::string_view group_type = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id);
    c.Field("ProtocolType", m.protocol_type);
    c.Field("GroupState", m.group_state, codec::Since(4));
    c.Field("GroupType", m.group_type, codec::Since(5));
  }
};

struct ListGroupsResponse {
  static constexpr codec::Api kApi = ListGroupsRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ListGroupsResponseGroup> groups = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(1));
    c.Field("ErrorCode", m.error_code);
    c.Field("Groups", m.groups);
  }
};

}  // namespace runnel::wire
