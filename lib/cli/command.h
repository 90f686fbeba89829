// What every subcommand shares.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/io.h"
#include "runnel/runnel.h"

namespace runnel::cli {

// What the parsed command line asks for; set by the chosen subcommand's callback.
struct Action {
  std::function<int(Io&)> run;
};

// Options most commands have.
struct CommonOptions {
  std::string data_dir;
  std::string format = "text";

  Format output() const { return format == "json" ? Format::kJson : Format::kText; }
};

// Adds --data-dir and --format.
void AddCommonOptions(CLI::App& command, CommonOptions& options);
// Adds --format only.
void AddFormatOption(CLI::App& command, CommonOptions& options);

enum class Access { kRead, kWrite };

// Opens the data directory. Reading works beside a process that writes it; writing needs it alone.
// Errors: kKafkaStorageError, also when it does not exist and `access` is kRead.
StatusOr<std::unique_ptr<Broker>> OpenBroker(const CommonOptions& options, Access access);

// Splits "key=value" words. Errors: kInvalidConfig naming the word.
StatusOr<std::map<std::string, std::string>> ParseAssignments(
    const std::vector<std::string>& words);

// "0,1,2" as numbers. Errors: kInvalidRequest.
StatusOr<std::vector<int32_t>> ParseNumbers(const std::string& text);

// "2026-03-01T10:00:00[.000][Z|+01:00]" or milliseconds since 1970. Errors: kInvalidRequest.
StatusOr<Timestamp> ParseDateTime(const std::string& text);
// "P1DT2H3M4.5S", as Java's Duration. Errors: kInvalidRequest.
StatusOr<std::chrono::milliseconds> ParseDuration(const std::string& text);

// All partitions of a topic.
StatusOr<std::vector<TopicPartition>> PartitionsOf(Admin& admin, const std::string& topic);

// One function per file in commands/: declares the subcommand and its options.
void AddTopics(CLI::App& root, Action& action);
void AddProduce(CLI::App& root, Action& action);
void AddConsume(CLI::App& root, Action& action);
void AddGroups(CLI::App& root, Action& action);
void AddConfigs(CLI::App& root, Action& action);
void AddGetOffsets(CLI::App& root, Action& action);
void AddDeleteRecords(CLI::App& root, Action& action);
void AddDumpLog(CLI::App& root, Action& action);
void AddVerify(CLI::App& root, Action& action);
void AddImport(CLI::App& root, Action& action);
void AddStore(CLI::App& root, Action& action);
void AddPerf(CLI::App& root, Action& action);
void AddCompletion(CLI::App& root, Action& action);

}  // namespace runnel::cli
