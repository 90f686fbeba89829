// runnel consume: prints records, alone or as a member of a group.
#include <algorithm>
#include <array>
#include <limits>

#include "base/status.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/record_json.h"

namespace runnel::cli {
namespace {

using std::chrono::milliseconds;

struct Options : CommonOptions {
  std::string topic;
  std::string group;
  bool from_beginning = false;
  std::optional<int32_t> partition;
  std::optional<std::string> offset;  // a number, "earliest" or "latest"
  std::optional<int64_t> max_messages;
  std::optional<int64_t> timeout_ms;
  std::vector<std::string> print;
  std::string isolation = "read_uncommitted";
  std::string encoding = "auto";
};

// Prints records as Kafka's console consumer does: what is asked for, then the value, by tabs.
class TextPrinter {
 public:
  explicit TextPrinter(const std::vector<std::string>& parts) {
    for (const std::string& part : parts) {
      timestamp_ |= part == "timestamp";
      partition_ |= part == "partition";
      offset_ |= part == "offset";
      headers_ |= part == "headers";
      key_ |= part == "key";
    }
  }

  void Print(std::ostream& out, const RecordView& record) const {
    if (timestamp_) {
      out << ToString(record.timestamp_type()) << ':'
          << record.timestamp().time_since_epoch().count() << '\t';
    }
    if (partition_) out << "Partition:" << record.partition() << '\t';
    if (offset_) out << "Offset:" << record.offset() << '\t';
    if (headers_) {
      if (record.headers().empty()) out << "NO_HEADERS";
      bool first = true;
      for (const Header& header : record.headers()) {
        if (!first) out << ',';
        first = false;
        out << header.key << ':' << header.value.value_or("null");
      }
      out << '\t';
    }
    if (key_) out << record.nullable_key().value_or("null") << '\t';
    out << record.nullable_value().value_or("null") << '\n';
  }

 private:
  bool timestamp_ = false, partition_ = false, offset_ = false, headers_ = false, key_ = false;
};

// Puts an unsubscribed consumer at the start that the options name.
Status AssignAndSeek(Admin& admin, Consumer& consumer, const Options& options) {
  RUNNEL_ASSIGN_OR_RETURN(std::vector<TopicPartition> partitions,
                          PartitionsOf(admin, options.topic));
  if (options.partition) {
    const TopicPartition wanted{options.topic, *options.partition};
    if (std::find(partitions.begin(), partitions.end(), wanted) == partitions.end()) {
      return Error(ErrorCode::kUnknownTopicOrPartition, ToString(wanted) + ": the topic has " +
                                                            std::to_string(partitions.size()) +
                                                            " partitions");
    }
    partitions = {wanted};
  }
  RUNNEL_RETURN_IF_ERROR(consumer.Assign(partitions));
  if (!options.offset) {
    return options.from_beginning ? consumer.SeekToBeginning() : consumer.SeekToEnd();
  }
  if (*options.offset == "earliest") return consumer.SeekToBeginning();
  if (*options.offset == "latest") return consumer.SeekToEnd();
  char* end = nullptr;
  const long long offset = std::strtoll(options.offset->c_str(), &end, 10);
  if (end == options.offset->c_str() || *end != '\0' || offset < 0) {
    return Error(ErrorCode::kInvalidRequest,
                 "--offset '" + *options.offset + "' is not a number, earliest or latest");
  }
  return consumer.Seek(partitions[0], Offset(offset));
}

StatusOr<std::unique_ptr<Consumer>> OpenConsumer(Broker& broker, Admin& admin,
                                                 const Options& options) {
  ConsumerOptions consumer_options{.group_id = options.group};
  if (options.from_beginning) consumer_options.offset_reset = OffsetReset::kEarliest;
  consumer_options.isolation_level = options.isolation == "read_committed"
                                         ? IsolationLevel::kReadCommitted
                                         : IsolationLevel::kReadUncommitted;
  if (options.max_messages && !options.group.empty()) {
    consumer_options.max_poll_records =
        static_cast<int32_t>(std::clamp<int64_t>(*options.max_messages, 1, 500));
  }
  RUNNEL_ASSIGN_OR_RETURN(auto consumer, broker.NewConsumer(std::move(consumer_options)));
  if (options.group.empty()) {
    RUNNEL_RETURN_IF_ERROR(AssignAndSeek(admin, *consumer, options));
  } else {
    RUNNEL_RETURN_IF_ERROR(admin.DescribeTopic(options.topic).status());
    RUNNEL_RETURN_IF_ERROR(consumer->Subscribe({options.topic}));
  }
  return consumer;
}

// Prints until a limit, the timeout or a signal. Returns the number printed.
StatusOr<int64_t> PrintRecords(Io& io, Consumer& consumer, const Options& options) {
  const TextPrinter printer(options.print);
  const Encoding encoding = options.encoding == "base64" ? Encoding::kBase64 : Encoding::kAuto;
  const bool json = options.output() == Format::kJson;
  // A reader of a directory sees what is there when it opens; a member waits for more.
  const milliseconds patience(
      options.timeout_ms.value_or(options.group.empty() ? 0 : std::numeric_limits<int32_t>::max()));
  const int64_t limit = options.max_messages.value_or(std::numeric_limits<int64_t>::max());
  int64_t printed = 0;
  Clock& clock = Clock::System();
  Elapsed last = clock.ElapsedTime();
  while (printed < limit && !Interrupted()) {
    const Records records = consumer.Poll(std::min(patience, milliseconds(100)));
    RUNNEL_RETURN_IF_ERROR(records.status());
    OffsetMap next;
    for (const RecordView& record : records) {
      if (printed == limit) break;
      if (json) {
        io.out << ToJsonLine(record, encoding) << '\n';
      } else {
        printer.Print(io.out, record);
      }
      ++printed;
      if (!options.group.empty()) {
        next[{std::string(record.topic()), record.partition()}] = {.offset = record.offset() + 1};
      }
    }
    io.out.flush();
    if (!next.empty()) RUNNEL_RETURN_IF_ERROR(consumer.Commit(next));
    const Elapsed now = clock.ElapsedTime();
    if (!records.empty()) last = now;
    if (records.empty() && now - last >= patience) break;
  }
  return printed;
}

Status Check(const Options& options) {
  const auto bad = [](std::string_view text) { return Error(ErrorCode::kInvalidRequest, text); };
  if (options.offset && !options.partition) return bad("--offset needs --partition");
  if (!options.group.empty() && options.partition) {
    return bad("--group and --partition exclude each other: a group shares out the partitions");
  }
  constexpr std::array kParts = {"key", "headers", "timestamp", "offset", "partition", "value"};
  for (const std::string& part : options.print) {
    if (std::find(kParts.begin(), kParts.end(), part) == kParts.end()) {
      return bad("--print '" + part + "' is none of key, headers, timestamp, offset, partition");
    }
  }
  return OkStatus();
}

int Run(Io& io, const Options& options) {
  if (const Status status = Check(options); !status.ok()) {
    Fail(io, "consume", status);
    return kUsage;
  }
  const auto broker = OpenBroker(options, options.group.empty() ? Access::kRead : Access::kWrite);
  if (!broker.ok()) return Fail(io, "opening '" + options.data_dir + "'", broker.status());
  const auto admin = (*broker)->NewAdmin();
  if (!admin.ok()) return Fail(io, "opening '" + options.data_dir + "'", admin.status());
  const auto consumer = OpenConsumer(**broker, **admin, options);
  if (!consumer.ok()) return Fail(io, "reading topic '" + options.topic + "'", consumer.status());
  const auto printed = PrintRecords(io, **consumer, options);
  if (!printed.ok()) return Fail(io, "reading topic '" + options.topic + "'", printed.status());
  const Status closed = (*consumer)->Close();
  io.err << "printed " << *printed << (*printed == 1 ? " record\n" : " records\n");
  return closed.ok() ? kSuccess : Fail(io, "leaving the group", closed);
}

}  // namespace

void AddConsume(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand("consume", "Print the records of a topic");
  auto options = std::make_shared<Options>();
  AddCommonOptions(*command, *options);
  command->add_option("--topic", options->topic, "The topic")->required();
  command->add_option("--group", options->group, "Read as a member of this group and commit");
  command->add_flag("--from-beginning", options->from_beginning,
                    "Start at the first record when the group has no offset");
  command->add_option("--partition", options->partition, "Read this partition only");
  command->add_option("--offset", options->offset, "Start here: a number, earliest or latest");
  command->add_option("--max-messages", options->max_messages, "Stop after this many")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--timeout-ms", options->timeout_ms,
                   "Stop when nothing came for so long; without a group the default is 0")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--print", options->print,
                   "What to print before the value: key, headers, timestamp, offset, partition")
      ->delimiter(',');
  command->add_option("--isolation-level", options->isolation, "read_uncommitted or read_committed")
      ->check(CLI::IsMember({"read_uncommitted", "read_committed"}))
      ->capture_default_str();
  command->add_option("--encoding", options->encoding, "JSON keys and values: auto or base64")
      ->check(CLI::IsMember({"auto", "base64"}))
      ->capture_default_str();
  command->callback(
      [options, &action] { action.run = [options](Io& io) { return Run(io, *options); }; });
}

}  // namespace runnel::cli
