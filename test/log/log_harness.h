// A log on a simulated file system, and small verbs to use it.
#pragma once

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/partition_log.h"
#include "log/read_buffer_pool.h"
#include "record/batch_builder.h"
#include "record/record_iterator.h"
#include "runnel/testing/manual_clock.h"
#include "runnel/testing/sim_file_system.h"

namespace runnel::log {

inline Timestamp At(int64_t ms) {
  return Timestamp(std::chrono::milliseconds(1'700'000'000'000 + ms));
}

// Small segments and steps, so that a few records make many of everything.
inline LogConfig SmallConfig() {
  LogConfig config;
  config.segment_bytes = 1000;
  config.index_interval_bytes = 150;
  config.allocate_step_min = 512;
  config.allocate_step_max = 1024;
  return config;
}

// A record as a test sees it.
struct Seen {
  int64_t offset = 0;
  std::string value;
  friend bool operator==(const Seen&, const Seen&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
    return out << seen.offset << ':' << seen.value;
  }
};

inline std::vector<Seen> RecordsOf(std::string_view bytes) {
  static record::Codecs codecs;
  std::vector<Seen> out;
  while (!bytes.empty()) {
    const auto batch = record::BatchView::Parse(bytes);
    REQUIRE(batch.ok());
    REQUIRE(batch->IsCrcValid());
    bytes.remove_prefix(static_cast<size_t>(batch->size_bytes()));
    if (batch->is_control()) continue;
    record::Buffer buffer;
    const auto records = record::InflateRecords(*batch, &codecs, buffer);
    REQUIRE(records.ok());
    record::RecordIterator iterator(*batch, *records);
    for (record::RecordView record; iterator.Next(record);) {
      out.push_back({record.offset.value(), std::string(record.value.value_or("(null)"))});
    }
    REQUIRE(iterator.status().ok());
  }
  return out;
}

// Reads everything from `offset` to the bound through a cursor.
inline StatusOr<std::vector<Seen>> TryReadAll(PartitionLog& log, Offset offset,
                                              ReadBound bound = ReadBound::kHighWatermark,
                                              int64_t max_bytes = 400) {
  std::vector<Seen> out;
  LogCursor cursor(log, bound);
  if (const Status status = cursor.Seek(offset); !status.ok()) return status;
  while (true) {
    const auto read = cursor.Read(max_bytes);
    if (!read.ok()) return read.status();
    if (read->empty()) return out;
    for (Seen& seen : RecordsOf(read->bytes)) {
      if (seen.offset >= offset.value()) out.push_back(std::move(seen));
    }
  }
}
inline std::vector<Seen> ReadAll(PartitionLog& log, Offset offset,
                                 ReadBound bound = ReadBound::kHighWatermark) {
  auto records = TryReadAll(log, offset, bound);
  REQUIRE(ToString(records.status()) == "OK");
  return *std::move(records);
}
inline std::vector<Seen> ReadAll(PartitionLog& log) {
  return ReadAll(log, log.log_start_offset());
}

// A batch as a client sends it.
struct BatchSpec {
  std::vector<std::string> values = {};
  int64_t producer_id = -1;
  int16_t epoch = -1;
  int32_t sequence = -1;
  bool transactional = false;
  CompressionType compression = CompressionType::kNone;
  int64_t time_ms = 0;
};
inline std::string MakeBatch(const BatchSpec& spec) {
  static record::Codecs codecs;
  record::BatchBuilder builder({.compression = spec.compression,
                                .producer_id = ProducerId(spec.producer_id),
                                .producer_epoch = spec.epoch,
                                .base_sequence = spec.sequence,
                                .is_transactional = spec.transactional},
                               &codecs);
  for (const std::string& value : spec.values) {
    REQUIRE(builder.TryAppend({.timestamp = At(spec.time_ms), .key = "k", .value = value}));
  }
  const auto bytes = builder.Finish();
  REQUIRE(bytes.ok());
  return std::string(*bytes);
}

// One log in one directory, which may be closed, killed and opened again.
class LogHarness {
 public:
  explicit LogHarness(LogConfig config = SmallConfig(),
                      Visibility visibility = Visibility::kOnAppend) {
    options.name = "orders-0";
    options.config = config;
    options.visibility = visibility;
    directory = *files.OpenDirectory("data", DirectoryMode::kCreate);
  }

  LogDeps deps() {
    return {.directory = in_memory ? nullptr : directory.get(),
            .clock = &clock,
            .random = random.get(),
            .buffers = &buffers};
  }
  StatusOr<std::unique_ptr<PartitionLog>> TryOpen() {
    recovery = LogRecovery();
    return PartitionLog::Open(deps(), options, &recovery);
  }
  PartitionLog& Open() {
    log.reset();
    auto opened = TryOpen();
    REQUIRE(ToString(opened.status()) == "OK");
    log = *std::move(opened);
    return *log;
  }
  // Closes and opens as after a clean shutdown.
  PartitionLog& Reopen() {
    REQUIRE(ToString(log->Close()) == "OK");
    options.clean_shutdown = true;
    Open();
    options.clean_shutdown = false;
    return *log;
  }
  // Opens after the process was killed.
  PartitionLog& ReopenKilled() {
    log.reset();
    files.KillProcess();
    directory = *files.OpenDirectory("data", DirectoryMode::kCreate);
    return Open();
  }
  // Opens after a power loss.
  PartitionLog& ReopenCrashed(std::optional<uint64_t> seed = std::nullopt) {
    log.reset();
    if (seed.has_value()) {
      files.Crash(*seed);
    } else {
      files.Crash();
    }
    directory = *files.OpenDirectory("data", DirectoryMode::kCreate);
    return Open();
  }

  // Appends one record; its offset.
  StatusOr<AppendResult> Append(std::string_view value, int64_t time_ms = 0) {
    return log->AppendRecord({.timestamp = At(time_ms), .key = "k", .value = value},
                             {.leader_epoch = epoch, .now = At(time_ms)});
  }
  void AppendMany(int count, int first = 0) {
    for (int i = first; i < first + count; ++i) {
      REQUIRE(ToString(Append("value-" + std::to_string(i), i).status()) == "OK");
    }
  }
  StatusOr<AppendResult> AppendBatch(const BatchSpec& spec) {
    return log->Append(MakeBatch(spec), {.leader_epoch = epoch, .now = At(spec.time_ms)});
  }

  testing::ManualClock clock;
  testing::SimFileSystem files{clock};
  std::unique_ptr<Random> random = Random::Seeded(1);
  ReadBufferPool buffers;
  std::unique_ptr<Directory> directory;
  bool in_memory = false;
  LeaderEpoch epoch{0};
  LogOpenOptions options;
  LogRecovery recovery;
  std::unique_ptr<PartitionLog> log;
};

}  // namespace runnel::log
