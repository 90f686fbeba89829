// Records of the metadata log, in Kafka's KRaft formats.
//
// A record's value is [frame version 1: uvarint][type: uvarint][version: uvarint][fields].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::metadata {

// A topic exists. Its partitions follow as records of their own.
struct TopicRecord {
  static constexpr codec::Api kApi{.key = 2, .versions = {0, 0}, .flexible_since = 0};
  std::string name = {};
  Uuid topic_id = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("TopicId", m.topic_id);
  }
};

// A partition exists. Written as version 1, which has directories.
struct PartitionRecord {
  static constexpr codec::Api kApi{.key = 3, .versions = {0, 2}, .flexible_since = 0};
  int32_t partition_id = -1;
  Uuid topic_id = {};
  std::vector<int32_t> replicas = {};
  std::vector<int32_t> isr = {};
  std::vector<int32_t> removing_replicas = {};
  std::vector<int32_t> adding_replicas = {};
  int32_t leader = -1;
  int8_t leader_recovery_state = 0;
  int32_t leader_epoch = -1;
  int32_t partition_epoch = -1;
  std::vector<Uuid> directories = {};
  std::optional<std::vector<int32_t>> eligible_leader_replicas = {};
  std::optional<std::vector<int32_t>> last_known_elr = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionId", m.partition_id);
    c.Field("TopicId", m.topic_id);
    c.Field("Replicas", m.replicas);
    c.Field("Isr", m.isr);
    c.Field("RemovingReplicas", m.removing_replicas);
    c.Field("AddingReplicas", m.adding_replicas);
    c.Field("Leader", m.leader);
    c.Field("LeaderEpoch", m.leader_epoch);
    c.Field("PartitionEpoch", m.partition_epoch);
    c.Field("Directories", m.directories, codec::Since(1));
    c.Tagged(0, "LeaderRecoveryState", m.leader_recovery_state);
    c.Tagged(1, "EligibleLeaderReplicas", m.eligible_leader_replicas, codec::Since(2));
    c.Tagged(2, "LastKnownElr", m.last_known_elr, codec::Since(2));
  }
};

// Sets, or with a null value removes, one config of a resource.
struct ConfigRecord {
  static constexpr codec::Api kApi{.key = 4, .versions = {0, 0}, .flexible_since = 0};
  int8_t resource_type = 0;
  std::string resource_name = {};
  std::string name = {};
  std::optional<std::string> value = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ResourceType", m.resource_type);
    c.Field("ResourceName", m.resource_name);
    c.Field("Name", m.name);
    c.Field("Value", m.value);
  }
};

// Changes the fields of a partition that are present. A leader of -2 means "as before".
struct PartitionChangeRecord {
  static constexpr codec::Api kApi{.key = 5, .versions = {0, 2}, .flexible_since = 0};
  int32_t partition_id = -1;
  Uuid topic_id = {};
  std::optional<std::vector<int32_t>> isr = {};
  int32_t leader = -2;
  std::optional<std::vector<int32_t>> replicas = {};
  std::optional<std::vector<int32_t>> removing_replicas = {};
  std::optional<std::vector<int32_t>> adding_replicas = {};
  int8_t leader_recovery_state = -1;
  std::optional<std::vector<int32_t>> eligible_leader_replicas = {};
  std::optional<std::vector<int32_t>> last_known_elr = {};
  std::optional<std::vector<Uuid>> directories = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionId", m.partition_id);
    c.Field("TopicId", m.topic_id);
    c.Tagged(0, "Isr", m.isr);
    c.Tagged(1, "Leader", m.leader, codec::Since(0).DefaultsTo(-2));
    c.Tagged(2, "Replicas", m.replicas);
    c.Tagged(3, "RemovingReplicas", m.removing_replicas);
    c.Tagged(4, "AddingReplicas", m.adding_replicas);
    c.Tagged(5, "LeaderRecoveryState", m.leader_recovery_state, codec::Since(0).DefaultsTo(-1));
    c.Tagged(6, "EligibleLeaderReplicas", m.eligible_leader_replicas, codec::Since(2));
    c.Tagged(7, "LastKnownElr", m.last_known_elr, codec::Since(2));
    c.Tagged(8, "Directories", m.directories, codec::Since(1));
  }
};

// A topic is gone, with its partitions and configs.
struct RemoveTopicRecord {
  static constexpr codec::Api kApi{.key = 9, .versions = {0, 0}, .flexible_since = 0};
  Uuid topic_id = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TopicId", m.topic_id);
  }
};

// The finalized level of a feature such as "transaction.version".
struct FeatureLevelRecord {
  static constexpr codec::Api kApi{.key = 12, .versions = {0, 0}, .flexible_since = 0};
  std::string name = {};
  int16_t feature_level = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("FeatureLevel", m.feature_level);
  }
};

// Producer ids below `next_producer_id` have been handed out in blocks.
struct ProducerIdsRecord {
  static constexpr codec::Api kApi{.key = 15, .versions = {0, 0}, .flexible_since = 0};
  int32_t broker_id = 0;
  int64_t broker_epoch = -1;
  int64_t next_producer_id = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("BrokerId", m.broker_id);
    c.Field("BrokerEpoch", m.broker_epoch);
    c.Field("NextProducerId", m.next_producer_id);
  }
};

// Type and version of a framed record, and the bytes of its fields.
struct RecordFrame {
  int16_t type = 0;
  int16_t version = 0;
  std::string_view body = {};
};
// Errors: kCorruptMessage.
StatusOr<RecordFrame> ParseFrame(std::string_view value);

// A record with its frame. For the types above.
template <class T>
std::string EncodeRecord(const T& record, int16_t version = 0);
// Errors: kCorruptMessage naming the type and the field.
template <class T>
StatusOr<T> DecodeRecord(const RecordFrame& frame);
// {"type":"TOPIC_RECORD","version":0,"data":{...}}, as Kafka's dump tool prints it; types not
// defined here print their number and no data.
std::string RecordToJson(std::string_view value);

}  // namespace runnel::metadata
