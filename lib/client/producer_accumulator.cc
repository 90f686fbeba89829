// Buffered sends: records gather in batches per partition.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "base/strings.h"
#include "client/producer_core.h"

namespace runnel::client {

using base::StrCat;

namespace {
// Batches kept for reuse, with their memory.
constexpr size_t kMaxIdleBatches = 16;
constexpr int kMaxResolves = 4;
}  // namespace

// Adds the record to its partition's batch; appends the batch when that is due.
Status ProducerCore::Accept(const ProducerRecord& record, DeliveryCallback& done,
                            int64_t record_bytes, PartitionState** where) {
  const record::RecordFields fields{.timestamp = TimestampOf(record),
                                    .key = record.key,
                                    .value = record.value,
                                    .headers = record.headers};
  Elapsed deadline = kForever;
  for (int attempt = 0; attempt <= kMaxResolves; ++attempt) {
    bool is_known = false;
    {
      const base::LightLock lock(mutex_);
      if (closed_) return Error(ErrorCode::kInvalidRequest, "the producer is closed");
      TopicState* const topic = FindLocked(record.topic);
      is_known = topic != nullptr;
      if (is_known && FitsLocked(record_bytes)) {
        RUNNEL_ASSIGN_OR_RETURN(PartitionState* const partition,
                                RouteLocked(*topic, record, record_bytes));
        AddLocked(*partition, fields, done, record_bytes);
        if (where != nullptr) *where = partition;
        if (!partition->ready.empty()) DrainLocked(*partition);
        return OkStatus();
      }
    }
    if (is_known) {
      --attempt;  // waiting is bounded by max_block, not by attempts
      RUNNEL_RETURN_IF_ERROR(AwaitSpace(record_bytes, &deadline));
    } else {
      RUNNEL_RETURN_IF_ERROR(Resolve(record.topic));
    }
  }
  return Error(ErrorCode::kUnknownTopicOrPartition,
               StrCat("topic ", record.topic, " is being deleted"));
}

void ProducerCore::AddLocked(PartitionState& partition, const record::RecordFields& fields,
                             DeliveryCallback& done, int64_t record_bytes) {
  if (partition.open == nullptr || !partition.open->builder.TryAppend(fields)) {
    if (partition.open != nullptr) CloseBatchLocked(partition);
    OpenLocked(partition);
    const bool is_added = partition.open->builder.TryAppend(fields);
    RUNNEL_CHECK(is_added);  // CheckSize() keeps a first record far below the format's bound
  }
  OpenBatch& batch = *partition.open;
  Delivery& delivery = batch.delivery;
  if (done != nullptr) {
    delivery.pending.push_back({delivery.record_count, fields.timestamp, std::move(done)});
  }
  ++delivery.record_count;
  ++partition.accepted;
  delivery.charged_bytes += record_bytes;
  used_bytes_ += record_bytes;
  const bool is_full = batch.builder.uncompressed_bytes() >= batch.builder.options().max_bytes;
  // Without linger a batch grows only while the one before it is being appended.
  if (is_full || (options_.linger.count() == 0 && !partition.draining)) CloseBatchLocked(partition);
}

void ProducerCore::OpenLocked(PartitionState& partition) {
  record::BatchOptions options;
  options.compression = options_.compression;
  options.level = options_.compression_level;
  // Never larger than the topic takes, so that a batch is refused for a record's sake only.
  options.max_bytes = options_.batch_bytes;
  if (partition.handle != nullptr) {
    const int64_t largest = partition.handle->settings()->log.max_message_bytes;
    options.max_bytes = std::min(options.max_bytes, largest);
  }
  if (idle_batches_.empty()) {
    partition.open = std::make_unique<OpenBatch>(options, &codecs_);
  } else {
    partition.open = std::move(idle_batches_.back());
    idle_batches_.pop_back();
    partition.open->builder.Reset(options);
  }
  partition.open->id = next_batch_id_++;
  partition.open->delivery = Delivery();
  const Elapsed now = clock_.ElapsedTime();
  partition.open->delivery.deadline = now + options_.delivery_timeout;
  if (options_.linger.count() == 0) return;
  lingering_.push_back({now + options_.linger, &partition, partition.open->id});
  ArmLingerLocked();
}

void ProducerCore::CloseBatchLocked(PartitionState& partition) {
  partition.ready.push_back(std::move(partition.open));
}

void ProducerCore::ArmLingerLocked() {
  if (linger_armed_ || lingering_.empty()) return;
  linger_armed_ = true;
  broker_.PostAt(lingering_.front().deadline, [core = weak_from_this()] {
    if (const auto alive = core.lock()) alive->OnLinger();
  });
}

void ProducerCore::OnLinger() {
  const base::LightLock lock(mutex_);
  linger_armed_ = false;
  const Elapsed now = clock_.ElapsedTime();
  while (!lingering_.empty() && lingering_.front().deadline <= now) {
    const Lingering due = lingering_.front();
    lingering_.pop_front();
    if (due.partition->open == nullptr || due.partition->open->id != due.batch_id) continue;
    FlushPartitionLocked(*due.partition);
  }
  // Batches that were closed before their time are not worth a timer.
  while (!lingering_.empty()) {
    const Lingering& next = lingering_.front();
    if (next.partition->open != nullptr && next.partition->open->id == next.batch_id) break;
    lingering_.pop_front();
  }
  ArmLingerLocked();
}

void ProducerCore::FlushPartitionLocked(PartitionState& partition) {
  if (partition.open != nullptr) CloseBatchLocked(partition);
  if (!partition.ready.empty()) DrainLocked(partition);
}

void ProducerCore::FlushAll() {
  const base::LightLock lock(mutex_);
  for (PartitionState* const partition : BusyLocked())
    FlushPartitionLocked(*partition);
}

// Appends full batches, in order. Gives up the mutex meanwhile.
void ProducerCore::DrainLocked(PartitionState& partition) {
  if (partition.draining) return;  // that thread goes on with what is here
  partition.draining = true;
  while (!partition.ready.empty()) {
    std::unique_ptr<OpenBatch> batch = std::move(partition.ready.front());
    partition.ready.pop_front();
    std::shared_ptr<broker::Partition> handle = partition.handle;
    mutex_.Unlock();
    auto appended = AppendBatch(partition, *batch, handle);
    mutex_.Lock();
    Delivery delivery = std::move(batch->delivery);
    if (appended.ok()) {
      delivery.appended = *appended;
      delivery.settled = !NeedsAck(*handle, *appended);
      delivery.handle = std::move(handle);
    } else {
      delivery.status = appended.status();
      delivery.settled = true;
    }
    if (idle_batches_.size() < kMaxIdleBatches) idle_batches_.push_back(std::move(batch));
    PushLocked(partition, std::move(delivery));
    const bool has_grown = partition.open != nullptr && options_.linger.count() == 0;
    if (partition.ready.empty() && has_grown) CloseBatchLocked(partition);
  }
  partition.draining = false;
}

StatusOr<broker::Appended> ProducerCore::AppendBatch(PartitionState& partition, OpenBatch& batch,
                                                     std::shared_ptr<broker::Partition>& handle) {
  RUNNEL_ASSIGN_OR_RETURN(const std::string_view bytes, batch.builder.Finish());
  if (handle == nullptr) {
    RUNNEL_ASSIGN_OR_RETURN(handle, Refresh(partition));
  }
  for (int attempt = 0;; ++attempt) {
    auto appended = handle->AppendBatch(bytes, broker::BatchTrust::kBuiltHere);
    const bool is_gone = CodeOf(appended) == ErrorCode::kUnknownTopicOrPartition;
    if (!is_gone || attempt == kMaxResolves) return appended;
    RUNNEL_ASSIGN_OR_RETURN(handle, Refresh(partition));
  }
}

// Looks a deleted topic up again: it may have been made anew.
StatusOr<std::shared_ptr<broker::Partition>> ProducerCore::Refresh(PartitionState& partition) {
  RUNNEL_RETURN_IF_ERROR(Resolve(partition.topic->name));
  const base::LightLock lock(mutex_);
  if (partition.handle != nullptr) return partition.handle;
  return Error(ErrorCode::kUnknownTopicOrPartition,
               StrCat("topic ", partition.topic->name, " was made again without partition ",
                      partition.index));
}

// A blocking send does not linger: it appends what has gathered and waits for it.
StatusOr<RecordMetadata> ProducerCore::SendBuffered(const ProducerRecord& record,
                                                    int64_t record_bytes) {
  struct Outcome {
    Signal told;
    StatusOr<RecordMetadata> result = Error(ErrorCode::kRequestTimedOut, "not acknowledged");
  };
  auto outcome = std::make_shared<Outcome>();
  DeliveryCallback done = [outcome](const StatusOr<RecordMetadata>& result) {
    outcome->result = result;
    outcome->told.Raise();
  };
  PartitionState* partition = nullptr;
  RUNNEL_RETURN_IF_ERROR(Accept(record, done, record_bytes, &partition));
  const Elapsed deadline = broker_.DeadlineAfter(options_.delivery_timeout);
  {
    const base::LightLock lock(mutex_);
    FlushPartitionLocked(*partition);
  }
  if (!outcome->told.raised()) Help(*partition, deadline);
  if (broker_.Wait(outcome->told, deadline)) return outcome->result;
  return Error(ErrorCode::kRequestTimedOut,
               StrCat("a record for ", record.topic, " was not acknowledged within ",
                      options_.delivery_timeout.count(), " ms; it may be stored all the same"));
}

}  // namespace runnel::client
