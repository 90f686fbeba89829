// Streams text files, line by line, into a durable topic, and reads it with two consumer groups:
//
//   "per-day"  three members; counts what happened on each day
//   "newest"   one member; keeps the newest state of each package in a compacted topic
//
// It may be killed at any moment and started again. No line is stored twice or lost, because a
// record carries its line number: a restart asks each partition for its last one. No line is
// counted twice or missed, because a count is stored together with the offset it includes.
//
//   quickstart --data-dir DIR [--die-at-line N] FILE...
#include <runnel/runnel.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "lines.h"

using namespace std::chrono_literals;
using runnel::Offset;
using runnel::TopicPartition;

namespace {

constexpr int32_t kPartitions = 4;
constexpr char kLines[] = "log-lines";        // the lines, keyed by package
constexpr char kCounts[] = "counts-per-day";  // compacted: partition -> next offset and counts
constexpr char kNewest[] = "newest-state";    // compacted: package -> state

struct Arguments {
  std::string data_dir;
  int64_t die_at_line = -1;
  std::vector<std::string> files;
};

// Ends the program with a message: there is nobody to hand an error to.
[[noreturn]] void Fail(const std::string& what, const runnel::Status& status) {
  std::cerr << "quickstart: " << what << ": " << runnel::ToString(status) << '\n';
  std::_Exit(1);
}
void Require(const std::string& what, const runnel::Status& status) {
  if (!status.ok()) Fail(what, status);
}
template <class T>
T Require(const std::string& what, runnel::StatusOr<T> result) {
  if (!result.ok()) Fail(what, result.status());
  return *std::move(result);
}

void CreateTopics(runnel::Broker& broker) {
  auto admin = Require("admin", broker.NewAdmin());
  const auto make = [&](const char* name, const runnel::TopicOptions& options) {
    const runnel::Status made = admin->CreateTopic(name, options);
    if (runnel::CodeOf(made) != runnel::ErrorCode::kTopicAlreadyExists) Require(name, made);
  };
  // Lines may be years old: keep them whatever their time says.
  make(kLines, {.partition_count = kPartitions, .retention = -1ms});
  make(kCounts, {.cleanup_policy = runnel::CleanupPolicy::kCompact});
  make(kNewest,
       {.partition_count = kPartitions, .cleanup_policy = runnel::CleanupPolicy::kCompact});
}

int64_t LineNumberOf(const runnel::RecordView& record) {
  const auto header = record.headers().Last("line");
  return header && header->value ? std::strtoll(std::string(*header->value).c_str(), nullptr, 10)
                                 : -1;
}

// The number of the last line stored in each partition, -1 for none.
std::vector<int64_t> LastLines(runnel::Broker& broker) {
  std::vector<int64_t> last(kPartitions, -1);
  auto consumer = Require("consumer", broker.NewConsumer());
  for (int32_t p = 0; p < kPartitions; ++p) {
    const TopicPartition partition{kLines, p};
    Require("assign", consumer->Assign({partition}));
    const auto ends = Require("end offset", consumer->EndOffsets({&partition, 1}));
    const Offset end = ends.at(partition);
    if (end == Offset(0)) continue;
    Require("seek", consumer->Seek(partition, end - 1));
    for (const auto& record : consumer->Poll(1s)) {
      last[static_cast<size_t>(p)] = LineNumberOf(record);
    }
  }
  return last;
}

// Sends all lines that are not stored yet; returns how many.
int64_t StreamFiles(runnel::Broker& broker, const Arguments& arguments) {
  const std::vector<int64_t> last = LastLines(broker);
  auto producer = Require("producer", broker.NewProducer({.linger = 2ms}));
  int64_t number = 0;
  int64_t sent = 0;
  for (const std::string& name : arguments.files) {
    std::ifstream file(name);
    std::string text;
    while (std::getline(file, text)) {
      const int64_t line_number = number++;
      if (line_number == arguments.die_at_line) std::raise(SIGKILL);
      const Line line = ParseLine(text);
      const int32_t partition = runnel::PartitionForKey(line.key, kPartitions);
      if (line_number <= last[static_cast<size_t>(partition)]) continue;
      const std::string label = std::to_string(line_number);
      const runnel::Header header{"line", label};
      runnel::ProducerRecord record{
          .topic = kLines, .key = line.key, .value = text, .headers = {&header, 1}};
      if (line.time != runnel::kNoTimestamp) record.timestamp = line.time;
      Require("send", producer->Enqueue(record));
      ++sent;
    }
    if (!file.eof()) Fail("cannot read " + name, runnel::OkStatus());
  }
  Require("flush", producer->Flush());
  return sent;
}

// Counts of one partition, up to an offset.
struct PartitionCounts {
  Offset next{0};
  std::map<std::string, int64_t> counts;  // "day\taction" -> count

  std::string Encode() const {
    std::ostringstream out;
    out << next << '\n';
    for (const auto& [what, count] : counts)
      out << what << '\t' << count << '\n';
    return out.str();
  }
  static PartitionCounts Decode(std::string_view text) {
    PartitionCounts result;
    std::istringstream in{std::string(text)};
    std::string line;
    std::getline(in, line);
    result.next = Offset(std::stoll(line));
    while (std::getline(in, line)) {
      const size_t tab = line.rfind('\t');
      result.counts[line.substr(0, tab)] = std::stoll(line.substr(tab + 1));
    }
    return result;
  }
};

// The newest value of each key of a topic.
std::map<std::string, std::string> NewestValues(runnel::Broker& broker, const std::string& topic) {
  std::map<std::string, std::string> values;
  auto consumer = Require("consumer", broker.NewConsumer());
  auto producer = Require("producer", broker.NewProducer());
  const int32_t partitions = Require("partitions", producer->PartitionCount(topic));
  for (int32_t p = 0; p < partitions; ++p) {
    const TopicPartition partition{topic, p};
    Require("assign", consumer->Assign({partition}));
    Require("seek", consumer->SeekToBeginning());
    while (Require("lag", consumer->Lag(partition)) > 0) {
      const runnel::Records records = consumer->Poll(1s);
      Require("poll", records.status());
      for (const auto& record : records)
        values[std::string(record.key())] = record.value();
    }
  }
  return values;
}

// One member of the group "per-day". Its partitions' counts are loaded when they are assigned.
class DayCounter final : public runnel::RebalanceListener {
 public:
  DayCounter(runnel::Broker& broker, const std::atomic<bool>& stop)
      : broker_(broker),
        stop_(stop),
        producer_(Require("producer", broker.NewProducer())),
        consumer_(Require("consumer",
                          broker.NewConsumer({.group_id = "per-day",
                                              .offset_reset = runnel::OffsetReset::kEarliest}))) {}

  void OnAssigned(std::span<const TopicPartition> partitions) override {
    const auto stored = NewestValues(broker_, kCounts);
    for (const TopicPartition& partition : partitions) {
      PartitionCounts& counts = counts_[partition.partition];
      const auto found = stored.find(std::to_string(partition.partition));
      counts = found == stored.end() ? PartitionCounts() : PartitionCounts::Decode(found->second);
      Require("seek", consumer_->Seek(partition, counts.next));
    }
  }

  void Run() {
    const std::string topic = kLines;
    Require("subscribe", consumer_->Subscribe(std::span(&topic, 1), this));
    while (!stop_) {
      const runnel::Records records = consumer_->Poll(20ms);
      Require("poll", records.status());
      if (!records.empty()) Count(records);
    }
    Require("close", consumer_->Close());
  }

 private:
  void Count(const runnel::Records& records) {
    std::map<int32_t, bool> touched;
    for (const auto& record : records) {
      const Line line = ParseLine(record.value());
      PartitionCounts& counts = counts_[record.partition()];
      ++counts.counts[line.day + '\t' + line.action];
      counts.next = record.offset() + 1;
      touched[record.partition()] = true;
    }
    std::vector<std::string> keys, values;
    for (const auto& [partition, changed] : touched) {
      keys.push_back(std::to_string(partition));
      values.push_back(counts_[partition].Encode());
    }
    std::vector<runnel::ProducerRecord> state;
    for (size_t i = 0; i < keys.size(); ++i) {
      state.push_back({.topic = kCounts, .key = keys[i], .value = values[i]});
    }
    Require("store counts", producer_->SendAll(state));
    const runnel::Status committed = consumer_->Commit();  // for `runnel groups --describe`
    if (!committed.ok()) std::cerr << "commit: " << runnel::ToString(committed) << '\n';
  }

  runnel::Broker& broker_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<runnel::Producer> producer_;
  std::unique_ptr<runnel::Consumer> consumer_;
  std::map<int32_t, PartitionCounts> counts_;
};

// The group "newest": writes each package's state to the compacted topic, then commits. After a
// crash some states are written again, in the same order, which leaves the same newest ones.
void KeepNewest(runnel::Broker& broker, const std::atomic<bool>& stop) {
  auto producer = Require("producer", broker.NewProducer());
  auto consumer = Require(
      "consumer",
      broker.NewConsumer({.group_id = "newest", .offset_reset = runnel::OffsetReset::kEarliest}));
  Require("subscribe", consumer->Subscribe({kLines}));
  while (!stop) {
    const runnel::Records records = consumer->Poll(20ms);
    Require("poll", records.status());
    if (records.empty()) continue;
    std::vector<Line> lines;
    for (const auto& record : records)
      lines.push_back(ParseLine(record.value()));
    std::vector<runnel::ProducerRecord> states;
    for (const Line& line : lines) {
      states.push_back({.topic = kNewest, .key = line.key, .value = line.state});
    }
    Require("store states", producer->SendAll(states));
    const runnel::Status committed = consumer->Commit();
    if (!committed.ok()) std::cerr << "commit: " << runnel::ToString(committed) << '\n';
  }
  Require("close", consumer->Close());
}

// True when both groups have committed everything.
bool CaughtUp(runnel::Admin& admin) {
  std::map<TopicPartition, runnel::OffsetSpec> specs;
  for (int32_t p = 0; p < kPartitions; ++p)
    specs[{kLines, p}] = runnel::OffsetSpec::Latest();
  const auto ends = admin.ListOffsets(specs);
  for (const char* group : {"per-day", "newest"}) {
    const auto committed = Require("group offsets", admin.ListGroupOffsets(group));
    for (const auto& [partition, end] : ends) {
      if (Require("end offset", end).offset == Offset(0)) continue;
      const auto found = committed.find(partition);
      if (found == committed.end() || found->second.offset != end->offset) return false;
    }
  }
  return true;
}

// "counts" lines: day, action, count. "newest" lines: package, state.
void WriteTotals(runnel::Broker& broker, const std::string& data_dir) {
  std::map<std::string, int64_t> totals;
  for (const auto& [partition, text] : NewestValues(broker, kCounts)) {
    for (const auto& [what, count] : PartitionCounts::Decode(text).counts)
      totals[what] += count;
  }
  std::ofstream counts(data_dir + "/../counts.tsv");
  for (const auto& [what, count] : totals)
    counts << what << '\t' << count << '\n';
  std::ofstream newest(data_dir + "/../newest.tsv");
  for (const auto& [key, state] : NewestValues(broker, kNewest))
    newest << key << '\t' << state << '\n';
}

void Run(const Arguments& arguments) {
  auto broker =
      Require("open " + arguments.data_dir, runnel::Broker::Open({.data_dir = arguments.data_dir}));
  const runnel::RecoveryReport& report = broker->recovery_report();
  std::cout << "opened " << arguments.data_dir << (report.clean_shutdown ? "" : " after a crash: ");
  if (!report.clean_shutdown) {
    std::cout << report.bytes_checked << " bytes checked, " << report.bytes_cut << " cut";
  }
  std::cout << std::endl;
  CreateTopics(*broker);

  std::atomic<bool> stop = false;
  std::vector<std::unique_ptr<DayCounter>> counters;
  for (int i = 0; i < 3; ++i)
    counters.push_back(std::make_unique<DayCounter>(*broker, stop));
  std::vector<std::jthread> threads;
  for (auto& counter : counters)
    threads.emplace_back([&counter] { counter->Run(); });
  threads.emplace_back([&] { KeepNewest(*broker, stop); });

  const auto start = std::chrono::steady_clock::now();
  const int64_t sent = StreamFiles(*broker, arguments);
  const std::chrono::duration<double> sending = std::chrono::steady_clock::now() - start;
  auto admin = Require("admin", broker->NewAdmin());
  while (!CaughtUp(*admin))
    std::this_thread::sleep_for(5ms);
  const std::chrono::duration<double> all = std::chrono::steady_clock::now() - start;
  stop = true;
  threads.clear();
  counters.clear();

  std::cout << "stored " << sent << " lines in " << sending.count() << " s ("
            << static_cast<int64_t>(static_cast<double>(sent) / sending.count())
            << " lines/s, each on disk), both groups done after " << all.count() << " s"
            << std::endl;
  WriteTotals(*broker, arguments.data_dir);
  admin.reset();
  Require("close", broker->Close());
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--data-dir" && i + 1 < argc) {
      arguments.data_dir = argv[++i];
    } else if (word == "--die-at-line" && i + 1 < argc) {
      arguments.die_at_line = std::atoll(argv[++i]);
    } else {
      arguments.files.push_back(word);
    }
  }
  if (arguments.data_dir.empty() || arguments.files.empty()) {
    std::cerr << "usage: quickstart --data-dir DIR [--die-at-line N] FILE...\n";
    return 2;
  }
  Run(arguments);
}
