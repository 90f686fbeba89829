#include <algorithm>
#include <climits>
#include <ctime>

#include "runnel/executor.h"

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace runnel {
namespace {

timespec ToTimespec(Elapsed time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  timespec result = {};
  result.tv_sec = static_cast<time_t>(seconds.count());
  result.tv_nsec = static_cast<long>((time - seconds).count());
  return result;
}

#ifdef __linux__
// Sleeps while `word` is `expected`, at most `timeout`; may return early.
void FutexWait(std::atomic<uint32_t>& word, uint32_t expected, Elapsed timeout) {
  const timespec relative = ToTimespec(timeout);
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected,
            timeout == kForever ? nullptr : &relative, nullptr, 0);
}

void FutexWakeAll(std::atomic<uint32_t>& word) {
  // The word may be gone by then; the kernel only uses its address.
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}
#else
// Without futexes a parked thread looks again every tenth of a millisecond.
void FutexWait(std::atomic<uint32_t>&, uint32_t, Elapsed timeout) {
  const timespec nap = ToTimespec(std::min<Elapsed>(timeout, std::chrono::microseconds(100)));
  ::nanosleep(&nap, nullptr);
}
void FutexWakeAll(std::atomic<uint32_t>&) {}
#endif

}  // namespace

void Signal::Raise() {
  uint32_t state = state_.load(std::memory_order_acquire);
  do {
    if ((state & kRaised) != 0) return;
  } while (!state_.compare_exchange_weak(state, (state & ~kParked) | kRaised,
                                         std::memory_order_acq_rel, std::memory_order_acquire));
  // From here on a waiter may return and destroy the signal: only its address is used.
  if ((state & kParked) != 0) FutexWakeAll(state_);
}

void Signal::Reset() {
  state_.fetch_and(~kRaised, std::memory_order_acq_rel);
}

Signal::Ticket Signal::PrepareToPark() {
  uint32_t state = state_.load(std::memory_order_acquire);
  while ((state & (kRaised | kParked)) == 0) {
    if (state_.compare_exchange_weak(state, state | kParked, std::memory_order_seq_cst,
                                     std::memory_order_acquire)) {
      return state | kParked;
    }
  }
  return state;
}

bool Signal::ParkWith(Ticket ticket, Elapsed timeout) {
  if ((ticket & kRaised) != 0) return raised();
  if (timeout > Elapsed::zero()) FutexWait(state_, ticket, timeout);
  return raised();
}

void Signal::Nudge() {
  uint32_t state = state_.load(std::memory_order_seq_cst);
  while ((state & kParked) != 0) {
    if (state_.compare_exchange_weak(state, (state & ~kParked) + kNudge, std::memory_order_seq_cst,
                                     std::memory_order_seq_cst)) {
      FutexWakeAll(state_);
      return;
    }
  }
}

bool Signal::Park(Elapsed timeout) {
  using Clock = std::chrono::steady_clock;
  const bool forever = timeout == kForever;
  const Elapsed start = forever ? Elapsed::zero() : Elapsed(Clock::now().time_since_epoch());
  for (Elapsed left = timeout;;) {
    const Ticket ticket = PrepareToPark();
    if (ParkWith(ticket, left)) return true;
    if (forever) continue;
    left = timeout - (Clock::now().time_since_epoch() - start);
    if (left <= Elapsed::zero()) return raised();
  }
}

}  // namespace runnel
