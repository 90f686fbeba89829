// Scoped locking of absl::Mutex, spelled the same for every version of Abseil.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

namespace runnel::base {

// Holds `mutex` from construction to destruction: `const base::Lock lock(mutex_);`
class ABSL_SCOPED_LOCKABLE Lock final {
 public:
  explicit Lock(absl::Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~Lock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
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
  }
  ~ReaderLock() ABSL_UNLOCK_FUNCTION() { mutex_.ReaderUnlock(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  absl::Mutex& mutex_;
};

}  // namespace runnel::base
