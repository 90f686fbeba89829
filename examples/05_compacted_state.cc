// State in a topic: a compacted topic keeps the newest value of each key for ever, and a null value
// deletes the key. At start, a program reads the topic into a map and is where it was.
#include <runnel/runnel.h>

#include <chrono>
#include <iostream>
#include <map>
#include <string>

using namespace std::chrono_literals;

// Reads partition 0 of `topic` from its beginning to its end.
std::map<std::string, std::string> Load(runnel::Broker& broker, const std::string& topic) {
  std::map<std::string, std::string> state;
  auto consumer = broker.NewConsumer().value();
  const runnel::TopicPartition partition{topic, 0};
  if (!consumer->Assign({partition}).ok() || !consumer->SeekToBeginning().ok()) return state;
  while (consumer->Lag(partition).value_or(0) > 0) {
    for (const auto& record : consumer->Poll(100ms)) {
      const std::string key(record.key());
      if (record.has_value()) {
        state[key] = record.value();
      } else {
        state.erase(key);
      }
    }
  }
  return state;
}

int main() {
  auto broker = runnel::Broker::Open().value();
  auto admin = broker->NewAdmin().value();
  const auto made =
      admin->CreateTopic("settings", {.cleanup_policy = runnel::CleanupPolicy::kCompact});
  if (!made.ok()) return 1;

  auto producer = broker->NewProducer().value();
  const runnel::ProducerRecord changes[] = {
      {.topic = "settings", .key = "color", .value = "red"},
      {.topic = "settings", .key = "size", .value = "small"},
      {.topic = "settings", .key = "color", .value = "blue"},
      {.topic = "settings", .key = "size", .value = {}},  // deletes it
  };
  if (!producer->SendAll(changes).ok()) return 1;

  for (const auto& [key, value] : Load(*broker, "settings")) {
    std::cout << key << " = " << value << '\n';  // color = blue
  }
  // A compacted topic refuses records without a key.
  const auto refused = producer->Send({.topic = "settings", .value = "who?"});
  std::cout << runnel::ToString(refused.status()) << '\n';
  return Load(*broker, "settings").size() == 1 && !refused.ok() ? 0 : 1;
}
