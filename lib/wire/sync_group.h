// SyncGroup (key 14): the leader hands in the assignment, every member fetches its part.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct SyncGroupRequestAssignment {
  std::string_view member_id = {};
  std::string_view assignment = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("MemberId", m.member_id);
    c.Bytes("Assignment", m.assignment);
  }
};

// v3 static members; v4 flexible; v5 protocol type and name, checked when given.
struct SyncGroupRequest {
  static constexpr codec::Api kApi{.key = 14, .versions = {0, 5}, .flexible_since = 4};
  std::string_view group_id = {};
  int32_t generation_id = 0;
  std::string_view member_id = {};
  std::optional<std::string_view> group_instance_id = {};
  std::optional<std::string_view> protocol_type = {};
  std::optional<std::string_view> protocol_name = {};
  std::vector<SyncGroupRequestAssignment> assignments = {};  // from the leader only

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id);
    c.Field("GenerationId", m.generation_id);
    c.Field("MemberId", m.member_id);
    c.Field("GroupInstanceId", m.group_instance_id, codec::Since(3));
    c.Field("ProtocolType", m.protocol_type, codec::Since(5));
    c.Field("ProtocolName", m.protocol_name, codec::Since(5));
    c.Field("Assignments", m.assignments);
  }
};

struct SyncGroupResponse {
  static constexpr codec::Api kApi = SyncGroupRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> protocol_type = {};
  std::optional<std::string_view> protocol_name = {};
  std::string_view assignment = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(1));
    c.Field("ErrorCode", m.error_code);
    c.Field("ProtocolType", m.protocol_type, codec::Since(5));
    c.Field("ProtocolName", m.protocol_name, codec::Since(5));
    c.Bytes("Assignment", m.assignment);
  }
};

}  // namespace runnel::wire
