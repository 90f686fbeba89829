#include "base/light_mutex.h"

#include <catch2/catch.hpp>

#include <thread>
#include <vector>

namespace runnel::base {

TEST_CASE("A light mutex lets one thread in at a time", "[base][mutex][threads]") {
  LightMutex mutex;
  int64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20'000; ++n) {
        const LightLock lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(count == 120'000);
}

}  // namespace runnel::base
