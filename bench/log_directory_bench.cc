// Data directories of many partitions: opening lazily, writing checkpoints when something moved and
// when nothing did; and compaction of a log with many versions of few keys.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/strings.h"
#include "log/cleaner.h"
#include "log/log_directory.h"
#include "record/batch_builder.h"
#include "runnel/environment.h"

namespace runnel::log {
namespace {

class Place {
 public:
  Place() {
    path_ = std::filesystem::temp_directory_path() / "runnel-directory-bench-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::unique_ptr<LogDirectory> Open() {
    return LogDirectory::Open({.files = &FileSystem::System(),
                               .clock = &Clock::System(),
                               .executor = executor_.get(),
                               .random = &Random::System(),
                               .logger = &Logger::None()},
                              {.path = path_})
        .value();
  }

 private:
  std::string path_;
  std::unique_ptr<Executor> executor_ = Executor::Threaded(Clock::System());
};

void BM_OpenLazily(benchmark::State& state) {
  Place place;
  {
    const auto directory = place.Open();
    OffsetMap offsets;
    for (int32_t i = 0; i < state.range(0); ++i) {
      const TopicPartition partition{"events", i};
      const Status made = directory->directory().CreateDirectory(PartitionFolder(partition));
      const Status adopted = directory->Adopt(partition);
      if (!made.ok() || !adopted.ok()) state.SkipWithError("no folder");
      offsets[partition] = Offset(i);
    }
    for (const auto file : {kRecoveryPointFile, kHighWatermarkFile}) {
      if (!WriteOffsetCheckpoint(directory->directory(), file, offsets).ok()) {
        state.SkipWithError("no checkpoint");
      }
    }
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(place.Open());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_OpenLazily)
    ->ArgName("partitions")
    ->Arg(1000)
    ->Arg(10'000)
    ->Iterations(10)
    ->Unit(benchmark::kMillisecond);

// Compacts 64 MiB of 100-byte values in batches of 100 records in memory, so that disks do not
// count. Counts bytes read.
void BM_Compact(benchmark::State& state) {
  record::Codecs codecs;
  const std::string value(100, 'v');
  int64_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    LogConfig config;
    config.segment_bytes = 8 << 20;
    config.cleanup_compact = true;
    auto log = PartitionLog::Open({.clock = &Clock::System(), .random = &Random::System()},
                                  {.name = "bench-0", .config = config})
                   .value();
    record::BatchBuilder builder({}, &codecs);
    int64_t next = 0;
    while (log->size_bytes() < (64 << 20)) {
      builder.Reset({});
      for (int i = 0; i < 100; ++i, ++next) {
        builder.TryAppend({.timestamp = Timestamp(),
                           .key = base::StrCat("key-", next * 7919 % state.range(0)),
                           .value = value});
      }
      if (!log->Append(builder.Finish().value(), {.now = Timestamp()}).ok()) {
        state.SkipWithError("append failed");
        return;
      }
    }
    Cleaner cleaner({}, codecs);
    state.ResumeTiming();
    const auto range = cleaner.Examine(*log, std::nullopt, Timestamp());
    const auto result = cleaner.Clean(*log, *range, Timestamp());
    if (!result.ok()) {
      state.SkipWithError(ToString(result.status()).c_str());
      return;
    }
    bytes += result->bytes_before;
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(BM_Compact)->ArgName("keys")->Arg(100)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace runnel::log
