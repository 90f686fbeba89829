#include "broker/waiting.h"

#include <algorithm>
#include <utility>

#include "base/fence.h"
#include "base/mutex.h"
#include "broker/broker.h"
#include "broker/core.h"
#include "broker/partition.h"

namespace runnel::broker {

void WatchList::Add(Watcher* watcher) {
  const base::Lock lock(mutex_);
  if (std::find(watchers_.begin(), watchers_.end(), watcher) == watchers_.end()) {
    watchers_.push_back(watcher);
  }
}

void WatchList::Remove(Watcher* watcher) {
  const base::Lock lock(mutex_);
  std::erase(watchers_, watcher);
  if (watchers_.empty()) watchers_.shrink_to_fit();
}

void WatchList::Fire() {
  const base::Lock lock(mutex_);
  for (Watcher* watcher : watchers_)
    watcher->OnEvent();
}

Waiter::Waiter(Broker& broker) : Waiter(broker.core()) {}

Waiter::Waiter(std::shared_ptr<Core> core) : core_(std::move(core)) {
  core_->waiters.Add(this);
}

Waiter::~Waiter() {
  UnwatchAll();
  core_->waiters.Remove(this);
}

void Waiter::Watch(std::shared_ptr<Partition> partition) {
  if (std::find(partitions_.begin(), partitions_.end(), partition) != partitions_.end()) return;
  partition->AddWatcher(this);
  partitions_.push_back(std::move(partition));
}

void Waiter::Unwatch(const Partition& partition) {
  std::erase_if(partitions_, [&](const std::shared_ptr<Partition>& watched) {
    if (watched.get() != &partition) return false;
    watched->RemoveWatcher(this);
    return true;
  });
}

void Waiter::UnwatchAll() {
  for (const std::shared_ptr<Partition>& partition : partitions_)
    partition->RemoveWatcher(this);
  partitions_.clear();
}

void Waiter::Wake() {
  woken_.store(true, std::memory_order_seq_cst);
  signal_.Raise();
}

void Waiter::ArmAll() {
  for (const std::shared_ptr<Partition>& partition : partitions_)
    partition->Arm();
}

Waiter::Result Waiter::Wait(Elapsed deadline, absl::FunctionRef<bool()> ready) {
  for (bool in_time = true;;) {
    if (ready()) return Result::kReady;
    // Loads first: this thread alone takes the mark back, and an exchange costs more.
    if (woken_.load(std::memory_order_seq_cst)) {
      woken_.store(false, std::memory_order_seq_cst);
      return Result::kWoken;
    }
    if (core_->closing()) return Result::kClosed;
    if (!in_time) return Result::kDeadline;
    if (Spin(deadline, ready)) continue;
    signal_.Reset();
    ArmAll();
    base::HeavyFence();
    if (ready() || woken_.load(std::memory_order_seq_cst) || core_->closing()) continue;
    // What counts is looked at above; the signal only says when to look. A manual executor gives
    // due tasks a turn even at a deadline in the past.
    in_time = core_->Wait(signal_, deadline) || core_->closing();
  }
}

bool Waiter::Spin(Elapsed deadline, absl::FunctionRef<bool()> ready) {
  if (!core_->may_spin) return false;
  const Elapsed now = core_->Now();
  const Elapsed end = std::min(deadline, now + core_->options.spin);
  if (end <= now) return false;
  constexpr int kLooksPerClock = 16;
  do {
    for (int look = 0; look < kLooksPerClock; ++look) {
      if (ready() || woken_.load(std::memory_order_relaxed)) return true;
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#endif
    }
  } while (core_->Now() < end);
  return false;
}

}  // namespace runnel::broker
