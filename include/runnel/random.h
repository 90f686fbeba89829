// Where random numbers come from.
#pragma once

#include <cstdint>
#include <memory>

#include "runnel/types.h"

namespace runnel {

// A source of random bits: for ids, jitter and sticky partitions, not for secrets.
//
// Thread safety: thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  // 64 uniformly random bits.
  virtual uint64_t Next() = 0;

  // Uniform in [0, bound); `bound` must be positive.
  int64_t Below(int64_t bound);
  // A version 4 UUID that is neither zero nor one of Kafka's reserved ones.
  Uuid NextUuid();

  // Seeded by the operating system; lives for ever.
  static Random& System();
  // The same numbers for the same seed, on every machine.
  static std::unique_ptr<Random> Seeded(uint64_t seed);
};

}  // namespace runnel
