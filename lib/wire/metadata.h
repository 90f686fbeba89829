// Metadata (key 3): brokers, topics and who leads which partition.
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

struct MetadataRequestTopic {
  Uuid topic_id = {};
  std::optional<std::string_view> name = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TopicId", m.topic_id, codec::Since(10));
    c.Field("Name", m.name, codec::FieldSpec().NullableSince(10));
  }
};

// v1 null topics mean all, none mean none; v4 auto creation; v8 authorised operations; v9 flexible;
// v10 topic ids; v12 topics by id alone.
struct MetadataRequest {
  static constexpr codec::Api kApi{.key = 3, .versions = {0, 13}, .flexible_since = 9};
  // Null: all; before v1 none means all.
  std::optional<std::vector<MetadataRequestTopic>> topics = {};
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topics", m.topics, codec::FieldSpec().NullableSince(1));
    c.Field("AllowAutoTopicCreation", m.allow_auto_topic_creation, codec::Since(4));
    c.Field("IncludeClusterAuthorizedOperations", m.include_cluster_authorized_operations,
            codec::Between(8, 10));
    c.Field("IncludeTopicAuthorizedOperations", m.include_topic_authorized_operations,
            codec::Since(8));
  }
};

struct MetadataResponseBroker {
  int32_t node_id = 0;
  std::string_view host = {};
  int32_t port = 0;
  std::optional<std::string_view> rack = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("NodeId", m.node_id);
    c.Field("Host", m.host);
    c.Field("Port", m.port);
    c.Field("Rack", m.rack, codec::Since(1));
  }
};

struct MetadataResponsePartition {
  ErrorCode error_code = ErrorCode::kNone;
  int32_t partition_index = 0;
  int32_t leader_id = 0;  // -1: none
  int32_t leader_epoch = -1;
  std::vector<int32_t> replica_nodes = {};
  std::vector<int32_t> isr_nodes = {};
  std::vector<int32_t> offline_replicas = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("PartitionIndex", m.partition_index);
    c.Field("LeaderId", m.leader_id);
    c.Field("LeaderEpoch", m.leader_epoch, codec::Since(7));
    c.Field("ReplicaNodes", m.replica_nodes);
    c.Field("IsrNodes", m.isr_nodes);
    c.Field("OfflineReplicas", m.offline_replicas, codec::Since(5));
  }
};

struct MetadataResponseTopic {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> name = {};
  Uuid topic_id = {};
  bool is_internal = false;
  std::vector<MetadataResponsePartition> partitions = {};
  int32_t topic_authorized_operations = kNoAuthorizedOperations;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("Name", m.name, codec::FieldSpec().NullableSince(12));
    c.Field("TopicId", m.topic_id, codec::Since(10));
    c.Field("IsInternal", m.is_internal, codec::Since(1));
    c.Field("Partitions", m.partitions);
    c.Field("TopicAuthorizedOperations", m.topic_authorized_operations, codec::Since(8));
  }
};

// v1 rack, controller, internal topics; v2 cluster id; v5 offline replicas; v7 leader epochs;
// v11 no operations of the cluster; v13 error of the whole request.
struct MetadataResponse {
  static constexpr codec::Api kApi = MetadataRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<MetadataResponseBroker> brokers = {};
  std::optional<std::string_view> cluster_id = {};
  int32_t controller_id = -1;  // -1: unknown
  std::vector<MetadataResponseTopic> topics = {};
  int32_t cluster_authorized_operations = kNoAuthorizedOperations;
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(3));
    c.Field("Brokers", m.brokers);
    c.Field("ClusterId", m.cluster_id, codec::Since(2));
    c.Field("ControllerId", m.controller_id, codec::Since(1));
    c.Field("Topics", m.topics);
    c.Field("ClusterAuthorizedOperations", m.cluster_authorized_operations, codec::Between(8, 10));
    c.Field("ErrorCode", m.error_code, codec::Since(13));
  }
};

}  // namespace runnel::wire
