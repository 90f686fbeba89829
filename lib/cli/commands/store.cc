// runnel store: rebuilds the views that are kept of the internal logs.
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "cli/command.h"

namespace runnel::cli {
namespace {

struct Options : CommonOptions {
  bool rebuild = false;
  std::string kind = "default";
};

int Run(Io& io, const Options& options) {
  if (!options.rebuild) {
    Fail(io, "store needs --rebuild");
    return kUsage;
  }
  BrokerOptions broker_options;
  broker_options.data_dir = options.data_dir;
  broker_options.rebuild_stores = true;
  const StoreKind kind = options.kind == "rocksdb"      ? StoreKind::kRocksDb
                         : options.kind == "log-backed" ? StoreKind::kLogBacked
                                                        : StoreKind::kDefault;
  broker_options.metadata_store = kind;
  broker_options.offsets_store = kind;
  if (const auto exists = OpenBroker(options, Access::kRead); !exists.ok()) {
    return Fail(io, "opening '" + options.data_dir + "'", exists.status());
  }
  const auto broker = Broker::Open(broker_options);
  if (!broker.ok()) return Fail(io, "rebuilding the stores", broker.status());
  const auto admin = (*broker)->NewAdmin();
  if (!admin.ok()) return Fail(io, "rebuilding the stores", admin.status());
  const auto topics = (*admin)->ListTopics(Admin::Internal::kInclude);
  const auto groups = (*admin)->ListGroups();
  if (!topics.ok()) return Fail(io, "rebuilding the stores", topics.status());
  if (!groups.ok()) return Fail(io, "rebuilding the stores", groups.status());
  if (options.output() == Format::kJson) {
    io.out << nlohmann::ordered_json{{"topics", topics->size()}, {"groups", groups->size()}}.dump()
           << '\n';
  } else {
    io.out << "Rebuilt the stores from the logs: " << topics->size() << " topics, "
           << groups->size() << " groups.\n";
  }
  const Status closed = (*broker)->Close();
  return closed.ok() ? kSuccess : Fail(io, "closing", closed);
}

}  // namespace

void AddStore(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand("store", "Rebuild the stores from the internal logs");
  auto options = std::make_shared<Options>();
  AddCommonOptions(*command, *options);
  command->add_flag("--rebuild", options->rebuild, "Drop the stores and build them again");
  command->add_option("--kind", options->kind, "default, log-backed or rocksdb")
      ->check(CLI::IsMember({"default", "log-backed", "rocksdb"}))
      ->capture_default_str();
  command->callback(
      [options, &action] { action.run = [options](Io& io) { return Run(io, *options); }; });
}

}  // namespace runnel::cli
