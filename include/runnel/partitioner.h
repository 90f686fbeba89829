// Choosing a partition for a record.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "runnel/random.h"

namespace runnel {

// Kafka's murmur2 hash of a key, as its Java client computes it.
uint32_t Murmur2(std::string_view bytes);

// The partition the Java client chooses for a key: murmur2, made positive, modulo the count.
int32_t PartitionForKey(std::string_view key, int32_t partition_count);

// Chooses partitions for records that name none. Plug in your own through ProducerOptions.
//
// Thread safety: called by the threads that send, one at a time per producer.
// Source: org.apache.kafka.clients.producer.Partitioner.
class Partitioner {
 public:
  virtual ~Partitioner() = default;
  // A partition in [0, partition_count). `record_bytes` is the encoded size, for sticky schemes.
  // A number outside fails the Send with kInvalidPartitions.
  virtual int32_t Partition(std::string_view topic, std::optional<std::string_view> key,
                            std::optional<std::string_view> value, int64_t record_bytes,
                            int32_t partition_count) = 0;

  // Kafka's default: murmur2 of the key; records without a key stay on one random partition until
  // `batch_bytes` have been sent to it (KIP-794). `random` must outlive it.
  static std::shared_ptr<Partitioner> Default(Random& random, int32_t batch_bytes);
  // Every partition in turn, keys ignored.
  static std::shared_ptr<Partitioner> RoundRobin();
};

}  // namespace runnel
