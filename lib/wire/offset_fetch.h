// OffsetFetch (key 9): reads the offsets a group has committed.
// Version 0 is older than Kafka 4 speaks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::wire {

struct OffsetFetchRequestTopic {
  std::string_view name = {};
  std::vector<int32_t> partition_indexes = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("PartitionIndexes", m.partition_indexes);
  }
};

struct OffsetFetchRequestGroupTopic {
  std::string_view name = {};
  Uuid topic_id = {};
  std::vector<int32_t> partition_indexes = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name, codec::Until(9));
    c.Field("TopicId", m.topic_id, codec::Since(10));
    c.Field("PartitionIndexes", m.partition_indexes);
  }
};

struct OffsetFetchRequestGroup {
  std::string_view group_id = {};
  std::optional<std::string_view> member_id = {};
  int32_t member_epoch = -1;
  std::optional<std::vector<OffsetFetchRequestGroupTopic>> topics = {};  // null: all

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id);
    c.Field("MemberId", m.member_id, codec::Since(9));
    c.Field("MemberEpoch", m.member_epoch, codec::Since(9));
    c.Field("Topics", m.topics);
  }
};

// v2 null topics mean all; v6 flexible; v7 stable offsets only; v8 many groups; v9 member epochs
// (KIP-848); v10 topic ids.
struct OffsetFetchRequest {
  static constexpr codec::Api kApi{.key = 9, .versions = {0, 10}, .flexible_since = 6};
  std::string_view group_id = {};
  std::optional<std::vector<OffsetFetchRequestTopic>> topics = {};  // null: all
  std::vector<OffsetFetchRequestGroup> groups = {};
  bool require_stable = false;  // an open transaction gives kUnstableOffsetCommit

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id, codec::Until(7));
    c.Field("Topics", m.topics, codec::Until(7).NullableSince(2));
    c.Field("Groups", m.groups, codec::Since(8));
    c.Field("RequireStable", m.require_stable, codec::Since(7));
  }
};

struct OffsetFetchResponsePartition {
  int32_t partition_index = 0;
  int64_t committed_offset = 0;  // -1: none
  int32_t committed_leader_epoch = -1;
  std::optional<std::string_view> metadata = {};
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("CommittedOffset", m.committed_offset);
    c.Field("CommittedLeaderEpoch", m.committed_leader_epoch, codec::Since(5));
    c.Field("Metadata", m.metadata);
    c.Field("ErrorCode", m.error_code);
  }
};

struct OffsetFetchResponseTopic {
  std::string_view name = {};
  std::vector<OffsetFetchResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct OffsetFetchResponseGroupPartition {
  int32_t partition_index = 0;
  int64_t committed_offset = 0;  // -1: none
  int32_t committed_leader_epoch = -1;
  std::optional<std::string_view> metadata = {};
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("CommittedOffset", m.committed_offset);
    c.Field("CommittedLeaderEpoch", m.committed_leader_epoch);
    c.Field("Metadata", m.metadata);
    c.Field("ErrorCode", m.error_code);
  }
};

struct OffsetFetchResponseGroupTopic {
  std::string_view name = {};
  Uuid topic_id = {};
  std::vector<OffsetFetchResponseGroupPartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name, codec::Until(9));
    c.Field("TopicId", m.topic_id, codec::Since(10));
    c.Field("Partitions", m.partitions);
  }
};

struct OffsetFetchResponseGroup {
  std::string_view group_id = {};
  std::vector<OffsetFetchResponseGroupTopic> topics = {};
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("GroupId", m.group_id);
    c.Field("Topics", m.topics);
    c.Field("ErrorCode", m.error_code);
  }
};

// v2 error of the whole request; v5 leader epochs; v8 one result per group.
struct OffsetFetchResponse {
  static constexpr codec::Api kApi = OffsetFetchRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<OffsetFetchResponseTopic> topics = {};
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<OffsetFetchResponseGroup> groups = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(3));
    c.Field("Topics", m.topics, codec::Until(7));
    c.Field("ErrorCode", m.error_code, codec::Between(2, 7));
    c.Field("Groups", m.groups, codec::Since(8));
  }
};

}  // namespace runnel::wire
