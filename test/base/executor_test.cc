#include "runnel/executor.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runnel/testing/manual_executor.h"

namespace runnel {
namespace {

using namespace std::chrono_literals;

// Long enough never to be reached by a test that passes.
Elapsed Soon() {
  return Clock::System().ElapsedTime() + 30s;
}

}  // namespace

TEST_CASE("A signal wakes everyone who waits", "[base][signal][threads]") {
  Signal signal;
  std::atomic<int> woken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      if (signal.Park(kForever)) ++woken;
    });
  }
  signal.Raise();
  for (std::thread& thread : threads)
    thread.join();
  CHECK(woken == 3);
  CHECK(signal.raised());
  signal.Reset();
  CHECK_FALSE(signal.raised());
}

TEST_CASE("Parking ends at its timeout", "[base][signal][threads]") {
  Signal signal;
  const Elapsed start = Clock::System().ElapsedTime();
  CHECK_FALSE(signal.Park(2ms));
  CHECK(Clock::System().ElapsedTime() - start >= 2ms);
  CHECK_FALSE(signal.Park(0ns));
  CHECK_FALSE(signal.Park(-5ns));
}

TEST_CASE("Two threads hand a signal back and forth", "[base][signal][threads]") {
  constexpr int kRounds = 20'000;
  Signal ping;
  Signal pong;
  int value = 0;  // passed on by the signals: the thread sanitizer checks the ordering
  std::thread other([&] {
    for (int i = 0; i < kRounds; ++i) {
      ping.Park(kForever);
      ping.Reset();
      ++value;
      pong.Raise();
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    ++value;
    ping.Raise();
    pong.Park(kForever);
    pong.Reset();
  }
  other.join();
  CHECK(value == 2 * kRounds);
}

TEST_CASE("A signal may be destroyed by the thread it woke", "[base][signal][threads]") {
  const auto executor = Executor::Threaded(Clock::System());
  for (int i = 0; i < 2'000; ++i) {
    auto signal = std::make_unique<Signal>();
    executor->Post([target = signal.get()] { target->Raise(); });
    REQUIRE(executor->Wait(*signal, Soon()));
  }
}

TEST_CASE("A threaded executor runs tasks in the order they were posted",
          "[base][executor][threads]") {
  std::vector<int> order;
  Signal done;
  const auto executor = Executor::Threaded(Clock::System());
  for (int i = 0; i < 1'000; ++i)
    executor->Post([&, i] { order.push_back(i); });
  executor->Post([&] { done.Raise(); });
  REQUIRE(executor->Wait(done, Soon()));
  REQUIRE(order.size() == 1'000);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("Tasks of many threads all run", "[base][executor][threads]") {
  constexpr int kThreads = 4;
  constexpr int kTasks = 2'000;
  const auto executor = Executor::Threaded(Clock::System());
  int count = 0;  // only touched by tasks, which run one after the other
  Signal done;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int task = 0; task < kTasks; ++task) {
        executor->Post([&] {
          if (++count == kThreads * kTasks) done.Raise();
        });
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(executor->Wait(done, Soon()));
}

TEST_CASE("Timers run in order of time and can be cancelled", "[base][executor][threads]") {
  const auto executor = Executor::Threaded(Clock::System());
  const Elapsed now = Clock::System().ElapsedTime();
  std::string order;
  Signal done;
  executor->Post([&] {  // so that none fires before all are set
    executor->PostAt(now + 6ms, [&] { done.Raise(); });
    executor->PostAt(now + 4ms, [&] { order += 'b'; });
    executor->PostAt(now + 2ms, [&] { order += 'a'; });
    const Executor::TimerId cancelled = executor->PostAt(now + 1ms, [&] { order += 'x'; });
    order += executor->Cancel(cancelled) ? 'c' : '?';
    order += executor->Cancel(cancelled) ? '?' : 'd';
  });
  REQUIRE(executor->Wait(done, Soon()));
  CHECK(order == "cdab");
  CHECK(Clock::System().ElapsedTime() - now >= 6ms);
}

TEST_CASE("Waiting ends at its deadline", "[base][executor][threads]") {
  const auto executor = Executor::Threaded(Clock::System());
  Signal never;
  const Elapsed start = Clock::System().ElapsedTime();
  CHECK_FALSE(executor->Wait(never, start + 2ms));
  CHECK(Clock::System().ElapsedTime() - start >= 2ms);
}

TEST_CASE("A task may wait for another task", "[base][executor][threads]") {
  const auto executor = Executor::Threaded(Clock::System());
  Signal inner;
  Signal timer;
  Signal outer;
  bool inner_seen = false;
  bool timer_seen = false;
  executor->Post([&] {
    executor->Post([&] { inner.Raise(); });
    inner_seen = executor->Wait(inner, Soon());
    executor->PostAt(Clock::System().ElapsedTime() + 1ms, [&] { timer.Raise(); });
    timer_seen = executor->Wait(timer, kForever);
    outer.Raise();
  });
  REQUIRE(executor->Wait(outer, Soon()));
  CHECK(inner_seen);
  CHECK(timer_seen);
}

TEST_CASE("A task that waits is reached by other threads", "[base][executor][threads]") {
  const auto executor = Executor::Threaded(Clock::System());
  Signal waiting;
  Signal wanted;
  Signal done;
  executor->Post([&] {
    waiting.Raise();
    executor->Wait(wanted, kForever);
    done.Raise();
  });
  REQUIRE(executor->Wait(waiting, Soon()));
  Signal served;  // a task that runs on top of the one that waits
  executor->Post([&] { served.Raise(); });
  REQUIRE(executor->Wait(served, Soon()));
  CHECK_FALSE(done.raised());
  wanted.Raise();
  CHECK(executor->Wait(done, Soon()));
}

TEST_CASE("Destruction drops what has not run and does not hang", "[base][executor][threads]") {
  const auto token = std::make_shared<int>(0);
  SECTION("a timer far away") {
    const auto executor = Executor::Threaded(Clock::System());
    executor->PostAt(Clock::System().ElapsedTime() + 1h, [token] { ++*token; });
  }
  SECTION("a task that waits for ever") {
    Signal started;
    Signal never;
    auto executor = Executor::Threaded(Clock::System());
    executor->Post([&, token, raw = executor.get()] {
      started.Raise();
      raw->Wait(never, kForever);
    });
    REQUIRE(executor->Wait(started, Soon()));
  }
  SECTION("never used") {
    const auto executor = Executor::Threaded(Clock::System());
  }
  SECTION("right after the first post, many times") {
    for (int i = 0; i < 200; ++i) {
      const auto executor = Executor::Threaded(Clock::System());
      executor->Post([token] {});
    }
  }
  CHECK(*token == 0);
  CHECK(token.use_count() == 1);
}

TEST_CASE("An executor may be destroyed by its own task", "[base][executor][threads]") {
  Signal gone;
  auto executor = Executor::Threaded(Clock::System());
  Executor* raw = executor.get();
  Signal handed_over;
  raw->Post([&, raw] {
    raw->Wait(handed_over, kForever);
    executor.reset();
    gone.Raise();
  });
  handed_over.Raise();
  CHECK(gone.Park(30s));
}

TEST_CASE("Destroying a task may post another", "[base][executor][threads]") {
  struct PostsWhenDestroyed {
    explicit PostsWhenDestroyed(Executor& executor) : executor(&executor) {}
    PostsWhenDestroyed(PostsWhenDestroyed&& other) noexcept
        : executor(std::exchange(other.executor, nullptr)) {}
    ~PostsWhenDestroyed() {
      if (executor != nullptr) executor->Post([] {});
    }
    Executor* executor;
  };
  testing::ManualClock clock;
  testing::ManualExecutor executor(clock);
  const auto id = executor.PostAt(1s, [guard = PostsWhenDestroyed(executor)] {});
  CHECK(executor.Cancel(id));
  CHECK(executor.pending() == 1);

  const auto threaded = Executor::Threaded(Clock::System());
  const auto timer = threaded->PostAt(Clock::System().ElapsedTime() + 1h,
                                      [guard = PostsWhenDestroyed(*threaded)] {});
  CHECK(threaded->Cancel(timer));
}

TEST_CASE("A manual executor runs nothing by itself", "[base][executor][threads]") {
  testing::ManualClock clock;
  testing::ManualExecutor executor(clock);
  std::string order;
  executor.PostAt(2s, [&] { order += 'c'; });
  executor.PostAt(1s, [&] { order += 'b'; });
  executor.Post([&] { order += 'a'; });
  CHECK(executor.pending() == 3);
  CHECK(executor.RunUntilIdle() == 1);
  executor.Advance(1500ms);
  CHECK(order == "ab");
  executor.Advance(500ms);
  CHECK(order == "abc");
  CHECK(clock.ElapsedTime() == 2s);
}

TEST_CASE("A manual executor moves its clock while it waits", "[base][executor][threads]") {
  testing::ManualClock clock;
  testing::ManualExecutor executor(clock);
  Signal signal;
  Elapsed nested_time{};
  executor.PostAt(5s, [&] { signal.Raise(); });
  SECTION("to the timer that raises the signal") {
    CHECK(executor.Wait(signal, kForever));
    CHECK(clock.ElapsedTime() == 5s);
  }
  SECTION("to the deadline when that comes first") {
    CHECK_FALSE(executor.Wait(signal, 3s));
    CHECK(clock.ElapsedTime() == 3s);
  }
  SECTION("also inside a task") {
    executor.Post([&] {
      executor.Wait(signal, kForever);
      nested_time = clock.ElapsedTime();
    });
    executor.RunUntilIdle();
    CHECK(nested_time == 5s);
  }
  SECTION("not at all when the deadline has passed, but what is due runs") {
    executor.Post([&] { nested_time = 1ns; });
    CHECK_FALSE(executor.Wait(signal, 0s));
    CHECK(nested_time == 1ns);
    CHECK(clock.ElapsedTime() == 0s);
  }
}

TEST_CASE("Waiting for ever for nothing returns", "[base][executor][threads]") {
  testing::ManualClock clock;
  testing::ManualExecutor executor(clock);
  Signal never;
  CHECK_FALSE(executor.Wait(never, kForever));
}

TEST_CASE("Cancelled timers leave nothing behind", "[base][executor][threads]") {
  testing::ManualClock clock;
  testing::ManualExecutor executor(clock);
  for (int i = 0; i < 10'000; ++i)
    CHECK(executor.Cancel(executor.PostAt(1h, [] {})));
  CHECK(executor.pending() == 0);
  CHECK_FALSE(executor.RunOne());
}

}  // namespace runnel
