// A clock that stands still until it is told to move.
#pragma once

#include <atomic>

#include "runnel/clock.h"

namespace runnel::testing {

// Thread safety: thread-safe.
class ManualClock final : public Clock {
 public:
  // Starts at a fixed, round wall time (2023-11-14T22:13:20Z = 1,700,000,000,000 ms).
  ManualClock() = default;
  explicit ManualClock(Timestamp start);

  Timestamp Now() override;
  Elapsed ElapsedTime() override;

  // Moves both readings forward. With a ManualExecutor call its Advance instead, which runs the
  // timers that fall due.
  void Advance(Elapsed by);
  // Sets the wall time only, back or ahead, as an administrator or NTP would.
  void SetNow(Timestamp now);

 private:
  // Nanoseconds; relaxed, because nothing is published through a clock.
  std::atomic<int64_t> elapsed_ns_{0};
  std::atomic<int64_t> wall_offset_ns_{1'700'000'000'000'000'000};
};

}  // namespace runnel::testing
