// Measures how much heap some work takes, for tests that bound it.
#pragma once

#include <cstdint>

namespace runnel::wire {

// The program's own operator new counts what is held (heap_meter_test.cc).
int64_t HeldHeapBytes();
int64_t MostHeldHeapBytes();  // since the last reset
void ResetMostHeldHeapBytes();

// The most heap that `work` holds at any time, beyond what was held before.
template <class Work>
int64_t MeasureHeap(Work work) {
  const int64_t before = HeldHeapBytes();
  ResetMostHeldHeapBytes();
  work();
  return MostHeldHeapBytes() - before;
}

}  // namespace runnel::wire
