#include "metadata/metadata_image.h"

#include "base/status.h"
#include "base/strings.h"
#include "metadata/topic_name.h"

namespace runnel::metadata {
namespace {

using base::StrCat;

// Bounds what a damaged record can make the image allocate.
constexpr int32_t kMaxPartitions = 10'000'000;

// Keys of the persistent view. Topics sort before their partitions, so that applying the values
// in order rebuilds the image.
std::string IdBytes(const Uuid& id) {
  return std::string(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
}
std::string TopicKey(const Uuid& id) {
  return "t" + IdBytes(id);
}
std::string PartitionKey(const Uuid& id, int32_t partition) {
  std::string key = "u" + IdBytes(id);
  for (int shift = 24; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(static_cast<uint32_t>(partition) >> shift));
  }
  return key;
}
std::string ConfigPrefix(int8_t type, std::string_view resource) {
  return StrCat("v", static_cast<char>(type), resource, '\0');
}

void Put(std::vector<ViewChange>* view, std::string key, std::string_view value) {
  if (view != nullptr) {
    view->push_back({.key = std::move(key), .value = std::string(value)});
  }
}
void Drop(std::vector<ViewChange>* view, ViewChange::Kind kind, std::string key) {
  if (view != nullptr) view->push_back({.kind = kind, .key = std::move(key)});
}

Status Corrupt(const std::string& text) {
  return Error(ErrorCode::kCorruptMessage, text);
}

PartitionState StateOf(const PartitionRecord& record) {
  return {.replicas = record.replicas,
          .isr = record.isr,
          .leader = record.leader,
          .leader_epoch = LeaderEpoch(record.leader_epoch),
          .partition_epoch = record.partition_epoch,
          .directories = record.directories};
}

PartitionRecord RecordOf(const Uuid& topic_id, int32_t partition, const PartitionState& state) {
  return {.partition_id = partition,
          .topic_id = topic_id,
          .replicas = state.replicas,
          .isr = state.isr,
          .leader = state.leader,
          .leader_epoch = state.leader_epoch.value(),
          .partition_epoch = state.partition_epoch,
          .directories = state.directories};
}

}  // namespace

const TopicState* MetadataImage::FindTopic(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : found->second.get();
}

const TopicState* MetadataImage::FindTopic(const Uuid& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

TopicState* MetadataImage::Find(const Uuid& id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

const ConfigMap* MetadataImage::FindBrokerConfigs(std::string_view node_id) const {
  const auto found = broker_configs_.find(node_id);
  return found == broker_configs_.end() ? nullptr : &found->second;
}

Status MetadataImage::Apply(std::string_view record, std::vector<ViewChange>* view) {
  RUNNEL_ASSIGN_OR_RETURN(const RecordFrame frame, ParseFrame(record));
  switch (frame.type) {
    case TopicRecord::kApi.key:
      return ApplyTopic(frame, view);
    case PartitionRecord::kApi.key:
      return ApplyPartition(frame, view);
    case ConfigRecord::kApi.key:
      return ApplyConfig(frame, view);
    case PartitionChangeRecord::kApi.key:
      return ApplyPartitionChange(frame, view);
    case RemoveTopicRecord::kApi.key:
      return ApplyRemoveTopic(frame, view);
    case FeatureLevelRecord::kApi.key:
      return ApplyFeature(frame, view);
    case ProducerIdsRecord::kApi.key:
      return ApplyProducerIds(frame, view);
    default:
      return OkStatus();
  }
}

Status MetadataImage::ApplyTopic(const RecordFrame& frame, std::vector<ViewChange>* view) {
  RUNNEL_ASSIGN_OR_RETURN(const TopicRecord record, DecodeRecord<TopicRecord>(frame));
  if (const Status status = ValidateTopicName(record.name); !status.ok()) {
    return Corrupt(StrCat("topic record: ", ToString(status)));
  }
  if (const TopicState* known = FindTopic(record.name); known != nullptr) {
    if (known->id == record.topic_id) return OkStatus();
    return Corrupt(StrCat("topic ", record.name, " is created twice, with ids ",
                          ToString(known->id), " and ", ToString(record.topic_id)));
  }
  if (Find(record.topic_id) != nullptr) {
    return Corrupt(StrCat("topic id ", ToString(record.topic_id), " is used twice"));
  }
  auto topic = std::make_unique<TopicState>();
  topic->name = record.name;
  topic->id = record.topic_id;
  by_id_.emplace(record.topic_id, topic.get());
  collision_keys_.emplace(CollisionKey(record.name), record.name);
  topics_.emplace(record.name, std::move(topic));
  Put(view, TopicKey(record.topic_id), EncodeRecord(record));
  return OkStatus();
}

Status MetadataImage::ApplyPartition(const RecordFrame& frame, std::vector<ViewChange>* view) {
  RUNNEL_ASSIGN_OR_RETURN(const PartitionRecord record, DecodeRecord<PartitionRecord>(frame));
  TopicState* topic = Find(record.topic_id);
  if (topic == nullptr) {
    return Corrupt(StrCat("partition of unknown topic id ", ToString(record.topic_id)));
  }
  const auto count = static_cast<int32_t>(topic->partitions.size());
  if (record.partition_id < 0 || record.partition_id > count ||
      record.partition_id >= kMaxPartitions) {
    return Corrupt(StrCat("partition ", record.partition_id, " of ", topic->name,
                          " does not follow ", count, " partitions"));
  }
  if (record.partition_id == count) {
    topic->partitions.emplace_back();
    ++partition_count_;
  }
  PartitionState& state = topic->partitions[static_cast<size_t>(record.partition_id)];
  state = StateOf(record);
  Put(view, PartitionKey(record.topic_id, record.partition_id), EncodeRecord(record, 1));
  return OkStatus();
}

Status MetadataImage::ApplyPartitionChange(const RecordFrame& frame,
                                           std::vector<ViewChange>* view) {
  RUNNEL_ASSIGN_OR_RETURN(const PartitionChangeRecord record,
                          DecodeRecord<PartitionChangeRecord>(frame));
  TopicState* topic = Find(record.topic_id);
  const bool known = topic != nullptr && record.partition_id >= 0 &&
                     record.partition_id < static_cast<int32_t>(topic->partitions.size());
  if (!known) {
    return Corrupt(StrCat("change of unknown partition ", record.partition_id, " of topic id ",
                          ToString(record.topic_id)));
  }
  PartitionState& state = topic->partitions[static_cast<size_t>(record.partition_id)];
  if (record.isr) state.isr = *record.isr;
  if (record.replicas) state.replicas = *record.replicas;
  if (record.directories) state.directories = *record.directories;
  if (record.leader != -2) {  // a new leadership, even of the same node
    state.leader = record.leader;
    ++state.leader_epoch;
  }
  ++state.partition_epoch;
  Put(view, PartitionKey(record.topic_id, record.partition_id),
      EncodeRecord(RecordOf(record.topic_id, record.partition_id, state), 1));
  return OkStatus();
}

Status MetadataImage::ApplyRemoveTopic(const RecordFrame& frame, std::vector<ViewChange>* view) {
  RUNNEL_ASSIGN_OR_RETURN(const RemoveTopicRecord record, DecodeRecord<RemoveTopicRecord>(frame));
  const TopicState* topic = Find(record.topic_id);
  if (topic == nullptr) return OkStatus();
  const std::string name = topic->name;
  Drop(view, ViewChange::Kind::kDeletePrefix,
       ConfigPrefix(static_cast<int8_t>(ResourceType::kTopic), name));
  Drop(view, ViewChange::Kind::kDeletePrefix, "u" + IdBytes(record.topic_id));
  Drop(view, ViewChange::Kind::kDelete, TopicKey(record.topic_id));
  partition_count_ -= static_cast<int64_t>(topic->partitions.size());
  by_id_.erase(record.topic_id);
  collision_keys_.erase(CollisionKey(name));
  topics_.erase(name);
  return OkStatus();
}

Status MetadataImage::ApplyConfig(const RecordFrame& frame, std::vector<ViewChange>* view) {
  RUNNEL_ASSIGN_OR_RETURN(const ConfigRecord record, DecodeRecord<ConfigRecord>(frame));
  ConfigMap* configs = nullptr;
  if (record.resource_type == static_cast<int8_t>(ResourceType::kTopic)) {
    const auto found = topics_.find(record.resource_name);
    if (found == topics_.end()) {
      return Corrupt(StrCat("config of unknown topic ", record.resource_name));
    }
    configs = &found->second->configs;
  } else if (record.resource_type == static_cast<int8_t>(ResourceType::kBroker)) {
    configs = &broker_configs_[record.resource_name];
  } else {
    return OkStatus();  // groups, client metrics: nothing here reads them yet
  }
  const std::string key = ConfigPrefix(record.resource_type, record.resource_name) + record.name;
  if (record.value) {
    configs->insert_or_assign(record.name, *record.value);
    Put(view, key, EncodeRecord(record));
  } else {
    configs->erase(record.name);
    Drop(view, ViewChange::Kind::kDelete, key);
  }
  return OkStatus();
}

Status MetadataImage::ApplyFeature(const RecordFrame& frame, std::vector<ViewChange>* view) {
  RUNNEL_ASSIGN_OR_RETURN(const FeatureLevelRecord record, DecodeRecord<FeatureLevelRecord>(frame));
  feature_levels_.insert_or_assign(record.name, record.feature_level);
  Put(view, "w" + record.name, EncodeRecord(record));
  return OkStatus();
}

Status MetadataImage::ApplyProducerIds(const RecordFrame& frame, std::vector<ViewChange>* view) {
  RUNNEL_ASSIGN_OR_RETURN(const ProducerIdsRecord record, DecodeRecord<ProducerIdsRecord>(frame));
  if (record.next_producer_id < next_producer_id_) return OkStatus();
  next_producer_id_ = record.next_producer_id;
  Put(view, "x", EncodeRecord(record));
  return OkStatus();
}

}  // namespace runnel::metadata
