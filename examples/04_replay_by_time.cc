// Replay: finds the first record at or after a point in time and reads on from there, without a
// group. The records carry the time of the event, not of the write.
#include <runnel/runnel.h>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

int main() {
  auto broker = runnel::Broker::Open().value();
  auto admin = broker->NewAdmin().value();
  // Old events are kept: without this, retention.ms would drop them after 7 days.
  if (!admin->CreateTopic("temperatures", {.retention = -1ms}).ok()) return 1;

  const runnel::Timestamp midnight = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);
  auto producer = broker->NewProducer().value();
  for (int minute = 0; minute < 24 * 60; ++minute) {
    const std::string value = std::to_string(minute % 30);
    const auto sent = producer->Send({.topic = "temperatures",
                                      .value = value,
                                      .timestamp = midnight + std::chrono::minutes(minute)});
    if (!sent.ok()) return 1;
  }

  auto consumer = broker->NewConsumer().value();
  if (!consumer->Assign({{"temperatures", 0}}).ok()) return 1;
  if (!consumer->SeekToTime(midnight + 23h).ok()) return 1;  // the last hour of the day

  int records = 0;
  int64_t first = -1;
  while (true) {
    const runnel::Records polled = consumer->Poll(0ms);
    if (polled.empty()) break;
    for (const auto& record : polled) {
      if (first < 0) first = record.offset().value();
      ++records;
    }
  }
  std::cout << records << " records of the last hour, from offset " << first << '\n';
  return records == 60 && first == 23 * 60 ? 0 : 1;
}
