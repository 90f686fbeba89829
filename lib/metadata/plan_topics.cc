#include <set>

#include "base/status.h"
#include "base/strings.h"
#include "metadata/plan.h"
#include "metadata/topic_name.h"

namespace runnel::metadata {
namespace {

using base::StrCat;

// A topic of a request that passed all checks.
struct Accepted {
  int32_t partition_count = 0;
  ConfigMap configs = {};
};

StatusOr<int32_t> CountPartitions(const CreatableTopic& topic, const PlanContext& context) {
  if (!topic.assignments.empty()) {
    if (topic.num_partitions != -1 || topic.replication_factor != -1) {
      return Error(ErrorCode::kInvalidRequest,
                   StrCat("topic ", topic.name,
                          " has both replica assignments and a number of partitions or replicas"));
    }
    std::set<int32_t> indexes;
    for (const CreatableReplicaAssignment& assignment : topic.assignments) {
      indexes.insert(assignment.partition_index);
      RUNNEL_RETURN_IF_ERROR(
          CheckAssignment(assignment.broker_ids, assignment.partition_index, context.node_id));
    }
    const auto count = static_cast<int32_t>(topic.assignments.size());
    if (static_cast<int32_t>(indexes.size()) != count || *indexes.begin() != 0 ||
        *indexes.rbegin() != count - 1) {
      return Error(ErrorCode::kInvalidReplicaAssignment,
                   StrCat("partitions of topic ", topic.name, " must be numbered from 0 to ",
                          count - 1, " without gaps"));
    }
    return count;
  }
  const int32_t count =
      topic.num_partitions == -1 ? context.default_partitions : topic.num_partitions;
  if (count < 1) {
    return Error(ErrorCode::kInvalidPartitions,
                 StrCat("topic ", topic.name, " needs at least 1 partition, not ", count));
  }
  if (topic.replication_factor != -1 && topic.replication_factor != 1) {
    return Error(ErrorCode::kInvalidReplicationFactor,
                 StrCat("replication factor ", topic.replication_factor, " of topic ", topic.name,
                        " is not 1, the number of brokers"));
  }
  return count;
}

StatusOr<ConfigMap> CollectConfigs(const CreatableTopic& topic, const PlanContext& context) {
  ConfigMap configs;
  for (const CreatableTopicConfig& config : topic.configs) {
    if (!config.value) {
      return Error(ErrorCode::kInvalidConfig, StrCat("config ", config.name, " has no value"));
    }
    if (config.value->size() > kMaxConfigValueBytes) {
      return Error(ErrorCode::kInvalidConfig, StrCat("value of config ", config.name, " is ",
                                                     config.value->size(), " bytes long"));
    }
    configs.insert_or_assign(config.name, *config.value);
  }
  RUNNEL_RETURN_IF_ERROR(ResolveTopicConfig(configs, context.broker_configs).status());
  return configs;
}

void WriteTopic(const std::string& name, const Uuid& id, const Accepted& accepted,
                const PlanContext& context, std::vector<std::string>& records) {
  records.push_back(EncodeRecord(TopicRecord{.name = name, .topic_id = id}));
  for (const auto& [key, value] : accepted.configs) {
    records.push_back(EncodeConfig(ResourceType::kTopic, name, key, value));
  }
  for (int32_t i = 0; i < accepted.partition_count; ++i) {
    records.push_back(EncodeNewPartition(id, i, context.node_id));
  }
}

}  // namespace

std::string EncodeConfig(ResourceType type, std::string_view resource, std::string_view name,
                         std::optional<std::string> value) {
  return EncodeRecord(ConfigRecord{.resource_type = static_cast<int8_t>(type),
                                   .resource_name = std::string(resource),
                                   .name = std::string(name),
                                   .value = std::move(value)});
}

std::string EncodeNewPartition(const Uuid& topic_id, int32_t partition, int32_t node_id) {
  const PartitionRecord record{.partition_id = partition,
                               .topic_id = topic_id,
                               .replicas = {node_id},
                               .isr = {node_id},
                               .leader = node_id,
                               .leader_epoch = 0,
                               .partition_epoch = 0,
                               .directories = {Uuid{}}};
  return EncodeRecord(record, 1);
}

Status CheckAssignment(const std::vector<int32_t>& broker_ids, int32_t partition, int32_t node_id) {
  if (broker_ids == std::vector<int32_t>{node_id}) return OkStatus();
  return Error(ErrorCode::kInvalidReplicaAssignment,
               StrCat("replicas of partition ", partition, " must be just this node, ", node_id));
}

Plan<CreateTopicsResponse> MetadataImage::PlanCreateTopics(const CreateTopicsRequest& request,
                                                           const PlanContext& context,
                                                           Random& random) const {
  Plan<CreateTopicsResponse> plan;
  std::map<std::string, int, std::less<>> mentions;
  for (const CreatableTopic& topic : request.topics)
    ++mentions[topic.name];
  std::map<std::string, std::string> new_collisions;  // CollisionKey -> name
  int64_t total = 0;

  const auto check = [&](const CreatableTopic& topic) -> StatusOr<Accepted> {
    if (mentions[topic.name] > 1) {
      return Error(ErrorCode::kInvalidRequest,
                   StrCat("topic ", topic.name, " is named more than once"));
    }
    RUNNEL_RETURN_IF_ERROR(ValidateTopicName(topic.name));
    if (FindTopic(topic.name) != nullptr) {
      return Error(ErrorCode::kTopicAlreadyExists, StrCat("topic ", topic.name, " exists"));
    }
    const std::string key = CollisionKey(topic.name);
    const auto old_name = collision_keys_.find(key);
    const auto new_name = new_collisions.find(key);
    if (old_name != collision_keys_.end() || new_name != new_collisions.end()) {
      return Error(ErrorCode::kInvalidTopicException,
                   StrCat("topic ", topic.name, " differs from ",
                          old_name != collision_keys_.end() ? old_name->second : new_name->second,
                          " in '.' and '_' only"));
    }
    Accepted accepted;
    RUNNEL_ASSIGN_OR_RETURN(accepted.partition_count, CountPartitions(topic, context));
    if (total + accepted.partition_count > context.max_partitions_per_request) {
      return Error(ErrorCode::kPolicyViolation,
                   StrCat("topic ", topic.name, " with ", accepted.partition_count,
                          " partitions exceeds the ", context.max_partitions_per_request,
                          " partitions that one request may create"));
    }
    RUNNEL_ASSIGN_OR_RETURN(accepted.configs, CollectConfigs(topic, context));
    return accepted;
  };

  for (const CreatableTopic& topic : request.topics) {
    CreatableTopicResult& result = plan.response.topics.emplace_back();
    result.name = topic.name;
    const StatusOr<Accepted> accepted = check(topic);
    if (!accepted.ok()) {
      SetError(result, accepted.status());
      continue;
    }
    total += accepted->partition_count;
    new_collisions.emplace(CollisionKey(topic.name), topic.name);
    result.num_partitions = accepted->partition_count;
    result.replication_factor = 1;
    result.configs = DescribeTopicConfigs(accepted->configs, context.broker_configs);
    if (request.validate_only) continue;
    result.topic_id = topic.topic_id;
    while (result.topic_id.is_zero() || FindTopic(result.topic_id) != nullptr) {
      result.topic_id = random.NextUuid();
    }
    WriteTopic(topic.name, result.topic_id, *accepted, context, plan.records);
  }
  return plan;
}

Plan<DeleteTopicsResponse> MetadataImage::PlanDeleteTopics(
    const DeleteTopicsRequest& request) const {
  Plan<DeleteTopicsResponse> plan;
  std::set<Uuid> chosen;
  for (const DeleteTopicState& state : request.topics) {
    DeletableTopicResult& result = plan.response.responses.emplace_back();
    result.name = state.name;
    result.topic_id = state.topic_id;
    const TopicState* topic = state.name ? FindTopic(*state.name) : FindTopic(state.topic_id);
    if (topic == nullptr) {
      SetError(result, state.name ? Error(ErrorCode::kUnknownTopicOrPartition,
                                          StrCat("topic ", *state.name, " does not exist"))
                                  : Error(ErrorCode::kUnknownTopicId,
                                          StrCat("topic id ", ToString(state.topic_id),
                                                 " does not exist")));
      continue;
    }
    result.name = topic->name;
    result.topic_id = topic->id;
    if (!chosen.insert(topic->id).second) {
      SetError(result, Error(ErrorCode::kInvalidRequest,
                             StrCat("topic ", topic->name, " is named more than once")));
      continue;
    }
    plan.records.push_back(EncodeRecord(RemoveTopicRecord{.topic_id = topic->id}));
  }
  return plan;
}

Plan<CreatePartitionsResponse> MetadataImage::PlanCreatePartitions(
    const CreatePartitionsRequest& request, const PlanContext& context) const {
  Plan<CreatePartitionsResponse> plan;
  std::set<std::string> seen;
  int64_t total = 0;
  const auto check = [&](const CreatePartitionsTopic& change) -> StatusOr<const TopicState*> {
    const TopicState* topic = FindTopic(change.name);
    if (topic == nullptr) {
      return Error(ErrorCode::kUnknownTopicOrPartition,
                   StrCat("topic ", change.name, " does not exist"));
    }
    if (!seen.insert(change.name).second) {
      return Error(ErrorCode::kInvalidRequest,
                   StrCat("topic ", change.name, " is named more than once"));
    }
    const auto count = static_cast<int32_t>(topic->partitions.size());
    if (change.count <= count) {
      return Error(ErrorCode::kInvalidPartitions,
                   StrCat("topic ", change.name, " has ", count, " partitions, ", change.count,
                          " would not be more"));
    }
    if (total + change.count - count > context.max_partitions_per_request) {
      return Error(ErrorCode::kPolicyViolation,
                   StrCat("one request may create ", context.max_partitions_per_request,
                          " partitions at most"));
    }
    if (!change.assignments) return topic;
    if (static_cast<int64_t>(change.assignments->size()) != change.count - count) {
      return Error(ErrorCode::kInvalidReplicaAssignment,
                   StrCat(change.count - count, " new partitions of topic ", change.name, " have ",
                          change.assignments->size(), " assignments"));
    }
    int32_t partition = count;
    for (const std::vector<int32_t>& replicas : *change.assignments) {
      RUNNEL_RETURN_IF_ERROR(CheckAssignment(replicas, partition++, context.node_id));
    }
    return topic;
  };
  for (const CreatePartitionsTopic& change : request.topics) {
    CreatePartitionsTopicResult& result = plan.response.results.emplace_back();
    result.name = change.name;
    const StatusOr<const TopicState*> topic = check(change);
    if (!topic.ok()) {
      SetError(result, topic.status());
      continue;
    }
    const auto count = static_cast<int32_t>((*topic)->partitions.size());
    total += change.count - count;
    if (request.validate_only) continue;
    for (int32_t i = count; i < change.count; ++i) {
      plan.records.push_back(EncodeNewPartition((*topic)->id, i, context.node_id));
    }
  }
  return plan;
}

std::string MetadataImage::PlanAllocateProducerIds(int32_t count,
                                                   const PlanContext& context) const {
  return EncodeRecord(ProducerIdsRecord{.broker_id = context.node_id,
                                        .next_producer_id = next_producer_id_ + count});
}

}  // namespace runnel::metadata
