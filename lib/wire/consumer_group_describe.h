// ConsumerGroupDescribe (key 69): state and members of consumer groups (KIP-848).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"
#include "wire/common.h"

namespace runnel::wire {

struct ConsumerGroupDescribeRequest {
  static constexpr codec::Api kApi{.key = 69, .versions = {0, 1}, .flexible_since = 0};
  std::vector<std::string_view> group_ids = {};
  bool include_authorized_operations = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupIds", m.group_ids);
    c.Field("IncludeAuthorizedOperations", m.include_authorized_operations);
  }
};

struct ConsumerGroupDescribeResponseTopic {
  Uuid topic_id = {};
  std::string_view topic_name = {};
  std::vector<int32_t> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TopicId", m.topic_id);
    c.Field("TopicName", m.topic_name);
    c.Field("Partitions", m.partitions);
  }
};

struct ConsumerGroupDescribeResponseAssignment {
  std::vector<ConsumerGroupDescribeResponseTopic> topic_partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TopicPartitions", m.topic_partitions);
  }
};

struct ConsumerGroupDescribeResponseMember {
  std::string_view member_id = {};
  std::optional<std::string_view> instance_id = {};
  std::optional<std::string_view> rack_id = {};
  int32_t member_epoch = 0;
  std::string_view client_id = {};
  std::string_view client_host = {};
  std::vector<std::string_view> subscribed_topic_names = {};
  std::optional<std::string_view> subscribed_topic_regex = {};
  ConsumerGroupDescribeResponseAssignment assignment = {};
  ConsumerGroupDescribeResponseAssignment target_assignment = {};
  int8_t member_type = -1;  // 0 classic, 1 consumer; -1: unknown

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("MemberId", m.member_id);
    c.Field("InstanceId", m.instance_id);
    c.Field("RackId", m.rack_id);
    c.Field("MemberEpoch", m.member_epoch);
    c.Field("ClientId", m.client_id);
    c.Field("ClientHost", m.client_host);
    c.Field("SubscribedTopicNames", m.subscribed_topic_names);
    c.Field("SubscribedTopicRegex", m.subscribed_topic_regex);
    c.Field("Assignment", m.assignment);
    c.Field("TargetAssignment", m.target_assignment);
    c.Field("MemberType", m.member_type, codec::Since(1));
  }
};

struct ConsumerGroupDescribeResponseGroup {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  std::string_view group_id = {};
  std::string_view group_state = {};
  int32_t group_epoch = 0;
  int32_t assignment_epoch = 0;
  std::string_view assignor_name = {};
  std::vector<ConsumerGroupDescribeResponseMember> members = {};
  int32_t authorized_operations = kNoAuthorizedOperations;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
    c.Field("GroupId", m.group_id);
    c.Field("GroupState", m.group_state);
    c.Field("GroupEpoch", m.group_epoch);
    c.Field("AssignmentEpoch", m.assignment_epoch);
    c.Field("AssignorName", m.assignor_name);
    c.Field("Members", m.members);
    c.Field("AuthorizedOperations", m.authorized_operations);
  }
};

// v1 tells classic members from new ones.
struct ConsumerGroupDescribeResponse {
  static constexpr codec::Api kApi = ConsumerGroupDescribeRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<ConsumerGroupDescribeResponseGroup> groups = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("Groups", m.groups);
  }
};

}  // namespace runnel::wire
