// One writer and several readers at once: meant for the thread sanitizer.
#include <atomic>
#include <thread>

#include "log/log_harness.h"
#include "support/temp_dir.h"

namespace runnel::log {
namespace {

constexpr int kRecords = 4000;

// Reads from the start until everything was seen; counts what is out of order.
void Follow(PartitionLog& log, ReadBound bound, std::atomic<int>& wrong) {
  LogCursor cursor(log, bound);
  if (!cursor.Seek(Offset(0)).ok()) ++wrong;
  int64_t next = 0;
  while (next < kRecords && wrong == 0) {
    const auto read = cursor.Read(1 << 16);
    if (!read.ok()) {
      ++wrong;
      return;
    }
    std::string_view bytes = read->bytes;
    if (bytes.empty()) std::this_thread::yield();
    while (!bytes.empty()) {
      const auto batch = record::BatchView::FromTrusted(bytes.data());
      if (batch.base_offset() != Offset(next) || !batch.IsCrcValid()) ++wrong;
      next = batch.next_offset().value();
      bytes.remove_prefix(static_cast<size_t>(batch.size_bytes()));
    }
  }
}

}  // namespace

TEST_CASE("Readers follow a writer through rolls and flushes", "[log][threads]") {
  const bool in_memory = GENERATE(true, false);
  const Visibility visibility = GENERATE(Visibility::kOnAppend, Visibility::kOnAdvance);
  testing::TempDir temp;
  const auto directory = temp.Open();
  LogConfig config = SmallConfig();
  config.segment_bytes = 20'000;
  config.allocate_step_min = 4096;
  config.allocate_step_max = 8192;
  auto log = *PartitionLog::Open({.directory = in_memory ? nullptr : directory.get(),
                                  .clock = &Clock::System(),
                                  .random = &Random::System()},
                                 {.name = "t-0", .config = config, .visibility = visibility});
  std::atomic<int> wrong{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  threads.emplace_back([&] { Follow(*log, ReadBound::kHighWatermark, wrong); });
  threads.emplace_back([&] { Follow(*log, ReadBound::kEnd, wrong); });
  threads.emplace_back([&] { Follow(*log, ReadBound::kLastStable, wrong); });
  threads.emplace_back([&] {  // the syncer
    while (!done) {
      const auto end = log->Flush();
      if (!end.ok()) ++wrong;
      if (visibility == Visibility::kOnAdvance) {
        const Offset visible = in_memory ? log->end_offset() : end.value();
        if (!log->AdvanceHighWatermark(visible).ok()) ++wrong;
      }
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < kRecords; ++i) {
    const auto result = log->AppendRecord({.timestamp = At(i), .key = "k", .value = "some value"},
                                          {.leader_epoch = LeaderEpoch(0), .now = At(i)});
    if (!result.ok() || result->base_offset != Offset(i)) ++wrong;
  }
  for (int i = 0; i < 3; ++i)
    threads[static_cast<size_t>(i)].join();
  done = true;
  threads.back().join();
  CHECK(wrong == 0);
  CHECK(log->end_offset() == Offset(kRecords));
  CHECK(log->Close().ok());
}

TEST_CASE("Readers are undisturbed by retention and truncation", "[log][threads]") {
  LogHarness harness;
  harness.in_memory = GENERATE(true, false);
  harness.options.config.retention_bytes = 5000;
  PartitionLog& log = harness.Open();
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::thread reader([&] {
    LogCursor cursor(log, ReadBound::kHighWatermark);
    while (!done) {
      if (!cursor.Seek(std::max(log.log_start_offset(), log.end_offset() - 40)).ok()) continue;
      for (int i = 0; i < 20; ++i) {
        const auto read = cursor.Read(500);
        if (!read.ok()) {
          if (CodeOf(read) != ErrorCode::kOffsetOutOfRange) ++wrong;
          break;
        }
        for (std::string_view bytes = read->bytes; !bytes.empty();) {
          const auto batch = record::BatchView::FromTrusted(bytes.data());
          if (!batch.IsCrcValid()) ++wrong;
          bytes.remove_prefix(static_cast<size_t>(batch.size_bytes()));
        }
      }
    }
  });
  for (int i = 0; i < 1500; ++i) {
    if (!harness.Append("value", i).ok()) ++wrong;
    if (i % 50 == 0 && !log.DeleteOldSegments(At(i)).ok()) ++wrong;
    if (i % 70 == 9 && !log.TruncateTo(log.end_offset() - 2).ok()) ++wrong;
  }
  done = true;
  reader.join();
  CHECK(wrong == 0);
}

}  // namespace runnel::log
