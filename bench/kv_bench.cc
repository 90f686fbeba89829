// The stores: writing group offsets, reading one, and what opening 1,000,000 of them costs in time
// and memory. Keys and values have the size of committed offsets (40 and 24 bytes). RocksDB is left
// out where it is not built in.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/files.h"
#include "base/strings.h"
#include "kv/store.h"

namespace runnel::kv {
namespace {

constexpr int64_t kBatchEntries = 100;

// A folder for one benchmark, gone afterwards.
class Place {
 public:
  Place() {
    std::string path = std::filesystem::temp_directory_path() / "runnel-kv-bench-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) std::perror("mkdtemp");
    path_ = path;
    directory_ = FileSystem::System().OpenDirectory(path_, DirectoryMode::kCreate).value();
  }
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::unique_ptr<Store> Open(StoreKind kind) {
    return OpenStore({.kind = kind, .directory = directory_.get(), .name = "offsets"},
                     Logger::None())
        .value();
  }

 private:
  std::string path_;
  std::unique_ptr<Directory> directory_;
};

std::string KeyOf(int64_t i) {
  std::string digits = std::to_string(i);
  return base::StrCat("group-of-services/orders/", std::string(15 - digits.size(), '0'), digits);
}

void Fill(Store& store, int64_t count) {
  const std::string value(24, 'v');
  WriteBatch batch;
  for (int64_t i = 0; i < count; ++i) {
    batch.Put(KeyOf(i), value);
    if ((i + 1) % kBatchEntries != 0) continue;
    batch.SetApplied("log", Offset(i));
    if (!store.Write(batch).ok()) return;
    batch.Clear();
  }
}

// Resident memory of this process, from the system.
int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t pages = 0;
  int64_t resident = 0;
  statm >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

bool Skip(benchmark::State& state, StoreKind kind) {
  if (IsBuiltIn(kind)) return false;
  state.SkipWithError("not in this build");
  return true;
}

// Batches of 100 puts to 100,000 keys in turn; no checkpoint. Counts entries.
void BM_Write(benchmark::State& state) {
  const auto kind = static_cast<StoreKind>(state.range(0));
  if (Skip(state, kind)) return;
  Place place;
  const auto store = place.Open(kind);
  const std::string value(24, 'v');
  WriteBatch batch;
  int64_t next = 0;
  for (auto _ : state) {
    batch.Clear();
    for (int64_t i = 0; i < kBatchEntries; ++i)
      batch.Put(KeyOf(next++ % 100'000), value);
    batch.SetApplied("log", Offset(next));
    if (!store->Write(batch).ok()) state.SkipWithError("write failed");
  }
  state.SetItemsProcessed(state.iterations() * kBatchEntries);
  state.SetLabel(std::string(NameOf(kind)));
}

// Reads of one of 100,000 entries, spread over all of them.
void BM_Get(benchmark::State& state) {
  const auto kind = static_cast<StoreKind>(state.range(0));
  if (Skip(state, kind)) return;
  Place place;
  const auto store = place.Open(kind);
  Fill(*store, 100'000);
  int64_t next = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(store->Get(KeyOf((next += 7919) % 100'000)));
  state.SetItemsProcessed(state.iterations());
  state.SetLabel(std::string(NameOf(kind)));
}

// Opens a closed store of `entries` and reads one entry. `memory_MiB` is what the process grew by.
void BM_Open(benchmark::State& state) {
  const auto kind = static_cast<StoreKind>(state.range(0));
  if (Skip(state, kind)) return;
  Place place;
  {
    const auto store = place.Open(kind);
    Fill(*store, state.range(1));
    if (!store->Close().ok()) state.SkipWithError("close failed");
  }
  int64_t grown = 0;
  int64_t disk = 0;
  for (auto _ : state) {
    state.PauseTiming();
    malloc_trim(0);  // what filling left free must not hide what opening takes
    const int64_t before = ResidentBytes();
    state.ResumeTiming();
    const auto store = place.Open(kind);
    benchmark::DoNotOptimize(store->Get(KeyOf(state.range(1) / 2)));
    state.PauseTiming();
    grown = std::max(grown, ResidentBytes() - before);
    disk = store->Stats().disk_bytes;
    state.ResumeTiming();
  }
  constexpr double kMiB = 1 << 20;
  state.counters["memory_MiB"] = static_cast<double>(grown) / kMiB;
  state.counters["disk_MiB"] = static_cast<double>(disk) / kMiB;
  state.SetLabel(std::string(NameOf(kind)));
}

constexpr auto kMemory = static_cast<int64_t>(StoreKind::kMemory);
constexpr auto kLogBacked = static_cast<int64_t>(StoreKind::kLogBacked);
constexpr auto kRocksDb = static_cast<int64_t>(StoreKind::kRocksDb);

BENCHMARK(BM_Write)->ArgName("kind")->Arg(kMemory)->Arg(kLogBacked)->Arg(kRocksDb);
BENCHMARK(BM_Get)->ArgName("kind")->Arg(kMemory)->Arg(kLogBacked)->Arg(kRocksDb);
BENCHMARK(BM_Open)
    ->ArgNames({"kind", "entries"})
    ->Args({kLogBacked, 1'000'000})
    ->Args({kRocksDb, 1'000'000})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

}  // namespace
}  // namespace runnel::kv
