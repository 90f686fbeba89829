#include "runnel/testing/manual_executor.h"

#include <algorithm>
#include <utility>

#include "base/task_queue.h"

namespace runnel::testing {

struct ManualExecutor::Impl {
  ManualClock& clock;
  base::TaskQueue queue;
};

ManualExecutor::ManualExecutor(ManualClock& clock)
    : impl_(std::make_unique<Impl>(Impl{clock, {}})) {}

ManualExecutor::~ManualExecutor() = default;

void ManualExecutor::Post(Task task) {
  impl_->queue.Add(std::move(task));
}

Executor::TimerId ManualExecutor::PostAt(Elapsed time, Task task) {
  return impl_->queue.AddAt(time, std::move(task));
}

bool ManualExecutor::Cancel(TimerId id) {
  Task dropped;
  return impl_->queue.Cancel(id, dropped);
}

bool ManualExecutor::RunOne() {
  impl_->queue.MakeDueReady(impl_->clock.ElapsedTime());
  Task task;
  if (!impl_->queue.TakeReady(task)) return false;
  task();
  return true;
}

int64_t ManualExecutor::RunUntilIdle(int64_t limit) {
  int64_t count = 0;
  while (count < limit && RunOne())
    ++count;
  return count;
}

bool ManualExecutor::Wait(Signal& signal, Elapsed deadline) {
  // At the deadline already: give the tasks that are due one turn, but no more, because they may
  // post each other for ever.
  if (deadline <= impl_->clock.ElapsedTime()) {
    impl_->queue.MakeDueReady(impl_->clock.ElapsedTime());
    for (int64_t turns = impl_->queue.ready_count(); turns > 0 && !signal.raised(); --turns) {
      RunOne();
    }
    return signal.raised();
  }
  while (!signal.raised()) {
    if (RunOne()) continue;
    const Elapsed next = std::min(impl_->queue.NextTime(), deadline);
    if (next == kForever) return false;
    const Elapsed now = impl_->clock.ElapsedTime();
    if (now >= deadline) return false;
    impl_->clock.Advance(next - now);
  }
  return true;
}

void ManualExecutor::Advance(Elapsed by) {
  const Elapsed end = impl_->clock.ElapsedTime() + by;
  for (;;) {
    RunUntilIdle();
    const Elapsed now = impl_->clock.ElapsedTime();
    if (now >= end) return;
    impl_->clock.Advance(std::max(Elapsed::zero(), std::min(impl_->queue.NextTime(), end) - now));
  }
}

int64_t ManualExecutor::pending() const {
  return impl_->queue.size();
}

}  // namespace runnel::testing
