#include "runnel/clock.h"

#include <catch2/catch.hpp>

#include "runnel/testing/manual_clock.h"

namespace runnel {
using namespace std::chrono_literals;

TEST_CASE("A manual clock stands still until it is moved", "[base][clock]") {
  testing::ManualClock clock;
  CHECK(clock.Now() == Timestamp(1'700'000'000'000ms));
  CHECK(clock.Now() == Timestamp(1'700'000'000'000ms));
  clock.Advance(1500us);
  CHECK(clock.Now() == Timestamp(1'700'000'000'001ms));
  CHECK(clock.ElapsedTime() == 1500us);
}

TEST_CASE("Setting the wall time leaves monotonic time alone", "[base][clock]") {
  testing::ManualClock clock(Timestamp(5ms));
  CHECK(clock.Now() == Timestamp(5ms));
  clock.Advance(1s);
  clock.SetNow(Timestamp(3ms));
  CHECK(clock.Now() == Timestamp(3ms));
  CHECK(clock.ElapsedTime() == 1s);
}

TEST_CASE("The system's monotonic clock does not go back", "[base][clock]") {
  const Elapsed first = Clock::System().ElapsedTime();
  CHECK(Clock::System().ElapsedTime() >= first);
  CHECK(Clock::System().Now() > Timestamp(1'600'000'000'000ms));
}

}  // namespace runnel
