// A unit test with a broker in it: memory only, time under control, everything on one thread. The
// code under test takes a Broker&, so that production and test differ in one line.
#include <runnel/runnel.h>
#include <runnel/testing/manual_clock.h>
#include <runnel/testing/manual_executor.h>

#include <cassert>
#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

// Code under test: counts the alarms that are younger than an hour.
int CountFreshAlarms(runnel::Broker& broker, runnel::Timestamp now) {
  auto consumer = broker.NewConsumer().value();
  if (!consumer->Assign({{"alarms", 0}}).ok() || !consumer->SeekToTime(now - 1h).ok()) return -1;
  return static_cast<int>(consumer->Poll(0ms).count());
}

int main() {
  runnel::testing::ManualClock clock;
  runnel::testing::ManualExecutor executor(clock);
  runnel::BrokerOptions options;
  options.environment = {.clock = &clock, .executor = &executor};
  auto broker = runnel::Broker::Open(options).value();
  auto producer = broker->NewProducer().value();

  const auto send = [&](const std::string& value) {
    return producer->Send({.topic = "alarms", .value = value}).ok();
  };
  if (!send("smoke") || !send("water")) return 1;
  executor.Advance(50min);
  if (!send("door")) return 1;

  const int fresh = CountFreshAlarms(*broker, clock.Now());
  executor.Advance(30min);  // takes no time: the clock is ours
  const int later = CountFreshAlarms(*broker, clock.Now());

  // A blocking call in simulated time returns at once as well.
  auto consumer = broker->NewConsumer().value();
  if (!consumer->Assign({{"alarms", 0}}).ok() || !consumer->SeekToEnd().ok()) return 1;
  const auto before = clock.ElapsedTime();
  const bool empty = consumer->Poll(10s).empty();
  const bool waited = clock.ElapsedTime() - before >= 10s;

  std::cout << fresh << " fresh alarms, " << later << " half an hour later\n";
  return fresh == 3 && later == 1 && empty && waited ? 0 : 1;
}
