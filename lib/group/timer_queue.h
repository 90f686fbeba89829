// Deadlines of a state machine: set, moved, cancelled, and asked for in order.
#pragma once

#include <absl/container/btree_set.h>

#include <cstdint>
#include <utility>

#include "runnel/clock.h"

namespace runnel::group {

class Timer;

// Thread safety: thread-compatible.
class TimerQueue {
 public:
  // kForever when no timer is set.
  Elapsed NextDeadline() const;
  // Takes out the earliest timer that is due at `now`; null when there is none. Timers due at the
  // same time come in the order of their making.
  Timer* PopDue(Elapsed now);

 private:
  friend class Timer;
  struct Entry {
    Elapsed at{0};
    uint64_t sequence = 0;
    Timer* timer = nullptr;
    friend bool operator<(const Entry& a, const Entry& b) {
      return std::pair(a.at, a.sequence) < std::pair(b.at, b.sequence);
    }
  };
  absl::btree_set<Entry> entries_;
  uint64_t next_sequence_ = 0;
};

// One deadline. Lifetime: the queue outlives it; its destructor cancels.
class Timer {
 public:
  // What to do when it is due; the owner knows what the words mean.
  enum class Kind { kSession, kPendingMember, kJoin, kSync, kExpiry };

  Timer(TimerQueue& queue, Kind kind, void* owner);
  ~Timer() { Cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Replaces an earlier deadline.
  void Set(Elapsed at);
  void Cancel();
  bool is_set() const { return at_ != kForever; }

  Kind kind() const { return kind_; }
  void* owner() const { return owner_; }

 private:
  friend class TimerQueue;
  TimerQueue& queue_;
  const Kind kind_;
  void* const owner_;
  const uint64_t sequence_;
  Elapsed at_ = kForever;
};

}  // namespace runnel::group
