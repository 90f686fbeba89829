#include <algorithm>
#include <set>

#include "base/status.h"
#include "base/strings.h"
#include "metadata/plan.h"

namespace runnel::metadata {
namespace {

using base::StrCat;

// The settings of a resource before a change, and how they are checked after it.
struct Resource {
  ResourceType type = ResourceType::kTopic;
  std::string name = {};
  ConfigMap current = {};
};

StatusOr<Resource> FindResource(const MetadataImage& image, const AlterConfigsResource& wanted,
                                const PlanContext& context) {
  Resource resource{.type = wanted.resource_type, .name = wanted.resource_name};
  switch (wanted.resource_type) {
    case ResourceType::kTopic: {
      const TopicState* topic = image.FindTopic(wanted.resource_name);
      if (topic == nullptr) {
        return Error(ErrorCode::kUnknownTopicOrPartition,
                     StrCat("topic ", wanted.resource_name, " does not exist"));
      }
      resource.current = topic->configs;
      return resource;
    }
    case ResourceType::kBroker: {
      const std::string own = std::to_string(context.node_id);
      if (!wanted.resource_name.empty() && wanted.resource_name != own) {
        return Error(ErrorCode::kInvalidRequest,
                     StrCat("broker ", wanted.resource_name, " is not this node, ", own));
      }
      if (const ConfigMap* configs = image.FindBrokerConfigs(wanted.resource_name)) {
        resource.current = *configs;
      }
      return resource;
    }
  }
  return Error(
      ErrorCode::kInvalidRequest,
      StrCat("resource type ", static_cast<int>(wanted.resource_type), " has no configs here"));
}

Status CheckResource(const Resource& resource, const ConfigMap& configs,
                     const PlanContext& context) {
  for (const auto& [name, value] : configs) {
    if (value.size() > kMaxConfigValueBytes) {
      return Error(ErrorCode::kInvalidConfig,
                   StrCat("value of config ", name, " is ", value.size(), " bytes long"));
    }
    if (resource.type == ResourceType::kBroker) {
      RUNNEL_RETURN_IF_ERROR(ValidateBrokerDefault(name, value));
    }
  }
  if (resource.type != ResourceType::kTopic) return OkStatus();
  return ResolveTopicConfig(configs, context.broker_configs).status();
}

// The records that lead from one set of configs to the other.
void WriteDifference(const Resource& resource, const ConfigMap& after,
                     std::vector<std::string>& records) {
  for (const auto& [name, value] : resource.current) {
    if (!after.contains(name)) {
      records.push_back(EncodeConfig(resource.type, resource.name, name, std::nullopt));
    }
  }
  for (const auto& [name, value] : after) {
    const auto before = resource.current.find(name);
    if (before == resource.current.end() || before->second != value) {
      records.push_back(EncodeConfig(resource.type, resource.name, name, value));
    }
  }
}

std::vector<std::string> Split(std::string_view list) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t comma = std::min(list.find(',', begin), list.size());
    if (comma > begin) words.emplace_back(list.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return words;
}

std::string Join(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) {
    if (!list.empty()) list.push_back(',');
    list.append(word);
  }
  return list;
}

// Appends to or subtracts from a list, starting from the effective value.
Status ChangeList(const AlterableConfig& change, const PlanContext& context, ConfigMap& configs) {
  const TopicConfigKey* key = FindTopicConfigKey(change.name);
  if (key == nullptr) return ValidateTopicConfig(change.name, *change.value);
  if (key->type != ConfigType::kList) {
    return Error(ErrorCode::kInvalidConfig,
                 StrCat("config ", change.name, " is no list to append to or subtract from"));
  }
  std::string before(key->default_value);
  for (const BrokerSynonym& synonym : key->synonyms) {
    const auto found = context.broker_configs.find(synonym.name);
    if (found != context.broker_configs.end()) before = found->second;
  }
  if (const auto own = configs.find(change.name); own != configs.end()) before = own->second;
  std::vector<std::string> words = Split(before);
  for (const std::string& word : Split(*change.value)) {
    const auto present = std::find(words.begin(), words.end(), word);
    if (change.config_operation == ConfigOperation::kSubtract) {
      if (present != words.end()) words.erase(present);
    } else if (present == words.end()) {
      words.push_back(word);
    }
  }
  configs.insert_or_assign(change.name, Join(words));
  return OkStatus();
}

Status ApplyChange(const Resource& resource, const AlterableConfig& change,
                   const PlanContext& context, ConfigMap& configs) {
  if (change.config_operation == ConfigOperation::kDelete) {
    const bool known = resource.type == ResourceType::kBroker
                           ? IsBrokerDefault(change.name)
                           : FindTopicConfigKey(change.name) != nullptr;
    if (!known) return ValidateTopicConfig(change.name, "");
    configs.erase(change.name);
    return OkStatus();
  }
  if (!change.value) {
    return Error(ErrorCode::kInvalidConfig, StrCat("config ", change.name, " has no value"));
  }
  if (change.config_operation == ConfigOperation::kSet) {
    configs.insert_or_assign(change.name, *change.value);
    return OkStatus();
  }
  return ChangeList(change, context, configs);
}

// `change` computes the configs after the request from those before it.
template <class Change>
Plan<AlterConfigsResponse> PlanAlter(const MetadataImage& image, const AlterConfigsRequest& request,
                                     const PlanContext& context, Change change) {
  Plan<AlterConfigsResponse> plan;
  std::set<std::pair<ResourceType, std::string>> seen;
  const auto alter = [&](const AlterConfigsResource& wanted) -> Status {
    if (!seen.emplace(wanted.resource_type, wanted.resource_name).second) {
      return Error(ErrorCode::kInvalidRequest,
                   StrCat("resource ", wanted.resource_name, " is named more than once"));
    }
    RUNNEL_ASSIGN_OR_RETURN(const Resource resource, FindResource(image, wanted, context));
    RUNNEL_ASSIGN_OR_RETURN(const ConfigMap after, change(resource, wanted));
    RUNNEL_RETURN_IF_ERROR(CheckResource(resource, after, context));
    if (!request.validate_only) WriteDifference(resource, after, plan.records);
    return OkStatus();
  };
  for (const AlterConfigsResource& wanted : request.resources) {
    AlterConfigsResourceResponse& response = plan.response.responses.emplace_back();
    response.resource_type = wanted.resource_type;
    response.resource_name = wanted.resource_name;
    if (const Status status = alter(wanted); !status.ok()) SetError(response, status);
  }
  return plan;
}

}  // namespace

Plan<AlterConfigsResponse> MetadataImage::PlanAlterConfigs(const AlterConfigsRequest& request,
                                                           const PlanContext& context) const {
  const auto replace = [](const Resource&,
                          const AlterConfigsResource& wanted) -> StatusOr<ConfigMap> {
    ConfigMap after;
    for (const AlterableConfig& config : wanted.configs) {
      if (!config.value) {
        return Error(ErrorCode::kInvalidConfig, StrCat("config ", config.name, " has no value"));
      }
      after.insert_or_assign(config.name, *config.value);
    }
    return after;
  };
  return PlanAlter(*this, request, context, replace);
}

Plan<AlterConfigsResponse> MetadataImage::PlanIncrementalAlterConfigs(
    const AlterConfigsRequest& request, const PlanContext& context) const {
  const auto edit = [&](const Resource& resource,
                        const AlterConfigsResource& wanted) -> StatusOr<ConfigMap> {
    ConfigMap after = resource.current;
    std::set<std::string> names;
    for (const AlterableConfig& config : wanted.configs) {
      if (!names.insert(config.name).second) {
        return Error(ErrorCode::kInvalidRequest,
                     StrCat("config ", config.name, " is named more than once"));
      }
      RUNNEL_RETURN_IF_ERROR(ApplyChange(resource, config, context, after));
    }
    return after;
  };
  return PlanAlter(*this, request, context, edit);
}

}  // namespace runnel::metadata
