// The broker below its doors: appending a record, waking a reader, group commit, opening.
//
// Durable benchmarks work below $RUNNEL_BENCH_DIR, or /tmp; a bare loop of write and fdatasync on
// the same disk runs beside them.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/broker.h"

namespace runnel::broker {
namespace {

class BenchDir {
 public:
  BenchDir() {
    const char* base = getenv("RUNNEL_BENCH_DIR");
    path_ = std::string(base != nullptr ? base : "/tmp") + "/runnel-bench-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~BenchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::unique_ptr<Broker> OpenBroker(const std::string& path, Durability durability) {
  BrokerOptions options;
  options.data_dir = path;
  if (!path.empty()) options.durability = durability;
  auto broker = Broker::Open(options);
  return broker.ok() ? *std::move(broker) : nullptr;
}

bool MakeTopic(Broker& broker, const std::string& name, int32_t partitions = 1) {
  CreateTopicsRequest request;
  request.topics.push_back(
      {.name = name,
       .num_partitions = partitions,
       .configs = {{"retention.bytes", "67108864"}, {"segment.bytes", "16777216"}}});
  return broker.CreateTopics(request).topics[0].error_code == ErrorCode::kNone;
}

const std::string kValue(100, 'v');

// One record of 100 bytes at a time, with its time at hand; retention runs now and then. `durable`
// appends to a file's page cache (durability os).
void BM_AppendRecord(benchmark::State& state) {
  BenchDir directory;
  auto broker = OpenBroker(state.range(0) != 0 ? directory.path() : "", Durability::kOs);
  if (broker == nullptr || !MakeTopic(*broker, "t")) return state.SkipWithError("cannot open");
  const auto partition = broker->FindPartition({"t", 0}).value();
  const Timestamp now = Clock::System().Now();
  int64_t count = 0;
  for (auto _ : state) {
    const auto appended = partition->AppendRecord({.timestamp = now, .value = kValue}, now);
    if (!appended.ok()) return state.SkipWithError(ToString(appended.status()).c_str());
    if (++count % 500'000 == 0) {
      state.PauseTiming();
      (void)broker->RunMaintenance();
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_AppendRecord)->ArgName("durable")->Arg(0)->Arg(1);

// The same with a reader on another thread that takes every record: spinning, or parked after each.
void BM_AppendRecordWithReader(benchmark::State& state) {
  BrokerOptions options;
  options.spin = state.range(0) != 0 ? std::chrono::nanoseconds(std::chrono::seconds(1))
                                     : std::chrono::nanoseconds(0);
  auto broker = Broker::Open(options).value();
  if (!MakeTopic(*broker, "t")) return state.SkipWithError("cannot create");
  const auto partition = broker->FindPartition({"t", 0}).value();
  auto place = partition->NewReader(IsolationLevel::kReadUncommitted).value();
  if (!place.Seek(Offset(0)).ok()) return state.SkipWithError("cannot seek");
  std::thread reader([&] {
    Waiter waiter(*broker);
    waiter.Watch(partition);
    while (waiter.Wait(kForever, [&] { return place.ready(); }) == Waiter::Result::kReady) {
      if (place.Read(1 << 20).ok()) continue;
      const auto offsets = partition->Offsets();
      if (!offsets.ok() || !place.Seek(offsets->end).ok()) break;
    }
  });
  const Timestamp now = Clock::System().Now();
  int64_t count = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(partition->AppendRecord({.timestamp = now, .value = kValue}, now));
    if (++count % 500'000 == 0) {
      state.PauseTiming();
      (void)broker->RunMaintenance();
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations());
  (void)broker->Close();
  reader.join();
}
BENCHMARK(BM_AppendRecordWithReader)->ArgName("spinning")->Arg(0)->Arg(1)->UseRealTime();

// Each thread appends a record and waits until it is on disk.
void BM_GroupCommit(benchmark::State& state) {
  static std::unique_ptr<BenchDir> directory;
  static std::unique_ptr<Broker> broker;
  if (state.thread_index() == 0) {
    directory = std::make_unique<BenchDir>();
    broker = OpenBroker(directory->path(), Durability::kFsync);
    if (broker == nullptr || !MakeTopic(*broker, "t")) state.SkipWithError("cannot open");
  }
  std::shared_ptr<Partition> partition;
  for (auto _ : state) {
    if (partition == nullptr) partition = broker->FindPartition({"t", 0}).value();
    const auto appended = partition->AppendRecord({.value = kValue});
    if (!appended.ok() || !partition->AwaitAcknowledged(appended->last_offset, kForever).ok()) {
      state.SkipWithError("append failed");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) {
    partition.reset();
    broker.reset();
    directory.reset();
  }
}
BENCHMARK(BM_GroupCommit)->Threads(1)->Threads(8)->Threads(64)->UseRealTime();

// What group commit costs at least: a file, a mutex, a condition variable; the first to arrive
// syncs for all who are there. The file is written ahead, as the log's is.
class BareLog {
 public:
  explicit BareLog(const std::string& path)
      : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    const std::string zeros(1 << 20, '\0');
    for (int i = 0; i < 64; ++i)
      ok_ &= write(file_, zeros.data(), zeros.size()) > 0;
    ok_ &= fdatasync(file_) == 0;
  }
  ~BareLog() { close(file_); }
  bool Append(const std::string& bytes) {
    std::unique_lock lock(mutex_);
    const off_t position = static_cast<off_t>(appended_ * 170 % (64 << 20));
    ok_ &= pwrite(file_, bytes.data(), bytes.size(), position) > 0;
    const int64_t mine = ++appended_;
    while (synced_ < mine) {
      if (syncing_) {
        turn_.wait(lock);
        continue;
      }
      syncing_ = true;
      const int64_t covers = appended_;
      lock.unlock();
      const bool synced = fdatasync(file_) == 0;
      lock.lock();
      ok_ &= synced;
      synced_ = covers;
      syncing_ = false;
      turn_.notify_all();
    }
    return ok_;
  }

 private:
  int file_;
  bool ok_ = true;
  std::mutex mutex_;
  std::condition_variable turn_;
  int64_t appended_ = 0;
  int64_t synced_ = 0;
  bool syncing_ = false;
};

void BM_BareGroupCommit(benchmark::State& state) {
  static std::unique_ptr<BenchDir> directory;
  static std::unique_ptr<BareLog> log;
  if (state.thread_index() == 0) {
    directory = std::make_unique<BenchDir>();
    log = std::make_unique<BareLog>(directory->path() + "/log");
  }
  const std::string record(170, 'r');
  for (auto _ : state) {
    if (!log->Append(record)) state.SkipWithError("write failed");
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) {
    log.reset();
    directory.reset();
  }
}
BENCHMARK(BM_BareGroupCommit)->Threads(1)->Threads(8)->Threads(64)->UseRealTime();

// A memory broker: opened and closed, nothing else.
void BM_OpenMemoryBroker(benchmark::State& state) {
  for (auto _ : state) {
    auto broker = Broker::Open({});
    benchmark::DoNotOptimize(broker);
  }
}
BENCHMARK(BM_OpenMemoryBroker)->Unit(benchmark::kMicrosecond);

// A clean directory whose topic has so many partitions, each with a record. `use` opens the log of
// every partition, too.
void BM_OpenDirectory(benchmark::State& state) {
  BenchDir directory;
  const int32_t partitions = static_cast<int32_t>(state.range(0));
  {
    auto broker = OpenBroker(directory.path(), Durability::kOs);
    if (broker == nullptr || !MakeTopic(*broker, "t", partitions)) {
      return state.SkipWithError("cannot create");
    }
    for (int32_t i = 0; i < partitions; ++i) {
      (void)broker->FindPartition({"t", i}).value()->AppendRecord({.value = kValue});
      if (i % 256 == 0) (void)broker->RunMaintenance();
    }
  }
  for (auto _ : state) {
    auto broker = OpenBroker(directory.path(), Durability::kOs);
    if (broker == nullptr) return state.SkipWithError("cannot open");
    for (int32_t i = 0; state.range(1) != 0 && i < partitions; ++i) {
      if (!broker->FindPartition({"t", i}).value()->Log().ok()) {
        return state.SkipWithError("cannot open a log");
      }
    }
    state.PauseTiming();
    broker.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(BM_OpenDirectory)
    ->ArgNames({"partitions", "use"})
    ->Args({1000, 0})
    ->Args({1000, 1})
    ->Args({10000, 0})
    ->Args({10000, 1})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);

// Making a topic: the records of all its partitions, one sync.
void BM_CreateTopic(benchmark::State& state) {
  BenchDir directory;
  auto broker = OpenBroker(directory.path(), Durability::kOs);
  int64_t count = 0;
  for (auto _ : state) {
    if (!MakeTopic(*broker, "t" + std::to_string(count++), static_cast<int32_t>(state.range(0)))) {
      return state.SkipWithError("cannot create");
    }
  }
}
BENCHMARK(BM_CreateTopic)
    ->ArgName("partitions")
    ->Arg(1)
    ->Arg(10000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);

}  // namespace
}  // namespace runnel::broker
