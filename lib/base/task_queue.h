// Timers and ready tasks in the order in which they run; shared by all executors.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "runnel/executor.h"

namespace runnel::base {

// Thread safety: thread-compatible.
// Cost: O(log timers) per timer; a cancelled one keeps 16 bytes until its turn or until half of
// the heap is cancelled.
class TaskQueue final {
 public:
  using Task = Executor::Task;
  using TimerId = Executor::TimerId;

  void Add(Task task) { ready_.push_back(std::move(task)); }
  TimerId AddAt(Elapsed time, Task task);

  // Takes a timer out; its task is moved to `dropped`, to be destroyed without locks held. False
  // when it has been made ready, or never was.
  bool Cancel(TimerId id, Task& dropped);

  // Makes the timers ready whose time is not after `now`: by time, then in order of creation.
  void MakeDueReady(Elapsed now);
  // The next ready task; false when there is none.
  bool TakeReady(Task& task);

  // When the next timer is due; kForever when there is none.
  Elapsed NextTime();
  bool has_timers() const { return !tasks_.empty(); }
  int64_t ready_count() const { return static_cast<int64_t>(ready_.size()); }
  int64_t size() const { return ready_count() + static_cast<int64_t>(tasks_.size()); }

 private:
  struct Timer {
    Elapsed time;
    TimerId id;  // rises, so that equal times keep their order
    friend bool operator>(const Timer& a, const Timer& b) {
      return a.time != b.time ? a.time > b.time : a.id > b.id;
    }
  };

  void DropCancelledTop();
  void PopTop();

  std::deque<Task> ready_;
  std::vector<Timer> heap_;  // earliest first; an id without a task was cancelled
  absl::flat_hash_map<TimerId, Task> tasks_;
  TimerId next_id_ = 1;
};

}  // namespace runnel::base
