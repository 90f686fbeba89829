// Where time comes from.
#pragma once

#include <chrono>

#include "runnel/types.h"

namespace runnel {

// A point on a clock that never goes back, counted from an arbitrary start. For timeouts.
using Elapsed = std::chrono::nanoseconds;
// A deadline that never comes.
inline constexpr Elapsed kForever = Elapsed::max();

// Tells the time. Inject a ManualClock (runnel/testing/manual_clock.h) to script it.
//
// Thread safety: thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time, as records are stamped with it. May jump in both directions.
  virtual Timestamp Now() = 0;
  // Monotonic time, for timeouts and durations.
  virtual Elapsed ElapsedTime() = 0;

  // The computer's own clock; lives for ever.
  static Clock& System();
};

}  // namespace runnel
