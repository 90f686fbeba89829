// A mutex for paths on which nanoseconds count.
#pragma once

#include <absl/base/thread_annotations.h>

#include <mutex>

namespace runnel::base {

// Half the price of absl::Mutex, which in distributions' builds also keeps a graph of which mutex
// was taken under which to find deadlocks. Use absl::Mutex where neither matters: it has readers'
// locks and conditions, and that graph has its worth.
class ABSL_LOCKABLE FastMutex final {
 public:
  FastMutex() = default;
  FastMutex(const FastMutex&) = delete;
  FastMutex& operator=(const FastMutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Holds `mutex` from construction to destruction.
class ABSL_SCOPED_LOCKABLE FastLock final {
 public:
  explicit FastLock(FastMutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~FastLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  FastLock(const FastLock&) = delete;
  FastLock& operator=(const FastLock&) = delete;

 private:
  FastMutex& mutex_;
};

}  // namespace runnel::base
