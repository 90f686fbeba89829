// The Nth file operation fails, once or for good: no crash, no lie, and opening again finds what
// was acknowledged.
#include "base/status.h"
#include "log/log_harness.h"

namespace runnel::log {
namespace {

struct Outcome {
  int64_t flushed = 0;   // acknowledged by a flush that said OK
  int64_t appended = 0;  // highest end anybody was told
};

// Does a bit of everything and carries on over errors, as a broker does.
Outcome Exercise(LogHarness& harness) {
  Outcome outcome;
  for (int life = 0; life < 2; ++life) {
    auto opened = harness.TryOpen();
    if (!opened.ok()) return outcome;
    harness.log = *std::move(opened);
    harness.options.clean_shutdown = false;
    for (int i = 0; i < 30; ++i) {
      const int64_t next = harness.log->end_offset().value();
      const auto result = harness.Append("value-" + std::to_string(next), next);
      if (result.ok()) {
        REQUIRE(result->base_offset == Offset(next));
        outcome.appended = std::max(outcome.appended, next + 1);
      }
      if (i % 7 == 6) {
        const auto flushed = harness.log->Flush();
        if (flushed.ok()) outcome.flushed = std::max(outcome.flushed, flushed->value());
      }
      if (i == 20) base::IgnoreError(harness.log->ReleaseIdle(), "carry on");
      if (i == 25) base::IgnoreError(TryReadAll(*harness.log, Offset(0)).status(), "carry on");
    }
    const int64_t end = harness.log->end_offset().value();
    if (harness.log->Close().ok()) {
      outcome.flushed = std::max(outcome.flushed, end);
      harness.options.clean_shutdown = true;
    }
  }
  return outcome;
}

void CheckAfter(LogHarness& harness, const Outcome& outcome, bool crash) {
  harness.files.ClearFaults();
  harness.files.set_capacity_bytes(INT64_MAX);
  if (crash) harness.options.clean_shutdown = false;
  if (crash) {
    harness.ReopenCrashed(7);
  } else {
    harness.ReopenKilled();
  }
  const int64_t end = harness.log->end_offset().value();
  REQUIRE(end >= outcome.flushed);
  REQUIRE(end <= outcome.appended + 1);  // a failed append means unknown, not no
  int64_t offset = 0;
  for (const Seen& seen : ReadAll(*harness.log)) {
    REQUIRE(seen == Seen{offset, "value-" + std::to_string(offset)});
    ++offset;
  }
  REQUIRE(offset == end);
  REQUIRE(harness.Append("next", end).ok());
}

}  // namespace

TEST_CASE("Any file operation may fail, once or for good", "[log][fault]") {
  const auto kind = GENERATE(testing::FaultKind::kIoError, testing::FaultKind::kDiskFull);
  const bool for_good = GENERATE(false, true);
  const bool crash = GENERATE(false, true);
  const bool mappable = GENERATE(true, false);
  for (int64_t after = 0;; ++after) {
    INFO("after " << after << " kind " << static_cast<int>(kind) << " for good " << for_good
                  << " crash " << crash << " mappable " << mappable);
    LogHarness harness;
    harness.files.set_mappable(mappable);
    harness.files.Inject({.after = after, .kind = kind, .for_good = for_good});
    const Outcome outcome = Exercise(harness);
    const bool struck = harness.files.faults_struck() > 0;
    CheckAfter(harness, outcome, crash);
    REQUIRE(harness.files.stray_stores() == 0);
    if (!struck) break;
  }
}

}  // namespace runnel::log
