#include "log/partition_log.h"

#include "log/log_harness.h"

namespace runnel::log {
namespace {

std::vector<Seen> Values(int count, int first = 0) {
  std::vector<Seen> out;
  for (int i = first; i < count; ++i)
    out.push_back({i, "value-" + std::to_string(i)});
  return out;
}

}  // namespace

TEST_CASE("Records come back in the order and at the offsets they were appended", "[log]") {
  LogHarness harness;
  harness.in_memory = GENERATE(true, false);
  if (!harness.in_memory) harness.files.set_mappable(GENERATE(true, false));
  PartitionLog& log = harness.Open();
  harness.AppendMany(100);
  CHECK(log.end_offset() == Offset(100));
  CHECK(log.high_watermark() == Offset(100));
  CHECK(log.segment_count() > 5);
  CHECK(ReadAll(log) == Values(100));
  CHECK(ReadAll(log, Offset(57)) == Values(100, 57));
  for (int i = 0; i <= 100; ++i) {
    const auto read = log.Read({.offset = Offset(i), .max_bytes = 1});
    REQUIRE(read.ok());
    if (i == 100) {
      CHECK(read->records.empty());
    } else {
      CHECK(RecordsOf(read->records.bytes).at(0).offset == i);
      CHECK(read->next_offset == Offset(i + 1));
    }
  }
  CHECK(CodeOf(log.Read({.offset = Offset(101)})) == ErrorCode::kOffsetOutOfRange);
  CHECK(harness.files.stray_stores() == 0);
}

TEST_CASE("A clean reopening reads no record data and finds everything", "[log][recovery]") {
  LogHarness harness;
  harness.files.set_mappable(GENERATE(true, false));
  harness.Open();
  harness.AppendMany(60);
  PartitionLog& log = harness.Reopen();
  CHECK(harness.recovery.scanned_bytes == 0);
  CHECK(harness.recovery.notes.empty());
  CHECK(log.end_offset() == Offset(60));
  CHECK(log.open_files() == 0);
  CHECK(ReadAll(log) == Values(60));
  harness.AppendMany(60, 60);
  CHECK(ReadAll(log) == Values(120));
  CHECK(ReadAll(harness.Reopen()) == Values(120));
}

TEST_CASE("A crash keeps what was flushed and drops the rest", "[log][recovery]") {
  LogHarness harness;
  harness.Open();
  harness.AppendMany(30);
  REQUIRE(harness.log->Flush().value() == Offset(30));
  harness.options.recovery_point = harness.log->recovery_point();
  harness.AppendMany(20, 30);
  PartitionLog& log = harness.ReopenCrashed();
  CHECK(log.end_offset() == Offset(30));
  CHECK(ReadAll(log) == Values(30));
  harness.AppendMany(10, 30);
  CHECK(ReadAll(log) == Values(40));
}

TEST_CASE("A killed process loses nothing", "[log][recovery]") {
  LogHarness harness;
  harness.files.set_mappable(GENERATE(true, false));
  harness.Open();
  harness.AppendMany(50);
  PartitionLog& log = harness.ReopenKilled();
  CHECK(ReadAll(log) == Values(50));
  CHECK(harness.recovery.truncated_bytes == 0);
  CHECK(ReadAll(harness.ReopenCrashed()) == Values(50));  // what was served is not lost later
}

TEST_CASE("An unused log holds no descriptor, mapping or file", "[log]") {
  LogHarness harness;
  PartitionLog& log = harness.Open();
  CHECK(log.open_files() == 0);
  CHECK(harness.files.open_regions() == 0);
  harness.AppendMany(3);
  REQUIRE(log.Flush().ok());
  CHECK(harness.files.open_regions() == 1);
  REQUIRE(log.ReleaseIdle().ok());
  CHECK(log.open_files() == 0);
  CHECK(harness.files.open_regions() == 0);
  CHECK(ReadAll(log) == Values(3));
  harness.AppendMany(3, 3);
  CHECK(ReadAll(log) == Values(6));
  CHECK(ReadAll(harness.Reopen()) == Values(6));
}

TEST_CASE("A full disk refuses the append and leaves the log as before", "[log]") {
  LogHarness harness;
  harness.files.set_mappable(GENERATE(true, false));
  PartitionLog& log = harness.Open();
  harness.AppendMany(10);
  harness.files.set_capacity_bytes(harness.files.used_bytes() + 700);
  int appended = 10;
  Status status;
  while (appended < 200) {
    status = harness.Append("value-" + std::to_string(appended), appended).status();
    if (!status.ok()) break;
    ++appended;
  }
  CHECK(IsDiskFull(status));
  CHECK(log.end_offset() == Offset(appended));
  CHECK(ReadAll(log) == Values(appended));
  harness.files.set_capacity_bytes(INT64_MAX);
  harness.AppendMany(20, appended);
  CHECK(ReadAll(log) == Values(appended + 20));
  CHECK(ReadAll(harness.Reopen()) == Values(appended + 20));
}

TEST_CASE("A failed sync makes the log read-only with its reason", "[log]") {
  LogHarness harness;
  PartitionLog& log = harness.Open();
  harness.AppendMany(3);
  harness.files.Inject({.only_operation = testing::FileOperation::kSync});
  CHECK(CodeOf(log.Flush()) == ErrorCode::kKafkaStorageError);
  harness.files.ClearFaults();
  CHECK(CodeOf(log.Flush()) == ErrorCode::kKafkaStorageError);
  CHECK(CodeOf(harness.Append("x")) == ErrorCode::kKafkaStorageError);
  CHECK(ReadAll(log) == Values(3));
}

TEST_CASE("With kOnAdvance readers see what the high watermark has passed", "[log]") {
  LogHarness harness(SmallConfig(), Visibility::kOnAdvance);
  harness.in_memory = GENERATE(true, false);
  PartitionLog& log = harness.Open();
  harness.AppendMany(40);
  CHECK(log.high_watermark() == Offset(0));
  CHECK(ReadAll(log).empty());
  CHECK(ReadAll(log, Offset(0), ReadBound::kEnd) == Values(40));
  LogCursor cursor(log, ReadBound::kHighWatermark);
  REQUIRE(cursor.Seek(Offset(0)).ok());
  int seen = 0;
  for (int hw : {1, 2, 17, 18, 30, 40}) {
    REQUIRE(log.AdvanceHighWatermark(Offset(hw)).ok());
    CHECK(log.high_watermark() == Offset(hw));
    CHECK(ReadAll(log) == Values(hw));
    for (auto read = cursor.Read(10000); !read->empty(); read = cursor.Read(10000)) {
      seen += static_cast<int>(RecordsOf(read->bytes).size());
    }
    CHECK(seen == hw);
  }
  CHECK(CodeOf(log.AdvanceHighWatermark(Offset(41))) == ErrorCode::kOffsetOutOfRange);
  CHECK(log.AdvanceHighWatermark(Offset(3)).ok());
  CHECK(log.high_watermark() == Offset(40));
}

TEST_CASE("Segments roll by size, by record time and when an index is full", "[log][roll]") {
  LogHarness harness;
  LogConfig config = SmallConfig();
  config.segment_bytes = 1 << 20;
  SECTION("by time") {
    config.segment_age = std::chrono::milliseconds(100);
    harness.options.config = config;
    PartitionLog& log = harness.Open();
    REQUIRE(harness.Append("a", 0).ok());
    REQUIRE(harness.Append("b", 100).ok());
    CHECK(log.segment_count() == 1);
    REQUIRE(harness.Append("c", 101).ok());
    CHECK(log.segment_count() == 2);
    REQUIRE(harness.Append("d", 50).ok());  // an old record does not
    CHECK(log.segment_count() == 2);
  }
  SECTION("by index") {
    config.index_bytes = 5 * 12;  // 4 time entries and the closing one
    harness.options.config = config;
    PartitionLog& log = harness.Open();
    harness.AppendMany(40);
    CHECK(log.segment_count() > 2);
    for (const auto& segment : log.Segments()) {
      const auto info = harness.directory->Stat("orders-0/" + std::to_string(0));
      (void)info;
      CHECK(segment->size_bytes() < 40 * 80);
    }
    CHECK(ReadAll(harness.Reopen()) == Values(40));
  }
}

TEST_CASE("Retention deletes whole old segments", "[log][retention]") {
  LogHarness harness;
  harness.in_memory = GENERATE(true, false);
  LogConfig config = SmallConfig();
  SECTION("by size") {
    config.retention_bytes = 3000;
    config.retention_age.reset();
    harness.options.config = config;
    PartitionLog& log = harness.Open();
    harness.AppendMany(200);
    const int64_t before = log.size_bytes();
    REQUIRE(log.DeleteOldSegments(At(0)).value() > 0);
    CHECK(log.size_bytes() < before);
    CHECK(log.size_bytes() >= 3000);
    CHECK(log.size_bytes() < 4100);
    CHECK(log.log_start_offset() > Offset(0));
    CHECK(ReadAll(log) == Values(200, static_cast<int>(log.log_start_offset().value())));
    CHECK(CodeOf(log.Read({.offset = Offset(0)})) == ErrorCode::kOffsetOutOfRange);
  }
  SECTION("by age, the active segment too") {
    config.retention_age = std::chrono::milliseconds(50);
    harness.options.config = config;
    PartitionLog& log = harness.Open();
    harness.AppendMany(40);
    REQUIRE(log.DeleteOldSegments(At(1000)).value() > 1);
    CHECK(log.log_start_offset() == Offset(40));
    CHECK(log.size_bytes() == 0);
    harness.AppendMany(3, 40);
    CHECK(ReadAll(log) == Values(43, 40));
  }
  SECTION("by the log start") {
    config.cleanup_delete = false;
    harness.options.config = config;
    PartitionLog& log = harness.Open();
    harness.AppendMany(40);
    REQUIRE(log.DeleteRecordsBefore(Offset(20)).ok());
    CHECK(log.log_start_offset() == Offset(20));
    REQUIRE(log.DeleteOldSegments(At(0)).value() > 0);
    CHECK(log.log_start_offset() == Offset(20));
    CHECK(ReadAll(log) == Values(40, 20));
    CHECK(CodeOf(log.DeleteRecordsBefore(Offset(41))) == ErrorCode::kOffsetOutOfRange);
  }
}

TEST_CASE("A deleted segment stays readable for who holds it, then its files go", "[log]") {
  LogHarness harness;
  LogConfig config = SmallConfig();
  config.retention_age = std::chrono::milliseconds(50);
  harness.options.config = config;
  PartitionLog& log = harness.Open();
  harness.AppendMany(40);
  LogCursor cursor(log, ReadBound::kHighWatermark);
  REQUIRE(cursor.Seek(Offset(0)).ok());
  const auto held = cursor.Read(300);
  const std::string copy(held->bytes);
  const auto segment = log.Segments().front();
  REQUIRE(log.DeleteOldSegments(At(10'000)).value() > 0);
  CHECK(log.RemoveDeletedFiles(At(10'000)).value() == 0);
  CHECK(log.RemoveDeletedFiles(At(10'000 + 60'000)).value() > 0);
  CHECK(held->bytes == copy);
  CHECK(segment->ReadAt(0, 300, segment->size_bytes())->bytes == copy);
  CHECK(CodeOf(cursor.Read(300)) == ErrorCode::kOffsetOutOfRange);
}

TEST_CASE("Truncation cuts a follower's log and appends go on from there", "[log][truncate]") {
  LogHarness harness;
  harness.in_memory = GENERATE(true, false);
  const int target = GENERATE(0, 1, 13, 14, 15, 27, 38, 39, 40, 50);
  PartitionLog& log = harness.Open();
  harness.AppendMany(40);
  LogCursor cursor(log, ReadBound::kHighWatermark);
  REQUIRE(cursor.Seek(Offset(0)).ok());
  std::vector<RecordBytes> held;
  std::vector<std::string> copies;
  for (auto read = cursor.Read(300); !read->empty(); read = cursor.Read(300)) {
    copies.emplace_back(read->bytes);
    held.push_back(*std::move(read));
  }
  REQUIRE(ToString(log.TruncateTo(Offset(target))) == "OK");
  const int end = std::min(target, 40);
  CHECK(log.end_offset() == Offset(end));
  CHECK(log.high_watermark() == Offset(end));
  CHECK(ReadAll(log) == Values(end));
  harness.epoch = LeaderEpoch(1);
  for (int i = end; i < 45; ++i)
    REQUIRE(harness.Append("value-" + std::to_string(i), i).ok());
  CHECK(ReadAll(log) == Values(45));
  for (size_t i = 0; i < held.size(); ++i)
    CHECK(held[i].bytes == copies[i]);
  if (!harness.in_memory) {
    CHECK(ReadAll(harness.ReopenKilled()) == Values(45));
    CHECK(ReadAll(harness.Reopen()) == Values(45));
  }
}

TEST_CASE("Full truncation starts again at any offset", "[log][truncate]") {
  LogHarness harness;
  harness.in_memory = GENERATE(true, false);
  PartitionLog& log = harness.Open();
  harness.AppendMany(40);
  REQUIRE(log.TruncateFullyAndStartAt(Offset(1000)).ok());
  CHECK(log.log_start_offset() == Offset(1000));
  CHECK(log.end_offset() == Offset(1000));
  CHECK(harness.Append("value-1000").value().base_offset == Offset(1000));
  CHECK(ReadAll(log) == Values(1001, 1000));
  if (!harness.in_memory) CHECK(ReadAll(harness.ReopenKilled()) == Values(1001, 1000));
}

TEST_CASE("Offsets are found by time", "[log][time]") {
  LogHarness harness;
  harness.in_memory = GENERATE(true, false);
  PartitionLog& log = harness.Open();
  for (int i = 0; i < 60; ++i) {
    REQUIRE(harness.Append("v", (i * 10) ^ 16).ok());  // slightly out of order
  }
  const auto time_of = [](int i) { return At((i * 10) ^ 16); };
  for (int round = 0; round < 2; ++round) {
    for (int ms = 0; ms < 640; ms += 7) {
      int64_t wanted = -1;
      for (int i = 0; i < 60 && wanted < 0; ++i) {
        if (time_of(i) >= At(ms)) wanted = i;
      }
      CHECK(harness.log->LookupTimestamp(At(ms))->offset == Offset(wanted));
    }
    Offset best(0);
    for (int i = 0; i < 60; ++i) {
      if (time_of(i) > time_of(static_cast<int>(best.value()))) best = Offset(i);
    }
    CHECK(harness.log->LookupMaxTimestamp()->offset == best);
    if (harness.in_memory) break;
    harness.Reopen();
  }
  (void)log;
}

TEST_CASE("Batches are checked, stamped and refused as Kafka does", "[log][append]") {
  LogHarness harness;
  harness.Open();
  const auto result = harness.AppendBatch({.values = {"a", "b", "c"}});
  REQUIRE(ToString(result.status()) == "OK");
  CHECK(result->base_offset == Offset(0));
  CHECK(result->last_offset == Offset(2));
  CHECK(ReadAll(*harness.log) == std::vector<Seen>{{0, "a"}, {1, "b"}, {2, "c"}});

  std::string damaged = MakeBatch({.values = {"d"}});
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  CHECK(CodeOf(harness.log->Append(damaged, {.now = At(0)})) == ErrorCode::kCorruptMessage);
  CHECK(CodeOf(harness.AppendBatch({.values = {std::string(1000, 'x')}})) ==
        ErrorCode::kRecordListTooLarge);
  LogConfig config = SmallConfig();
  config.max_message_bytes = 100;
  REQUIRE(harness.log->SetConfig(config).ok());
  CHECK(CodeOf(harness.AppendBatch({.values = {std::string(100, 'x')}})) ==
        ErrorCode::kMessageTooLarge);
  CHECK(CodeOf(harness.Append(std::string(100, 'x'))) == ErrorCode::kMessageTooLarge);
  CHECK(harness.log->end_offset() == Offset(3));
}

TEST_CASE("LogAppendTime stamps every record with the time of the append", "[log][append]") {
  LogHarness harness;
  LogConfig config = SmallConfig();
  config.timestamp_type = TimestampType::kLogAppendTime;
  harness.options.config = config;
  PartitionLog& log = harness.Open();
  const auto first = log.AppendRecord({.timestamp = At(5), .value = "a"}, {.now = At(77)});
  CHECK(first->append_time == At(77));
  const auto second = log.Append(MakeBatch({.values = {"b", "c"}}), {.now = At(88)});
  CHECK(second->append_time == At(88));
  const auto read = log.Read({.offset = Offset(0)});
  const auto batch = record::BatchView::Parse(read->records.bytes);
  CHECK(batch->timestamp_type() == TimestampType::kLogAppendTime);
  CHECK(batch->max_timestamp() == At(77));
  CHECK(batch->IsCrcValid());
  CHECK(log.LookupTimestamp(At(80))->offset == Offset(1));
}

TEST_CASE("A topic that compresses stores compressed batches", "[log][append]") {
  LogHarness harness;
  LogConfig config = SmallConfig();
  config.compression = CompressionType::kLz4;
  harness.options.config = config;
  PartitionLog& log = harness.Open();
  REQUIRE(harness.Append(std::string(300, 'x')).ok());
  REQUIRE(harness.AppendBatch({.values = {std::string(300, 'y'), "z"}}).ok());
  const auto read = log.Read({.offset = Offset(0)});
  CHECK(record::BatchView::Parse(read->records.bytes)->compression() == CompressionType::kLz4);
  const auto all = ReadAll(log);
  REQUIRE(all.size() == 3);
  CHECK(all[1].value == std::string(300, 'y'));
}

TEST_CASE("Many records become one batch, in place or not", "[log][append]") {
  LogHarness harness;
  harness.in_memory = GENERATE(true, false);
  LogConfig config = SmallConfig();
  if (GENERATE(true, false)) config.compression = CompressionType::kLz4;
  harness.options.config = config;
  PartitionLog& log = harness.Open();
  std::vector<Seen> expected;
  for (int round = 0; round < 30; ++round) {
    std::vector<std::string> values;
    for (int i = 0; i < 1 + round % 7; ++i)
      values.push_back(std::to_string(round * 10 + i));
    std::vector<record::RecordFields> records;
    for (const std::string& value : values) {
      expected.push_back({static_cast<int64_t>(expected.size()), value});
      records.push_back({.key = "k", .value = value});
    }
    const auto result = log.AppendRecords(records, {.now = At(round)});
    REQUIRE(ToString(result.status()) == "OK");
    CHECK(result->last_offset == Offset(static_cast<int64_t>(expected.size()) - 1));
    CHECK(log.LookupTimestamp(At(round))->offset == result->base_offset);
  }
  CHECK(ReadAll(log) == expected);
  const std::vector<record::RecordFields> large(200, {.key = "k", .value = "0123456789"});
  CHECK(CodeOf(log.AppendRecords(large, {.now = At(50)})) ==
        (config.compression ? ErrorCode::kNone : ErrorCode::kRecordListTooLarge));
}

}  // namespace runnel::log
