// runnel topics: create, list, describe, alter and delete topics.
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "cli/command.h"

namespace runnel::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options : CommonOptions {
  bool create = false, list = false, describe = false, alter = false, remove = false;
  bool if_not_exists = false, if_exists = false, exclude_internal = false;
  std::string topic;
  std::optional<int32_t> partitions;
  std::vector<std::string> configs;
};

int Create(Io& io, Admin& admin, const Options& options) {
  auto configs = ParseAssignments(options.configs);
  if (!configs.ok()) return Fail(io, "--config", configs.status());
  TopicOptions topic{.partition_count = options.partitions, .configs = *std::move(configs)};
  const Status status = admin.CreateTopic(options.topic, topic);
  const bool existed = CodeOf(status) == ErrorCode::kTopicAlreadyExists;
  if (!status.ok() && !(existed && options.if_not_exists)) {
    return Fail(io, "creating topic '" + options.topic + "'", status);
  }
  if (options.output() == Format::kJson) {
    io.out << Json{{"topic", options.topic}, {"created", !existed}}.dump() << '\n';
  } else if (!existed) {
    io.out << "Created topic " << options.topic << ".\n";
  }
  return kSuccess;
}

int List(Io& io, Admin& admin, const Options& options) {
  const auto topics = admin.ListTopics(options.exclude_internal ? Admin::Internal::kExclude
                                                                : Admin::Internal::kInclude);
  if (!topics.ok()) return Fail(io, "listing topics", topics.status());
  if (options.output() == Format::kJson) {
    io.out << Json(*topics).dump() << '\n';
    return kSuccess;
  }
  for (const std::string& topic : *topics)
    io.out << topic << '\n';
  return kSuccess;
}

Json PartitionsAsJson(const TopicDescription& topic) {
  Json partitions = Json::array();
  for (const PartitionDescription& partition : topic.partitions) {
    partitions.push_back({{"partition", partition.partition},
                          {"leader", partition.leader},
                          {"leader_epoch", partition.leader_epoch.value()},
                          {"replicas", partition.replicas},
                          {"isr", partition.in_sync_replicas}});
  }
  return partitions;
}

std::string Join(const std::vector<int32_t>& numbers) {
  std::string text;
  for (const int32_t number : numbers)
    text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

void PrintTopic(Io& io, const TopicDescription& topic, const std::string& configs) {
  io.out << "Topic: " << topic.name << "\tTopicId: " << ToString(topic.id)
         << "\tPartitionCount: " << topic.partitions.size() << "\tReplicationFactor: "
         << (topic.partitions.empty() ? 0 : topic.partitions[0].replicas.size())
         << "\tConfigs: " << configs << '\n';
  for (const PartitionDescription& partition : topic.partitions) {
    io.out << "\tTopic: " << topic.name << "\tPartition: " << partition.partition << "\tLeader: "
           << (partition.leader < 0 ? std::string("none") : std::to_string(partition.leader))
           << "\tReplicas: " << Join(partition.replicas)
           << "\tIsr: " << Join(partition.in_sync_replicas) << '\n';
  }
}

int Describe(Io& io, Admin& admin, const Options& options) {
  std::vector<std::string> names = {options.topic};
  if (options.topic.empty()) {
    auto all = admin.ListTopics(options.exclude_internal ? Admin::Internal::kExclude
                                                         : Admin::Internal::kInclude);
    if (!all.ok()) return Fail(io, "listing topics", all.status());
    names = *std::move(all);
  }
  Json result = Json::array();
  for (const std::string& name : names) {
    const auto topic = admin.DescribeTopic(name);
    if (!topic.ok()) return Fail(io, "describing topic '" + name + "'", topic.status());
    const auto configs = admin.DescribeTopicConfigs(name);
    if (!configs.ok()) return Fail(io, "describing topic '" + name + "'", configs.status());
    std::string text;
    Json overrides = Json::object();
    for (const ConfigEntry& entry : *configs) {
      if (entry.source != ConfigEntry::Source::kTopic || !entry.value) continue;
      text += (text.empty() ? "" : ",") + entry.name + "=" + *entry.value;
      overrides[entry.name] = *entry.value;
    }
    if (options.output() == Format::kText) PrintTopic(io, *topic, text);
    result.push_back({{"topic", topic->name},
                      {"topic_id", ToString(topic->id)},
                      {"internal", topic->internal},
                      {"configs", overrides},
                      {"partitions", PartitionsAsJson(*topic)}});
  }
  if (options.output() == Format::kJson) io.out << result.dump() << '\n';
  return kSuccess;
}

int Alter(Io& io, Admin& admin, const Options& options) {
  if (!options.partitions && options.configs.empty()) {
    return Fail(io, "--alter needs --partitions or --config");
  }
  const auto configs = ParseAssignments(options.configs);
  if (!configs.ok()) return Fail(io, "--config", configs.status());
  std::vector<ConfigChange> changes;
  for (const auto& [name, value] : *configs)
    changes.push_back({name, value});
  if (!changes.empty()) {
    const Status status = admin.AlterTopicConfigs(options.topic, changes);
    if (!status.ok()) return Fail(io, "altering topic '" + options.topic + "'", status);
  }
  if (options.partitions) {
    const Status status = admin.CreatePartitions(options.topic, *options.partitions);
    if (!status.ok()) return Fail(io, "altering topic '" + options.topic + "'", status);
  }
  if (options.output() == Format::kJson) {
    io.out << Json{{"topic", options.topic}, {"altered", true}}.dump() << '\n';
  }
  return kSuccess;
}

int Delete(Io& io, Admin& admin, const Options& options) {
  const Status status = admin.DeleteTopic(options.topic);
  const bool missing = CodeOf(status) == ErrorCode::kUnknownTopicOrPartition;
  if (!status.ok() && !(missing && options.if_exists)) {
    return Fail(io, "deleting topic '" + options.topic + "'", status);
  }
  if (options.output() == Format::kJson) {
    io.out << Json{{"topic", options.topic}, {"deleted", !missing}}.dump() << '\n';
  }
  return kSuccess;
}

int Run(Io& io, const Options& options) {
  if (options.create + options.list + options.describe + options.alter + options.remove != 1) {
    Fail(io, "topics needs exactly one of --create, --list, --describe, --alter, --delete");
    return kUsage;
  }
  if (options.topic.empty() && !options.list && !options.describe) {
    Fail(io, "--topic is required");
    return kUsage;
  }
  const Access access = options.list || options.describe ? Access::kRead : Access::kWrite;
  const auto broker = OpenBroker(options, access);
  if (!broker.ok()) return Fail(io, "opening '" + options.data_dir + "'", broker.status());
  const auto admin = (*broker)->NewAdmin();
  if (!admin.ok()) return Fail(io, "opening '" + options.data_dir + "'", admin.status());
  if (options.create) return Create(io, **admin, options);
  if (options.list) return List(io, **admin, options);
  if (options.describe) return Describe(io, **admin, options);
  if (options.alter) return Alter(io, **admin, options);
  return Delete(io, **admin, options);
}

}  // namespace

void AddTopics(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand("topics", "Create, list, describe, alter, delete topics");
  auto options = std::make_shared<Options>();
  AddCommonOptions(*command, *options);
  command->add_flag("--create", options->create, "Create a topic");
  command->add_flag("--list", options->list, "List topic names");
  command->add_flag("--describe", options->describe, "Show partitions and configs");
  command->add_flag("--alter", options->alter, "Add partitions or change configs");
  command->add_flag("--delete", options->remove, "Delete a topic and its records");
  command->add_option("--topic", options->topic, "The topic");
  command->add_option("--partitions", options->partitions, "Number of partitions");
  command->add_option("--config", options->configs, "A topic config, name=value; may repeat");
  command->add_flag("--if-not-exists", options->if_not_exists,
                    "Creating an existing topic is no error");
  command->add_flag("--if-exists", options->if_exists, "Deleting a missing topic is no error");
  command->add_flag("--exclude-internal", options->exclude_internal, "Leave out internal topics");
  command->callback(
      [options, &action] { action.run = [options](Io& io) { return Run(io, *options); }; });
}

}  // namespace runnel::cli
