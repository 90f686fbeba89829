// runnel produce: a record per line of standard input or a file.
#include <filesystem>
#include <fstream>

#include "cli/command.h"
#include "cli/progress.h"
#include "cli/record_json.h"

namespace runnel::cli {
namespace {

struct Options : CommonOptions {
  std::string topic;
  std::optional<std::string> key_separator;
  std::optional<std::string> header_separator;
  std::string compression = "none";
  std::string file;
  std::string null_marker;
  std::optional<int32_t> partition;
  int64_t linger_ms = 5;
};

StatusOr<ParsedRecord> ParseHeaderText(std::string_view text, ParsedRecord record) {
  // "name:value,name:value", as Kafka's console producer with parse.headers reads it.
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    const size_t colon = item.find(':');
    if (colon == std::string_view::npos) {
      return Error(ErrorCode::kInvalidRecord,
                   "header '" + std::string(item) + "' is not of the form name:value");
    }
    record.headers.emplace_back(item.substr(0, colon), std::string(item.substr(colon + 1)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return record;
}

// "[headers<header separator>][key<key separator>]value".
StatusOr<ParsedRecord> ParseTextLine(std::string_view line, const Options& options) {
  ParsedRecord record;
  if (options.header_separator) {
    const size_t at = line.find(*options.header_separator);
    if (at == std::string_view::npos) {
      return Error(ErrorCode::kInvalidRecord,
                   "no header separator '" + *options.header_separator + "' in the line");
    }
    auto parsed = ParseHeaderText(line.substr(0, at), std::move(record));
    if (!parsed.ok()) return parsed.status();
    record = *std::move(parsed);
    line.remove_prefix(at + options.header_separator->size());
  }
  const auto nullable = [&](std::string_view text) -> std::optional<std::string> {
    if (!options.null_marker.empty() && text == options.null_marker) return std::nullopt;
    return std::string(text);
  };
  if (options.key_separator) {
    const size_t at = line.find(*options.key_separator);
    if (at == std::string_view::npos) {
      return Error(ErrorCode::kInvalidRecord,
                   "no key separator '" + *options.key_separator + "' in the line");
    }
    record.key = nullable(line.substr(0, at));
    line.remove_prefix(at + options.key_separator->size());
  }
  record.value = nullable(line);
  return record;
}

Status Send(Producer& producer, const ParsedRecord& record, const Options& options) {
  std::vector<Header> headers;
  for (const auto& [key, value] : record.headers)
    headers.push_back({key, value});
  return producer.Enqueue({.topic = options.topic.empty() ? record.topic : options.topic,
                           .key = record.key,
                           .value = record.value,
                           .headers = headers,
                           .timestamp = record.timestamp,
                           .partition = options.partition ? options.partition : record.partition});
}

int ProduceLines(Io& io, std::istream& input, int64_t input_bytes, Producer& producer,
                 const Options& options) {
  std::string line;
  int64_t count = 0;
  int64_t bytes = 0;
  {
    Progress progress(io.err, "produce", input_bytes);
    while (!Interrupted() && std::getline(input, line)) {
      bytes += static_cast<int64_t>(line.size()) + 1;
      const auto record =
          options.output() == Format::kJson ? ParseJsonLine(line) : ParseTextLine(line, options);
      Status status = record.status();
      if (status.ok() && options.topic.empty() && record->topic.empty()) {
        status = Error(ErrorCode::kInvalidRecord, "the line names no topic; give --topic");
      }
      if (status.ok()) status = Send(producer, *record, options);
      if (!status.ok()) {
        const Status flushed = producer.Flush();
        return Fail(io,
                    "line " + std::to_string(count + 1) + " (" + std::to_string(count) +
                        " before it were " + (flushed.ok() ? "stored" : "accepted") + ")",
                    status);
      }
      progress.Update(bytes, ++count);
    }
  }
  const Status flushed = producer.Flush();
  if (!flushed.ok()) return Fail(io, "storing the records", flushed);
  io.err << "stored " << count << (count == 1 ? " record\n" : " records\n");
  return input.bad() ? Fail(io, "reading the input") : kSuccess;
}

int Run(Io& io, const Options& options) {
  const auto compression = ParseCompressionType(options.compression);
  if (!compression) {
    Fail(io,
         "--compression '" + options.compression + "' is none of none, gzip, snappy, lz4, zstd");
    return kUsage;
  }
  if (options.topic.empty() && options.output() == Format::kText) {
    Fail(io, "--topic is required");
    return kUsage;
  }
  std::ifstream file;
  int64_t file_bytes = 0;
  if (!options.file.empty()) {
    std::error_code error;
    file.open(options.file, std::ios::binary);
    if (!file || std::filesystem::is_directory(options.file, error)) {
      return Fail(io, "cannot read file '" + options.file + "'");
    }
    file_bytes = static_cast<int64_t>(std::filesystem::file_size(options.file, error));
    if (error) file_bytes = 0;  // a pipe: the total is not known
  }
  const auto broker = OpenBroker(options, Access::kWrite);
  if (!broker.ok()) return Fail(io, "opening '" + options.data_dir + "'", broker.status());
  const auto producer =
      (*broker)->NewProducer({.compression = *compression,
                              .linger = std::chrono::milliseconds(options.linger_ms),
                              .batch_bytes = 131072});
  if (!producer.ok()) return Fail(io, "opening a producer", producer.status());
  const int code =
      ProduceLines(io, options.file.empty() ? io.in : file, file_bytes, **producer, options);
  const Status closed = (*producer)->Close();
  return code == kSuccess && !closed.ok() ? Fail(io, "closing", closed) : code;
}

}  // namespace

void AddProduce(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand("produce", "Send a record per line of input");
  auto options = std::make_shared<Options>();
  AddCommonOptions(*command, *options);
  command->add_option("--topic", options->topic, "The topic; with --format json lines may name it");
  command->add_option("--key-separator", options->key_separator, "The key ends at this text");
  command->add_option("--header-separator", options->header_separator,
                      "Headers (name:value,...) come first and end at this text");
  command->add_option("--null-marker", options->null_marker, "This text stands for null");
  command->add_option("--compression", options->compression, "none, gzip, snappy, lz4 or zstd")
      ->capture_default_str();
  command->add_option("--file", options->file, "Read this file, not standard input");
  command->add_option("--partition", options->partition, "Send to this partition");
  command->add_option("--linger-ms", options->linger_ms, "How long records wait for a batch")
      ->check(CLI::Range(0, 60000))
      ->capture_default_str();
  command->callback(
      [options, &action] { action.run = [options](Io& io) { return Run(io, *options); }; });
}

}  // namespace runnel::cli
