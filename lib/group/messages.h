// Requests and responses of the group coordinator, with Kafka's names, as plain structs.
//
// The C++ client fills them directly, the server from decoded requests; strings are bytes of any
// kind, at most 32,767 of them. An absent optional is Kafka's null.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::group {

// The host of members that live in the coordinator's own process, and die with it. No address
// looks like this.
inline constexpr char kInProcessHost[] = "in-process";

// Who asks. `api_version` is the version of the request on the wire; Kafka ties some behaviour to
// it, as noted at each request. Callers in process leave it: they are always new.
struct RequestContext {
  std::string client_id = {};
  std::string client_host = "/127.0.0.1";
  int16_t api_version = std::numeric_limits<int16_t>::max();
};

struct JoinGroupProtocol {
  std::string name = {};
  std::string metadata = {};  // bytes; for the "consumer" type an embedded Subscription
  friend bool operator==(const JoinGroupProtocol&, const JoinGroupProtocol&) = default;
};

// api_version >= 4: a new dynamic member is sent away with an id first (KIP-394).
// api_version >= 9: a returning static leader may be told to skip the assignment.
struct JoinGroupRequest {
  std::string group_id = {};
  std::string member_id = {};  // empty: a new member
  std::optional<std::string> group_instance_id = {};
  std::chrono::milliseconds session_timeout{45000};
  // How long the member may take to rejoin and to sync; negative: the session timeout.
  std::chrono::milliseconds rebalance_timeout{-1};
  std::string protocol_type = "consumer";
  std::vector<JoinGroupProtocol> protocols = {};  // in order of preference
  std::string reason = {};
};

struct JoinGroupResponseMember {
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  std::string metadata = {};
};

struct JoinGroupResponse {
  ErrorCode error_code = ErrorCode::kNone;
  GenerationId generation_id = kNoGeneration;
  std::optional<std::string> protocol_type = {};
  std::optional<std::string> protocol_name = {};
  std::string leader = {};
  bool skip_assignment = false;
  std::string member_id = {};
  std::vector<JoinGroupResponseMember> members = {};  // for the leader only
};

struct SyncGroupRequestAssignment {
  std::string member_id = {};
  std::string assignment = {};  // bytes
};

struct SyncGroupRequest {
  std::string group_id = {};
  GenerationId generation_id = kNoGeneration;
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  std::optional<std::string> protocol_type = {};             // checked when given
  std::optional<std::string> protocol_name = {};             // checked when given
  std::vector<SyncGroupRequestAssignment> assignments = {};  // from the leader only
};

struct SyncGroupResponse {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> protocol_type = {};
  std::optional<std::string> protocol_name = {};
  std::string assignment = {};
};

struct HeartbeatRequest {
  std::string group_id = {};
  GenerationId generation_id = kNoGeneration;
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
};

struct HeartbeatResponse {
  ErrorCode error_code = ErrorCode::kNone;
};

struct LeaveGroupMember {
  std::string member_id = {};  // may be empty for a static member
  std::optional<std::string> group_instance_id = {};
  std::string reason = {};
};

struct LeaveGroupRequest {
  std::string group_id = {};
  std::vector<LeaveGroupMember> members = {};
};

struct LeaveGroupMemberResponse {
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  ErrorCode error_code = ErrorCode::kNone;
};

// Requests of api_version < 3 name one member; its error belongs to the top level then, which is
// the server's business.
struct LeaveGroupResponse {
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<LeaveGroupMemberResponse> members = {};
};

struct OffsetCommitPartition {
  int32_t partition_index = 0;
  Offset committed_offset{0};
  LeaderEpoch committed_leader_epoch = kNoLeaderEpoch;
  std::optional<std::string> committed_metadata = {};
};

struct OffsetCommitTopic {
  std::string name = {};
  Uuid topic_id = {};  // stored with the offsets; zero: unknown
  std::vector<OffsetCommitPartition> partitions = {};
};

// Topics and partitions have been checked by the caller. A commit without member and generation is
// one of a simple consumer.
// api_version < 9: an unknown group is kIllegalGeneration instead of kGroupIdNotFound.
struct OffsetCommitRequest {
  std::string group_id = {};
  GenerationId generation_id = kNoGeneration;
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  // Overrides the retention of the broker for these offsets (requests before v5).
  std::optional<std::chrono::milliseconds> retention_time = {};
  std::vector<OffsetCommitTopic> topics = {};
};

// Offsets that become visible when the producer's transaction commits (KIP-98, KIP-447).
struct TxnOffsetCommitRequest {
  std::string transactional_id = {};
  std::string group_id = {};
  ProducerId producer_id = kNoProducerId;
  int16_t producer_epoch = -1;
  GenerationId generation_id = kNoGeneration;
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  std::vector<OffsetCommitTopic> topics = {};
};

struct OffsetPartitionError {
  int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;
};

struct OffsetTopicErrors {
  std::string name = {};
  Uuid topic_id = {};
  std::vector<OffsetPartitionError> partitions = {};
};

// Topics and partitions in the order of the request. Used by TxnOffsetCommit as well.
struct OffsetCommitResponse {
  std::vector<OffsetTopicErrors> topics = {};
};

struct OffsetFetchTopic {
  std::string name = {};
  Uuid topic_id = {};  // handed back
  std::vector<int32_t> partition_indexes = {};
};

struct OffsetFetchRequest {
  std::string group_id = {};
  // Both checked when given (KIP-848 members); classic members leave them.
  std::optional<std::string> member_id = {};
  int32_t member_epoch = -1;
  std::optional<std::vector<OffsetFetchTopic>> topics = {};  // nullopt: all that has an offset
  // Answer kUnstableOffsetCommit for partitions with offsets of an open transaction (KIP-447).
  bool require_stable = false;
};

struct OffsetFetchPartition {
  int32_t partition_index = 0;
  Offset committed_offset = kNoOffset;  // kNoOffset: none committed
  LeaderEpoch committed_leader_epoch = kNoLeaderEpoch;
  std::string metadata = {};
  ErrorCode error_code = ErrorCode::kNone;
};

struct OffsetFetchTopicResponse {
  std::string name = {};
  Uuid topic_id = {};
  std::vector<OffsetFetchPartition> partitions = {};
};

struct OffsetFetchResponse {
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<OffsetFetchTopicResponse> topics = {};
};

struct OffsetDeleteTopic {
  std::string name = {};
  std::vector<int32_t> partition_indexes = {};
};

struct OffsetDeleteRequest {
  std::string group_id = {};
  std::vector<OffsetDeleteTopic> topics = {};
};

struct OffsetDeleteResponse {
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<OffsetTopicErrors> topics = {};
};

struct DescribedGroupMember {
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  std::string client_id = {};
  std::string client_host = {};
  std::string member_metadata = {};    // bytes
  std::string member_assignment = {};  // bytes
};

struct DescribedGroup {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = {};
  std::string group_id = {};
  std::string group_state = {};  // "Stable", "Dead", ...
  std::string protocol_type = {};
  std::string protocol_data = {};  // the chosen protocol; empty unless Stable
  std::vector<DescribedGroupMember> members = {};
};

// Filters compare without regard to case; empty ones let everything pass.
struct ListGroupsRequest {
  std::vector<std::string> states_filter = {};
  std::vector<std::string> types_filter = {};
};

struct ListedGroup {
  std::string group_id = {};
  std::string protocol_type = {};
  std::string group_state = {};
  std::string group_type = {};  // "classic"
};

}  // namespace runnel::group
