// Heartbeat (key 12): keeps a member of a classic group alive and tells it when to rejoin.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v3 static members (KIP-345); v4 flexible.
struct HeartbeatRequest {
  static constexpr codec::Api kApi{.key = 12, .versions = {0, 4}, .flexible_since = 4};
  std::string_view group_id = {};
  int32_t generation_id = 0;
  std::string_view member_id = {};
  std::optional<std::string_view> group_instance_id = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id);
    c.Field("GenerationId", m.generation_id);
    c.Field("MemberId", m.member_id);
    c.Field("GroupInstanceId", m.group_instance_id, codec::Since(3));
  }
};

struct HeartbeatResponse {
  static constexpr codec::Api kApi = HeartbeatRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(1));
    c.Field("ErrorCode", m.error_code);
  }
};

}  // namespace runnel::wire
