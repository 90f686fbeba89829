// The part of a membership that lives between polls: heartbeats, and answers whenever they come.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "broker/broker.h"
#include "client/membership.h"
#include "runnel/consumer.h"
#include "runnel/executor.h"
#include "runnel/options.h"

namespace runnel::client {

// Guards a Membership, keeps it alive by heartbeats on the executor, and gives it up when the user
// has not polled for max_poll_interval. Every change that the polling thread must deal with sets
// needs_attention() and wakes the consumer's waiter.
//
// Thread safety: thread-safe.
// Lifetime: shared with callbacks that the broker still holds. The consumer calls Detach() before
// it dies, and nothing of it is used afterwards.
class GroupSession final : public std::enable_shared_from_this<GroupSession> {
 public:
  GroupSession(broker::Broker& broker, broker::Waiter& waiter, const ConsumerOptions& options);

  // Ends heartbeats; waits for one that is under way.
  void Detach();

  // Calls `look` with the membership, under the lock.
  template <class Look>
  auto Read(Look look) const {
    const base::Lock lock(mutex_);
    return look(std::as_const(membership_));
  }
  // The same, for changes by the polling thread itself.
  template <class Change>
  auto Write(Change change) {
    const base::Lock lock(mutex_);
    return change(membership_);
  }
  // For changes from elsewhere: the polling thread is told.
  template <class Change>
  void Update(Change change) {
    const base::Lock lock(mutex_);
    change(membership_);
    attention_.store(true, std::memory_order_release);
    if (waiter_ != nullptr) waiter_->Wake();
  }

  // Something has happened that the polling thread has not looked at. One load.
  bool needs_attention() const { return attention_.load(std::memory_order_acquire); }
  // The polling thread has done all it can. False when something has come up meanwhile.
  bool Settle(Elapsed now);

  void OnJoin(uint64_t round, group::JoinGroupResponse response);
  void OnSync(uint64_t round, group::SyncGroupResponse response);
  void OnCommit(GenerationId generation, ErrorCode error);
  void Wake();

  // Begins to send heartbeats, if that has not begun, until the member leaves.
  void StartHeartbeats();
  // Leaves without waiting and without a word to the user; `done` may be empty.
  void Leave(absl::AnyInvocable<void()> done);

  // Mark the time between polls.
  void BeginPoll() { last_poll_.store(kInPoll, std::memory_order_relaxed); }
  void EndPoll(Elapsed now) { last_poll_.store(now.count(), std::memory_order_relaxed); }

  const group::RequestContext& context() const { return context_; }
  Elapsed now() const { return clock_.ElapsedTime(); }

 private:
  static constexpr int64_t kInPoll = INT64_MAX;

  void Tick();
  void PostTickLocked(Elapsed now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsOverdue(Elapsed now) const;
  void SendLeave(std::string member_id, std::string reason, absl::AnyInvocable<void()> done);

  broker::Broker& broker_;
  Clock& clock_;
  const std::string group_id_;
  const group::RequestContext context_;
  const Elapsed heartbeat_interval_;
  const Elapsed max_poll_interval_;

  // Held while the timer calls the broker, which takes memory work only, so that Detach() can wait
  // for it. Taken before mutex_.
  absl::Mutex calling_;
  mutable absl::Mutex mutex_;
  Membership membership_ ABSL_GUARDED_BY(mutex_);
  broker::Waiter* waiter_ ABSL_GUARDED_BY(mutex_);  // null once detached
  Executor::TimerId timer_ ABSL_GUARDED_BY(mutex_) = 0;
  bool beating_ ABSL_GUARDED_BY(mutex_) = false;
  // Set with release after a change, read with acquire by the polling thread before it looks,
  // cleared by it under mutex_.
  std::atomic<bool> attention_{false};
  // Elapsed nanoseconds when the last poll ended, kInPoll during one. Written by the polling
  // thread, read by the timer; relaxed, since a late view only delays the timer.
  std::atomic<int64_t> last_poll_{kInPoll};
};

}  // namespace runnel::client
