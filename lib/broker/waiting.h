// How calls wait: blocking polls, long-poll fetches and everything else that needs an event.
//
// An append reads one word, PartitionLog's armed events, and is done when it is zero. Whoever is
// about to park sets it, issues the expensive half of a fence (base/fence.h), looks once more and
// then sleeps; the first event disarms the word and tells all watchers of the partition.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/functional/function_ref.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "runnel/executor.h"

namespace runnel::broker {

class Broker;
class Partition;
struct Core;

// Hears that something it watches has happened.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // Raise a signal or post a task, and nothing more: it runs on the appending thread with the
  // watch list locked.
  virtual void OnEvent() = 0;
};

// Who wants to hear of the events of one thing.
//
// Thread safety: thread-safe. When Remove() has returned, OnEvent() is not running and will not
// be called again.
class WatchList final {
 public:
  // A watcher is listed at most once.
  void Add(Watcher* watcher);
  void Remove(Watcher* watcher);
  void Fire();

 private:
  absl::Mutex mutex_;
  std::vector<Watcher*> watchers_ ABSL_GUARDED_BY(mutex_);
};

// Lets one thread wait for any of many partitions. Made once per consumer and reused.
//
//   Waiter waiter(broker);
//   waiter.Watch(partition);                       // once per assigned partition
//   while (waiter.Wait(deadline, [&] { return reader.ready(); }) == WaitResult::kReady) ...
//
// Thread safety: confined to one thread at a time; Wake() from any thread.
// Lifetime: keeps its partitions alive. May outlive the broker; it never waits then.
class Waiter final : public Watcher {
 public:
  explicit Waiter(Broker& broker);
  explicit Waiter(std::shared_ptr<Core> core);
  ~Waiter() override;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // From now on records of `partition` that become visible end Wait(). Idempotent.
  void Watch(std::shared_ptr<Partition> partition);
  void Unwatch(const Partition& partition);
  void UnwatchAll();

  enum class Result {
    kReady,     // ready() was true
    kWoken,     // Wake() was called; one Wait() uses it up
    kDeadline,  // the time has come and ready() was false
    kClosed,    // the broker is closing
  };
  // Waits until `ready` is true: asked first of all, while spinning (BrokerOptions::spin, not with
  // an injected executor), and after each event of a watched partition, each creation, deletion
  // or growth of a topic, and each Wake(). `deadline` is on the executor's clock; kForever waits
  // without limit, a time in the past only looks.
  // Cost: nothing but `ready` when it is true; a fence on all cores before parking.
  Result Wait(Elapsed deadline, absl::FunctionRef<bool()> ready);

  // Ends the running or the next Wait(). For wake-ups and for answers that come by callback.
  void Wake();

  void OnEvent() override { signal_.Raise(); }

 private:
  bool Spin(Elapsed deadline, absl::FunctionRef<bool()> ready);
  void ArmAll();

  std::shared_ptr<Core> core_;
  std::vector<std::shared_ptr<Partition>> partitions_;
  Signal signal_;
  // Set by Wake() before it raises the signal, taken back by Wait(); seq_cst with the signal.
  std::atomic<bool> woken_{false};
};

}  // namespace runnel::broker
