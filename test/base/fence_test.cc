#include "base/fence.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

namespace runnel::base {

TEST_CASE("Of two threads that announce and look, at least one sees the other",
          "[base][fence][threads]") {
  constexpr int kRounds = 5'000;
  std::atomic<int> frequent = 0;
  std::atomic<int> rare = 0;
  std::atomic<int> finished = 0;  // threads done with the current round, summed over all rounds
  int frequent_saw = 0;
  int rare_saw = 0;
  int missed = 0;
  const auto meet = [&](int rounds) {
    finished.fetch_add(1);
    while (finished.load() < 2 * rounds)
      std::this_thread::yield();
  };
  std::thread other([&] {
    for (int round = 1; round <= kRounds; ++round) {
      rare.store(round, std::memory_order_relaxed);
      HeavyFence();
      rare_saw = frequent.load(std::memory_order_relaxed);
      meet(2 * round - 1);
      meet(2 * round);
    }
  });
  for (int round = 1; round <= kRounds; ++round) {
    frequent.store(round, std::memory_order_relaxed);
    LightFence();
    frequent_saw = rare.load(std::memory_order_relaxed);
    meet(2 * round - 1);
    if (frequent_saw < round && rare_saw < round) ++missed;
    meet(2 * round);
  }
  other.join();
  CHECK(missed == 0);
}

}  // namespace runnel::base
