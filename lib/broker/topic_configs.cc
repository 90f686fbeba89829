// Describing and altering configs.
#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "broker/topics.h"

namespace runnel::broker {
namespace {

constexpr std::string_view kStorageConfigs[] = {"runnel.storage", "runnel.durability"};

bool ConcernsStorage(const AlterConfigsResource& resource, Topics::AlterKind kind) {
  if (resource.resource_type != ResourceType::kTopic) return false;
  if (kind == Topics::AlterKind::kReplace) return true;
  return std::any_of(resource.configs.begin(), resource.configs.end(), [](const auto& config) {
    return std::find(std::begin(kStorageConfigs), std::end(kStorageConfigs), config.name) !=
           std::end(kStorageConfigs);
  });
}

// The configs a topic would have after the change.
metadata::ConfigMap Changed(metadata::ConfigMap configs, const AlterConfigsResource& resource,
                            Topics::AlterKind kind) {
  if (kind == Topics::AlterKind::kReplace) configs.clear();
  for (const AlterableConfig& change : resource.configs) {
    if (kind == Topics::AlterKind::kIncremental &&
        change.config_operation == ConfigOperation::kDelete) {
      configs.erase(change.name);
    } else if (change.value.has_value()) {
      configs.insert_or_assign(change.name, *change.value);
    }
  }
  return configs;
}

}  // namespace

// A topic cannot move between memory and disk: its records would be lost, or mixed with others.
Status Topics::CheckStorageKept(const AlterConfigsResource& resource, AlterKind kind) {
  if (core_->in_memory() || !ConcernsStorage(resource, kind)) return OkStatus();
  const base::ReaderLock lock(mutex_);
  const metadata::TopicState* state = image_.FindTopic(resource.resource_name);
  if (state == nullptr) return OkStatus();
  const metadata::ConfigMap defaults = DefaultsLocked();
  const auto before = metadata::ResolveTopicConfig(state->configs, defaults);
  const auto after =
      metadata::ResolveTopicConfig(Changed(state->configs, resource, kind), defaults);
  if (!before.ok() || !after.ok()) return OkStatus();  // the plan has the better message
  const auto in_memory = [&](const metadata::TopicConfig& config) {
    return core_->SettingsOf(config)->durability == Durability::kMemory;
  };
  if (in_memory(*before) == in_memory(*after)) return OkStatus();
  return Error(ErrorCode::kInvalidConfig,
               base::StrCat("topic ", resource.resource_name,
                            " cannot move between memory and disk; create another one"));
}

AlterConfigsResponse Topics::PlanAlter(const AlterConfigsRequest& request, AlterKind kind,
                                       std::vector<std::string>& records) {
  AlterConfigsResponse response;
  for (const AlterConfigsResource& resource : request.resources) {
    if (const Status status = CheckStorageKept(resource, kind); !status.ok()) {
      response.responses.push_back({.error_code = CodeOf(status),
                                    .error_message = std::string(base::AsStd(status.message())),
                                    .resource_type = resource.resource_type,
                                    .resource_name = resource.resource_name});
      continue;
    }
    const AlterConfigsRequest one{.resources = {resource}, .validate_only = request.validate_only};
    const base::ReaderLock lock(mutex_);
    auto plan = kind == AlterKind::kReplace ? image_.PlanAlterConfigs(one, Context())
                                            : image_.PlanIncrementalAlterConfigs(one, Context());
    records.insert(records.end(), plan.records.begin(), plan.records.end());
    response.responses.push_back(std::move(plan.response.responses.at(0)));
  }
  return response;
}

AlterConfigsResponse Topics::Alter(const AlterConfigsRequest& request, AlterKind kind) {
  const base::Lock change(change_mutex_);
  std::vector<std::string> records;
  AlterConfigsResponse response = PlanAlter(request, kind, records);
  if (request.validate_only || records.empty()) return response;
  const Status status = Commit(records);
  for (AlterConfigsResourceResponse& result : response.responses) {
    if (status.ok() || result.error_code != ErrorCode::kNone) continue;
    result.error_code = CodeOf(status);
    result.error_message = std::string(base::AsStd(status.message()));
  }
  if (status.ok()) ReapplyConfigs();
  return response;
}

// Hands changed configs to the topics that are in use; the others read them when they are made.
void Topics::ReapplyConfigs() {
  struct Change {
    std::shared_ptr<Topic> topic;
    metadata::ConfigMap configs;
    Partition::SettingsPtr settings;
  };
  std::vector<Change> changes;
  {
    const base::ReaderLock lock(mutex_);
    const metadata::ConfigMap defaults = DefaultsLocked();
    for (const auto& [name, topic] : topics_) {
      const metadata::TopicState* state = image_.FindTopic(name);
      if (state == nullptr) continue;
      const auto config = metadata::ResolveTopicConfig(state->configs, defaults);
      if (config.ok()) changes.push_back({topic, state->configs, core_->SettingsOf(*config)});
    }
  }
  for (Change& change : changes) {
    const std::string name = change.topic->name();
    const Status status =
        change.topic->SetConfigs(std::move(change.configs), std::move(change.settings));
    if (!status.ok()) {
      core_->environment.logger->Log(
          LogLevel::kError,
          base::StrCat("event=config_not_applied topic=", name, " error=", ToString(status)));
    }
  }
}

StatusOr<std::vector<DescribedConfig>> Topics::Describe(ResourceType type, std::string_view name) {
  const base::ReaderLock lock(mutex_);
  if (type == ResourceType::kTopic) {
    const metadata::TopicState* state = image_.FindTopic(name);
    if (state == nullptr) {
      return Error(ErrorCode::kUnknownTopicOrPartition, base::StrCat("there is no topic ", name));
    }
    return metadata::DescribeTopicConfigs(state->configs, DefaultsLocked());
  }
  if (!name.empty() && name != std::to_string(core_->options.node_id)) {
    return Error(ErrorCode::kInvalidRequest,
                 base::StrCat("this is broker ", core_->options.node_id, ", not ", name));
  }
  metadata::ConfigMap dynamic;
  for (const auto& [key, value] : DefaultsLocked()) {
    const auto given = core_->options.properties.find(key);
    if (given == core_->options.properties.end() || given->second != value) {
      dynamic.emplace(key, value);
    }
  }
  return DescribeBrokerConfig(core_->config, core_->options.properties, dynamic);
}

}  // namespace runnel::broker
