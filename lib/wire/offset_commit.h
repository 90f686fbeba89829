// OffsetCommit (key 8): stores the offsets a group has consumed.
// Versions 0 and 1 are older than Kafka 4 speaks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::wire {

struct OffsetCommitRequestPartition {
  int32_t partition_index = 0;
  int64_t committed_offset = 0;
  int32_t committed_leader_epoch = -1;
  int64_t commit_timestamp = -1;  // version 1 only
  std::optional<std::string_view> committed_metadata = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("CommittedOffset", m.committed_offset);
    c.Field("CommittedLeaderEpoch", m.committed_leader_epoch, codec::Since(6));
    c.Field("CommitTimestamp", m.commit_timestamp, codec::Only(1));
    c.Field("CommittedMetadata", m.committed_metadata);
  }
};

struct OffsetCommitRequestTopic {
  std::string_view name = {};
  Uuid topic_id = {};
  std::vector<OffsetCommitRequestPartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name, codec::Until(9));
    c.Field("TopicId", m.topic_id, codec::Since(10));
    c.Field("Partitions", m.partitions);
  }
};

// v2-v4 retention time; v6 leader epochs; v7 static members; v8 flexible; v9 member epochs
// (KIP-848); v10 topic ids.
struct OffsetCommitRequest {
  static constexpr codec::Api kApi{.key = 8, .versions = {0, 10}, .flexible_since = 8};
  std::string_view group_id = {};
  int32_t generation_id_or_member_epoch = -1;  // -1: not a member
  std::string_view member_id = {};
  std::optional<std::string_view> group_instance_id = {};
  int64_t retention_time_ms = -1;  // -1: the broker's
  std::vector<OffsetCommitRequestTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id);
    c.Field("GenerationIdOrMemberEpoch", m.generation_id_or_member_epoch, codec::Since(1));
    c.Field("MemberId", m.member_id, codec::Since(1));
    c.Field("GroupInstanceId", m.group_instance_id, codec::Since(7));
    c.Field("RetentionTimeMs", m.retention_time_ms, codec::Between(2, 4));
    c.Field("Topics", m.topics);
  }
};

struct OffsetCommitResponsePartition {
  int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("ErrorCode", m.error_code);
  }
};

struct OffsetCommitResponseTopic {
  std::string_view name = {};
  Uuid topic_id = {};
  std::vector<OffsetCommitResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name, codec::Until(9));
    c.Field("TopicId", m.topic_id, codec::Since(10));
    c.Field("Partitions", m.partitions);
  }
};

struct OffsetCommitResponse {
  static constexpr codec::Api kApi = OffsetCommitRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<OffsetCommitResponseTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(3));
    c.Field("Topics", m.topics);
  }
};

}  // namespace runnel::wire
