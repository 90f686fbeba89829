#include "cli/app.h"

#include "cli/command.h"

namespace runnel::cli {
namespace {

// CLI11 reports through exceptions; they end here.
int Parse(CLI::App& app, int argc, char** argv) {
  CLI11_PARSE(app, argc, argv);
  return 0;
}

}  // namespace

int Main(int argc, char** argv, Io& io) {
  CLI::App app{"Runnel: Apache Kafka as a library. This command works on a data directory."};
  app.name("runnel");
  app.require_subcommand(1);
  app.set_version_flag("--version", "runnel 0.1.0");
  app.set_help_all_flag("--help-all", "Print help for every command");
  Action action;
  AddTopics(app, action);
  AddProduce(app, action);
  AddConsume(app, action);
  AddGroups(app, action);
  AddConfigs(app, action);
  AddGetOffsets(app, action);
  AddDeleteRecords(app, action);
  AddDumpLog(app, action);
  AddVerify(app, action);
  AddImport(app, action);
  AddStore(app, action);
  AddPerf(app, action);
  AddCompletion(app, action);
  if (const int code = Parse(app, argc, argv); code != 0) return kUsage;
  if (!action.run) return kSuccess;  // --help or --version
  const int code = action.run(io);
  io.out.flush();
  return io.out.good() ? code : kFailure;
}

}  // namespace runnel::cli
