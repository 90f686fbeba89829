// LeaveGroup (key 13): takes members out of a classic group.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct LeaveGroupRequestMember {
  std::string_view member_id = {};  // may be empty for a static member
  std::optional<std::string_view> group_instance_id = {};
  std::optional<std::string_view> reason = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("MemberId", m.member_id);
    c.Field("GroupInstanceId", m.group_instance_id);
    c.Field("Reason", m.reason, codec::Since(5));
  }
};

// v3 many members at once; v4 flexible; v5 reason.
struct LeaveGroupRequest {
  static constexpr codec::Api kApi{.key = 13, .versions = {0, 5}, .flexible_since = 4};
  std::string_view group_id = {};
  std::string_view member_id = {};
  std::vector<LeaveGroupRequestMember> members = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id);
    c.Field("MemberId", m.member_id, codec::Until(2));
    c.Field("Members", m.members, codec::Since(3));
  }
};

struct LeaveGroupResponseMember {
  std::string_view member_id = {};
  std::optional<std::string_view> group_instance_id = {};
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("MemberId", m.member_id);
    c.Field("GroupInstanceId", m.group_instance_id);
    c.Field("ErrorCode", m.error_code);
  }
};

// Before v3 the member's error is that of the request.
struct LeaveGroupResponse {
  static constexpr codec::Api kApi = LeaveGroupRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<LeaveGroupResponseMember> members = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(1));
    c.Field("ErrorCode", m.error_code);
    c.Field("Members", m.members, codec::Since(3));
  }
};

}  // namespace runnel::wire
