// Which requests we can read, in which versions, and what their headers look like.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "codec/format.h"

namespace runnel::wire {

enum class ApiKey : int16_t {
  kProduce = 0,
  kFetch = 1,
  kListOffsets = 2,
  kMetadata = 3,
  kOffsetCommit = 8,
  kOffsetFetch = 9,
  kFindCoordinator = 10,
  kJoinGroup = 11,
  kHeartbeat = 12,
  kLeaveGroup = 13,
  kSyncGroup = 14,
  kDescribeGroups = 15,
  kListGroups = 16,
  kSaslHandshake = 17,
  kApiVersions = 18,
  kCreateTopics = 19,
  kDeleteTopics = 20,
  kDeleteRecords = 21,
  kInitProducerId = 22,
  kOffsetForLeaderEpoch = 23,
  kAddPartitionsToTxn = 24,
  kAddOffsetsToTxn = 25,
  kEndTxn = 26,
  kWriteTxnMarkers = 27,
  kTxnOffsetCommit = 28,
  kDescribeConfigs = 32,
  kAlterConfigs = 33,
  kDescribeLogDirs = 35,
  kSaslAuthenticate = 36,
  kCreatePartitions = 37,
  kDeleteGroups = 42,
  kElectLeaders = 43,
  kIncrementalAlterConfigs = 44,
  kAlterPartitionReassignments = 45,
  kListPartitionReassignments = 46,
  kOffsetDelete = 47,
  kUpdateFeatures = 57,
  kDescribeCluster = 60,
  kDescribeProducers = 61,
  kDescribeTransactions = 65,
  kListTransactions = 66,
  kConsumerGroupHeartbeat = 68,
  kConsumerGroupDescribe = 69,
  kGetTelemetrySubscriptions = 71,
  kPushTelemetry = 72,
  kListConfigResources = 74,
  kDescribeTopicPartitions = 75,
};

struct ApiInfo {
  ApiKey key = {};
  std::string_view name = {};     // "Produce"
  codec::Versions versions = {};  // that the structs can read and write
  // What Kafka 4.3.1 or we would tell clients. It differs for two keys: Produce claims 0-2, which
  // librdkafka wants to see before it trusts record batches (KAFKA-18659) and never sends;
  // InitProducerId 6 is not stable.
  codec::Versions advertised = {};
  int16_t flexible_since = codec::kNeverFlexible;

  constexpr bool IsFlexible(int16_t version) const { return version >= flexible_since; }
  constexpr int16_t RequestHeaderVersion(int16_t version) const {
    return IsFlexible(version) ? 2 : 1;
  }
  constexpr int16_t ResponseHeaderVersion(int16_t version) const {
    return IsFlexible(version) && key != ApiKey::kApiVersions ? 1 : 0;
  }
};

// All of them, by rising key.
std::span<const ApiInfo> ApiTable();

// Null for keys that have no messages here. Cost: one look-up in an array.
const ApiInfo* FindApi(int16_t key);

}  // namespace runnel::wire
