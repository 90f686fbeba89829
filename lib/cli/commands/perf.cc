// runnel perf: what this machine and data directory give: produce, consume, latency.
#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/status.h"
#include "cli/command.h"
#include "cli/progress.h"

namespace runnel::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kTopic[] = "runnel-perf";

struct Options : CommonOptions {
  bool memory = false;
  std::string mode;
  int64_t records = 1'000'000;
  int64_t record_bytes = 100;
  std::string durability;
  int32_t producers = 1;
  int32_t partitions = 1;
  int32_t batch = 1;  // records per Send of a span; 1: one at a time
  std::string compression = "none";
  int64_t rate = 1000;  // latency: records per second
};

// One finished measurement.
struct Result {
  int64_t records = 0;
  int64_t bytes = 0;  // of values, where they were read; else records times their size
  double seconds = 0;
  std::vector<int64_t> latencies_ns;  // sorted; one per call that was timed
};

double Percentile(const std::vector<int64_t>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto last = static_cast<double>(sorted.size() - 1);
  return static_cast<double>(sorted[static_cast<size_t>(part * last)]) / 1000.0;
}

// The share of calls in each power of two of microseconds, as bars.
void PrintHistogram(std::ostream& out, const std::vector<int64_t>& sorted) {
  size_t at = 0;
  for (int64_t bound = 125; at < sorted.size(); bound *= 2) {
    const size_t begin = at;
    while (at < sorted.size() && sorted[at] <= bound)
      ++at;
    if (at == begin) continue;
    const double share = static_cast<double>(at - begin) / static_cast<double>(sorted.size());
    char line[64];
    std::snprintf(line, sizeof line, "  <= %11.3f us %6.2f %% ", static_cast<double>(bound) / 1000,
                  share * 100);
    out << line << std::string(static_cast<size_t>(share * 50 + 0.5), '#') << '\n';
  }
}

Json LatencyAsJson(const std::vector<int64_t>& sorted) {
  return {{"p50", Percentile(sorted, 0.5)},      {"p90", Percentile(sorted, 0.9)},
          {"p99", Percentile(sorted, 0.99)},     {"p999", Percentile(sorted, 0.999)},
          {"p9999", Percentile(sorted, 0.9999)}, {"max", Percentile(sorted, 1)}};
}

void PrintResult(Io& io, const Options& options, Result result) {
  std::sort(result.latencies_ns.begin(), result.latencies_ns.end());
  const double records = static_cast<double>(result.records);
  const double rate = records / result.seconds;
  const int64_t bytes = result.bytes > 0 ? result.bytes : result.records * options.record_bytes;
  const double mib = static_cast<double>(bytes) / result.seconds / (1 << 20);
  if (options.output() == Format::kJson) {
    Json json = {{"mode", options.mode},
                 {"records", result.records},
                 {"record_size", options.record_bytes},
                 {"seconds", result.seconds},
                 {"records_per_second", rate},
                 {"mib_per_second", mib},
                 {"ns_per_record", result.seconds * 1e9 / records}};
    if (!result.latencies_ns.empty()) json["latency_us"] = LatencyAsJson(result.latencies_ns);
    io.out << json.dump() << '\n';
    return;
  }
  char line[160];
  std::snprintf(
      line, sizeof line,
      "%s: %s records of %lld bytes in %.3f s: %s records/s, %.1f MiB/s, %.1f ns/record\n",
      options.mode.c_str(), WithCommas(result.records).c_str(),
      static_cast<long long>(options.record_bytes), result.seconds,
      WithCommas(static_cast<int64_t>(rate)).c_str(), mib, result.seconds * 1e9 / records);
  io.out << line;
  const auto& sorted = result.latencies_ns;
  if (sorted.empty()) return;
  std::snprintf(line, sizeof line,
                "latency (us): p50 %.2f, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f\n",
                Percentile(sorted, 0.5), Percentile(sorted, 0.9), Percentile(sorted, 0.99),
                Percentile(sorted, 0.999), Percentile(sorted, 1));
  io.out << line;
  PrintHistogram(io.out, sorted);
}

StatusOr<std::unique_ptr<Broker>> Open(const Options& options) {
  if (!options.memory) {
    RUNNEL_ASSIGN_OR_RETURN(auto broker, OpenBroker(options, Access::kWrite));
    return broker;
  }
  return Broker::Open({.auto_create_topics = false});
}

Status CreatePerfTopic(Admin& admin, const Options& options) {
  TopicOptions topic{.partition_count = options.partitions};
  if (!options.durability.empty()) topic.durability = ParseDurability(options.durability);
  const Status made = admin.CreateTopic(kTopic, topic);
  return CodeOf(made) == ErrorCode::kTopicAlreadyExists ? OkStatus() : made;
}

// Sends a share of the records from one thread; `done` counts for the progress bar.
Status SendShare(Producer& producer, const Options& options, int64_t count, bool timed,
                 std::atomic<int64_t>& done, std::vector<int64_t>& latencies) {
  const std::string value(static_cast<size_t>(options.record_bytes), 'r');
  const ProducerRecord record{.topic = kTopic, .value = value};
  const std::vector<ProducerRecord> span(static_cast<size_t>(options.batch), record);
  Clock& clock = Clock::System();
  const bool linger = options.compression != "none";
  for (int64_t sent = 0; sent < count && !Interrupted(); sent += options.batch) {
    // Every eighth call is timed: two readings of the clock cost as much as a call.
    const bool sample = timed && (sent / options.batch) % 8 == 0;
    const Elapsed before = sample ? clock.ElapsedTime() : Elapsed();
    if (options.batch > 1) {
      RUNNEL_RETURN_IF_ERROR(producer.SendAll(span));
    } else if (linger) {
      RUNNEL_RETURN_IF_ERROR(producer.Enqueue(record));
    } else {
      RUNNEL_RETURN_IF_ERROR(producer.Send(record).status());
    }
    if (sample) latencies.push_back((clock.ElapsedTime() - before).count());
    done.fetch_add(options.batch, std::memory_order_relaxed);  // only the progress bar reads it
  }
  return producer.Flush();
}

StatusOr<Result> Produce(Io& io, Broker& broker, const Options& options, bool timed) {
  Result result;
  std::atomic<int64_t> done = 0;
  const auto threads = static_cast<size_t>(options.producers);
  std::vector<std::vector<int64_t>> latencies(threads);
  std::vector<Status> statuses(threads);
  std::vector<std::unique_ptr<Producer>> producers;
  for (size_t i = 0; i < threads; ++i) {
    ProducerOptions producer_options;
    producer_options.compression = *ParseCompressionType(options.compression);
    if (options.compression != "none") producer_options.linger = std::chrono::milliseconds(5);
    RUNNEL_ASSIGN_OR_RETURN(auto producer, broker.NewProducer(producer_options));
    producers.push_back(std::move(producer));
    if (timed) latencies[i].reserve(static_cast<size_t>(options.records / options.producers + 1));
  }
  Progress progress(io.err, options.mode, options.records);
  Clock& clock = Clock::System();
  const Elapsed start = clock.ElapsedTime();
  std::vector<std::jthread> workers;
  std::atomic<size_t> running = threads;
  for (size_t i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] {
      statuses[i] = SendShare(*producers[i], options, options.records / options.producers, timed,
                              done, latencies[i]);
      --running;
    });
  }
  Signal never;
  const auto waiter = Executor::Threaded(clock);
  while (running > 0) {
    waiter->Wait(never, clock.ElapsedTime() + std::chrono::milliseconds(20));
    progress.Update(done, done);
  }
  workers.clear();
  result.seconds = std::chrono::duration<double>(clock.ElapsedTime() - start).count();
  result.records = done;
  for (size_t i = 0; i < threads; ++i) {
    RUNNEL_RETURN_IF_ERROR(statuses[i]);
    result.latencies_ns.insert(result.latencies_ns.end(), latencies[i].begin(), latencies[i].end());
  }
  return result;
}

StatusOr<Result> Consume(Io& io, Broker& broker, Admin& admin, const Options& options) {
  RUNNEL_ASSIGN_OR_RETURN(const auto partitions, PartitionsOf(admin, kTopic));
  RUNNEL_ASSIGN_OR_RETURN(auto consumer, broker.NewConsumer({.max_poll_records = 5000}));
  RUNNEL_RETURN_IF_ERROR(consumer->Assign(partitions));
  RUNNEL_RETURN_IF_ERROR(consumer->SeekToBeginning());
  Progress progress(io.err, options.mode, options.records);
  Result result;
  Clock& clock = Clock::System();
  const Elapsed start = clock.ElapsedTime();
  while (result.records < options.records && !Interrupted()) {
    const Records records = consumer->Poll(std::chrono::milliseconds(0));
    RUNNEL_RETURN_IF_ERROR(records.status());
    if (records.empty()) break;
    for (const RecordView& record : records) {
      result.bytes += static_cast<int64_t>(record.value().size());
    }
    result.records += records.count();
    progress.Update(result.records, result.records);
  }
  result.seconds = std::chrono::duration<double>(clock.ElapsedTime() - start).count();
  if (result.records == 0) {
    return Error(ErrorCode::kInvalidRequest,
                 "topic runnel-perf is empty: run `runnel perf produce` first");
  }
  return result;
}

// Sends at a fixed rate from one thread and measures until another has polled each record.
StatusOr<Result> Latency(Io& io, Broker& broker, Admin& admin, const Options& options) {
  RUNNEL_ASSIGN_OR_RETURN(const auto partitions, PartitionsOf(admin, kTopic));
  RUNNEL_ASSIGN_OR_RETURN(auto producer, broker.NewProducer());
  RUNNEL_ASSIGN_OR_RETURN(auto consumer, broker.NewConsumer());
  RUNNEL_RETURN_IF_ERROR(consumer->Assign(partitions));
  RUNNEL_RETURN_IF_ERROR(consumer->SeekToEnd());
  for (const TopicPartition& partition : partitions) {
    RUNNEL_RETURN_IF_ERROR(consumer->Position(partition).status());
  }
  Clock& clock = Clock::System();
  std::atomic<bool> failed = false;
  Status sending;
  std::jthread sender([&] {
    std::string value(static_cast<size_t>(std::max<int64_t>(options.record_bytes, 8)), 'r');
    const Elapsed start = clock.ElapsedTime();
    const auto waiter = Executor::Threaded(clock);
    Signal never;
    for (int64_t i = 0; i < options.records && !failed; ++i) {
      waiter->Wait(never, start + std::chrono::nanoseconds(1'000'000'000 / options.rate * i));
      const int64_t now = clock.ElapsedTime().count();
      value.replace(0, sizeof now, reinterpret_cast<const char*>(&now), sizeof now);
      sending = producer->Send({.topic = kTopic, .value = value}).status();
      if (!sending.ok()) failed = true;
    }
  });
  Result result;
  Progress progress(io.err, options.mode, options.records);
  const Elapsed start = clock.ElapsedTime();
  while (result.records < options.records && !failed && !Interrupted()) {
    const Records records = consumer->Poll(std::chrono::milliseconds(100));
    if (!records.ok()) failed = true;
    const int64_t now = clock.ElapsedTime().count();
    for (const RecordView& record : records) {
      int64_t sent = 0;
      record.value().copy(reinterpret_cast<char*>(&sent), sizeof sent);
      result.latencies_ns.push_back(now - sent);
    }
    result.records += records.count();
    progress.Update(result.records, result.records);
  }
  failed = failed || Interrupted();
  sender.join();
  RUNNEL_RETURN_IF_ERROR(sending);
  result.seconds = std::chrono::duration<double>(clock.ElapsedTime() - start).count();
  return result;
}

StatusOr<Result> Measure(Io& io, Broker& broker, const Options& options) {
  RUNNEL_ASSIGN_OR_RETURN(const auto admin, broker.NewAdmin());
  RUNNEL_RETURN_IF_ERROR(CreatePerfTopic(*admin, options));
  if (options.mode == "produce") return Produce(io, broker, options, options.records <= 10'000'000);
  if (options.mode == "latency") return Latency(io, broker, *admin, options);
  if (options.memory) {
    RUNNEL_RETURN_IF_ERROR(Produce(io, broker, options, false).status());
  }
  return Consume(io, broker, *admin, options);
}

int Run(Io& io, Options options) {
  if (options.memory == !options.data_dir.empty()) {
    Fail(io, "perf needs one of --data-dir and --memory");
    return kUsage;
  }
  if (!options.durability.empty() && !ParseDurability(options.durability)) {
    Fail(io, "--durability '" + options.durability + "' is none of memory, os, interval, fsync");
    return kUsage;
  }
  auto broker = Open(options);
  if (!broker.ok()) return Fail(io, "opening '" + options.data_dir + "'", broker.status());
  auto result = Measure(io, **broker, options);
  if (!result.ok()) return Fail(io, "perf " + options.mode, result.status());
  PrintResult(io, options, *std::move(result));
  const Status closed = (*broker)->Close();
  return closed.ok() ? kSuccess : Fail(io, "closing", closed);
}

}  // namespace

void AddPerf(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand(
      "perf", "Measure produce, consume or latency; writes to the topic runnel-perf");
  auto options = std::make_shared<Options>();
  command->add_option("mode", options->mode, "produce, consume or latency")
      ->required()
      ->check(CLI::IsMember({"produce", "consume", "latency"}));
  command->add_option("--data-dir", options->data_dir, "The data directory");
  command->add_flag("--memory", options->memory, "Use a broker in memory");
  AddFormatOption(*command, *options);
  command->add_option("--records", options->records, "How many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--record-size", options->record_bytes, "Bytes of each value")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 30))
      ->capture_default_str();
  command->add_option("--durability", options->durability, "os, interval or fsync");
  command->add_option("--producers", options->producers, "Sending threads")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--partitions", options->partitions, "Partitions of the topic, when new")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_option("--batch", options->batch, "Records per call")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--compression", options->compression, "none, gzip, snappy, lz4 or zstd")
      ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}))
      ->capture_default_str();
  command->add_option("--rate", options->rate, "Records per second, for latency")
      ->check(CLI::Range(int64_t{1}, int64_t{10'000'000}))
      ->capture_default_str();
  command->callback(
      [options, &action] { action.run = [options](Io& io) { return Run(io, *options); }; });
}

}  // namespace runnel::cli
