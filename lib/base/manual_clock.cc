#include "runnel/testing/manual_clock.h"

namespace runnel::testing {

ManualClock::ManualClock(Timestamp start) {
  SetNow(start);
}

Timestamp ManualClock::Now() {
  const std::chrono::nanoseconds since_epoch(elapsed_ns_.load(std::memory_order_relaxed) +
                                             wall_offset_ns_.load(std::memory_order_relaxed));
  return Timestamp(std::chrono::floor<std::chrono::milliseconds>(since_epoch));
}

Elapsed ManualClock::ElapsedTime() {
  return Elapsed(elapsed_ns_.load(std::memory_order_relaxed));
}

void ManualClock::Advance(Elapsed by) {
  elapsed_ns_.fetch_add(by.count(), std::memory_order_relaxed);
}

void ManualClock::SetNow(Timestamp now) {
  const std::chrono::nanoseconds since_epoch = now.time_since_epoch();
  wall_offset_ns_.store(since_epoch.count() - elapsed_ns_.load(std::memory_order_relaxed),
                        std::memory_order_relaxed);
}

}  // namespace runnel::testing
