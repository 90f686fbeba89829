// What the records of the metadata log add up to: topics, partitions, configs.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "metadata/messages.h"
#include "metadata/records.h"
#include "metadata/topic_config.h"
#include "runnel/error.h"
#include "runnel/random.h"
#include "runnel/types.h"

namespace runnel::metadata {

struct PartitionState {
  std::vector<int32_t> replicas = {};  // node ids; the first is the preferred leader
  std::vector<int32_t> isr = {};
  int32_t leader = -1;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  int32_t partition_epoch = -1;
  std::vector<Uuid> directories = {};  // one per replica, or empty

  friend bool operator==(const PartitionState&, const PartitionState&) = default;
};

struct TopicState {
  std::string name = {};
  Uuid id = {};
  std::vector<PartitionState> partitions = {};  // by number, without gaps
  ConfigMap configs = {};                       // what was set for this topic

  friend bool operator==(const TopicState&, const TopicState&) = default;
};

// A change to the persistent view of the image: a key-value map whose values are records, so that
// applying them in the order of their keys to an empty image rebuilds it.
struct ViewChange {
  enum class Kind { kPut, kDelete, kDeletePrefix } kind = Kind::kPut;
  std::string key = {};
  std::string value = {};
};

// What planning needs to know about the broker.
struct PlanContext {
  int32_t node_id = 1;
  int32_t default_partitions = 1;  // num.partitions
  // Defaults for topics, by broker names ("log.retention.ms").
  ConfigMap broker_configs = {};
  // Records made at the same moment are refused above this many partitions (kPolicyViolation).
  int32_t max_partitions_per_request = 10000;
};

// Records to append, as one atomic batch, and the answer to give once they are durable.
template <class Response>
struct Plan {
  std::vector<std::string> records = {};  // framed; apply each after it was written
  Response response = {};
};

// The state of one broker's, or one cluster's, topics.
//
// Planning checks a request against the image and changes nothing; applying a record changes the
// image and is also the replay. Apply what was planned before planning again. Partitions get one
// replica, on this node; other factors and assignments are refused.
//
// Thread safety: thread-compatible.
// Lifetime: pointers to topics die at the next Apply.
// Source: Kafka's ReplicationControlManager and ConfigurationControlManager.
class MetadataImage final {
 public:
  MetadataImage() = default;
  MetadataImage(const MetadataImage&) = delete;
  MetadataImage& operator=(const MetadataImage&) = delete;

  // Takes over one record, once, and appends to `view` what changed. Types without a meaning here
  // are skipped. Errors: kCorruptMessage; the image is as before.
  Status Apply(std::string_view record, std::vector<ViewChange>* view = nullptr);

  // Null when there is no such topic.
  const TopicState* FindTopic(std::string_view name) const;
  const TopicState* FindTopic(const Uuid& id) const;
  // By name, sorted.
  using TopicMap = absl::btree_map<std::string, std::unique_ptr<TopicState>, std::less<>>;
  const TopicMap& topics() const { return topics_; }
  int64_t partition_count() const { return partition_count_; }
  // Dynamic configs of a broker; "" are those of all brokers. Null when there are none.
  const ConfigMap* FindBrokerConfigs(std::string_view node_id) const;
  const base::StringMap<int16_t>& feature_levels() const { return feature_levels_; }
  // The first producer id not handed out.
  int64_t next_producer_id() const { return next_producer_id_; }

  // Per topic: kInvalidTopicException, kTopicAlreadyExists, kInvalidPartitions,
  // kInvalidReplicationFactor, kInvalidReplicaAssignment, kInvalidConfig, kPolicyViolation,
  // kInvalidRequest (named twice). A topic that fails writes no record.
  Plan<CreateTopicsResponse> PlanCreateTopics(const CreateTopicsRequest& request,
                                              const PlanContext& context, Random& random) const;
  // Per topic: kUnknownTopicOrPartition, kUnknownTopicId, kInvalidRequest.
  Plan<DeleteTopicsResponse> PlanDeleteTopics(const DeleteTopicsRequest& request) const;
  // Per topic: kUnknownTopicOrPartition, kInvalidPartitions, kInvalidReplicaAssignment.
  Plan<CreatePartitionsResponse> PlanCreatePartitions(const CreatePartitionsRequest& request,
                                                      const PlanContext& context) const;
  // Replaces all configs of a resource. Per resource, all changes or none:
  // kUnknownTopicOrPartition, kInvalidConfig, kInvalidRequest.
  Plan<AlterConfigsResponse> PlanAlterConfigs(const AlterConfigsRequest& request,
                                              const PlanContext& context) const;
  // Changes single configs of a resource; errors as above.
  Plan<AlterConfigsResponse> PlanIncrementalAlterConfigs(const AlterConfigsRequest& request,
                                                         const PlanContext& context) const;
  // Hands out the ids [next_producer_id(), next_producer_id() + count).
  std::string PlanAllocateProducerIds(int32_t count, const PlanContext& context) const;

 private:
  TopicState* Find(const Uuid& id);
  Status ApplyTopic(const RecordFrame& frame, std::vector<ViewChange>* view);
  Status ApplyPartition(const RecordFrame& frame, std::vector<ViewChange>* view);
  Status ApplyPartitionChange(const RecordFrame& frame, std::vector<ViewChange>* view);
  Status ApplyRemoveTopic(const RecordFrame& frame, std::vector<ViewChange>* view);
  Status ApplyConfig(const RecordFrame& frame, std::vector<ViewChange>* view);
  Status ApplyFeature(const RecordFrame& frame, std::vector<ViewChange>* view);
  Status ApplyProducerIds(const RecordFrame& frame, std::vector<ViewChange>* view);

  TopicMap topics_;
  absl::flat_hash_map<Uuid, TopicState*> by_id_;  // into topics_
  base::StringMap<std::string> collision_keys_;   // CollisionKey -> topic name
  base::StringMap<ConfigMap> broker_configs_;
  base::StringMap<int16_t> feature_levels_;
  int64_t partition_count_ = 0;
  int64_t next_producer_id_ = 0;
};

}  // namespace runnel::metadata
