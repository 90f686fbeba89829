// An asymmetric fence: all of its cost lies with the side that is about to sleep.
//
// Two threads share two words. The frequent one stores A, passes LightFence() and loads B; the
// rare one stores B, passes HeavyFence() and loads A. At least one of them sees the other's store.
//
//   appender:  end = n;  LightFence();  if (armed) wake();
//   waiter:    armed = 1;  HeavyFence();  if (end is still old) sleep();
#pragma once

#include <atomic>

namespace runnel::base {

namespace internal {
// A fence that orders everything before it with everything after it. The thread sanitizer does not
// know std::atomic_thread_fence; a read-modify-write stands in for it there.
inline void FullFence() {
#if defined(__SANITIZE_THREAD__)
  std::atomic<int> word = 0;
  word.fetch_add(1, std::memory_order_seq_cst);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

// Whether the kernel runs fences on other cores for us (Linux: membarrier). Registers the process
// at the first call.
bool DetectAsymmetricFence();
// Constant once initialised; a relaxed load of a byte nobody writes.
inline bool HasAsymmetricFence() {
  static const bool has = DetectAsymmetricFence();
  return has;
}
}  // namespace internal

// For the frequent side. Cost: nothing but a predicted branch where the kernel helps, else a full
// fence.
inline void LightFence() {
  if (internal::HasAsymmetricFence()) [[likely]] {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    internal::FullFence();
  }
}

// For the rare side. Cost: a system call that interrupts the cores this process runs on (about
// 1-5 us), or a full fence.
void HeavyFence();

}  // namespace runnel::base
