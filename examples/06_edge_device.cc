// An edge device: measurements go to a small flash disk. The topic keeps to its cap, give or take a
// segment, because the oldest segments make room. What a power cut leaves is intact.
#include <runnel/runnel.h>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>

int main() {
  const auto dir = std::filesystem::temp_directory_path() / "runnel-edge";
  std::filesystem::remove_all(dir);
  runnel::BrokerOptions options;
  options.data_dir = dir.string();
  options.properties = {{"log.retention.check.interval.ms", "100"},
                        {"log.segment.delete.delay.ms", "0"}};
  auto broker = runnel::Broker::Open(options).value();
  auto admin = broker->NewAdmin().value();
  constexpr int64_t kCap = 4 << 20;
  const auto made =
      admin->CreateTopic("measurements", {
                                             .durability = runnel::Durability::kInterval,
                                             .retention_bytes = kCap,
                                             .segment_bytes = 1 << 20,
                                             .configs = {{"flush.ms", "1000"}},
                                         });
  if (!made.ok()) {
    std::cerr << runnel::ToString(made) << '\n';
    return 1;
  }

  // Four times the cap, in batches.
  auto producer = broker->NewProducer({.linger = std::chrono::milliseconds(5)}).value();
  const std::string measurement(1000, 'm');
  for (int i = 0; i < 16 * 1024; ++i) {
    if (!producer->Enqueue({.topic = "measurements", .value = measurement}).ok()) return 1;
  }
  if (!producer->Flush().ok()) return 1;

  // Wait until retention has run: the start of the log moves up.
  auto consumer = broker->NewConsumer().value();
  const runnel::TopicPartition partition{"measurements", 0};
  runnel::Offset start{0};
  while (start == runnel::Offset(0)) {
    consumer->Poll(std::chrono::milliseconds(20));
    start = consumer->BeginningOffsets({&partition, 1}).value().at(partition);
  }
  const auto end = consumer->EndOffsets({&partition, 1}).value().at(partition);
  std::cout << "kept offsets " << start << " to " << end << " of " << end << '\n';
  return end == runnel::Offset(16 * 1024) ? 0 : 1;
}
