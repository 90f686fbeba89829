// TxnOffsetCommit (key 28): offsets that are committed with a transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct TxnOffsetCommitRequestPartition {
  int32_t partition_index = 0;
  int64_t committed_offset = 0;
  int32_t committed_leader_epoch = -1;
  std::optional<std::string_view> committed_metadata = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("CommittedOffset", m.committed_offset);
    c.Field("CommittedLeaderEpoch", m.committed_leader_epoch, codec::Since(2));
    c.Field("CommittedMetadata", m.committed_metadata);
  }
};

struct TxnOffsetCommitRequestTopic {
  std::string_view name = {};
  std::vector<TxnOffsetCommitRequestPartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

// v2 leader epochs; v3 flexible, group membership (KIP-447); v5 adds the group itself (KIP-890).
struct TxnOffsetCommitRequest {
  static constexpr codec::Api kApi{.key = 28, .versions = {0, 5}, .flexible_since = 3};
  std::string_view transactional_id = {};
  std::string_view group_id = {};
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  int32_t generation_id = -1;  // -1: not a member
  std::string_view member_id = {};
  std::optional<std::string_view> group_instance_id = {};
  std::vector<TxnOffsetCommitRequestTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TransactionalId", m.transactional_id);
    c.Field("GroupId", m.group_id);
    c.Field("ProducerId", m.producer_id);
    c.Field("ProducerEpoch", m.producer_epoch);
    c.Field("GenerationId", m.generation_id, codec::Since(3));
    c.Field("MemberId", m.member_id, codec::Since(3));
    c.Field("GroupInstanceId", m.group_instance_id, codec::Since(3));
    c.Field("Topics", m.topics);
  }
};

struct TxnOffsetCommitResponsePartition {
  int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("ErrorCode", m.error_code);
  }
};

struct TxnOffsetCommitResponseTopic {
  std::string_view name = {};
  std::vector<TxnOffsetCommitResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct TxnOffsetCommitResponse {
  static constexpr codec::Api kApi = TxnOffsetCommitRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<TxnOffsetCommitResponseTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("Topics", m.topics);
  }
};

}  // namespace runnel::wire
