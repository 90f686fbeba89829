// The building blocks: checksums, variable-length integers, signals, the executor, and the
// simulated file system. Probes (memcpy, a clock read) stand beside them to judge the machine.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/files.h"
#include "base/status.h"
#include "runnel/environment.h"
#include "runnel/testing/sim_file_system.h"

namespace runnel {
namespace {

// Copies `bytes` that stay in the cache: the yardstick for everything that touches memory.
void BM_Memcpy(benchmark::State& state) {
  const std::string source(static_cast<size_t>(state.range(0)), 'a');
  std::string target = source;
  for (auto _ : state) {
    std::memcpy(target.data(), source.data(), source.size());
    benchmark::DoNotOptimize(target.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Memcpy)->ArgName("bytes")->Arg(100)->Arg(1 << 10)->Arg(1 << 16);

// Checksums `bytes` that stay in the cache, each time from zero.
void BM_Crc32c(benchmark::State& state) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'a');
  for (auto _ : state)
    benchmark::DoNotOptimize(base::Crc32c(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Crc32c)->ArgName("bytes")->Arg(16)->Arg(100)->Arg(170)->Arg(1 << 10)->Arg(1 << 16);

void BM_Crc32cPortable(benchmark::State& state) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'a');
  for (auto _ : state)
    benchmark::DoNotOptimize(base::ExtendCrc32cPortable(0, bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Crc32cPortable)->ArgName("bytes")->Arg(100)->Arg(1 << 16);

// Stores 1,024 varints that take `bytes` each.
void BM_StoreVarint(benchmark::State& state) {
  const auto value = static_cast<int32_t>((int64_t{1} << (7 * state.range(0) - 2)) - 1);
  std::vector<char> buffer(1024 * base::kMaxVarintBytes);
  for (auto _ : state) {
    char* at = buffer.data();
    for (int i = 0; i < 1024; ++i)
      at = base::StoreVarint(at, value);
    benchmark::DoNotOptimize(at);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * 1024);
}
BENCHMARK(BM_StoreVarint)->ArgName("bytes")->DenseRange(1, 3);

// Reads 1,024 varints that take `bytes` each.
void BM_ReadVarint(benchmark::State& state) {
  const auto value = static_cast<int32_t>((int64_t{1} << (7 * state.range(0) - 2)) - 1);
  std::string bytes;
  for (int i = 0; i < 1024; ++i)
    base::ByteWriter(bytes).WriteVarint(value);
  for (auto _ : state) {
    base::ByteReader reader(bytes);
    int64_t sum = 0;
    for (int i = 0; i < 1024; ++i)
      sum += reader.ReadVarint();
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * 1024);
}
BENCHMARK(BM_ReadVarint)->ArgName("bytes")->DenseRange(1, 3);

void BM_ClockElapsedTime(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(Clock::System().ElapsedTime());
}
BENCHMARK(BM_ClockElapsedTime);

void BM_RandomNext(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(Random::System().Next());
}
BENCHMARK(BM_RandomNext);

// Raises and lowers a signal that nobody waits for.
void BM_SignalRaiseAlone(benchmark::State& state) {
  Signal signal;
  for (auto _ : state) {
    signal.Raise();
    signal.Reset();
  }
}
BENCHMARK(BM_SignalRaiseAlone);

// An executor that is never used: no thread may be started.
void BM_ExecutorUnused(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(Executor::Threaded(Clock::System()));
}
BENCHMARK(BM_ExecutorUnused);

// Posts one task and waits until it ran: two hand-overs between threads.
void BM_ExecutorPostAndWait(benchmark::State& state) {
  const auto executor = Executor::Threaded(Clock::System());
  for (auto _ : state) {
    Signal done;
    executor->Post([&] { done.Raise(); });
    executor->Wait(done, kForever);
  }
}
BENCHMARK(BM_ExecutorPostAndWait)->UseRealTime();

// Posts timers far away and cancels them.
void BM_ExecutorTimerCancel(benchmark::State& state) {
  const auto executor = Executor::Threaded(Clock::System());
  const Elapsed later = Clock::System().ElapsedTime() + std::chrono::hours(1);
  for (auto _ : state)
    executor->Cancel(executor->PostAt(later, [] {}));
}
BENCHMARK(BM_ExecutorTimerCancel);

// One round of crash exploration: return to a state of `files` small files, lose power in a random
// way, open the directory and read every file.
void BM_SimCrashAndReopen(benchmark::State& state) {
  testing::SimFileSystem files;
  {
    const auto root = files.OpenDirectory("/data", DirectoryMode::kCreate).value();
    for (int64_t i = 0; i < state.range(0); ++i) {
      const auto file = root->OpenFile(std::to_string(i), OpenMode::kCreate).value();
      base::IgnoreError(file->Write(0, std::string(600, 'a')), "in memory");
      base::IgnoreError(file->Sync(), "in memory");
      base::IgnoreError(file->Write(600, std::string(600, 'b')), "in memory");
    }
    base::IgnoreError(root->Sync(""), "in memory");
  }
  const auto snapshot = files.TakeSnapshot();
  uint64_t seed = 0;
  for (auto _ : state) {
    files.Restore(snapshot);
    files.Crash(++seed);
    const auto root = files.OpenDirectory("/data", DirectoryMode::kMustExist).value();
    for (const auto entries = root->List("").value(); const auto& entry : entries) {
      benchmark::DoNotOptimize(base::ReadWhole(*root, entry.name, 1 << 20));
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_SimCrashAndReopen)->ArgName("files")->Arg(1)->Arg(4)->Arg(20);

// The same with one mapped file of 64 KiB that is stored to before the crash.
void BM_SimMapCrashAndReopen(benchmark::State& state) {
  testing::SimFileSystem files;
  uint64_t seed = 0;
  for (auto _ : state) {
    const auto root = files.OpenDirectory("/data", DirectoryMode::kCreate).value();
    const auto file = root->OpenFile("f", OpenMode::kCreate).value();
    base::IgnoreError(file->Allocate(1 << 16), "in memory");
    const auto region = file->Map(1 << 16).value();
    std::memset(region->data(), static_cast<char>(seed), 1'000);
    base::IgnoreError(file->Sync(), "in memory");
    base::IgnoreError(root->Sync(""), "in memory");
    files.Crash(++seed);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_SimMapCrashAndReopen);

}  // namespace
}  // namespace runnel
