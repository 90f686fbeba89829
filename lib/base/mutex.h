// Scoped locking of absl::Mutex, spelled the same for every version of Abseil.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace runnel::base {

namespace internal {
// A distribution's Abseil is built without the thread sanitizer, which therefore does not see what
// its mutexes order: these two tell it.
inline void TellAcquired([[maybe_unused]] absl::Mutex& mutex) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(&mutex);
#endif
}
inline void TellReleased([[maybe_unused]] absl::Mutex& mutex) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(&mutex);
#endif
}
}  // namespace internal

// Holds `mutex` from construction to destruction: `const base::Lock lock(mutex_);`
class ABSL_SCOPED_LOCKABLE Lock final {
 public:
  explicit Lock(absl::Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
    internal::TellAcquired(mutex_);
  }
  ~Lock() ABSL_UNLOCK_FUNCTION() {
    internal::TellReleased(mutex_);
    mutex_.Unlock();
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  absl::Mutex& mutex_;
};

// Holds `mutex` shared with other readers.
class ABSL_SCOPED_LOCKABLE ReaderLock final {
 public:
  explicit ReaderLock(absl::Mutex& mutex) ABSL_SHARED_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.ReaderLock();
    internal::TellAcquired(mutex_);
  }
  ~ReaderLock() ABSL_UNLOCK_FUNCTION() {
    internal::TellReleased(mutex_);
    mutex_.ReaderUnlock();
  }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  absl::Mutex& mutex_;
};

}  // namespace runnel::base
