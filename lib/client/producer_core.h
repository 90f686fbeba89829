// The state and the threads' meeting point of one producer.
#pragma once

#include <absl/base/thread_annotations.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/light_mutex.h"
#include "base/strings.h"
#include "broker/broker.h"
#include "client/producer_state.h"
#include "record/compression.h"
#include "runnel/partitioner.h"
#include "runnel/producer.h"

namespace runnel::client {

// Two ways in. Direct (linger 0, no compression): the sending thread appends to the log, under
// the producer's mutex, so that callbacks can be told in the order of offsets. Buffered: records
// gather in a batch per partition; a full one, or one whose linger is over, is appended by one
// thread at a time per partition, without the mutex.
//
// Thread safety: thread-safe. User callbacks run without the mutex, one at a time per partition.
// Lifetime: shared with the broker's callbacks and timers, which find it closed when they are
// late. Must not be used after the broker is destroyed.
class ProducerCore final : public std::enable_shared_from_this<ProducerCore> {
 public:
  ProducerCore(broker::Broker& broker, ProducerOptions options);

  StatusOr<RecordMetadata> Send(const ProducerRecord& record);
  // An empty `done` enqueues.
  Status SendAsync(const ProducerRecord& record, DeliveryCallback done);
  Status SendBatch(std::span<const ProducerRecord> records, std::vector<RecordMetadata>* metadata);
  Status Flush(std::chrono::milliseconds timeout);
  StatusOr<int32_t> PartitionCount(std::string_view topic);
  Status Close(std::chrono::milliseconds timeout);

 private:
  // --- producer_core.cc: finding partitions, direct sends, blocking
  Status CheckSize(const ProducerRecord& record, int64_t* record_bytes) const;
  Timestamp TimestampOf(const ProducerRecord& record) const;
  TopicState* FindLocked(std::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status Resolve(std::string_view name) ABSL_LOCKS_EXCLUDED(mutex_);
  StatusOr<PartitionState*> RouteLocked(TopicState& topic, const ProducerRecord& record,
                                        int64_t record_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<int32_t> ChooseLocked(TopicState& topic, const ProducerRecord& record,
                                 int64_t record_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool NeedsAck(broker::Partition& partition, const broker::Appended& appended) const;
  StatusOr<RecordMetadata> SendDirect(const ProducerRecord& record, int64_t record_bytes);
  Status EnqueueDirect(const ProducerRecord& record, DeliveryCallback& done, int64_t record_bytes);
  void DeliverDirectLocked(PartitionState& partition, const record::RecordFields& fields,
                           StatusOr<broker::Appended> appended, DeliveryCallback& done,
                           int64_t record_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<RecordMetadata> SendBuffered(const ProducerRecord& record, int64_t record_bytes);

  // --- producer_batch.cc: spans of records
  Status SendBatchBuffered(std::span<const ProducerRecord> records,
                           std::vector<RecordMetadata>* metadata);
  Status GroupRecords(std::span<const ProducerRecord> records, BatchScratch& scratch);
  Status RouteAll(std::span<const ProducerRecord> records, BatchScratch& scratch)
      ABSL_LOCKS_EXCLUDED(mutex_);
  Status AppendGroup(BatchScratch& scratch, size_t group_index,
                     std::vector<RecordMetadata>* metadata);
  Status AwaitGroups(const BatchScratch& scratch);
  StatusOr<broker::Appended> AppendChunk(PartitionState& partition,
                                         std::shared_ptr<broker::Partition>& handle,
                                         std::span<const record::RecordFields> chunk,
                                         Timestamp now);
  std::unique_ptr<BatchScratch> TakeScratch();
  void GiveScratch(std::unique_ptr<BatchScratch> scratch);

  // --- producer_accumulator.cc: buffered sends
  Status Accept(const ProducerRecord& record, DeliveryCallback& done, int64_t record_bytes,
                PartitionState** where);
  void AddLocked(PartitionState& partition, const record::RecordFields& fields,
                 DeliveryCallback& done, int64_t record_bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OpenLocked(PartitionState& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseBatchLocked(PartitionState& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DrainLocked(PartitionState& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<broker::Appended> AppendBatch(PartitionState& partition, OpenBatch& batch,
                                         std::shared_ptr<broker::Partition>& handle);
  StatusOr<std::shared_ptr<broker::Partition>> Refresh(PartitionState& partition);
  void ArmLingerLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnLinger() ABSL_LOCKS_EXCLUDED(mutex_);
  void FlushPartitionLocked(PartitionState& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FlushAll() ABSL_LOCKS_EXCLUDED(mutex_);

  // --- producer_delivery.cc: acknowledgements, callbacks, bounds
  void PushLocked(PartitionState& partition, Delivery delivery)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellLocked(PartitionState& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AskLocked(PartitionState& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnAck(PartitionState& partition, const broker::Partition* handle, Offset last_offset,
             const Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void Run(PartitionState& partition, Delivery& delivery) ABSL_LOCKS_EXCLUDED(mutex_);
  void FinishLocked(PartitionState& partition, const Delivery& delivery)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ArmExpiryLocked(Elapsed deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnExpiry() ABSL_LOCKS_EXCLUDED(mutex_);
  Status AwaitSpace(int64_t record_bytes, Elapsed* deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  bool FitsLocked(int64_t record_bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return used_bytes_ + record_bytes <= options_.buffer_bytes;
  }
  // Lets the calling thread sync for a partition whose acknowledgements are outstanding.
  void Help(PartitionState& partition, Elapsed deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<PartitionState*> BusyLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status AwaitTold(Elapsed deadline, std::chrono::milliseconds timeout) ABSL_LOCKS_EXCLUDED(mutex_);
  void Abandon(const Status& reason) ABSL_LOCKS_EXCLUDED(mutex_);

  broker::Broker& broker_;
  const ProducerOptions options_;
  Clock& clock_;
  const bool direct_;
  const std::shared_ptr<Partitioner> partitioner_;
  const bool murmur2_;  // the partitioner is Kafka's: keys are hashed here
  record::Codecs codecs_;

  // Raised when records were told or bytes became free, while somebody waits for that.
  Signal progress_;

  base::LightMutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  base::StringMap<std::unique_ptr<TopicState>> topics_ ABSL_GUARDED_BY(mutex_);
  TopicState* last_topic_ ABSL_GUARDED_BY(mutex_) = nullptr;  // the one used last
  int64_t used_bytes_ ABSL_GUARDED_BY(mutex_) = 0;            // of buffer_bytes
  int32_t progress_waiters_ ABSL_GUARDED_BY(mutex_) = 0;
  Status enqueue_error_ ABSL_GUARDED_BY(mutex_);  // the first since the last Flush

  struct Lingering {
    Elapsed deadline;
    PartitionState* partition;
    uint64_t batch_id;
  };
  std::deque<Lingering> lingering_ ABSL_GUARDED_BY(mutex_);  // by deadline; may name closed ones
  bool linger_armed_ ABSL_GUARDED_BY(mutex_) = false;
  bool expiry_armed_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t next_batch_id_ ABSL_GUARDED_BY(mutex_) = 1;
  std::vector<std::unique_ptr<OpenBatch>> idle_batches_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<BatchScratch> scratch_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace runnel::client
