#include "broker/topics.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "metadata/topic_config.h"
#include "metadata/topic_name.h"

namespace runnel::broker {
namespace {

Status UnknownTopic(std::string_view name) {
  return Error(ErrorCode::kUnknownTopicOrPartition, base::StrCat("there is no topic ", name));
}

Status DeletedTopic(std::string_view name) {
  return Error(ErrorCode::kUnknownTopicOrPartition,
               base::StrCat("the topic ", name, " has been deleted"));
}

}  // namespace

Topics::Topics(std::shared_ptr<Core> core) : core_(std::move(core)) {}

StatusOr<std::unique_ptr<Topics>> Topics::Open(std::shared_ptr<Core> core) {
  std::unique_ptr<Topics> topics(new Topics(std::move(core)));
  if (topics->core_->in_memory()) return topics;
  {
    const base::Lock change(topics->change_mutex_);
    const base::Lock lock(topics->mutex_);
    RUNNEL_ASSIGN_OR_RETURN(topics->log_, MetadataLog::Open(*topics->core_, topics->image_));
  }
  topics->core_->was_deleted = [raw = topics.get()](const Uuid& id) { return raw->WasDeleted(id); };
  RUNNEL_RETURN_IF_ERROR(topics->FinishDeletions());
  return topics;
}

// Folders of no topic: those of topics deleted here were to be renamed when the process ended; all
// others belong to somebody else and are left alone.
Status Topics::FinishDeletions() {
  std::vector<TopicPartition> strays;
  {
    const base::ReaderLock lock(mutex_);
    for (const TopicPartition& folder : core_->directory->Partitions()) {
      if (folder.topic == kMetadataTopic) continue;
      const metadata::TopicState* topic = image_.FindTopic(folder.topic);
      if (topic != nullptr && folder.partition < static_cast<int32_t>(topic->partitions.size())) {
        continue;
      }
      strays.push_back(folder);
    }
  }
  if (strays.empty()) return OkStatus();
  RecoveryReport report = core_->report();
  for (const TopicPartition& folder : strays) {
    const StatusOr<Uuid> id = core_->directory->ReadTopicId(folder);
    RecoveryFinding finding;
    finding.file = ToString(folder);
    if (id.ok() && !core_->options.read_only && WasDeleted(*id)) {
      RUNNEL_RETURN_IF_ERROR(core_->directory->Delete(folder));
      finding.kind = RecoveryFinding::Kind::kUnfinishedWork;
      finding.detail = "the folder of a deleted topic was removed";
    } else {
      finding.kind = RecoveryFinding::Kind::kUnknownFolder;
      finding.detail = "the folder belongs to no topic and was left alone";
    }
    report.findings.push_back(std::move(finding));
  }
  core_->set_report(std::move(report));
  return OkStatus();
}

bool Topics::WasDeleted(const Uuid& id) {
  {
    const base::ReaderLock lock(mutex_);
    if (image_.FindTopic(id) != nullptr) return false;
  }
  // Without change_mutex_: a partition that is being opened asks, and its mutex comes second.
  const StatusOr<std::vector<Uuid>> ids = log_->EverCreated();
  return ids.ok() && std::find(ids->begin(), ids->end(), id) != ids->end();
}

// --- Looking up ----------------------------------------------------------------------------------

metadata::ConfigMap Topics::DefaultsLocked() const {
  metadata::ConfigMap defaults = core_->config.topic_defaults;
  const std::string node = std::to_string(core_->options.node_id);
  for (const std::string& id : {std::string(), node}) {
    const metadata::ConfigMap* dynamic = image_.FindBrokerConfigs(id);
    if (dynamic == nullptr) continue;
    for (const auto& [name, value] : *dynamic)
      defaults.insert_or_assign(name, value);
  }
  return defaults;
}

metadata::PlanContext Topics::Context() const {
  metadata::PlanContext context;
  context.node_id = core_->options.node_id;
  context.default_partitions = static_cast<int32_t>(core_->config.default_partitions);
  context.broker_configs = DefaultsLocked();
  context.max_partitions_per_request = 100'000;
  return context;
}

StatusOr<std::shared_ptr<Topic>> Topics::MakeLocked(const metadata::TopicState& state) {
  RUNNEL_ASSIGN_OR_RETURN(const metadata::TopicConfig config,
                          metadata::ResolveTopicConfig(state.configs, DefaultsLocked()));
  auto topic = std::make_shared<Topic>(core_, state.name, state.id,
                                       static_cast<int32_t>(state.partitions.size()), state.configs,
                                       core_->SettingsOf(config));
  topics_.emplace(state.name, topic);
  return topic;
}

StatusOr<std::shared_ptr<Topic>> Topics::Find(std::string_view name) {
  if (core_->closing()) return Core::ClosedError();
  {
    const base::ReaderLock lock(mutex_);
    if (const auto at = topics_.find(name); at != topics_.end()) return at->second;
    if (image_.FindTopic(name) == nullptr) return UnknownTopic(name);
  }
  const base::Lock lock(mutex_);
  if (const auto at = topics_.find(name); at != topics_.end()) return at->second;
  const metadata::TopicState* state = image_.FindTopic(name);
  if (state == nullptr) return UnknownTopic(name);
  return MakeLocked(*state);
}

StatusOr<std::shared_ptr<Topic>> Topics::Find(const TopicKey& key) {
  if (!key.name.empty()) return Find(key.name);
  std::string name;
  {
    const base::ReaderLock lock(mutex_);
    const metadata::TopicState* state = image_.FindTopic(key.id);
    if (state == nullptr) {
      return Error(ErrorCode::kUnknownTopicId,
                   base::StrCat("there is no topic with the id ", ToString(key.id)));
    }
    name = state->name;
  }
  return Find(name);
}

std::vector<std::shared_ptr<Topic>> Topics::List(Admin::Internal internal) {
  std::vector<std::shared_ptr<Topic>> result;
  const base::Lock lock(mutex_);
  for (const auto& [name, state] : image_.topics()) {
    if (internal == Admin::Internal::kExclude && metadata::IsInternalTopic(name)) continue;
    if (const auto at = topics_.find(name); at != topics_.end()) {
      result.push_back(at->second);
    } else if (auto made = MakeLocked(*state); made.ok()) {
      result.push_back(*std::move(made));
    }
  }
  return result;
}

std::vector<std::shared_ptr<Topic>> Topics::Live() const {
  std::vector<std::shared_ptr<Topic>> live;
  const base::ReaderLock lock(mutex_);
  live.reserve(topics_.size());
  for (const auto& [name, topic] : topics_)
    live.push_back(topic);
  std::sort(live.begin(), live.end(),
            [](const auto& a, const auto& b) { return a->name() < b->name(); });
  return live;
}

Durability Topics::StrictestDurability() {
  if (core_->in_memory()) return Durability::kMemory;
  Durability strictest = core_->options.durability.value_or(Durability::kFsync);
  const base::ReaderLock lock(mutex_);
  const metadata::ConfigMap defaults = DefaultsLocked();
  for (const auto& [name, state] : image_.topics()) {
    if (strictest == Durability::kFsync) break;
    if (state->configs.empty() || metadata::IsInternalTopic(name)) continue;
    const auto config = metadata::ResolveTopicConfig(state->configs, defaults);
    if (config.ok()) strictest = std::max(strictest, core_->SettingsOf(*config)->durability);
  }
  return strictest;
}

// --- Changing ------------------------------------------------------------------------------------

Status Topics::Commit(const std::vector<std::string>& records) {
  if (records.empty()) return OkStatus();
  if (core_->closing()) return Core::ClosedError();
  RUNNEL_RETURN_IF_ERROR(core_->CheckWritable());
  if (log_ != nullptr) RUNNEL_RETURN_IF_ERROR(log_->Append(records));
  std::vector<metadata::ViewChange> view;
  {
    const base::Lock lock(mutex_);
    for (const std::string& record : records) {
      // Planned against this image and already durable: a refusal would be our own mistake.
      if (const Status status = image_.Apply(record, &view); !status.ok()) {
        core_->environment.logger->Log(
            LogLevel::kError, base::StrCat("event=metadata_refused error=", ToString(status)));
      }
    }
  }
  if (log_ == nullptr) return OkStatus();
  if (const Status status = log_->WriteView(view); !status.ok()) {
    // The log has it: the next opening replays it into the view.
    core_->environment.logger->Log(
        LogLevel::kError, base::StrCat("event=metadata_view_failed error=", ToString(status)));
  }
  return OkStatus();
}

void Topics::Announce() {
  version_.fetch_add(1, std::memory_order_acq_rel);
  core_->waiters.Fire();
}

// Gives every result without an error of its own the error of the whole.
template <class Results>
void SpreadError(const Status& status, Results& results) {
  if (status.ok()) return;
  for (auto& result : results) {
    if (result.error_code != ErrorCode::kNone) continue;
    result.error_code = CodeOf(status);
    result.error_message = std::string(base::AsStd(status.message()));
  }
}

CreateTopicsResponse Topics::Create(const CreateTopicsRequest& request) {
  const base::Lock change(change_mutex_);
  metadata::Plan<CreateTopicsResponse> plan;
  {
    const base::ReaderLock lock(mutex_);
    plan = image_.PlanCreateTopics(request, Context(), *core_->environment.random);
  }
  if (request.validate_only) return std::move(plan.response);
  SpreadError(Commit(plan.records), plan.response.topics);
  if (!plan.records.empty()) Announce();
  return std::move(plan.response);
}

DeleteTopicsResponse Topics::Delete(const DeleteTopicsRequest& request) {
  std::vector<std::pair<std::string, Uuid>> deleted;
  metadata::Plan<DeleteTopicsResponse> plan;
  {
    const base::Lock change(change_mutex_);
    {
      const base::ReaderLock lock(mutex_);
      plan = image_.PlanDeleteTopics(request);
    }
    SpreadError(Commit(plan.records), plan.response.responses);
    for (const DeletableTopicResult& result : plan.response.responses) {
      if (result.error_code == ErrorCode::kNone && result.name.has_value()) {
        deleted.emplace_back(*result.name, result.topic_id);
      }
    }
    if (!deleted.empty()) CarryOutDeletion(deleted);
  }
  if (deleted.empty()) return std::move(plan.response);
  Announce();
  std::vector<std::string> names;
  for (auto& [name, id] : deleted)
    names.push_back(std::move(name));
  if (on_deleted_) on_deleted_(names);
  return std::move(plan.response);
}

void Topics::CarryOutDeletion(const std::vector<std::pair<std::string, Uuid>>& topics) {
  for (const auto& [name, id] : topics) {
    std::shared_ptr<Topic> topic;
    {
      const base::Lock lock(mutex_);
      if (const auto at = topics_.find(name); at != topics_.end()) {
        topic = std::move(at->second);
        topics_.erase(at);
      }
    }
    if (topic != nullptr) topic->MarkDeleted(DeletedTopic(name));
  }
  if (core_->in_memory()) {
    core_->memory.waiters.Fire();
    return;
  }
  for (const TopicPartition& folder : core_->directory->Partitions()) {
    const bool gone = std::any_of(topics.begin(), topics.end(),
                                  [&](const auto& topic) { return topic.first == folder.topic; });
    if (gone && !DeleteFolder(folder).ok()) undeleted_.push_back(folder);
  }
}

Status Topics::DeleteFolder(const TopicPartition& partition) {
  const Status status = core_->directory->Delete(partition);
  if (!status.ok()) {
    core_->environment.logger->Log(
        LogLevel::kError,
        base::StrCat("event=delete_failed partition=", partition, " error=", ToString(status)));
  }
  return status;
}

Status Topics::RetryDeletions() {
  const base::Lock change(change_mutex_);
  Status first;
  std::erase_if(undeleted_, [&](const TopicPartition& folder) {
    Status status = core_->directory->Delete(folder);
    const bool done = status.ok() || CodeOf(status) == ErrorCode::kUnknownTopicOrPartition;
    if (!done && first.ok()) first = std::move(status);
    return done;
  });
  return first;
}

CreatePartitionsResponse Topics::Grow(const CreatePartitionsRequest& request) {
  const base::Lock change(change_mutex_);
  metadata::Plan<CreatePartitionsResponse> plan;
  {
    const base::ReaderLock lock(mutex_);
    plan = image_.PlanCreatePartitions(request, Context());
  }
  if (request.validate_only) return std::move(plan.response);
  SpreadError(Commit(plan.records), plan.response.results);
  {
    const base::Lock lock(mutex_);
    for (const CreatePartitionsTopicResult& result : plan.response.results) {
      const auto at = topics_.find(result.name);
      const metadata::TopicState* state = image_.FindTopic(result.name);
      if (at == topics_.end() || state == nullptr) continue;
      at->second->Grow(static_cast<int32_t>(state->partitions.size()));
    }
  }
  if (!plan.records.empty()) Announce();
  return std::move(plan.response);
}

StatusOr<int64_t> Topics::AllocateProducerIds(int32_t count) {
  const base::Lock change(change_mutex_);
  int64_t first = 0;
  std::string record;
  {
    const base::ReaderLock lock(mutex_);
    first = image_.next_producer_id();
    record = image_.PlanAllocateProducerIds(count, Context());
  }
  RUNNEL_RETURN_IF_ERROR(Commit({record}));
  return first;
}

void Topics::OnDeleted(std::function<void(const std::vector<std::string>&)> listener) {
  on_deleted_ = std::move(listener);
}

Status Topics::Checkpoint() {
  const base::Lock change(change_mutex_);
  return log_ == nullptr ? OkStatus() : log_->Checkpoint();
}

Status Topics::Close() {
  Status first;
  for (const std::shared_ptr<Topic>& topic : Live()) {
    for (const std::shared_ptr<Partition>& partition : topic->LivePartitions()) {
      if (Status status = partition->Close(); first.ok()) first = std::move(status);
    }
    topic->Fail(Core::ClosedError(), Partition::LogFate::kKept);
  }
  const base::Lock change(change_mutex_);
  if (log_ != nullptr) {
    if (Status status = log_->Close(); first.ok()) first = std::move(status);
  }
  return first;
}

}  // namespace runnel::broker
