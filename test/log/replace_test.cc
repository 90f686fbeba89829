// The replacement of segments that compaction does, without its decisions.
#include "log/file_names.h"
#include "log/log_harness.h"

namespace runnel::log {
namespace {

// Rewrites the closed segments, keeping every third batch, into one.
Status Thin(PartitionLog& log) {
  auto segments = log.Segments();
  segments.pop_back();
  auto cleaned = log.NewCleanedSegment(segments.front()->base_offset());
  if (!cleaned.ok()) return cleaned.status();
  for (const auto& segment : segments) {
    for (int64_t position = 0; position < segment->size_bytes();) {
      const auto read = segment->ReadAt(position, 1, segment->size_bytes());
      if (!read.ok()) return read.status();
      const auto batch = record::BatchView::FromTrusted(read->bytes.data());
      if (batch.base_offset().value() % 3 == 0) {
        if (const Status status = (*cleaned)->Append(read->bytes); !status.ok()) return status;
      }
      position += static_cast<int64_t>(read->bytes.size());
    }
  }
  if (const Status status = (*cleaned)->Finish(At(0)); !status.ok()) return status;
  std::vector<std::unique_ptr<CleanedSegment>> all;
  all.push_back(*std::move(cleaned));
  return log.ReplaceSegments(segments, std::move(all));
}

std::vector<Seen> Expected(PartitionLog& log, int count, bool thinned) {
  const auto segments = log.Segments();
  const int64_t active = thinned ? segments.back()->base_offset().value() : 0;
  std::vector<Seen> out;
  for (int i = 0; i < count; ++i) {
    if (i >= active || i % 3 == 0) out.push_back({i, "value-" + std::to_string(i)});
  }
  return out;
}

}  // namespace

TEST_CASE("Cleaned segments take the place of the old ones", "[log][replace]") {
  LogHarness harness;
  harness.in_memory = GENERATE(true, false);
  harness.options.config.cleanup_compact = true;
  PartitionLog& log = harness.Open();
  harness.AppendMany(50);
  LogCursor before(log, ReadBound::kHighWatermark);
  REQUIRE(before.Seek(Offset(0)).ok());
  const auto held = before.Read(500);
  const std::string copy(held->bytes);
  const auto old = log.Segments();
  REQUIRE(ToString(Thin(log)) == "OK");
  CHECK(log.segment_count() == 2);
  CHECK(ReadAll(log) == Expected(log, 50, true));
  CHECK(held->bytes == copy);
  CHECK(old.front()->detached());
  CHECK(old.front()->PositionOf(Offset(3), old.front()->size_bytes()).ok());
  CHECK(old.front()->ReadAt(0, 100, old.front()->size_bytes()).ok());
  const auto next = before.Read(500);  // goes on in the new segment
  REQUIRE(next.ok());
  CHECK(RecordsOf(next->bytes).front().offset % 3 == 0);
  CHECK(CodeOf(log.ReplaceSegments(std::span(old).first(2), {})) ==
        ErrorCode::kOperationNotAttempted);
  harness.AppendMany(5, 50);
  if (harness.in_memory) return;
  CHECK(log.RemoveDeletedFiles(At(100'000'000)).value() > 0);
  harness.Reopen();
  CHECK(harness.recovery.notes.empty());
  CHECK(ReadAll(*harness.log) == Expected(*harness.log, 55, true));
  harness.ReopenKilled();
  CHECK(ReadAll(*harness.log) == Expected(*harness.log, 55, true));
}

TEST_CASE("A crash while segments are replaced leaves the old ones or the new ones",
          "[log][replace][crash]") {
  LogHarness harness;
  harness.options.config.cleanup_compact = true;
  harness.Open();
  harness.AppendMany(50);
  REQUIRE(harness.log->Flush().ok());
  std::vector<std::shared_ptr<const testing::SimFileSystem::Snapshot>> states;
  harness.files.set_hook(
      [&](const testing::OperationInfo&) { states.push_back(harness.files.TakeSnapshot()); });
  REQUIRE(Thin(*harness.log).ok());
  harness.files.set_hook(nullptr);
  states.push_back(harness.files.TakeSnapshot());
  int old_count = 0;
  int new_count = 0;
  for (size_t i = 0; i < states.size(); ++i) {
    for (uint64_t seed = 0; seed < 10; ++seed) {
      INFO("state " << i << " seed " << seed);
      LogHarness crashed;
      crashed.options.config.cleanup_compact = true;
      crashed.files.Restore(states[i]);
      crashed.ReopenCrashed(seed * 100 + i);
      const auto all = ReadAll(*crashed.log);
      const bool is_old = all == Expected(*crashed.log, 50, false);
      REQUIRE((is_old || all == Expected(*crashed.log, 50, true)));
      (is_old ? old_count : new_count) += 1;
      crashed.ReopenCrashed();
      REQUIRE(ReadAll(*crashed.log) == all);
    }
  }
  CHECK(old_count > 10);
  CHECK(new_count > 10);
}

}  // namespace runnel::log
