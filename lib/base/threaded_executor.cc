#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <memory>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/task_queue.h"
#include "runnel/executor.h"

namespace runnel {
namespace base {
namespace {

// What the executor and its thread share; the thread keeps it alive when a task destroys the
// executor that runs it.
class ExecutorState final {
 public:
  explicit ExecutorState(Clock& clock) : clock_(clock) {}

  void Post(Executor::Task task) {
    const Lock lock(mutex_);
    queue_.Add(std::move(task));
    if (parked_ != nullptr) parked_->Nudge();
  }

  Executor::TimerId PostAt(Elapsed time, Executor::Task task) {
    const Lock lock(mutex_);
    const bool first = time < queue_.NextTime();
    const Executor::TimerId id = queue_.AddAt(time, std::move(task));
    if (first && parked_ != nullptr) parked_->Nudge();
    return id;
  }

  bool Cancel(Executor::TimerId id) {
    Executor::Task dropped;
    const Lock lock(mutex_);
    return queue_.Cancel(id, dropped);
  }

  void Stop() {
    stop_.Raise();
    const Lock lock(mutex_);
    if (parked_ != nullptr) parked_->Nudge();
  }

  // Destroys what has not run. Tasks may post when they are destroyed, which is dropped too.
  void DropTasks() {
    TaskQueue dropped;
    const Lock lock(mutex_);
    std::swap(dropped, queue_);
  }

  // The thread's main loop.
  void Run() {
    thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    RunUntil(stop_, kForever);
  }

  bool IsOwnThread() const {
    return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

  // Runs tasks on the calling thread, which is the executor's, until `signal` is raised, the clock
  // has reached `deadline` or the executor stops.
  bool RunUntil(Signal& signal, Elapsed deadline) {
    for (;;) {
      if (signal.raised()) return true;
      if (stop_.raised()) return false;
      Executor::Task task;
      if (!TakeTask(task)) {
        if (!ParkUntilWork(signal, deadline)) return signal.raised();
        continue;
      }
      task();
      task = nullptr;
      if (deadline != kForever && clock_.ElapsedTime() >= deadline) return signal.raised();
    }
  }

 private:
  bool TakeTask(Executor::Task& task) {
    const Lock lock(mutex_);
    if (queue_.has_timers()) queue_.MakeDueReady(clock_.ElapsedTime());
    return queue_.TakeReady(task);
  }

  // Sleeps until there may be something to do; false when `deadline` is reached.
  bool ParkUntilWork(Signal& signal, Elapsed deadline) {
    Elapsed wake = deadline;
    Signal::Ticket ticket = 0;
    {
      const Lock lock(mutex_);
      if (queue_.ready_count() > 0) return true;
      wake = std::min(wake, queue_.NextTime());
      // Taken under the lock: what is posted from here on nudges after the ticket.
      ticket = signal.PrepareToPark();
      parked_ = &signal;
    }
    const Elapsed now = wake == kForever ? Elapsed::zero() : clock_.ElapsedTime();
    if (!stop_.raised()) signal.ParkWith(ticket, wake == kForever ? kForever : wake - now);
    const Lock lock(mutex_);
    parked_ = nullptr;
    return deadline == kForever || clock_.ElapsedTime() < deadline;
  }

  Clock& clock_;
  Signal stop_;
  // Written by the executor's thread. Relaxed: only that thread has to recognise itself.
  std::atomic<std::thread::id> thread_ = {};
  absl::Mutex mutex_;
  TaskQueue queue_ ABSL_GUARDED_BY(mutex_);
  // What the executor's thread sleeps on; null while it runs.
  Signal* parked_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

// Makes the new thread start with all signals blocked: handlers of the host stay on its threads.
class BlockedSignals final {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

void* RunThread(void* argument) {
  const std::unique_ptr<std::shared_ptr<ExecutorState>> state(
      static_cast<std::shared_ptr<ExecutorState>*>(argument));
  pthread_setname_np(pthread_self(), "runnel");
  (*state)->Run();
  return nullptr;
}

class ThreadedExecutor final : public Executor {
 public:
  explicit ThreadedExecutor(Clock& clock)
      : clock_(clock), state_(std::make_shared<ExecutorState>(clock)) {}

  ~ThreadedExecutor() override {
    if (started_.load(std::memory_order_acquire)) {
      state_->Stop();
      // A task that destroys its own executor cannot wait for itself: the thread then ends after
      // the task, with state_ as its last owner.
      if (state_->IsOwnThread()) {
        pthread_detach(thread_);
      } else {
        pthread_join(thread_, nullptr);
      }
    }
    state_->DropTasks();
  }

  void Post(Task task) override {
    state_->Post(std::move(task));
    Start();
  }

  TimerId PostAt(Elapsed time, Task task) override {
    const TimerId id = state_->PostAt(time, std::move(task));
    Start();
    return id;
  }

  bool Cancel(TimerId id) override { return state_->Cancel(id); }

  bool Wait(Signal& signal, Elapsed deadline) override {
    if (signal.raised()) return true;
    if (state_->IsOwnThread()) return state_->RunUntil(signal, deadline);
    for (;;) {
      if (deadline == kForever) return signal.Park(kForever);
      const Elapsed now = clock_.ElapsedTime();
      if (now >= deadline) return signal.raised();
      if (signal.Park(deadline - now)) return true;
    }
  }

 private:
  // Starts the thread unless it runs. When the system refuses, the tasks stay queued and the next
  // call tries again.
  void Start() {
    if (started_.load(std::memory_order_acquire)) return;
    const Lock lock(start_mutex_);
    if (started_.load(std::memory_order_acquire)) return;
    auto argument = std::make_unique<std::shared_ptr<ExecutorState>>(state_);
    const BlockedSignals blocked;
    if (pthread_create(&thread_, nullptr, RunThread, argument.get()) != 0) return;
    argument.release();  // RunThread's
    started_.store(true, std::memory_order_release);
  }

  Clock& clock_;
  const std::shared_ptr<ExecutorState> state_;
  absl::Mutex start_mutex_;
  // Release after thread_ is written, acquire before it is read; never goes back.
  std::atomic<bool> started_ = false;
  pthread_t thread_ = {};
};

}  // namespace
}  // namespace base

std::unique_ptr<Executor> Executor::Threaded(Clock& clock) {
  return std::make_unique<base::ThreadedExecutor>(clock);
}

}  // namespace runnel
