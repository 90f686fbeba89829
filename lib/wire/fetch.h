// Fetch (key 1): reads record batches, for consumers and followers.
// Versions 0-3 carried older record formats and are not spoken.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"
#include "wire/common.h"

namespace runnel::wire {

struct FetchRequestReplicaState {
  int32_t replica_id = -1;
  int64_t replica_epoch = -1;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ReplicaId", m.replica_id);
    c.Field("ReplicaEpoch", m.replica_epoch);
  }
  friend bool operator==(const FetchRequestReplicaState&,
                         const FetchRequestReplicaState&) = default;
};

struct FetchRequestPartition {
  int32_t partition = 0;
  int32_t current_leader_epoch = -1;  // -1: not checked
  int64_t fetch_offset = 0;
  int32_t last_fetched_epoch = -1;  // -1: not checked for divergence
  int64_t log_start_offset = -1;    // of a follower
  int32_t partition_max_bytes = 0;
  Uuid replica_directory_id = {};
  int64_t high_watermark = std::numeric_limits<int64_t>::max();  // as a follower knows it

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Partition", m.partition);
    c.Field("CurrentLeaderEpoch", m.current_leader_epoch, codec::Since(9));
    c.Field("FetchOffset", m.fetch_offset);
    c.Field("LastFetchedEpoch", m.last_fetched_epoch, codec::Since(12));
    c.Field("LogStartOffset", m.log_start_offset, codec::Since(5));
    c.Field("PartitionMaxBytes", m.partition_max_bytes);
    c.Tagged(0, "ReplicaDirectoryId", m.replica_directory_id, codec::Since(17));
    c.Tagged(1, "HighWatermark", m.high_watermark,
             codec::Since(18).DefaultsTo(std::numeric_limits<int64_t>::max()));
  }
};

struct FetchRequestTopic {
  std::string_view topic = {};
  Uuid topic_id = {};
  std::vector<FetchRequestPartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topic", m.topic, codec::Until(12));
    c.Field("TopicId", m.topic_id, codec::Since(13));
    c.Field("Partitions", m.partitions);
  }
};

struct FetchRequestForgottenTopic {
  std::string_view topic = {};
  Uuid topic_id = {};
  std::vector<int32_t> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topic", m.topic, codec::Until(12));
    c.Field("TopicId", m.topic_id, codec::Since(13));
    c.Field("Partitions", m.partitions);
  }
};

// v7 sessions (KIP-227); v9 leader epochs (KIP-320); v11 racks (KIP-392); v12 flexible; v13 topic
// ids; v15 replica state in a tag; v17 directory ids; v18 high watermark.
struct FetchRequest {
  static constexpr codec::Api kApi{.key = 1, .versions = {4, 18}, .flexible_since = 12};
  std::optional<std::string_view> cluster_id = {};
  int32_t replica_id = -1;  // -1: a consumer
  FetchRequestReplicaState replica_state = {};
  int32_t max_wait_ms = 0;
  int32_t min_bytes = 0;  // answer at once when there are so many
  // Of the response; one batch goes out even when larger.
  int32_t max_bytes = std::numeric_limits<int32_t>::max();
  int8_t isolation_level = 0;  // 0 reads uncommitted, 1 committed records
  int32_t session_id = 0;      // 0: no session yet
  int32_t session_epoch = -1;  // -1: full fetch without session; 0: a new one
  std::vector<FetchRequestTopic> topics = {};
  std::vector<FetchRequestForgottenTopic> forgotten_topics_data = {};  // to leave the session
  std::string_view rack_id = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ReplicaId", m.replica_id, codec::Until(14));
    c.Field("MaxWaitMs", m.max_wait_ms);
    c.Field("MinBytes", m.min_bytes);
    c.Field("MaxBytes", m.max_bytes);
    c.Field("IsolationLevel", m.isolation_level);
    c.Field("SessionId", m.session_id, codec::Since(7));
    c.Field("SessionEpoch", m.session_epoch, codec::Since(7));
    c.Field("Topics", m.topics);
    c.Field("ForgottenTopicsData", m.forgotten_topics_data, codec::Since(7));
    c.Field("RackId", m.rack_id, codec::Since(11));
    c.Tagged(0, "ClusterId", m.cluster_id, codec::Since(12));
    c.Tagged(1, "ReplicaState", m.replica_state, codec::Since(15));
  }
};

struct FetchResponseDivergingEpoch {
  int32_t epoch = -1;
  int64_t end_offset = -1;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Epoch", m.epoch);
    c.Field("EndOffset", m.end_offset);
  }
  friend bool operator==(const FetchResponseDivergingEpoch&,
                         const FetchResponseDivergingEpoch&) = default;
};

struct FetchResponseSnapshotId {
  int64_t end_offset = -1;
  int32_t epoch = -1;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("EndOffset", m.end_offset);
    c.Field("Epoch", m.epoch);
  }
  friend bool operator==(const FetchResponseSnapshotId&, const FetchResponseSnapshotId&) = default;
};

struct FetchResponseAbortedTransaction {
  int64_t producer_id = 0;
  int64_t first_offset = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ProducerId", m.producer_id);
    c.Field("FirstOffset", m.first_offset);
  }
};

struct FetchResponsePartition {
  int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int64_t high_watermark = 0;
  int64_t last_stable_offset = -1;
  int64_t log_start_offset = -1;
  FetchResponseDivergingEpoch diverging_epoch = {};
  CurrentLeader current_leader = {};
  FetchResponseSnapshotId snapshot_id = {};
  // Null unless reading committed.
  std::optional<std::vector<FetchResponseAbortedTransaction>> aborted_transactions = {};
  int32_t preferred_read_replica = -1;                        // -1: none
  std::optional<std::vector<std::string_view>> records = {};  // written one after the other

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("ErrorCode", m.error_code);
    c.Field("HighWatermark", m.high_watermark);
    c.Field("LastStableOffset", m.last_stable_offset);
    c.Field("LogStartOffset", m.log_start_offset, codec::Since(5));
    c.Field("AbortedTransactions", m.aborted_transactions);
    c.Field("PreferredReadReplica", m.preferred_read_replica, codec::Since(11));
    c.Records("Records", m.records);
    c.Tagged(0, "DivergingEpoch", m.diverging_epoch, codec::Since(12));
    c.Tagged(1, "CurrentLeader", m.current_leader, codec::Since(12));
    c.Tagged(2, "SnapshotId", m.snapshot_id, codec::Since(12));
  }
};

struct FetchResponseTopic {
  std::string_view topic = {};
  Uuid topic_id = {};
  std::vector<FetchResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topic", m.topic, codec::Until(12));
    c.Field("TopicId", m.topic_id, codec::Since(13));
    c.Field("Partitions", m.partitions);
  }
};

// v12 says where logs diverge; v16 the new leader (KIP-951).
struct FetchResponse {
  static constexpr codec::Api kApi = FetchRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int32_t session_id = 0;  // 0: the server keeps no session
  std::vector<FetchResponseTopic> responses = {};
  std::vector<NodeEndpoint> node_endpoints = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code, codec::Since(7));
    c.Field("SessionId", m.session_id, codec::Since(7));
    c.Field("Responses", m.responses);
    c.Tagged(0, "NodeEndpoints", m.node_endpoints, codec::Since(16));
  }
};

}  // namespace runnel::wire
