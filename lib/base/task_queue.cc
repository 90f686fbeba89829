#include "base/task_queue.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace runnel::base {
namespace {
constexpr size_t kMinHeapToShrink = 64;
}  // namespace

TaskQueue::TimerId TaskQueue::AddAt(Elapsed time, Task task) {
  const TimerId id = next_id_++;
  tasks_.emplace(id, std::move(task));
  heap_.push_back({time, id});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  return id;
}

bool TaskQueue::Cancel(TimerId id, Task& dropped) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return false;
  dropped = std::move(found->second);
  tasks_.erase(found);
  if (heap_.size() > kMinHeapToShrink && heap_.size() > 2 * tasks_.size()) {
    std::erase_if(heap_, [this](const Timer& timer) { return !tasks_.contains(timer.id); });
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
  return true;
}

void TaskQueue::MakeDueReady(Elapsed now) {
  while (NextTime() <= now && has_timers()) {
    const auto found = tasks_.find(heap_.front().id);
    ready_.push_back(std::move(found->second));
    tasks_.erase(found);
    PopTop();
  }
}

bool TaskQueue::TakeReady(Task& task) {
  if (ready_.empty()) return false;
  task = std::move(ready_.front());
  ready_.pop_front();
  return true;
}

Elapsed TaskQueue::NextTime() {
  DropCancelledTop();
  return heap_.empty() ? kForever : heap_.front().time;
}

void TaskQueue::DropCancelledTop() {
  while (!heap_.empty() && !tasks_.contains(heap_.front().id))
    PopTop();
}

void TaskQueue::PopTop() {
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  heap_.pop_back();
}

}  // namespace runnel::base
