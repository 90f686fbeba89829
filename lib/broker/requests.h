// Requests and responses of broker::Broker, with Kafka's nouns, as plain structs. Those of groups
// are in group/messages.h.
//
// One item's failure never fails the others: each item carries its own status. Where a request
// names a topic it gives the name or, with an empty name, the id.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/partition.h"
#include "metadata/messages.h"
#include "runnel/admin.h"
#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/types.h"

namespace runnel::broker {

using Milliseconds = std::chrono::milliseconds;

struct TopicKey {
  std::string name = {};
  Uuid id = {};
};

// --- Produce (key 0) ----------------------------------------------------------------------

struct ProducePartition {
  TopicKey topic = {};
  int32_t partition = 0;
  // One batch of magic 2. Read before Produce() returns.
  std::string_view records = {};
};

struct ProduceRequest {
  Acks acks = Acks::kAll;
  // Bounds the wait for acknowledgement.
  Milliseconds timeout = std::chrono::seconds(30);
  std::vector<ProducePartition> partitions = {};
  // Set for records that this process built a moment ago.
  BatchTrust trust = BatchTrust::kUntrusted;
  // Internal topics are written by the broker itself only.
  bool allow_internal = false;
};

struct ProducedPartition {
  Status status = {};
  Offset base_offset = kNoOffset;
  Timestamp log_append_time = kNoTimestamp;
  Offset log_start_offset = kNoOffset;
};

// In the order of the request.
struct ProduceResponse {
  std::vector<ProducedPartition> partitions = {};
};

// --- Fetch (key 1) ------------------------------------------------------------------------

struct FetchPartition {
  TopicKey topic = {};
  int32_t partition = 0;
  Offset fetch_offset = kNoOffset;
  // kNoLeaderEpoch: not checked.
  LeaderEpoch current_leader_epoch = kNoLeaderEpoch;
  int32_t max_bytes = 1 << 20;
};

struct FetchRequest {
  // Waits until at least min_bytes are there, for at most max_wait.
  Milliseconds max_wait{500};
  int32_t min_bytes = 1;
  // Of the whole response; capped by fetch.max.bytes. The first non-empty partition returns at
  // least one batch all the same (KIP-74).
  int32_t max_bytes = INT32_MAX;
  IsolationLevel isolation_level = IsolationLevel::kReadUncommitted;
  std::vector<FetchPartition> partitions = {};
};

struct FetchedPartition {
  Status status = {};
  Offset high_watermark = kNoOffset;
  Offset last_stable_offset = kNoOffset;
  Offset log_start_offset = kNoOffset;
  // With kReadCommitted.
  std::vector<AbortedTxn> aborted = {};
  // Whole batches; keeps the bytes alive.
  RecordBytes records = {};
};

// In the order of the request.
struct FetchResponse {
  std::vector<FetchedPartition> partitions = {};
};

// --- ListOffsets (key 2) and OffsetForLeaderEpoch (key 23) ---------------------------------

struct ListOffsetsPartition {
  TopicKey topic = {};
  int32_t partition = 0;
  LeaderEpoch current_leader_epoch = kNoLeaderEpoch;
  OffsetSpec spec = {};
};

struct ListOffsetsRequest {
  IsolationLevel isolation_level = IsolationLevel::kReadUncommitted;
  std::vector<ListOffsetsPartition> partitions = {};
};

// In the order of the request; kNoOffset: no record matches.
struct ListOffsetsResponse {
  std::vector<StatusOr<OffsetAndTimestamp>> partitions = {};
};

struct OffsetForLeaderEpochPartition {
  TopicKey topic = {};
  int32_t partition = 0;
  LeaderEpoch current_leader_epoch = kNoLeaderEpoch;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
};

// --- Metadata (key 3), DescribeCluster (key 60) --------------------------------------------

struct MetadataRequest {
  // nullopt: all topics.
  std::optional<std::vector<TopicKey>> topics = {};
  // Topics that do not exist are made, if auto.create.topics.enable allows.
  bool allow_auto_topic_creation = false;
};

struct TopicMetadata {
  Status status = {};
  TopicDescription topic = {};
};

struct MetadataResponse {
  std::string cluster_id = {};
  int32_t node_id = 1;  // the only broker, and the controller
  std::vector<TopicMetadata> topics = {};
};

struct ClusterDescription {
  std::string cluster_id = {};
  int32_t node_id = 1;
};

// --- Topics and configs: CreateTopics (19), DeleteTopics (20), CreatePartitions (37),
// DescribeConfigs (32), IncrementalAlterConfigs (44), AlterConfigs (33) ----------------------

// Those of metadata/messages.h: results carry an error code and a text; StatusOf joins them.
using metadata::AlterableConfig;
using metadata::AlterConfigsRequest;
using metadata::AlterConfigsResource;
using metadata::AlterConfigsResourceResponse;
using metadata::AlterConfigsResponse;
using metadata::ConfigOperation;
using metadata::CreatableTopic;
using metadata::CreatableTopicConfig;
using metadata::CreatableTopicResult;
using metadata::CreatePartitionsRequest;
using metadata::CreatePartitionsResponse;
using metadata::CreatePartitionsTopic;
using metadata::CreatePartitionsTopicResult;
using metadata::CreateTopicsRequest;
using metadata::CreateTopicsResponse;
using metadata::DeletableTopicResult;
using metadata::DeleteTopicsRequest;
using metadata::DeleteTopicsResponse;
using metadata::DeleteTopicState;
using metadata::DescribedConfig;
using metadata::ResourceType;

template <class Result>
Status StatusOf(const Result& result) {
  if (result.error_code == ErrorCode::kNone) return OkStatus();
  return Error(result.error_code, result.error_message);
}

// --- Producers: InitProducerId (22), DescribeProducers (61) --------------------------------

struct ProducerIdAndEpoch {
  ProducerId producer_id = kNoProducerId;
  int16_t producer_epoch = -1;
};

struct ProducerDescription {
  ProducerId producer_id = kNoProducerId;
  int16_t producer_epoch = -1;
  int32_t last_sequence = -1;
  Timestamp last_timestamp = kNoTimestamp;
  int32_t coordinator_epoch = -1;
  Offset current_txn_start_offset = kNoOffset;
};

// --- DescribeLogDirs (35) -------------------------------------------------------------------

struct LogDirPartition {
  TopicPartition partition = {};
  int64_t size_bytes = 0;
};

struct LogDirDescription {
  Status status = {};
  std::string path = {};  // empty: memory
  std::vector<LogDirPartition> partitions = {};
};

}  // namespace runnel::broker
