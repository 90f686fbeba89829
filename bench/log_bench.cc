// What one partition's log costs per record and per batch, with the raw operations beside it.
//
// Everything runs on one thread. Segments of 1 GiB; memory logs drop all but the newest ones, file
// logs lie in the working directory's `log_bench.tmp`, which must be on a disk for the sync figures
// to mean anything. `items` are records.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "base/files.h"
#include "base/memory_region.h"
#include "base/status.h"
#include "log/partition_log.h"
#include "record/batch_builder.h"
#include "record/record_iterator.h"
#include "runnel/executor.h"

namespace runnel::log {
namespace {

enum class Place { kMemory, kFile };

Timestamp Now() {
  return Timestamp(std::chrono::milliseconds(1'700'000'000'000));
}

// A log in a folder of its own that is removed at the end.
struct BenchLog {
  explicit BenchLog(Place place, int64_t segment_bytes = int64_t{1} << 28) {
    executor = Executor::Threaded(Clock::System());
    if (place == Place::kFile) {
      directory = *FileSystem::System().OpenDirectory("log_bench.tmp", DirectoryMode::kCreate);
      base::IgnoreError(base::RemoveTree(*directory, "bench-0"), "nothing there");
    }
    LogConfig config;
    config.segment_bytes = segment_bytes;
    config.retention_bytes = 2 * segment_bytes;
    config.delete_delay = {};
    log = *PartitionLog::Open({.directory = directory.get(),
                               .clock = &Clock::System(),
                               .executor = executor.get(),
                               .random = &Random::System()},
                              {.name = "bench-0", .config = config});
  }
  ~BenchLog() {
    log.reset();
    executor.reset();
    if (directory != nullptr) base::IgnoreError(base::RemoveTree(*directory, "bench-0"), "temp");
  }
  void Trim() {
    base::IgnoreError(log->DeleteOldSegments(Now()).status(), "space only");
    base::IgnoreError(log->RemoveDeletedFiles(Now()).status(), "space only");
  }

  std::unique_ptr<Executor> executor;
  std::unique_ptr<Directory> directory;
  std::unique_ptr<PartitionLog> log;
};

std::string MakeBatch(int64_t count, int64_t value_bytes) {
  record::BatchBuilder builder({});
  const std::string value(static_cast<size_t>(value_bytes), 'v');
  for (int64_t i = 0; i < count; ++i)
    builder.TryAppend({.timestamp = Now(), .value = value});
  return std::string(*builder.Finish());
}

void Trimmed(benchmark::State& state, BenchLog& bench, int64_t& since, int64_t bytes) {
  if ((since += bytes) < (int64_t{1} << 27)) return;
  since = 0;
  state.PauseTiming();
  bench.Trim();
  state.ResumeTiming();
}

// One record of `value_bytes` at a time, built at the tail and visible on return.
void BM_AppendRecord(benchmark::State& state, Place place) {
  BenchLog bench(place);
  const std::string value(static_cast<size_t>(state.range(0)), 'v');
  const AppendOptions options{.leader_epoch = LeaderEpoch(0), .now = Now()};
  const record::RecordFields record{.timestamp = Now(), .value = value};
  int64_t since = 0;
  for (auto _ : state) {
    if (!bench.log->AppendRecord(record, options).ok()) state.SkipWithError("append failed");
    Trimmed(state, bench, since, state.range(0) + 70);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(BM_AppendRecord, memory, Place::kMemory)->Arg(100)->Arg(1024);
BENCHMARK_CAPTURE(BM_AppendRecord, file, Place::kFile)->Arg(100)->Arg(1024);

// A built batch of `records` x `value_bytes`, trusted (a client in this process) or checked.
void BM_AppendBatch(benchmark::State& state, Place place, Trust trust) {
  BenchLog bench(place);
  const std::string batch = MakeBatch(state.range(0), state.range(1));
  const AppendOptions options{.trust = trust, .leader_epoch = LeaderEpoch(0), .now = Now()};
  int64_t since = 0;
  for (auto _ : state) {
    if (!bench.log->Append(batch, options).ok()) state.SkipWithError("append failed");
    Trimmed(state, bench, since, static_cast<int64_t>(batch.size()));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(batch.size()));
}
BENCHMARK_CAPTURE(BM_AppendBatch, memory_trusted, Place::kMemory, Trust::kTrusted)
    ->Args({100, 100})
    ->Args({100, 1024});
BENCHMARK_CAPTURE(BM_AppendBatch, memory_checked, Place::kMemory, Trust::kUntrusted)
    ->Args({100, 100});
BENCHMARK_CAPTURE(BM_AppendBatch, file_trusted, Place::kFile, Trust::kTrusted)
    ->Args({100, 100})
    ->Args({100, 1024});

// Many records given as fields: built into one batch and appended.
void BM_AppendRecords(benchmark::State& state, Place place) {
  BenchLog bench(place);
  const std::string value(100, 'v');
  const std::vector<record::RecordFields> records(static_cast<size_t>(state.range(0)),
                                                  {.timestamp = Now(), .value = value});
  const AppendOptions options{.leader_epoch = LeaderEpoch(0), .now = Now()};
  int64_t since = 0;
  for (auto _ : state) {
    if (!bench.log->AppendRecords(records, options).ok()) state.SkipWithError("append failed");
    Trimmed(state, bench, since, state.range(0) * 107);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(BM_AppendRecords, memory, Place::kMemory)->Arg(100);
BENCHMARK_CAPTURE(BM_AppendRecords, file, Place::kFile)->Arg(100);

// Reads 64 MiB of batches through a cursor: at the tail (memory) or back from the file, where each
// batch's checksum is verified. `decode` walks the records as a consumer does.
void BM_Read(benchmark::State& state, Place place, bool decode) {
  BenchLog bench(place);
  const std::string batch = MakeBatch(100, 100);
  const AppendOptions options{
      .trust = Trust::kTrusted, .leader_epoch = LeaderEpoch(0), .now = Now()};
  const int64_t batches = (int64_t{1} << 26) / static_cast<int64_t>(batch.size());
  for (int64_t i = 0; i < batches; ++i)
    base::IgnoreError(bench.log->Append(batch, options).status(), "");
  if (place == Place::kFile) base::IgnoreError(bench.log->ReleaseIdle(), "from disk then");
  for (auto _ : state) {
    LogCursor cursor(*bench.log, ReadBound::kHighWatermark);
    base::IgnoreError(cursor.Seek(Offset(0)), "it is there");
    int64_t seen = 0;
    while (true) {
      const auto read = cursor.Read(1 << 20);
      if (!read.ok() || read->empty()) break;
      if (!decode) continue;
      for (std::string_view bytes = read->bytes; !bytes.empty();) {
        const auto view = record::BatchView::FromTrusted(bytes.data());
        record::RecordIterator iterator(view, view.records());
        for (record::RecordView record; iterator.Next(record);)
          seen += record.value->size() > 0;
        bytes.remove_prefix(static_cast<size_t>(view.size_bytes()));
      }
    }
    benchmark::DoNotOptimize(seen);
  }
  state.SetItemsProcessed(state.iterations() * batches * 100);
  state.SetBytesProcessed(state.iterations() * batches * static_cast<int64_t>(batch.size()));
}
BENCHMARK_CAPTURE(BM_Read, memory, Place::kMemory, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Read, memory_decoded, Place::kMemory, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Read, file_checked, Place::kFile, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Read, file_checked_decoded, Place::kFile, true)->Unit(benchmark::kMillisecond);

// One record, then a reader at the tail that takes it: the cost of a hand-over without threads.
void BM_AppendThenRead(benchmark::State& state) {
  BenchLog bench(Place::kMemory);
  LogCursor cursor(*bench.log, ReadBound::kHighWatermark);
  base::IgnoreError(cursor.Seek(Offset(0)), "it is there");
  const std::string value(100, 'v');
  const AppendOptions options{.leader_epoch = LeaderEpoch(0), .now = Now()};
  int64_t since = 0;
  for (auto _ : state) {
    base::IgnoreError(
        bench.log->AppendRecord({.timestamp = Now(), .value = value}, options).status(), "");
    if (cursor.Read(1 << 20)->empty()) state.SkipWithError("nothing read");
    Trimmed(state, bench, since, 170);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_AppendThenRead);

// Append one record of 100 bytes and make it durable; and the bare system calls below.
void BM_AppendFlush(benchmark::State& state) {
  BenchLog bench(Place::kFile);
  const std::string value(100, 'v');
  const AppendOptions options{.leader_epoch = LeaderEpoch(0), .now = Now()};
  for (auto _ : state) {
    base::IgnoreError(
        bench.log->AppendRecord({.timestamp = Now(), .value = value}, options).status(), "");
    if (!bench.log->Flush().ok()) state.SkipWithError("flush failed");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_AppendFlush)->Unit(benchmark::kMicrosecond)->UseRealTime();

// fdatasync after a pwrite of 170 bytes into space allocated before.
void BM_RawWriteSync(benchmark::State& state) {
  BenchLog bench(Place::kFile);
  auto file = *bench.directory->OpenFile("raw", OpenMode::kCreate);
  base::IgnoreError(file->Allocate(16 << 20), "");
  base::IgnoreError(file->Sync(), "");
  const std::string bytes(170, 'v');
  int64_t position = 0;
  for (auto _ : state) {
    base::IgnoreError(file->Write(position, bytes), "");
    if (!file->Sync().ok()) state.SkipWithError("sync failed");
    position = (position + 170) % (15 << 20);
  }
  state.SetItemsProcessed(state.iterations());
  base::IgnoreError(bench.directory->Remove("raw"), "");
}
BENCHMARK(BM_RawWriteSync)->Unit(benchmark::kMicrosecond)->UseRealTime();

// Memory copy and checksum of one 170-byte batch, streaming through 256 MiB: what an append of one
// record cannot avoid.
void BM_RawCopyCrc(benchmark::State& state) {
  auto region = *base::MemoryRegion::Reserve(int64_t{1} << 28);
  const std::string bytes(170, 'v');
  int64_t position = 0;
  for (auto _ : state) {
    std::memcpy(region.data() + position, bytes.data(), bytes.size());
    benchmark::DoNotOptimize(base::Crc32c({region.data() + position, bytes.size()}));
    position = (position + 170) % ((int64_t{1} << 28) - 170);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_RawCopyCrc);

// Opens a log of 16 segments that was closed cleanly.
void BM_OpenClean(benchmark::State& state) {
  BenchLog bench(Place::kFile, 1 << 20);
  const std::string batch = MakeBatch(100, 100);
  const AppendOptions options{
      .trust = Trust::kTrusted, .leader_epoch = LeaderEpoch(0), .now = Now()};
  for (int i = 0; i < 1500; ++i)
    base::IgnoreError(bench.log->Append(batch, options).status(), "");
  base::IgnoreError(bench.log->Close(), "");
  for (auto _ : state) {
    const auto log = PartitionLog::Open({.directory = bench.directory.get(),
                                         .clock = &Clock::System(),
                                         .random = &Random::System()},
                                        {.name = "bench-0", .clean_shutdown = true});
    if (!log.ok() || (*log)->end_offset() != Offset(150'000)) state.SkipWithError("open failed");
  }
}
BENCHMARK(BM_OpenClean)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace runnel::log
