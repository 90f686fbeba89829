// An executor that runs everything on the caller's thread, when asked.
#pragma once

#include <cstdint>
#include <memory>

#include "runnel/executor.h"
#include "runnel/testing/manual_clock.h"

namespace runnel::testing {

// Deterministic: the same calls run the same tasks in the same order. Wait() runs tasks and moves
// the clock by itself, so that blocking calls (Poll, Send) return at once in simulated time.
//
// Thread safety: confined to one thread.
// Lifetime: `clock` outlives it.
class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(ManualClock& clock);
  ~ManualExecutor() override;

  void Post(Task task) override;
  TimerId PostAt(Elapsed time, Task task) override;
  bool Cancel(TimerId id) override;
  bool Wait(Signal& signal, Elapsed deadline) override;

  // Runs the next task that is due; false when there is none.
  bool RunOne();
  // Runs until nothing is due; returns how many ran. Stops after `limit` tasks.
  int64_t RunUntilIdle(int64_t limit = 1'000'000);
  // Moves the clock forward by `by`, running each timer at its time.
  void Advance(Elapsed by);
  // Tasks and timers not run yet.
  int64_t pending() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace runnel::testing
