#include "log/cleaner.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/strings.h"
#include "log_harness.h"
#include "record/batch_reader.h"
#include "runnel/random.h"
#include "support/shared_files.h"
#include "support/status.h"

namespace runnel::log {
namespace {

using base::StrCat;
using testing::SimFileSystem;

struct Kv {
  int64_t offset = 0;
  std::string key;
  std::optional<std::string> value;
  friend bool operator==(const Kv&, const Kv&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Kv& kv) {
    return out << kv.offset << ':' << kv.key << '=' << kv.value.value_or("(gone)");
  }
};
using Kvs = std::vector<Kv>;

// All data records, aborted ones included, and optionally the bare batches.
Kvs ReadKvs(PartitionLog& log, std::vector<record::BatchHeader>* batches = nullptr,
            std::string* storage = nullptr) {
  static record::Codecs codecs;
  Kvs kvs;
  LogCursor cursor(log, ReadBound::kEnd);
  REQUIRE_OK(cursor.Seek(log.log_start_offset()));
  while (true) {
    const auto read = cursor.Read(1 << 20);
    REQUIRE_OK(read);
    if (read->empty()) break;
    if (storage != nullptr) storage->append(read->bytes);
    record::BatchReader reader(read->bytes, record::CrcCheck::kVerify);
    while (reader.Next()) {
      if (reader.batch().is_control()) continue;
      record::Buffer buffer;
      const auto records = record::InflateRecords(reader.batch(), &codecs, buffer);
      REQUIRE_OK(records);
      record::RecordIterator iterator(reader.batch(), *records);
      for (record::RecordView record; iterator.Next(record);) {
        kvs.push_back(
            {record.offset.value(), std::string(record.key.value_or("(none)")),
             record.value.has_value() ? std::optional(std::string(*record.value)) : std::nullopt});
      }
      REQUIRE_OK(iterator.status());
    }
    REQUIRE_OK(reader.status());
  }
  if (batches != nullptr && storage != nullptr) {
    record::BatchReader reader(*storage, record::CrcCheck::kSkip);
    while (reader.Next())
      batches->push_back(record::BatchHeader::FromTrusted(reader.batch().data()));
  }
  return kvs;
}

LogConfig CompactConfig() {
  LogConfig config = SmallConfig();
  config.cleanup_compact = true;
  config.cleanup_delete = false;
  config.tombstone_retention = std::chrono::milliseconds(1000);
  return config;
}

struct Bench {
  explicit Bench(LogConfig config = CompactConfig(), bool in_memory = false)
      : harness(config), cleaner({.dedupe_buffer_bytes = 1 << 20}, codecs) {
    harness.in_memory = in_memory;
    harness.Open();
  }

  // Appends records as one batch.
  AppendResult Put(const std::vector<std::pair<std::string, std::optional<std::string>>>& records,
                   record::BatchOptions options = {}, int64_t time_ms = 0) {
    record::BatchBuilder builder(options, &codecs);
    for (const auto& [key, value] : records) {
      REQUIRE(builder.TryAppend(
          {.timestamp = At(time_ms),
           .key = key,
           .value = value.has_value() ? std::optional<std::string_view>(*value) : std::nullopt}));
    }
    const auto bytes = builder.Finish();
    REQUIRE_OK(bytes);
    const auto result = log().Append(*bytes, {.leader_epoch = LeaderEpoch(0), .now = At(time_ms)});
    REQUIRE_OK(result);
    return *result;
  }
  void End(int64_t producer, int16_t epoch, bool commit) {
    REQUIRE_OK(log().AppendControl(
        {.producer_id = ProducerId(producer), .producer_epoch = epoch, .commit = commit},
        {.now = At(0)}));
  }
  CleanResult Clean(int64_t now_ms = 0) {
    const auto range = cleaner.Examine(log(), first_dirty, At(now_ms));
    REQUIRE_OK(range);
    const auto result = cleaner.Clean(log(), *range, At(now_ms));
    REQUIRE_OK(result);
    first_dirty = result->first_dirty;
    return *result;
  }
  PartitionLog& log() { return *harness.log; }

  LogHarness harness;
  record::Codecs codecs;
  Cleaner cleaner;
  std::optional<Offset> first_dirty;
};

// What is left when only the newest record of each key below `end` is kept.
Kvs Compacted(const Kvs& all, int64_t end, bool keep_tombstones) {
  std::map<std::string, int64_t> newest;
  for (const Kv& kv : all) {
    if (kv.offset < end) newest[kv.key] = kv.offset;
  }
  Kvs left;
  for (const Kv& kv : all) {
    const bool keep = kv.offset >= end ||
                      (newest[kv.key] == kv.offset && (keep_tombstones || kv.value.has_value()));
    if (keep) left.push_back(kv);
  }
  return left;
}

TEST_CASE("The offset map holds what fits and says when it is full", "[log][cleaner]") {
  OffsetMap128 map(24 * 5000);
  CHECK(map.max_size() == 4500);
  for (int i = 0; i < 4500; ++i)
    REQUIRE(map.Put(StrCat("key-", i), Offset(i)));
  CHECK_FALSE(map.Put("one more", Offset(1)));
  CHECK(map.Put("key-7", Offset(9999)));
  CHECK(map.Get("key-7") == Offset(9999));
  for (int i = 8; i < 4500; ++i)
    REQUIRE(map.Get(StrCat("key-", i)) == Offset(i));
  CHECK(map.Get("one more") == kNoOffset);
  CHECK(map.Put("", Offset(5)) == false);
  map.Clear();
  CHECK(map.size() == 0);
  CHECK(map.Put("", Offset(5)));
  CHECK(map.Get("") == Offset(5));
}

TEST_CASE("Compaction keeps the newest record of each key and the active segment",
          "[log][cleaner]") {
  Bench bench(CompactConfig(), GENERATE(false, true));
  for (int i = 0; i < 60; ++i)
    bench.Put({{StrCat("k", i % 7), StrCat("v", i)}});
  const Kvs before = ReadKvs(bench.log());
  const Offset active = bench.log().Segments().back()->base_offset();
  const CleanResult result = bench.Clean();
  CHECK(result.first_dirty == active);
  CHECK(result.bytes_after < result.bytes_before);
  CHECK(ReadKvs(bench.log()) == Compacted(before, active.value(), true));
  bench.first_dirty.reset();
  const CleanResult again = bench.Clean();  // what shrank now fits together
  CHECK(again.segments_after < again.segments_before);
  CHECK(ReadKvs(bench.log()) == Compacted(before, active.value(), true));
  CHECK(bench.log().end_offset() == Offset(60));
  if (bench.harness.in_memory) return;
  REQUIRE_OK(bench.log().Flush());
  const Kvs cleaned = ReadKvs(bench.log());
  bench.harness.Reopen();
  CHECK(ReadKvs(bench.log()) == cleaned);
  bench.harness.ReopenCrashed();
  CHECK(ReadKvs(bench.log()) == cleaned);
}

TEST_CASE("A second pass without new records changes nothing", "[log][cleaner]") {
  Bench bench;
  for (int i = 0; i < 60; ++i)
    bench.Put({{StrCat("k", i % 7), StrCat("v", i)}});
  bench.Clean();
  std::string first;
  ReadKvs(bench.log(), nullptr, &first);
  const auto range = bench.cleaner.Examine(bench.log(), bench.first_dirty, At(0));
  CHECK_FALSE(range->IsDue(bench.log().config()));
  CHECK(range->dirty_bytes == 0);
  bench.first_dirty.reset();  // as when the checkpoint was lost
  bench.Clean();
  std::string second;
  ReadKvs(bench.log(), nullptr, &second);
  CHECK(first == second);
}

TEST_CASE("Tombstones stay until their horizon and then go", "[log][cleaner]") {
  Bench bench;
  for (int i = 0; i < 10; ++i)
    bench.Put({{StrCat("k", i), "v"}, {StrCat("k", i), std::nullopt}});
  REQUIRE_OK(bench.log().Roll());
  bench.Put({{"last", "x"}});
  bench.Clean(0);
  std::string storage;
  std::vector<record::BatchHeader> batches;
  Kvs kvs = ReadKvs(bench.log(), &batches, &storage);
  CHECK(kvs.size() == 11);
  CHECK(batches.front().has_delete_horizon());
  CHECK(batches.front().delete_horizon() == At(1000));
  bench.first_dirty.reset();
  bench.Clean(999);
  CHECK(ReadKvs(bench.log()).size() == 11);
  bench.first_dirty.reset();
  bench.Clean(1000);
  kvs = ReadKvs(bench.log());
  CHECK(kvs == Kvs{{20, "last", "x"}});
  CHECK(bench.log().end_offset() == Offset(21));
}

TEST_CASE("Records without key are dropped", "[log][cleaner]") {
  LogConfig config = CompactConfig();
  config.cleanup_compact = false;  // so that they can be written
  Bench bench(config);
  record::BatchBuilder builder({}, &bench.codecs);
  REQUIRE(builder.TryAppend({.timestamp = At(0), .value = "no key"}));
  REQUIRE(builder.TryAppend({.timestamp = At(0), .key = "k", .value = "v"}));
  REQUIRE_OK(bench.log().Append(builder.Finish().value(), {.now = At(0)}));
  REQUIRE_OK(bench.log().Roll());
  bench.Put({{"last", "x"}});
  bench.Clean();
  CHECK(ReadKvs(bench.log()) == Kvs{{1, "k", "v"}, {2, "last", "x"}});
}

TEST_CASE("Batches keep their codec, offsets and producer when they shrink", "[log][cleaner]") {
  Bench bench;
  const CompressionType codec = GENERATE(CompressionType::kNone, CompressionType::kLz4);
  bench.Put({{"a", "1"}, {"b", "1"}, {"c", "1"}}, {.compression = codec,
                                                   .producer_id = ProducerId(9),
                                                   .producer_epoch = 2,
                                                   .base_sequence = 0});
  bench.Put({{"a", "2"}, {"b", "2"}, {"c", "2"}}, {.compression = codec,
                                                   .producer_id = ProducerId(9),
                                                   .producer_epoch = 2,
                                                   .base_sequence = 3});
  bench.Put({{"c", "3"}}, {.compression = codec});
  bench.Put({{"a", "3"}, {"b", "3"}}, {.compression = codec});
  REQUIRE_OK(bench.log().Roll());
  bench.Put({{"last", "x"}});
  bench.Clean();
  bench.first_dirty.reset();
  bench.Clean();  // empty batches are read again
  std::string storage;
  std::vector<record::BatchHeader> batches;
  const Kvs kvs = ReadKvs(bench.log(), &batches, &storage);
  CHECK(kvs == Kvs{{6, "c", "3"}, {7, "a", "3"}, {8, "b", "3"}, {9, "last", "x"}});
  // The producer's first batch is gone, its last one keeps its sequence in an empty batch.
  REQUIRE(batches.size() == 4);
  CHECK(batches[0].base_offset() == Offset(3));
  CHECK(batches[0].last_offset() == Offset(5));
  CHECK(batches[0].record_count() == 0);
  CHECK(batches[0].producer_id() == ProducerId(9));
  CHECK(batches[0].last_sequence() == 5);
  CHECK(batches[1].compression() == codec);
  bench.harness.ReopenCrashed();
  const auto producers = bench.log().Producers();
  REQUIRE(producers.size() == 1);
  CHECK(producers[0].last_batch()->last_sequence == 5);
}

TEST_CASE("Aborted records go at once, markers after their horizon", "[log][cleaner][txn]") {
  Bench bench;
  const auto txn = [](int64_t id, int32_t sequence) {
    return record::BatchOptions{.producer_id = ProducerId(id),
                                .producer_epoch = 0,
                                .base_sequence = sequence,
                                .is_transactional = true};
  };
  bench.Put({{"a", "old"}});
  bench.Put({{"a", "aborted"}, {"z", "aborted"}}, txn(1, 0));
  bench.End(1, 0, false);
  bench.Put({{"b", "committed"}}, txn(2, 0));
  bench.End(2, 0, true);
  bench.Put({{"b", "newer"}}, txn(2, 1));
  bench.End(2, 0, true);
  REQUIRE_OK(bench.log().Roll());
  bench.Put({{"last", "x"}});

  bench.Clean(0);
  const Kvs expected{{0, "a", "old"}, {6, "b", "newer"}, {8, "last", "x"}};
  CHECK(ReadKvs(bench.log()) == expected);
  const auto aborted = bench.log().AbortedTransactions(Offset(0), Offset(9));
  REQUIRE_OK(aborted);
  CHECK(aborted->size() == 1);  // its marker is still there
  const auto markers = [&] {
    std::string storage;
    std::vector<record::BatchHeader> batches;
    ReadKvs(bench.log(), &batches, &storage);
    std::vector<int64_t> offsets;
    for (const auto& batch : batches) {
      if (batch.is_control() && batch.record_count() > 0) {
        offsets.push_back(batch.base_offset().value());
      }
    }
    return offsets;
  };
  CHECK(markers() == std::vector<int64_t>{3, 5, 7});
  bench.first_dirty.reset();
  bench.Clean(100);  // notes that no data is left of 3 and 5: the horizon is 1100
  CHECK(markers() == std::vector<int64_t>{3, 5, 7});
  bench.first_dirty.reset();
  bench.Clean(1100);
  // Producer 1 is still known by its empty last batch, which holds its marker.
  CHECK(markers() == std::vector<int64_t>{3, 7});
  CHECK(ReadKvs(bench.log()) == expected);
  REQUIRE_OK(bench.log().Flush());
  bench.harness.ReopenCrashed();
  CHECK(ReadKvs(bench.log()) == expected);
}

TEST_CASE("An open transaction holds compaction back", "[log][cleaner][txn]") {
  Bench bench;
  for (int i = 0; i < 20; ++i)
    bench.Put({{"k", StrCat("v", i)}});
  const Offset open = bench
                          .Put({{"t", "open"}}, {.producer_id = ProducerId(1),
                                                 .producer_epoch = 0,
                                                 .base_sequence = 0,
                                                 .is_transactional = true})
                          .base_offset;
  for (int i = 0; i < 60; ++i)
    bench.Put({{"k", StrCat("w", i)}});
  const auto range = bench.cleaner.Examine(bench.log(), std::nullopt, At(0));
  REQUIRE_OK(range);
  CHECK(range->first_uncleanable <= open);
  CHECK(range->first_uncleanable > Offset(0));
}

TEST_CASE("Lag and ratio decide when a clean is due", "[log][cleaner]") {
  LogConfig config = CompactConfig();
  SECTION("young records wait") {
    config.min_compaction_lag = std::chrono::milliseconds(100);
    Bench bench(config);
    for (int i = 0; i < 60; ++i)
      bench.Put({{"k", StrCat("v", i)}}, {}, i);
    CHECK(bench.cleaner.Examine(bench.log(), std::nullopt, At(10))->first_uncleanable == Offset(0));
    const auto later = bench.cleaner.Examine(bench.log(), std::nullopt, At(1000));
    CHECK(later->first_uncleanable == bench.log().Segments().back()->base_offset());
    CHECK(later->IsDue(config));
  }
  SECTION("old dirt does not wait for the ratio") {
    config.min_cleanable_dirty_ratio = 1.0;
    config.max_compaction_lag = std::chrono::milliseconds(500);
    Bench bench(config);
    for (int i = 0; i < 60; ++i)
      bench.Put({{"k", StrCat("v", i)}}, {}, i);
    CHECK_FALSE(bench.cleaner.Examine(bench.log(), std::nullopt, At(400))->IsDue(config));
    CHECK(bench.cleaner.Examine(bench.log(), std::nullopt, At(501))->IsDue(config));
  }
  SECTION("a checkpoint outside the log counts for nothing") {
    Bench bench(config);
    for (int i = 0; i < 60; ++i)
      bench.Put({{"k", StrCat("v", i)}});
    CHECK(bench.cleaner.Examine(bench.log(), Offset(1000), At(0))->first_dirty == Offset(0));
  }
}

TEST_CASE("A map too small for all keys cleans in several passes", "[log][cleaner]") {
  Bench bench;
  Cleaner small({.dedupe_buffer_bytes = 24 * 40}, bench.codecs);  // 36 keys
  for (int i = 0; i < 200; ++i)
    bench.Put({{StrCat("k", i % 100), StrCat("v", i)}});
  REQUIRE_OK(bench.log().Roll());
  bench.Put({{"last", "x"}});
  const Kvs before = ReadKvs(bench.log());
  Offset first_dirty(0);
  int passes = 0;
  while (true) {
    const auto range = small.Examine(bench.log(), first_dirty, At(0));
    REQUIRE_OK(range);
    if (range->first_uncleanable <= range->first_dirty) break;
    const auto result = small.Clean(bench.log(), *range, At(0));
    REQUIRE_OK(result);
    REQUIRE(result->first_dirty > first_dirty);
    first_dirty = result->first_dirty;
    ++passes;
  }
  CHECK(passes > 2);
  CHECK(ReadKvs(bench.log()) == Compacted(before, 200, true));
}

TEST_CASE("A crash at any step of compaction leaves either version", "[log][cleaner][crash]") {
  Bench bench;
  for (int i = 0; i < 60; ++i)
    bench.Put({{StrCat("k", i % 7), StrCat("v", i)}});
  REQUIRE_OK(bench.log().Flush());
  const Kvs before = ReadKvs(bench.log());
  const Offset active = bench.log().Segments().back()->base_offset();
  const Kvs newest = Compacted(before, 60, true);
  const std::set<int64_t> wanted = [&] {
    std::set<int64_t> offsets;
    for (const Kv& kv : newest)
      offsets.insert(kv.offset);
    return offsets;
  }();
  std::vector<std::shared_ptr<const SimFileSystem::Snapshot>> states;
  bench.harness.files.set_hook(
      [&](const auto&) { states.push_back(bench.harness.files.TakeSnapshot()); });
  bench.Clean();
  bench.harness.files.set_hook(nullptr);
  const Kvs after = Compacted(before, active.value(), true);
  REQUIRE(states.size() > 20);
  for (size_t i = 0; i < states.size(); ++i) {
    for (uint64_t seed = 0; seed < 3; ++seed) {
      INFO("state " << i << " seed " << seed);
      LogHarness crashed(CompactConfig());
      crashed.files.Restore(states[i]);
      crashed.files.Crash(seed);
      crashed.directory = crashed.files.OpenDirectory("data", DirectoryMode::kMustExist).value();
      crashed.Open();
      const Kvs found = ReadKvs(*crashed.log);
      // Group by group one version or the other; never a record lost that must stay.
      std::set<int64_t> offsets;
      for (const Kv& kv : found) {
        offsets.insert(kv.offset);
        REQUIRE(before[static_cast<size_t>(kv.offset)] == kv);
      }
      REQUIRE(std::includes(offsets.begin(), offsets.end(), wanted.begin(), wanted.end()));
      REQUIRE(found.size() >= after.size());
      REQUIRE(crashed.log->end_offset() == Offset(60));
      REQUIRE_OK(crashed.Append("more"));
    }
  }
}

TEST_CASE("Random histories compact as the naive model does", "[log][cleaner][model]") {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    const auto random = Random::Seeded(seed);
    Bench bench(CompactConfig(), seed % 3 == 0);
    Kvs all;
    int64_t now = 0;
    for (int round = 0; round < 6; ++round) {
      for (int64_t i = random->Below(60); i >= 0; --i) {
        std::vector<std::pair<std::string, std::optional<std::string>>> records;
        for (int64_t n = random->Below(5); n >= 0; --n) {
          const std::string key = StrCat("key-", random->Below(25));
          const bool gone = random->Below(5) == 0;
          records.emplace_back(key, gone ? std::nullopt : std::optional(StrCat("v", all.size())));
        }
        const bool packed = random->Below(3) == 0;
        const Offset base =
            bench
                .Put(records,
                     {.compression = packed ? CompressionType::kLz4 : CompressionType::kNone}, now)
                .base_offset;
        for (size_t n = 0; n < records.size(); ++n) {
          all.push_back(
              {base.value() + static_cast<int64_t>(n), records[n].first, records[n].second});
        }
      }
      const CleanResult result = bench.Clean(now);
      // Tombstones may or may not have met their horizon; all else is fixed.
      const Kvs most = Compacted(all, result.first_dirty.value(), true);
      const Kvs least = Compacted(all, result.first_dirty.value(), false);
      Kvs found = ReadKvs(bench.log());
      REQUIRE(std::includes(most.begin(), most.end(), found.begin(), found.end(),
                            [](const Kv& a, const Kv& b) { return a.offset < b.offset; }));
      std::erase_if(found, [&](const Kv& kv) {
        return !kv.value.has_value() && kv.offset < result.first_dirty.value();
      });
      REQUIRE(found == least);
      now += random->Below(1500);
      if (seed % 3 != 0 && random->Below(2) == 0) bench.harness.ReopenCrashed();
      if (seed % 3 != 0 && bench.log().end_offset() < Offset(static_cast<int64_t>(all.size()))) {
        all.resize(static_cast<size_t>(bench.log().end_offset().value()));  // an un-synced suffix
      }
    }
  }
}

TEST_CASE("What Kafka's cleaner has cleaned is already clean", "[log][cleaner][golden]") {
  const auto shared = testing::SharedFiles();
  if (!shared.has_value()) return;
  const auto golden =
      FileSystem::System()
          .OpenDirectory((*shared / "golden/compacted").string(), DirectoryMode::kMustExist)
          .value();
  LogHarness harness(LogConfig{});
  REQUIRE_OK(harness.directory->CreateDirectory("orders-0"));
  const auto entries = golden->List("").value();
  for (const DirectoryEntry& entry : entries) {
    const std::string bytes = base::ReadWhole(*golden, entry.name, 1 << 20).value();
    if (entry.name.find('.') == 20 || entry.name.starts_with("leader")) {
      REQUIRE_OK(base::WriteWhole(*harness.directory, "orders-0/" + entry.name, bytes));
    }
  }
  harness.options.clean_shutdown = true;
  harness.Open();
  const std::string before =
      base::ReadWhole(*harness.directory, "orders-0/00000000000000000000.log", 1 << 20).value();
  record::Codecs codecs;
  Cleaner cleaner({}, codecs);
  const auto range = cleaner.Examine(*harness.log, std::nullopt, At(0));
  REQUIRE_OK(range);
  CHECK(range->first_uncleanable == Offset(97));
  const auto result = cleaner.Clean(*harness.log, *range, At(0));
  REQUIRE_OK(result);
  CHECK(result->records_after == result->records_before);
  CHECK(base::ReadWhole(*harness.directory, "orders-0/00000000000000000000.log", 1 << 20).value() ==
        before);
}

}  // namespace
}  // namespace runnel::log
