#include "runnel/random.h"

#include <sys/random.h>

#include <atomic>
#include <chrono>

#include "base/bytes.h"
#include "base/check.h"

namespace runnel {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): a counter and a bijective mix, hence lock-free. The mix is
// applied once more with a key, so that two processes whose counters meet still differ.
class MixedCounter final : public Random {
 public:
  MixedCounter(uint64_t seed, uint64_t key) : counter_(seed), key_(key) {}

  uint64_t Next() override {
    const uint64_t count = counter_.fetch_add(kStep, std::memory_order_relaxed) + kStep;
    return Mix(Mix(count) ^ key_);
  }

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15;
  static uint64_t Mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }

  std::atomic<uint64_t> counter_;  // relaxed: each caller only needs a number of its own
  const uint64_t key_;
};

uint64_t SystemSeed() {
  uint64_t seed = 0;
  if (::getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed)) return seed;
  // Only in the first moments after boot, and where the call is forbidden.
  const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count();
  return static_cast<uint64_t>(ticks) ^ reinterpret_cast<uintptr_t>(&seed);
}

}  // namespace

int64_t Random::Below(int64_t bound) {
  RUNNEL_CHECK(bound > 0);
  const auto range = static_cast<uint64_t>(bound);
  const uint64_t uneven = (0 - range) % range;  // 2^64 mod range: that many draws are dropped
  uint64_t bits = Next();
  while (bits < uneven)
    bits = Next();
  return static_cast<int64_t>(bits % range);
}

Uuid Random::NextUuid() {
  Uuid id;
  do {
    char bytes[16];
    base::StoreBigEndian(bytes, Next());
    base::StoreBigEndian(bytes + 8, Next());
    for (size_t i = 0; i < sizeof(bytes); ++i)
      id.bytes[i] = static_cast<uint8_t>(bytes[i]);
    id.bytes[6] = static_cast<uint8_t>((id.bytes[6] & 0x0f) | 0x40);  // version 4
    id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3f) | 0x80);  // RFC 4122 variant
  } while (id.bytes[0] >> 2 == 62);  // like Kafka: the text must not begin with '-'
  return id;
}

Random& Random::System() {
  static MixedCounter random(SystemSeed(), SystemSeed());
  return random;
}

std::unique_ptr<Random> Random::Seeded(uint64_t seed) {
  return std::make_unique<MixedCounter>(seed, 0);
}

}  // namespace runnel
