// runnel configs: describe and alter the configs of topics and the broker.
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "cli/command.h"

namespace runnel::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options : CommonOptions {
  bool describe = false, alter = false, all = false;
  std::string entity_type = "topics";
  std::string entity_name;
  std::string topic;
  std::vector<std::string> add;
  std::vector<std::string> remove;
};

std::string SourceName(ConfigEntry::Source source) {
  switch (source) {
    case ConfigEntry::Source::kTopic:
      return "DYNAMIC_TOPIC_CONFIG";
    case ConfigEntry::Source::kBroker:
      return "STATIC_BROKER_CONFIG";
    case ConfigEntry::Source::kDefault:
      break;
  }
  return "DEFAULT_CONFIG";
}

int Describe(Io& io, Admin& admin, const Options& options) {
  const bool broker = options.entity_type == "brokers";
  const auto entries =
      broker ? admin.DescribeBrokerConfigs() : admin.DescribeTopicConfigs(options.topic);
  const std::string name = broker ? "the broker" : "topic " + options.topic;
  if (!entries.ok()) return Fail(io, "describing " + name, entries.status());
  Json result = Json::array();
  if (options.output() == Format::kText) {
    io.out << (options.all ? "All configs for " : "Dynamic configs for ") << name << " are:\n";
  }
  for (const ConfigEntry& entry : *entries) {
    if (!options.all && entry.source == ConfigEntry::Source::kDefault) continue;
    if (options.output() == Format::kText) {
      io.out << "  " << entry.name << '=' << entry.value.value_or("null")
             << " source=" << SourceName(entry.source) << '\n';
    }
    result.push_back({{"name", entry.name},
                      {"value", entry.value ? Json(*entry.value) : Json()},
                      {"source", SourceName(entry.source)},
                      {"read_only", entry.read_only},
                      {"documentation", entry.documentation}});
  }
  if (options.output() == Format::kJson) io.out << result.dump() << '\n';
  return kSuccess;
}

int Alter(Io& io, Admin& admin, const Options& options) {
  const auto add = ParseAssignments(options.add);
  if (!add.ok()) return Fail(io, "--add-config", add.status());
  std::vector<ConfigChange> changes;
  for (const auto& [name, value] : *add)
    changes.push_back({name, value});
  for (const std::string& name : options.remove)
    changes.push_back({name, std::nullopt});
  const Status status = admin.AlterTopicConfigs(options.topic, changes);
  if (!status.ok()) return Fail(io, "altering topic '" + options.topic + "'", status);
  if (options.output() == Format::kJson) {
    io.out << Json{{"topic", options.topic}, {"changed", changes.size()}}.dump() << '\n';
  } else {
    io.out << "Completed updating config for topic " << options.topic << ".\n";
  }
  return kSuccess;
}

int Run(Io& io, Options options) {
  if (options.topic.empty()) options.topic = options.entity_name;
  if (options.describe == options.alter) {
    Fail(io, "configs needs one of --describe and --alter");
    return kUsage;
  }
  if (options.alter && options.entity_type != "topics") {
    Fail(io, "only the configs of topics can be altered; a broker takes its own when it is opened");
    return kUsage;
  }
  if (options.alter && options.add.empty() && options.remove.empty()) {
    Fail(io, "--alter needs --add-config or --delete-config");
    return kUsage;
  }
  if (options.entity_type == "topics" && options.topic.empty()) {
    Fail(io, "--topic (or --entity-name) is required");
    return kUsage;
  }
  const auto broker = OpenBroker(options, options.alter ? Access::kWrite : Access::kRead);
  if (!broker.ok()) return Fail(io, "opening '" + options.data_dir + "'", broker.status());
  const auto admin = (*broker)->NewAdmin();
  if (!admin.ok()) return Fail(io, "opening '" + options.data_dir + "'", admin.status());
  return options.describe ? Describe(io, **admin, options) : Alter(io, **admin, options);
}

}  // namespace

void AddConfigs(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand("configs", "Describe and alter configs");
  auto options = std::make_shared<Options>();
  AddCommonOptions(*command, *options);
  command->add_flag("--describe", options->describe, "Show configs that differ from the default");
  command->add_flag("--all", options->all, "With --describe: all of them");
  command->add_flag("--alter", options->alter, "Change configs");
  command->add_option("--entity-type", options->entity_type, "topics or brokers")
      ->check(CLI::IsMember({"topics", "brokers"}))
      ->capture_default_str();
  command->add_option("--entity-name", options->entity_name, "The topic");
  command->add_option("--topic", options->topic, "The topic");
  command->add_option("--add-config", options->add, "name=value,...; may repeat")->delimiter(',');
  command->add_option("--delete-config", options->remove, "name,...: back to the default")
      ->delimiter(',');
  command->callback(
      [options, &action] { action.run = [options](Io& io) { return Run(io, *options); }; });
}

}  // namespace runnel::cli
