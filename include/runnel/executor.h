// Where background work runs and how threads wait.
#pragma once

#include <absl/functional/any_invocable.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "runnel/clock.h"

namespace runnel {

// A flag one thread raises and others wait for, through Executor::Wait. Reusable.
//
// Thread safety: thread-safe. Raising an already raised signal costs one load; raising costs a
// system call only when a thread is parked.
class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  // Wakes everyone who waits, now and until Reset().
  void Raise();
  // Lowers the flag again.
  void Reset();
  bool raised() const { return (state_.load(std::memory_order_acquire) & kRaised) != 0; }

  // Parks the calling thread until the signal is raised or `timeout` has passed (kForever: no
  // limit) and returns raised(). For implementers of Executor; others call Executor::Wait.
  bool Park(Elapsed timeout);

  // Park() in two steps, for implementers of Executor whose threads wait for other things too:
  // take a ticket, look whether there is anything to do, and park. ParkWith() returns when the
  // signal is raised, when Nudge() was called after the ticket was taken, when `timeout` has
  // passed, and sometimes for no reason.
  using Ticket = uint32_t;
  Ticket PrepareToPark();
  bool ParkWith(Ticket ticket, Elapsed timeout);
  // Sends everyone who is parked round their loop without raising the signal.
  void Nudge();

 private:
  static constexpr uint32_t kParked = 1;  // at least one thread sleeps, or is about to
  static constexpr uint32_t kRaised = 2;  // never together with kParked
  static constexpr uint32_t kNudge = 4;   // the bits from here up count nudges
  // Written by raisers and parkers, read by waiters; acquire/release, also the futex word.
  std::atomic<uint32_t> state_{0};
};

// Runs tasks now or later, off the caller's stack, one after the other.
//
// Thread safety: thread-safe. A task may post, cancel and wait for other tasks; a task that waits
// lets others run meanwhile, on top of it.
// Lifetime: outlives every Broker that uses it. Tasks that have not run when the executor is
// destroyed are destroyed without running.
class Executor {
 public:
  using Task = absl::AnyInvocable<void()>;
  using TimerId = uint64_t;  // never 0

  virtual ~Executor() = default;

  // Runs `task` soon. Tasks posted from one thread run in that order.
  virtual void Post(Task task) = 0;
  // Runs `task` once the clock's ElapsedTime() has reached `time`.
  virtual TimerId PostAt(Elapsed time, Task task) = 0;
  // Drops a timer that has not fired. False when it has fired, is running, or never was.
  virtual bool Cancel(TimerId id) = 0;
  // Waits until `signal` is raised or the clock has reached `deadline`; returns signal.raised().
  // A threaded executor parks the calling thread. A manual one runs tasks meanwhile, and moves
  // its clock to the next timer or the deadline when there is nothing left to run. Returns false
  // early where nothing could raise the signal any more: a manual executor that has nothing left
  // to run before kForever, and a task that waits while its executor is being destroyed.
  virtual bool Wait(Signal& signal, Elapsed deadline) = 0;

  // Runs tasks on one thread, started at the first Post or PostAt and joined at destruction; the
  // thread blocks all signals and sleeps while there is nothing to do. Destruction waits for the
  // task that is running. `clock` must outlive it and pass as real time does.
  // Cost: Post wakes the thread with one system call, and only when it sleeps.
  static std::unique_ptr<Executor> Threaded(Clock& clock);
};

}  // namespace runnel
