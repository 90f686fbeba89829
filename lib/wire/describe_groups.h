// DescribeGroups (key 15): state and members of classic groups.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "wire/common.h"

namespace runnel::wire {

// v3 authorised operations; v5 flexible.
struct DescribeGroupsRequest {
  static constexpr codec::Api kApi{.key = 15, .versions = {0, 6}, .flexible_since = 5};
  std::vector<std::string_view> groups = {};
  bool include_authorized_operations = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Groups", m.groups);
    c.Field("IncludeAuthorizedOperations", m.include_authorized_operations, codec::Since(3));
  }
};

struct DescribeGroupsResponseMember {
  std::string_view member_id = {};
  std::optional<std::string_view> group_instance_id = {};
  std::string_view client_id = {};
  std::string_view client_host = {};
  std::string_view member_metadata = {};
  std::string_view member_assignment = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("MemberId", m.member_id);
    c.Field("GroupInstanceId", m.group_instance_id, codec::Since(4));
    c.Field("ClientId", m.client_id);
    c.Field("ClientHost", m.client_host);
    c.Bytes("MemberMetadata", m.member_metadata);
    c.Bytes("MemberAssignment", m.member_assignment);
  }
};

struct DescribeGroupsResponseGroup {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  std::string_view group_id = {};
  std::string_view group_state = {};
  std::string_view protocol_type = {};
  std::string_view protocol_data = {};
  std::vector<DescribeGroupsResponseMember> members = {};
  int32_t authorized_operations = kNoAuthorizedOperations;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message, codec::Since(6));
    c.Field("GroupId", m.group_id);
    c.Field("GroupState", m.group_state);
    c.Field("ProtocolType", m.protocol_type);
    c.Field("ProtocolData", m.protocol_data);
    c.Field("Members", m.members);
    c.Field("AuthorizedOperations", m.authorized_operations, codec::Since(3));
  }
};

// v4 static members; v6 an unknown group is an error with a message, before it was "Dead".
struct DescribeGroupsResponse {
  static constexpr codec::Api kApi = DescribeGroupsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<DescribeGroupsResponseGroup> groups = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(1));
    c.Field("Groups", m.groups);
  }
};

}  // namespace runnel::wire
