// What an embedder gets with default options, through the public API, beside what the machine can
// do: memcpy and write(2) of the same bytes in the same run.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runnel/runnel.h"

namespace runnel {
namespace {

constexpr int64_t kValueBytes = 100;

// A directory that is gone afterwards.
struct TempDir {
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "runnel-bench-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
  std::filesystem::path path;
};

// Resident memory of this process, in MiB.
double ResidentMib() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// Copies one value after the other into a buffer of 1 MiB.
void BM_Memcpy(benchmark::State& state) {
  const std::string value(kValueBytes, 'v');
  std::string buffer(1 << 20, '\0');
  size_t at = 0;
  for (auto _ : state) {
    std::memcpy(buffer.data() + at, value.data(), value.size());
    benchmark::DoNotOptimize(buffer.data()[at]);
    at = at + 2 * value.size() <= buffer.size() ? at + value.size() : 0;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Memcpy);

// One write(2) per value, to the page cache.
void BM_Write(benchmark::State& state) {
  TempDir dir;
  const int file = open((dir / "file").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  const std::string value(kValueBytes, 'v');
  for (auto _ : state) {
    if (write(file, value.data(), value.size()) < 0) {
      state.SkipWithError("write failed");
      break;
    }
  }
  close(file);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Write);

// Producer::Send of one record at a time with default options, one thread. Counts records.
// Durability: 0 memory, 1 the operating system, 3 fsync of each.
void BM_Produce(benchmark::State& state) {
  TempDir dir;
  const auto durability = static_cast<Durability>(state.range(0));
  BrokerOptions options;
  if (durability != Durability::kMemory) options.data_dir = dir / "data";
  auto broker = Broker::Open(options).value();
  auto admin = broker->NewAdmin().value();
  if (!admin->CreateTopic("t", {.durability = durability}).ok()) state.SkipWithError("create");
  auto producer = broker->NewProducer().value();
  const std::string value(kValueBytes, 'v');
  for (auto _ : state) {
    if (!producer->Send({.topic = "t", .value = value}).ok()) {
      state.SkipWithError("send failed");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Produce)->ArgName("durability")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(BM_Produce)->ArgName("durability")->Arg(3)->UseRealTime();

// Polls and walks a topic with default options again and again, touching every value. `batch`
// records were sent together. `durable`: the topic is in files.
void BM_Consume(benchmark::State& state) {
  constexpr int64_t kRecords = 1'000'000;
  TempDir dir;
  BrokerOptions options;
  if (state.range(0) != 0) options.data_dir = dir / "data";
  auto broker = Broker::Open(options).value();
  auto admin = broker->NewAdmin().value();
  TopicOptions topic;
  if (state.range(0) != 0) topic.durability = Durability::kOs;
  if (!admin->CreateTopic("t", topic).ok()) state.SkipWithError("create");
  auto producer = broker->NewProducer().value();
  const std::string value(kValueBytes, 'v');
  const std::vector<ProducerRecord> span(static_cast<size_t>(state.range(1)),
                                         {.topic = "t", .value = value});
  for (int64_t sent = 0; sent < kRecords; sent += state.range(1)) {
    if (!producer->SendAll(span).ok()) state.SkipWithError("send failed");
  }
  auto consumer = broker->NewConsumer().value();
  if (!consumer->Assign({{"t", 0}}).ok()) state.SkipWithError("assign");
  int64_t read = 0;
  int64_t bytes = 0;
  for (auto _ : state) {
    if (!consumer->SeekToBeginning().ok()) state.SkipWithError("seek");
    for (int64_t left = kRecords; left > 0;) {
      const Records records = consumer->Poll(std::chrono::milliseconds(0));
      if (records.empty()) break;
      for (const RecordView& record : records)
        bytes += static_cast<int64_t>(record.value().size());
      left -= records.count();
      read += records.count();
    }
  }
  benchmark::DoNotOptimize(bytes);
  state.SetItemsProcessed(read);
}
BENCHMARK(BM_Consume)
    ->ArgNames({"durable", "batch"})
    ->Args({0, 1})
    ->Args({0, 100})
    ->Args({1, 1})
    ->Args({1, 100})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// Opens a cleanly closed directory of so many partitions that all hold a record, and looks at the
// end of each. Prints the resident memory that the broker then adds to the process.
void BM_OpenCleanDirectory(benchmark::State& state) {
  TempDir dir;
  BrokerOptions options;
  options.data_dir = dir / "data";
  const auto partitions = static_cast<int32_t>(state.range(0));
  {
    auto broker = Broker::Open(options).value();
    auto admin = broker->NewAdmin().value();
    if (!admin->CreateTopic("t", {.partition_count = partitions, .durability = Durability::kOs})
             .ok())
      state.SkipWithError("create");
    auto producer = broker->NewProducer().value();
    for (int32_t p = 0; p < partitions; ++p) {
      if (!producer->Send({.topic = "t", .value = "v", .partition = p}).ok())
        state.SkipWithError("send failed");
    }
    if (!broker->Close().ok()) state.SkipWithError("close");
  }
  for (auto _ : state) {
    const double before = ResidentMib();
    auto broker = Broker::Open(options).value();
    auto admin = broker->NewAdmin().value();
    std::map<TopicPartition, OffsetSpec> specs;
    if (state.range(1) != 0) {
      for (int32_t p = 0; p < partitions; ++p)
        specs[{"t", p}] = OffsetSpec::Latest();
    }
    benchmark::DoNotOptimize(admin->ListOffsets(specs).size());
    state.PauseTiming();
    state.counters["resident_mib"] = ResidentMib() - before;
    state.counters["process_mib"] = ResidentMib();
    admin.reset();
    broker.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(BM_OpenCleanDirectory)
    ->ArgNames({"partitions", "touch"})
    ->Args({1000, 0})
    ->Args({1000, 1})
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace runnel
