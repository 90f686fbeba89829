// Sending records.
#pragma once

#include <absl/functional/any_invocable.h>

#include <future>
#include <memory>
#include <span>
#include <vector>

#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/record.h"

namespace runnel {

class ProducerBackend;

// Called once per accepted record with its place, or why it was not stored.
using DeliveryCallback = absl::AnyInvocable<void(const StatusOr<RecordMetadata>&)>;

// Sends records to topics.
//
// With linger 0 (the default) a record is appended on the calling thread. What "acknowledged"
// means is the topic's durability: with Durability::kFsync it is on disk.
//
// Thread safety: thread-safe. Records sent from one thread to one partition keep their order.
// Lifetime: must be destroyed before its Broker. Destruction flushes for at most 1 s; call Flush
// or Close to wait longer.
// Source: org.apache.kafka.clients.producer.KafkaProducer.
class Producer final {
 public:
  explicit Producer(std::unique_ptr<ProducerBackend> backend);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Appends one record and waits until it is acknowledged.
  // Errors: kUnknownTopicOrPartition; kInvalidRecord (a compacted topic needs keys);
  // kMessageTooLarge; kInvalidTimestamp; kRequestTimedOut (outcome unknown, or no buffer space);
  // kKafkaStorageError (the disk failed or is full; retry after space returns).
  // With linger it takes along, at once, what lingers for its partition.
  // Cost: with kFsync one sync, shared with concurrent senders.
  StatusOr<RecordMetadata> Send(const ProducerRecord& record);

  // Accepts the record and returns; `done` is called when it is acknowledged or has failed, on the
  // sending thread or one of the broker's, in the order of offsets within a partition. It must not
  // block; it may send. When the returned status is not OK nothing was accepted and `done` is not
  // called: a record or topic at fault, no buffer space. What the log answers, `done` hears.
  Status Send(const ProducerRecord& record, DeliveryCallback done);

  // The same, with a future. Waiting on it needs linger to pass or Flush().
  std::future<StatusOr<RecordMetadata>> SendFuture(const ProducerRecord& record);

  // Accepts all records, in order, as whole batches per partition, and waits until all are
  // acknowledged. The fastest way in. Returns the metadata of each record; on an error, records
  // before the failing one may have been stored.
  StatusOr<std::vector<RecordMetadata>> Send(std::span<const ProducerRecord> records);
  // The same without the list of metadata.
  Status SendAll(std::span<const ProducerRecord> records);

  // Accepts a record and does not tell its fate: for streams where Flush() is the acknowledgement.
  // The first failure is returned by the next Flush().
  Status Enqueue(const ProducerRecord& record);

  // Appends what lingers and waits until all accepted records are acknowledged or have failed.
  // Errors: the first failure of an Enqueue()d record since the last Flush; kRequestTimedOut.
  Status Flush(std::chrono::milliseconds timeout = std::chrono::minutes(2));

  // The number of partitions of a topic, which is created if the broker does so.
  StatusOr<int32_t> PartitionCount(std::string_view topic);

  // Flushes, then refuses further sends. Idempotent. Errors: as Flush().
  Status Close(std::chrono::milliseconds timeout = std::chrono::minutes(2));

  // For Runnel's own layers.
  ProducerBackend& backend() { return *backend_; }

 private:
  std::unique_ptr<ProducerBackend> backend_;
};

}  // namespace runnel
