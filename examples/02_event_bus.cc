// An event bus inside one process: several threads publish, and each group of subscribers sees
// every event once. No server, no port, nothing on disk.
#include <runnel/runnel.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

constexpr int kPublishers = 3;
constexpr int kEventsEach = 1000;

// Reads events as a member of `group` until the whole group has seen all of them.
void Listen(runnel::Broker& broker, const std::string& group, std::atomic<int>& seen) {
  auto consumer =
      broker.NewConsumer({.group_id = group, .offset_reset = runnel::OffsetReset::kEarliest})
          .value();
  if (!consumer->Subscribe({"events"}).ok()) return;
  while (seen < kPublishers * kEventsEach) {
    seen += static_cast<int>(consumer->Poll(10ms).count());
    if (!consumer->Commit().ok()) continue;  // a rebalance came between: poll again
  }
}

int main() {
  auto broker = runnel::Broker::Open().value();
  auto admin = broker->NewAdmin().value();
  if (!admin->CreateTopic("events", {.partition_count = 4}).ok()) return 1;

  std::atomic<int> audit = 0;
  std::atomic<int> mail = 0;
  std::vector<std::jthread> threads;
  threads.emplace_back([&] { Listen(*broker, "audit", audit); });
  threads.emplace_back([&] { Listen(*broker, "mail", mail); });  // two members share the work
  threads.emplace_back([&] { Listen(*broker, "mail", mail); });
  for (int publisher = 0; publisher < kPublishers; ++publisher) {
    threads.emplace_back([&, publisher] {
      auto producer = broker->NewProducer().value();
      for (int i = 0; i < kEventsEach; ++i) {
        const std::string key = "user-" + std::to_string(i % 50);
        const std::string value = "event " + std::to_string(publisher) + "/" + std::to_string(i);
        if (!producer->Send({.topic = "events", .key = key, .value = value}).ok()) return;
      }
    });
  }
  threads.clear();  // joins

  std::cout << "audit saw " << audit << ", mail saw " << mail << " of " << kPublishers * kEventsEach
            << " events\n";
  return audit == mail && mail == kPublishers * kEventsEach ? 0 : 1;
}
