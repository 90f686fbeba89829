// A broker in this process: topics, partitions, groups, in memory or in a directory.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/admin.h"
#include "runnel/consumer.h"
#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/producer.h"

namespace runnel {

namespace broker {
class Broker;  // the engine; lib/broker
}

// Something opening a directory found that was not as it should be.
struct RecoveryFinding {
  enum class Kind {
    kTornTail,      // bytes after the last whole batch were cut off; nothing acknowledged is lost
    kCorruptBatch,  // damage below the tail: the records named are not served
    kIndexRebuilt,  // an index was missing or damaged and was built again
    kSnapshotIgnored,  // producer state or store snapshot was damaged and was built again
    kUnfinishedWork,   // a roll, compaction, deletion or creation was completed or undone
    kUnknownFolder,    // a folder that is no partition was left alone
  } kind = Kind::kTornTail;
  std::string file = {};  // relative to the data directory
  int64_t position = -1;
  Offset first_offset = kNoOffset;
  Offset last_offset = kNoOffset;
  std::string detail = {};
};

// What opening a data directory checked, cut and rebuilt.
struct RecoveryReport {
  bool clean_shutdown = true;  // the directory was closed properly, or is new
  int64_t partition_count = 0;
  int64_t partitions_checked = 0;  // those whose data was read
  int64_t bytes_checked = 0;
  int64_t bytes_cut = 0;
  std::chrono::nanoseconds duration{0};
  std::vector<RecoveryFinding> findings = {};
};

// Owns topics, partitions, groups and their background work.
//
// Thread safety: thread-safe.
// Lifetime: outlives its producers, consumers and admins; those that are still alive when it is
// closed get kBrokerNotAvailable from then on.
class Broker final {
 public:
  // Opens or creates a broker. `{}` keeps everything in memory.
  // Errors: kInvalidConfig (an option or property, with the nearest valid name);
  // kKafkaStorageError (the directory cannot be used, or another process holds it: the text names
  // its process id).
  // Cost: durable: reads checkpoints and listings; after a crash, the data since the last
  // checkpoint.
  static StatusOr<std::unique_ptr<Broker>> Open(BrokerOptions options = {});
  ~Broker();  // closes; errors are logged
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  StatusOr<std::unique_ptr<Producer>> NewProducer(ProducerOptions options = {});
  StatusOr<std::unique_ptr<Consumer>> NewConsumer(ConsumerOptions options = {});
  StatusOr<std::unique_ptr<Admin>> NewAdmin();

  // Wakes all waiting calls, stops background work, writes checkpoints and the clean-shutdown
  // mark. Idempotent. Errors: kKafkaStorageError; the next opening then recovers.
  Status Close();

  // Copies a partition folder as Kafka (or another Runnel) left it into this broker as a new
  // partition, creating the topic with its topic id, or growing it by exactly this partition. The
  // partition appears as a whole or not at all. The folder is not changed.
  // Errors: kTopicAlreadyExists when the partition exists; kInvalidTopicException;
  // kInvalidPartitions when the topic has fewer partitions than `partition` says;
  // kInvalidRequest when the folder holds no segment or the broker is in memory;
  // kKafkaStorageError.
  Status ImportPartition(std::string_view from_folder, const TopicPartition& partition);

  // What opening found so far: partitions are opened, and recovered, at their first use.
  RecoveryReport recovery_report() const;
  const BrokerOptions& options() const;

  // For Runnel's own layers.
  broker::Broker& engine() { return *engine_; }

 private:
  explicit Broker(std::unique_ptr<broker::Broker> engine);
  std::unique_ptr<broker::Broker> engine_;
};

}  // namespace runnel
