// Sends three records to a broker in memory and reads them back.
#include <runnel/runnel.h>

#include <chrono>
#include <iostream>

int main() {
  using namespace std::chrono_literals;
  auto broker = runnel::Broker::Open();
  if (!broker.ok()) return 1;
  auto producer = (*broker)->NewProducer();
  if (!producer.ok()) return 2;
  for (const char* order : {"apples", "pears", "plums"}) {
    if (!(*producer)->Send({.topic = "orders", .value = order}).ok()) return 3;
  }
  runnel::ConsumerOptions options;
  options.group_id = "billing";
  options.offset_reset = runnel::OffsetReset::kEarliest;
  auto consumer = (*broker)->NewConsumer(options);
  if (!consumer.ok() || !(*consumer)->Subscribe({"orders"}).ok()) return 4;
  int seen = 0;
  for (int polls = 0; seen < 3 && polls < 100; ++polls) {
    for (const runnel::RecordView& record : (*consumer)->Poll(100ms)) {
      std::cout << record.offset() << ' ' << record.value() << '\n';
      ++seen;
    }
  }
  return seen == 3 ? 0 : 5;
}
