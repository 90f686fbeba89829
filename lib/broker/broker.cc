#include "broker/broker.h"

#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "broker/core.h"
#include "broker/fetches.h"
#include "broker/groups.h"
#include "broker/maintenance.h"
#include "broker/topics.h"

namespace runnel::broker {
namespace {

constexpr int32_t kProducerIdBlock = 1000;

// Fields of BrokerOptions that are Kafka properties, too: the property wins where both are given.
BrokerConfig WithOptions(BrokerConfig config, const BrokerOptions& options) {
  if (!options.properties.contains("auto.create.topics.enable")) {
    config.auto_create_topics = options.auto_create_topics;
  }
  if (!options.properties.contains("num.partitions")) {
    config.default_partitions = options.default_partitions;
  }
  return config;
}

Status OpenDirectory(Core& core) {
  const Environment& environment = core.environment;
  log::LogDirectoryReport found;
  RUNNEL_ASSIGN_OR_RETURN(
      core.directory,
      log::LogDirectory::Open(
          {.files = environment.files,
           .clock = environment.clock,
           .executor = environment.executor,
           .random = environment.random,
           .logger = environment.logger},
          {.path = core.options.data_dir,
           .mode = core.options.read_only ? DirectoryMode::kMustExist : DirectoryMode::kCreate,
           // A reader works on a view that it may change.
           .access = log::Access::kReadWrite,
           .node_id = core.options.node_id,
           .cluster_id = {}},
          &found));
  RecoveryReport report;
  report.clean_shutdown = found.clean_shutdown || found.created;
  report.partition_count = found.partition_count;
  for (std::string& note : found.notes) {
    RecoveryFinding finding;
    finding.kind = RecoveryFinding::Kind::kUnfinishedWork;
    finding.detail = std::move(note);
    report.findings.push_back(std::move(finding));
  }
  core.set_report(std::move(report));
  return OkStatus();
}

}  // namespace

// --- Life -----------------------------------------------------------------------------------

Broker::Broker(std::shared_ptr<Core> core) : core_(std::move(core)) {}

StatusOr<std::shared_ptr<Core>> Broker::OpenCore(BrokerOptions options) {
  RUNNEL_ASSIGN_OR_RETURN(BrokerConfig config, ParseBrokerConfig(options.properties));
  config = WithOptions(std::move(config), options);
  if (options.read_only) {
    // The files of the stores are the owner's: read the logs instead.
    options.metadata_store = StoreKind::kMemory;
    options.offsets_store = StoreKind::kMemory;
  }
  auto core = std::make_shared<Core>(std::move(options), std::move(config));
  if (!core->options.data_dir.empty()) RUNNEL_RETURN_IF_ERROR(OpenDirectory(*core));
  return core;
}

StatusOr<std::unique_ptr<Broker>> Broker::Open(BrokerOptions options) {
  RUNNEL_ASSIGN_OR_RETURN(auto core, OpenCore(std::move(options)));
  const Elapsed start = core->Now();
  std::unique_ptr<Broker> broker(new Broker(std::move(core)));
  Core& shared = *broker->core_;
  RUNNEL_ASSIGN_OR_RETURN(broker->topics_, Topics::Open(broker->core_));
  broker->groups_ = std::make_shared<Groups>(broker->core_, *broker->topics_);
  broker->fetches_ = std::make_shared<Fetches>(broker->core_, *broker->topics_);
  broker->maintenance_ =
      std::make_shared<Maintenance>(broker->core_, *broker->topics_, *broker->groups_);
  broker->topics_->OnDeleted(
      [groups = broker->groups_.get()](const std::vector<std::string>& names) {
        groups->OnTopicsDeleted(names);
      });
  if (shared.in_memory()) {
    // An idle memory broker has no thread: the timer starts one.
    shared.on_first_log = [weak = std::weak_ptr(broker->maintenance_)] {
      if (const auto maintenance = weak.lock(); maintenance != nullptr) maintenance->Start();
    };
  } else {
    if (!shared.options.read_only) broker->maintenance_->Start();
    RecoveryReport report = shared.report();
    report.duration = shared.Now() - start;
    shared.set_report(std::move(report));
  }
  return broker;
}

Broker::~Broker() {
  if (const Status status = Close(); !status.ok()) {
    core_->environment.logger->Log(LogLevel::kError,
                                   base::StrCat("event=close_failed error=", ToString(status)));
  }
}

Status Broker::Close() {
  if (!core_->BeginClose()) return OkStatus();
  const Status status = CloseAll();
  core_->StopExecutors();
  return status;
}

Status Broker::CloseAll() {
  Status first;
  const auto keep = [&first](Status status) {
    if (first.ok()) first = std::move(status);
  };
  core_->waiters.Fire();
  core_->memory.waiters.Fire();
  if (fetches_ != nullptr) fetches_->Close();
  if (groups_ != nullptr) groups_->Stop();
  if (maintenance_ != nullptr) maintenance_->Stop();
  if (topics_ != nullptr) keep(topics_->Close());
  core_->syncer.Close();
  if (groups_ != nullptr) keep(groups_->Close());
  if (core_->directory != nullptr) keep(core_->directory->Close());
  return first;
}

bool Broker::closed() const {
  return core_->closing();
}

const BrokerOptions& Broker::options() const {
  return core_->options;
}

RecoveryReport Broker::recovery_report() const {
  return core_->report();
}

const Environment& Broker::environment() const {
  return core_->environment;
}

Executor::TimerId Broker::PostAt(Elapsed time, Executor::Task task) {
  return core_->PostAt(time, std::move(task));
}

void Broker::Cancel(Executor::TimerId id) {
  core_->Cancel(id);
}

bool Broker::Wait(Signal& signal, Elapsed deadline) {
  return core_->Wait(signal, deadline);
}

Elapsed Broker::DeadlineAfter(std::chrono::nanoseconds timeout) const {
  return core_->DeadlineAfter(timeout);
}

const std::string& Broker::cluster_id() const {
  static const std::string kMemoryCluster = "runnel-in-memory";
  return core_->in_memory() ? kMemoryCluster : core_->directory->meta().cluster_id;
}

Status Broker::RunMaintenance() {
  RUNNEL_RETURN_IF_ERROR(core_->CheckWritable());
  return maintenance_->RunAll();
}

// --- Looking up -----------------------------------------------------------------------------

StatusOr<std::shared_ptr<Topic>> Broker::FindTopic(std::string_view name, AutoCreate create) {
  auto found = topics_->Find(name);
  if (create == AutoCreate::kNo || CodeOf(found) != ErrorCode::kUnknownTopicOrPartition ||
      !core_->config.auto_create_topics) {
    return found;
  }
  CreateTopicsRequest request;
  request.topics.emplace_back().name = std::string(name);
  const CreateTopicsResponse response = CreateTopics(request);
  const Status status = StatusOf(response.topics.at(0));
  // Somebody else may have been faster.
  if (!status.ok() && CodeOf(status) != ErrorCode::kTopicAlreadyExists) return status;
  return topics_->Find(name);
}

StatusOr<std::shared_ptr<Topic>> Broker::FindTopic(const TopicKey& key) {
  return topics_->Find(key);
}

StatusOr<std::shared_ptr<Partition>> Broker::Resolve(const TopicKey& key, int32_t partition) {
  RUNNEL_ASSIGN_OR_RETURN(const std::shared_ptr<Topic> topic, topics_->Find(key));
  std::shared_ptr<Partition> found = topic->partition(partition);
  if (found != nullptr) return found;
  return Error(ErrorCode::kUnknownTopicOrPartition,
               base::StrCat("topic ", topic->name(), " has no partition ", partition, ", it has ",
                            topic->partition_count()));
}

StatusOr<std::shared_ptr<Partition>> Broker::FindPartition(const TopicPartition& partition) {
  return Resolve({.name = partition.topic}, partition.partition);
}

std::vector<std::shared_ptr<Topic>> Broker::ListTopics(Admin::Internal internal) const {
  return topics_->List(internal);
}

uint64_t Broker::topics_version() const {
  return topics_->version();
}

// --- Topics and configs ---------------------------------------------------------------------

ClusterDescription Broker::DescribeCluster() const {
  return {.cluster_id = cluster_id(), .node_id = core_->options.node_id};
}

MetadataResponse Broker::Metadata(const MetadataRequest& request) {
  MetadataResponse response{.cluster_id = cluster_id(), .node_id = core_->options.node_id};
  const auto describe = [&](Topic& topic) {
    TopicMetadata metadata;
    metadata.topic.name = topic.name();
    metadata.topic.id = topic.id();
    metadata.topic.internal = topic.internal();
    const int32_t node = core_->options.node_id;
    for (int32_t index = 0; index < topic.partition_count(); ++index) {
      metadata.topic.partitions.push_back({.partition = index,
                                           .leader = node,
                                           .leader_epoch = LeaderEpoch(0),
                                           .replicas = {node},
                                           .in_sync_replicas = {node}});
    }
    response.topics.push_back(std::move(metadata));
  };
  if (!request.topics.has_value()) {
    for (const auto& topic : topics_->List(Admin::Internal::kInclude))
      describe(*topic);
    return response;
  }
  for (const TopicKey& key : *request.topics) {
    const auto create =
        request.allow_auto_topic_creation && !key.name.empty() ? AutoCreate::kYes : AutoCreate::kNo;
    const auto topic = create == AutoCreate::kYes ? FindTopic(key.name, create) : FindTopic(key);
    if (topic.ok()) {
      describe(**topic);
    } else {
      response.topics.push_back(
          {.status = topic.status(), .topic = {.name = key.name, .id = key.id}});
    }
  }
  return response;
}

CreateTopicsResponse Broker::CreateTopics(const CreateTopicsRequest& request) {
  CreateTopicsResponse response = topics_->Create(request);
  if (!request.validate_only) groups_->UpdateDurability();
  return response;
}

DeleteTopicsResponse Broker::DeleteTopics(const DeleteTopicsRequest& request) {
  if (core_->config.delete_topics) return topics_->Delete(request);
  DeleteTopicsResponse response;
  for (const DeleteTopicState& topic : request.topics) {
    response.responses.push_back({.name = topic.name,
                                  .topic_id = topic.topic_id,
                                  .error_code = ErrorCode::kTopicDeletionDisabled,
                                  .error_message = "delete.topic.enable is false"});
  }
  return response;
}

CreatePartitionsResponse Broker::CreatePartitions(const CreatePartitionsRequest& request) {
  return topics_->Grow(request);
}

StatusOr<std::vector<DescribedConfig>> Broker::DescribeConfigs(ResourceType type,
                                                               std::string_view name) {
  return topics_->Describe(type, name);
}

AlterConfigsResponse Broker::IncrementalAlterConfigs(const AlterConfigsRequest& request) {
  AlterConfigsResponse response = topics_->Alter(request, Topics::AlterKind::kIncremental);
  groups_->UpdateDurability();
  return response;
}

AlterConfigsResponse Broker::AlterConfigs(const AlterConfigsRequest& request) {
  AlterConfigsResponse response = topics_->Alter(request, Topics::AlterKind::kReplace);
  groups_->UpdateDurability();
  return response;
}

// --- Groups ---------------------------------------------------------------------------------

void Broker::JoinGroup(const group::JoinGroupRequest& request, const group::RequestContext& context,
                       Callback<group::JoinGroupResponse> done) {
  groups_->Join(request, context, std::move(done));
}

void Broker::SyncGroup(const group::SyncGroupRequest& request, const group::RequestContext& context,
                       Callback<group::SyncGroupResponse> done) {
  groups_->Sync(request, context, std::move(done));
}

group::HeartbeatResponse Broker::Heartbeat(const group::HeartbeatRequest& request,
                                           const group::RequestContext& context) {
  return groups_->Heartbeat(request, context);
}

void Broker::LeaveGroup(const group::LeaveGroupRequest& request,
                        const group::RequestContext& context,
                        Callback<group::LeaveGroupResponse> done) {
  groups_->Leave(request, context, std::move(done));
}

void Broker::OffsetCommit(const group::OffsetCommitRequest& request,
                          const group::RequestContext& context,
                          Callback<group::OffsetCommitResponse> done) {
  groups_->Commit(request, context, std::move(done));
}

group::OffsetCommitResponse Broker::OffsetCommit(const group::OffsetCommitRequest& request,
                                                 const group::RequestContext& context) {
  return groups_->CommitAndWait(request, context);
}

group::OffsetFetchResponse Broker::OffsetFetch(const group::OffsetFetchRequest& request) {
  return groups_->Fetch(request);
}

group::OffsetDeleteResponse Broker::OffsetDelete(const group::OffsetDeleteRequest& request) {
  return groups_->DeleteOffsets(request);
}

std::vector<group::DescribedGroup> Broker::DescribeGroups(std::span<const std::string> group_ids,
                                                          const group::RequestContext& context) {
  std::vector<group::DescribedGroup> groups;
  for (const std::string& id : group_ids)
    groups.push_back(groups_->Describe(id, context));
  return groups;
}

StatusOr<std::vector<group::ListedGroup>> Broker::ListGroups(
    const group::ListGroupsRequest& request) {
  return groups_->List(request);
}

std::vector<ErrorCode> Broker::DeleteGroups(std::span<const std::string> group_ids) {
  std::vector<ErrorCode> codes;
  for (const std::string& id : group_ids)
    codes.push_back(groups_->Delete(id));
  return codes;
}

StatusOr<int32_t> Broker::FindCoordinator(std::string_view group_id) {
  if (group_id.empty()) return Error(ErrorCode::kInvalidGroupId, "the group id is empty");
  RUNNEL_RETURN_IF_ERROR(groups_->Prepare());
  return core_->options.node_id;
}

// --- Producers ------------------------------------------------------------------------------

StatusOr<ProducerIdAndEpoch> Broker::InitProducerId() {
  const base::Lock lock(producer_id_mutex_);
  if (next_producer_id_ == end_producer_id_) {
    // Held across the sync: everyone else needs the block, too.
    RUNNEL_ASSIGN_OR_RETURN(next_producer_id_, topics_->AllocateProducerIds(kProducerIdBlock));
    end_producer_id_ = next_producer_id_ + kProducerIdBlock;
  }
  return ProducerIdAndEpoch{.producer_id = ProducerId(next_producer_id_++), .producer_epoch = 0};
}

}  // namespace runnel::broker
