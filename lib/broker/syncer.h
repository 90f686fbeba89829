// Group commit: makes appended records durable, many senders per sync.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <memory>
#include <vector>

#include "runnel/clock.h"
#include "runnel/error.h"
#include "runnel/executor.h"
#include "runnel/types.h"

namespace runnel::broker {

class Partition;
struct Core;

// One per broker, since a broker has one data directory. Work goes in rounds: a round syncs the
// partitions that were asked for before it began, one after the other, and then answers everybody
// it covers. Who asks while a round runs belongs to the next one.
//
// A round is led by one of the threads that wait for it, so that a lone producer syncs on its own
// thread; only when nobody waits (callbacks) an executor task leads. The next leader is woken
// before the crowd of the round that ended.
//
// Thread safety: thread-safe.
class Syncer final {
 public:
  explicit Syncer(Core& core) : core_(core) {}
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  // Returns when `last_offset` of `partition` is durable, its sync has failed, or at `deadline`.
  // Errors: kRequestTimedOut and those of the partition.
  Status Await(Partition& partition, Offset last_offset, Elapsed deadline);
  // Has `partition` synced soon, without waiting.
  void Request(Partition& partition);
  // Lets everyone who waits go; nothing is gathered any more. After the partitions were closed.
  void Close();

 private:
  struct Round {
    std::vector<std::shared_ptr<Partition>> partitions;
    // A waiting thread, or a posted task, will run it.
    bool has_leader = false;
    bool task_leads = false;
    Signal lead;  // raised when it is the elected thread's turn
    Signal done;  // raised when the round has ended
  };
  using RoundPtr = std::shared_ptr<Round>;

  void AddLocked(Partition& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Runs a round whose turn it is, then passes the turn on.
  void Run(const RoundPtr& round);
  void PassOn();
  void PostLeader();
  void LeadFromTask();
  // The elected thread's wait; false when it gave up at `deadline`.
  bool AwaitTurn(const RoundPtr& round, Elapsed deadline);

  Core& core_;
  absl::Mutex mutex_;
  // A round is running, or its elected leader has been told to.
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // The round that gathers; null when nobody waits for it.
  RoundPtr next_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace runnel::broker
