// Crashes at every file operation: what was flushed stays, what is read was appended, and a second
// recovery finds what the first one left.
#include <functional>

#include "base/strings.h"
#include "log/log_harness.h"

namespace runnel::log {
namespace {

using testing::SimFileSystem;

// A state of the files, and what must survive a crash in it.
struct CrashPoint {
  std::shared_ptr<const SimFileSystem::Snapshot> files;
  int64_t flushed = 0;         // end of what was acknowledged
  int64_t appended = 0;        // end of what was ever appended
  Offset recovery_point{0};    // as a checkpoint could hold it
  std::string operation = "";  // about to happen
};

std::string ValueAt(int64_t offset) {
  return "value-" + std::to_string(offset);
}

// Runs `script` and notes the state before each operation on files.
std::vector<CrashPoint> Trace(LogHarness& harness,
                              const std::function<void(LogHarness&, CrashPoint&)>& script) {
  std::vector<CrashPoint> points;
  CrashPoint now;
  harness.files.set_hook([&](const testing::OperationInfo& info) {
    CrashPoint point = now;
    point.files = harness.files.TakeSnapshot();
    point.operation = base::StrCat(testing::ToString(info.operation), " ", info.path);
    points.push_back(std::move(point));
  });
  script(harness, now);
  harness.files.set_hook(nullptr);
  CrashPoint last = now;
  last.files = harness.files.TakeSnapshot();
  last.operation = "the end";
  points.push_back(last);
  return points;
}

void AppendAndFlush(LogHarness& harness, CrashPoint& now, int count, bool flush) {
  for (int i = 0; i < count; ++i) {
    const int64_t offset = now.appended;
    now.appended = offset + 1;  // from here on it may be on disk
    REQUIRE(harness.Append(ValueAt(offset), offset).value().base_offset == Offset(offset));
  }
  if (!flush) return;
  const auto end = harness.log->Flush();
  REQUIRE(ToString(end.status()) == "OK");
  REQUIRE(*end == Offset(now.appended));
  now.flushed = now.appended;
  now.recovery_point = harness.log->recovery_point();
}

void CheckValues(PartitionLog& log, const CrashPoint& point) {
  const int64_t end = log.end_offset().value();
  REQUIRE(end >= point.flushed);
  REQUIRE(end <= point.appended);
  int64_t offset = log.log_start_offset().value();
  for (const Seen& seen : ReadAll(log)) {
    REQUIRE(seen == Seen{offset, ValueAt(offset)});
    ++offset;
  }
  REQUIRE(offset == end);
}

// Crashes in `point`, recovers, goes on, and crashes and recovers again.
void CheckCrash(const CrashPoint& point, uint64_t seed, bool with_checkpoint) {
  INFO("before: " << point.operation << ", seed " << seed << ", checkpoint " << with_checkpoint);
  LogHarness harness;
  harness.files.Restore(point.files);
  if (seed == 0) {
    harness.files.Crash();
  } else {
    harness.files.Crash(seed);
  }
  harness.directory = *harness.files.OpenDirectory("data", DirectoryMode::kCreate);
  if (with_checkpoint) harness.options.recovery_point = point.recovery_point;
  CheckValues(harness.Open(), point);
  const Offset end = harness.log->end_offset();
  const auto all = ReadAll(*harness.log);
  harness.ReopenCrashed();  // everything recovered was made durable
  REQUIRE(harness.log->end_offset() == end);
  REQUIRE(ReadAll(*harness.log) == all);
  REQUIRE(ToString(harness.Append(ValueAt(end.value()), 1).status()) == "OK");
  REQUIRE(harness.log->Flush().value() == end + 1);
  REQUIRE(harness.ReopenCrashed(seed + 1).end_offset() == end + 1);
  REQUIRE(harness.files.stray_stores() == 0);
}

void CheckAll(const std::function<void(LogHarness&, CrashPoint&)>& script, bool mappable = true) {
  LogHarness harness;
  harness.files.set_mappable(mappable);
  const std::vector<CrashPoint> points = Trace(harness, script);
  REQUIRE(points.size() > 10);
  for (size_t i = 0; i < points.size(); ++i) {
    for (uint64_t seed = 0; seed < 10; ++seed) {
      CheckCrash(points[i], seed == 0 ? 0 : seed * 1000 + i, seed % 2 == 1);
    }
  }
}

}  // namespace

TEST_CASE("A crash at any step of appending, flushing and rolling loses nothing flushed",
          "[log][crash]") {
  CheckAll(
      [](LogHarness& harness, CrashPoint& now) {
        harness.Open();
        for (int round = 0; round < 8; ++round)
          AppendAndFlush(harness, now, 5, round % 3 != 1);
      },
      GENERATE(true, false));
}

TEST_CASE("A crash at any step of closing and opening loses nothing flushed", "[log][crash]") {
  CheckAll([](LogHarness& harness, CrashPoint& now) {
    harness.Open();
    AppendAndFlush(harness, now, 20, false);
    REQUIRE(harness.log->Close().ok());
    now.flushed = now.appended;
    now.recovery_point = Offset(now.flushed);
    harness.options.clean_shutdown = true;
    harness.Open();
    AppendAndFlush(harness, now, 7, true);
    REQUIRE(harness.log->ReleaseIdle().ok());
    AppendAndFlush(harness, now, 17, false);
    REQUIRE(harness.log->ReleaseIdle().ok());
    AppendAndFlush(harness, now, 3, true);
  });
}

TEST_CASE("A crash at any step of retention leaves a suffix without holes", "[log][crash]") {
  CheckAll([](LogHarness& harness, CrashPoint& now) {
    harness.options.config.retention_bytes = 1500;
    harness.Open();
    AppendAndFlush(harness, now, 50, true);
    REQUIRE(harness.log->DeleteOldSegments(At(0)).ok());
    REQUIRE(harness.log->DeleteRecordsBefore(harness.log->log_start_offset() + 3).ok());
    AppendAndFlush(harness, now, 10, true);
    REQUIRE(harness.log->DeleteOldSegments(At(0)).ok());
    REQUIRE(harness.log->RemoveDeletedFiles(At(100'000'000)).value() > 0);
    AppendAndFlush(harness, now, 10, false);
  });
}

TEST_CASE("A file cut at any byte opens with the batches before the cut", "[log][recovery]") {
  LogHarness harness;
  harness.Open();
  harness.AppendMany(10);
  REQUIRE(harness.log->Close().ok());
  const auto whole = harness.files.TakeSnapshot();
  const int64_t whole_bytes = harness.log->size_bytes();
  for (const std::string name :
       {"00000000000000000000.log", "00000000000000000000.index", "00000000000000000000.timeindex",
        "00000000000000000010.snapshot", "leader-epoch-checkpoint"}) {
    const auto info = harness.directory->Stat("orders-0/" + name);
    REQUIRE(info.ok());
    for (int64_t size = 0; size < info->size_bytes; ++size) {
      LogHarness cut;
      cut.files.Restore(whole);
      cut.directory = *cut.files.OpenDirectory("data", DirectoryMode::kCreate);
      auto file = *cut.directory->OpenFile("orders-0/" + name, OpenMode::kReadWrite);
      REQUIRE(file->Truncate(size).ok());
      INFO(name << " cut to " << size);
      const auto all = ReadAll(cut.Open());
      const bool is_log = name.ends_with(".log");
      CHECK(all.size() == (is_log ? static_cast<size_t>(size / (whole_bytes / 10)) : 10));
      for (size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i] == Seen{static_cast<int64_t>(i), ValueAt(static_cast<int64_t>(i))});
      }
      CHECK(cut.Append("next").value().base_offset == Offset(static_cast<int64_t>(all.size())));
    }
  }
}

TEST_CASE("A flipped bit is never served", "[log][recovery]") {
  LogHarness harness;
  harness.Open();
  harness.AppendMany(6);
  REQUIRE(harness.log->Close().ok());
  const auto whole = harness.files.TakeSnapshot();
  const int64_t size = harness.directory->Stat("orders-0/00000000000000000000.log")->size_bytes;
  for (int64_t bit = 0; bit < size * 8; ++bit) {
    const bool clean = bit % 2 == 0;
    LogHarness bad;
    bad.files.Restore(whole);
    bad.directory = *bad.files.OpenDirectory("data", DirectoryMode::kCreate);
    auto file = *bad.directory->OpenFile("orders-0/00000000000000000000.log", OpenMode::kReadWrite);
    char byte = 0;
    REQUIRE(file->Read(bit / 8, std::span(&byte, 1)).ok());
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    REQUIRE(file->Write(bit / 8, std::string_view(&byte, 1)).ok());
    bad.options.clean_shutdown = clean;
    INFO("bit " << bit << " of byte " << bit / 8 << (clean ? " clean" : " killed"));
    auto opened = bad.TryOpen();
    REQUIRE(ToString(opened.status()) == "OK");
    const auto read = TryReadAll(**opened, (*opened)->log_start_offset());
    if (!read.ok()) {
      CHECK(clean);
      CHECK(CodeOf(read) == ErrorCode::kCorruptMessage);
      continue;
    }
    // Base offset and leader epoch are outside the checksum: only order is checked there.
    const int64_t in_batch = (bit / 8) % (size / 6);
    if (in_batch < 8 || (in_batch >= 12 && in_batch < 16)) continue;
    for (size_t i = 0; i < read->size(); ++i) {
      CHECK((*read)[i] == Seen{static_cast<int64_t>(i), ValueAt(static_cast<int64_t>(i))});
    }
  }
}

TEST_CASE("Damage below the recovery point is reported and kept apart", "[log][recovery]") {
  LogHarness harness;
  harness.options.config.segment_bytes = 1 << 20;
  harness.Open();
  harness.AppendMany(20);
  REQUIRE(harness.log->Flush().ok());
  harness.options.recovery_point = Offset(20);
  harness.AppendMany(5, 20);
  REQUIRE(harness.log->Flush().ok());
  harness.log.reset();
  auto file =
      *harness.directory->OpenFile("orders-0/00000000000000000000.log", OpenMode::kReadWrite);
  REQUIRE(file->Write(300, "#").ok());
  PartitionLog& log = harness.Open();
  CHECK(log.end_offset() == Offset(25));
  REQUIRE(harness.recovery.notes.size() == 1);
  CHECK(harness.recovery.notes[0].find("offsets 3 to 3 are damaged") != std::string::npos);
  CHECK(ReadAll(log, Offset(4)).size() == 21);
  const auto bad = log.Read({.offset = Offset(3)});
  CHECK(CodeOf(bad) == ErrorCode::kCorruptMessage);
  CHECK(log.Read({.offset = Offset(0)})->next_offset == Offset(3));
}

}  // namespace runnel::log
