#include "group/timer_queue.h"

namespace runnel::group {

Elapsed TimerQueue::NextDeadline() const {
  return entries_.empty() ? kForever : entries_.begin()->at;
}

Timer* TimerQueue::PopDue(Elapsed now) {
  if (entries_.empty() || entries_.begin()->at > now) return nullptr;
  Timer* timer = entries_.begin()->timer;
  timer->Cancel();
  return timer;
}

Timer::Timer(TimerQueue& queue, Kind kind, void* owner)
    : queue_(queue), kind_(kind), owner_(owner), sequence_(queue.next_sequence_++) {}

void Timer::Set(Elapsed at) {
  Cancel();
  at_ = at;
  if (at != kForever) queue_.entries_.insert({.at = at, .sequence = sequence_, .timer = this});
}

void Timer::Cancel() {
  if (at_ == kForever) return;
  queue_.entries_.erase({.at = at_, .sequence = sequence_, .timer = this});
  at_ = kForever;
}

}  // namespace runnel::group
