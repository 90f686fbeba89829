// A mutex for very short, very frequent sections.
#pragma once

#include <absl/base/thread_annotations.h>

#include <atomic>
#include <cstdint>

namespace runnel::base {

// One compare-and-swap to take, one exchange to give back; spins briefly, then sleeps. For the one
// lock on the path of an append, where absl::Mutex costs several times as much (Debian's is built
// with deadlock detection). Everywhere else use absl::Mutex.
//
// Thread safety: thread-safe; not recursive, not fair.
class ABSL_LOCKABLE LightMutex final {
 public:
  LightMutex() = default;
  LightMutex(const LightMutex&) = delete;
  LightMutex& operator=(const LightMutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    uint32_t expected = kFree;
    if (!state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire,
                                        std::memory_order_relaxed)) [[unlikely]] {
      LockSlow();
    }
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    if (state_.exchange(kFree, std::memory_order_release) == kContended) [[unlikely]] {
      state_.notify_one();
    }
  }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kHeld = 1;
  static constexpr uint32_t kContended = 2;  // held, and somebody may sleep

  void LockSlow();

  // Acquire on taking and release on giving back order the section's memory.
  std::atomic<uint32_t> state_{kFree};
};

// Holds `mutex` from construction to destruction.
class ABSL_SCOPED_LOCKABLE LightLock final {
 public:
  explicit LightLock(LightMutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~LightLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  LightLock(const LightLock&) = delete;
  LightLock& operator=(const LightLock&) = delete;

 private:
  LightMutex& mutex_;
};

}  // namespace runnel::base
