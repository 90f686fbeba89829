// JoinGroup (key 11): enters a classic group, or its next generation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct JoinGroupRequestProtocol {
  std::string_view name = {};
  std::string_view metadata = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Bytes("Metadata", m.metadata);
  }
};

// v1 rebalance timeout; v4 a new member is given its id first (KIP-394); v5 static members; v6
// flexible; v8 reason.
struct JoinGroupRequest {
  static constexpr codec::Api kApi{.key = 11, .versions = {0, 9}, .flexible_since = 6};
  std::string_view group_id = {};
  int32_t session_timeout_ms = 0;
  int32_t rebalance_timeout_ms = -1;  // -1: the session timeout
  std::string_view member_id = {};    // empty: a new member
  std::optional<std::string_view> group_instance_id = {};
  std::string_view protocol_type = {};
  std::vector<JoinGroupRequestProtocol> protocols = {};  // in order of preference
  std::optional<std::string_view> reason = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id);
    c.Field("SessionTimeoutMs", m.session_timeout_ms);
    c.Field("RebalanceTimeoutMs", m.rebalance_timeout_ms, codec::Since(1));
    c.Field("MemberId", m.member_id);
    c.Field("GroupInstanceId", m.group_instance_id, codec::Since(5));
    c.Field("ProtocolType", m.protocol_type);
    c.Field("Protocols", m.protocols);
    c.Field("Reason", m.reason, codec::Since(8));
  }
};

struct JoinGroupResponseMember {
  std::string_view member_id = {};
  std::optional<std::string_view> group_instance_id = {};
  std::string_view metadata = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("MemberId", m.member_id);
    c.Field("GroupInstanceId", m.group_instance_id, codec::Since(5));
    c.Bytes("Metadata", m.metadata);
  }
};

// v7 names the protocol; v9 lets a returning static leader skip the assignment.
struct JoinGroupResponse {
  static constexpr codec::Api kApi = JoinGroupRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int32_t generation_id = -1;
  std::optional<std::string_view> protocol_type = {};
  std::optional<std::string_view> protocol_name = {};
  std::string_view leader = {};
  bool skip_assignment = false;
  std::string_view member_id = {};
  std::vector<JoinGroupResponseMember> members = {};  // for the leader only

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(2));
    c.Field("ErrorCode", m.error_code);
    c.Field("GenerationId", m.generation_id);
    c.Field("ProtocolType", m.protocol_type, codec::Since(7));
    c.Field("ProtocolName", m.protocol_name, codec::FieldSpec().NullableSince(7));
    c.Field("Leader", m.leader);
    c.Field("SkipAssignment", m.skip_assignment, codec::Since(9));
    c.Field("MemberId", m.member_id);
    c.Field("Members", m.members);
  }
};

}  // namespace runnel::wire
