// Random operations on one log against a plain list of records.
#include <map>

#include "log/log_harness.h"

namespace runnel::log {
namespace {

// What the log should hold.
struct Model {
  std::map<int64_t, std::string> records;
  int64_t start = 0;
  int64_t end = 0;
  int64_t flushed = 0;
};

void Check(PartitionLog& log, const Model& model, Random& random) {
  REQUIRE(log.end_offset() == Offset(model.end));
  REQUIRE(log.log_start_offset() == Offset(model.start));
  const int64_t from = model.start + random.Below(model.end - model.start + 1);
  std::vector<Seen> expected;
  for (auto it = model.records.lower_bound(from); it != model.records.end(); ++it) {
    expected.push_back({it->first, it->second});
  }
  REQUIRE(ReadAll(log, Offset(from)) == expected);
}

void AppendSome(LogHarness& harness, Model& model, Random& random) {
  BatchSpec spec;
  spec.time_ms = model.end;
  const int64_t count = 1 + random.Below(4);
  for (int64_t i = 0; i < count; ++i) {
    const auto size = static_cast<size_t>(random.Below(60));
    spec.values.push_back(std::to_string(random.Below(1000)) + std::string(size, 'x'));
  }
  if (random.Below(3) == 0) spec.compression = CompressionType::kLz4;
  if (count == 1) {
    REQUIRE(harness.Append(spec.values[0], model.end).value().base_offset == Offset(model.end));
  } else {
    REQUIRE(harness.AppendBatch(spec)->base_offset == Offset(model.end));
  }
  for (const std::string& value : spec.values)
    model.records[model.end++] = value;
}

void DropBelow(Model& model, int64_t start) {
  model.start = std::max(model.start, start);
  model.records.erase(model.records.begin(), model.records.lower_bound(model.start));
}

// The log says where it really cut: inside a batch it keeps the batches before.
void DropFrom(Model& model, int64_t end) {
  model.records.erase(model.records.lower_bound(end), model.records.end());
  model.end = end;
  model.flushed = std::min(model.flushed, end);
  model.start = std::min(model.start, end);
}

void Reopen(LogHarness& harness, Model& model, Random& random) {
  harness.options.log_start_offset = Offset(model.start);
  harness.options.recovery_point = Offset(random.Below(2) == 0 ? model.flushed : 0);
  switch (random.Below(3)) {
    case 0:
      harness.Reopen();
      break;
    case 1:
      harness.ReopenKilled();
      break;
    default: {
      harness.ReopenCrashed(1 + random.Next() % 1000);
      const int64_t end = harness.log->end_offset().value();
      REQUIRE(end >= model.flushed);
      REQUIRE(end <= model.end);
      DropFrom(model, end);
    }
  }
  model.flushed = model.end;  // opening syncs what it serves
}

void Step(LogHarness& harness, Model& model, Random& random) {
  PartitionLog& log = *harness.log;
  const int64_t choice = random.Below(100);
  if (choice < 60) {
    AppendSome(harness, model, random);
  } else if (choice < 70) {
    REQUIRE(log.Flush().value() == Offset(model.end));
    model.flushed = model.end;
  } else if (choice < 75) {
    REQUIRE(log.ReleaseIdle().ok());
  } else if (choice < 78) {
    REQUIRE(log.Roll().ok());
  } else if (choice < 82) {
    REQUIRE(log.DeleteRecordsBefore(Offset(random.Below(model.end + 1))).ok());
    DropBelow(model, log.log_start_offset().value());
  } else if (choice < 86) {
    REQUIRE(log.DeleteOldSegments(At(model.end)).ok());
    REQUIRE(log.RemoveDeletedFiles(At(model.end + random.Below(200'000))).ok());
    DropBelow(model, log.log_start_offset().value());
  } else if (choice < 89) {
    const int64_t target = model.start + random.Below(model.end - model.start + 1);
    REQUIRE(ToString(log.TruncateTo(Offset(target))) == "OK");
    const int64_t end = log.end_offset().value();
    REQUIRE(end <= target);
    if (end != model.end) DropFrom(model, end);
  } else if (choice < 94) {
    Reopen(harness, model, random);
  } else {
    Check(log, model, random);
  }
}

}  // namespace

TEST_CASE("A log behaves like a list of records under random operations", "[log][model]") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    const auto random = Random::Seeded(seed);
    LogHarness harness;
    harness.files.set_mappable(seed % 3 != 0);
    harness.options.config.retention_bytes = 4000;
    harness.Open();
    Model model;
    for (int step = 0; step < 300; ++step) {
      INFO("step " << step);
      Step(harness, model, *random);
    }
    Check(*harness.log, model, *random);
    REQUIRE(harness.files.stray_stores() == 0);
    harness.log.reset();
    REQUIRE(harness.files.open_regions() == 0);
  }
}

}  // namespace runnel::log
