#include "client/producer_core.h"

#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace runnel::client {
namespace {

using base::StrCat;

// A topic may be deleted and made again between looking it up and appending; so often in a row
// is no accident.
constexpr int kMaxResolves = 4;
// Upper bound of a batch of one record without its key, value and headers.
// Source: DefaultRecordBatch.estimateBatchSizeUpperBound.
constexpr int64_t kRecordOverheadBytes = record::kBatchHeaderBytes + 21;
constexpr int64_t kHeaderOverheadBytes = 10;

Status ClosedError() {
  return Error(ErrorCode::kInvalidRequest, "the producer is closed");
}

record::RecordFields FieldsOf(const ProducerRecord& record, Timestamp timestamp) {
  return {
      .timestamp = timestamp, .key = record.key, .value = record.value, .headers = record.headers};
}

RecordMetadata MetadataOf(int32_t partition, const broker::Appended& appended, int32_t index,
                          Timestamp timestamp) {
  return {.partition = partition,
          .offset = appended.base_offset + index,
          .timestamp = appended.append_time == kNoTimestamp ? timestamp : appended.append_time};
}

}  // namespace

ProducerCore::ProducerCore(broker::Broker& broker, ProducerOptions options)
    : broker_(broker),
      options_(std::move(options)),
      clock_(*broker.environment().clock),
      direct_(options_.linger.count() == 0 && options_.compression == CompressionType::kNone),
      partitioner_(options_.partitioner != nullptr
                       ? options_.partitioner
                       : Partitioner::Default(*broker.environment().random, options_.batch_bytes)),
      murmur2_(options_.partitioner == nullptr) {}

// --- Finding partitions -----------------------------------------------------------------------

// Measures the record as an upper bound of its uncompressed batch.
Status ProducerCore::CheckSize(const ProducerRecord& record, int64_t* record_bytes) const {
  int64_t bytes = kRecordOverheadBytes;
  if (record.key.has_value()) bytes += static_cast<int64_t>(record.key->size());
  if (record.value.has_value()) bytes += static_cast<int64_t>(record.value->size());
  for (const Header& header : record.headers) {
    bytes += kHeaderOverheadBytes + static_cast<int64_t>(header.key.size());
    if (header.value.has_value()) bytes += static_cast<int64_t>(header.value->size());
  }
  *record_bytes = bytes;
  if (bytes <= options_.max_record_bytes) return OkStatus();
  return Error(ErrorCode::kMessageTooLarge,
               StrCat("a record of ", bytes, " bytes for ", record.topic,
                      " is larger than max_record_bytes, ", options_.max_record_bytes));
}

Timestamp ProducerCore::TimestampOf(const ProducerRecord& record) const {
  return record.timestamp.has_value() ? *record.timestamp : clock_.Now();
}

// Null when the topic is not known yet or was deleted: Resolve it without the mutex.
TopicState* ProducerCore::FindLocked(std::string_view name) {
  TopicState* topic = last_topic_;
  if (topic == nullptr || topic->name != name) {
    const auto found = topics_.find(name);
    if (found == topics_.end()) return nullptr;
    topic = found->second.get();
    last_topic_ = topic;
  }
  return topic->topic->deleted() ? nullptr : topic;
}

// Looks the topic up in the broker, which may create it, and remembers it.
Status ProducerCore::Resolve(std::string_view name) {
  const auto create =
      broker_.options().auto_create_topics ? broker::AutoCreate::kYes : broker::AutoCreate::kNo;
  RUNNEL_ASSIGN_OR_RETURN(std::shared_ptr<broker::Topic> found, broker_.FindTopic(name, create));
  if (found->internal()) {
    return Error(ErrorCode::kInvalidTopicException,
                 StrCat("\"", name, "\" is internal: only the broker writes it"));
  }
  const base::LightLock lock(mutex_);
  auto& topic = topics_[std::string(name)];
  if (topic == nullptr) {
    topic = std::make_unique<TopicState>();
    topic->name = std::string(name);
  }
  if (topic->topic == found) return OkStatus();
  topic->topic = std::move(found);
  for (const auto& partition : topic->partitions) {
    if (partition != nullptr) partition->handle = topic->topic->partition(partition->index);
  }
  return OkStatus();
}

StatusOr<int32_t> ProducerCore::ChooseLocked(TopicState& topic, const ProducerRecord& record,
                                             int64_t record_bytes) {
  const int32_t count = topic.topic->partition_count();
  if (record.partition.has_value()) {
    if (*record.partition >= 0 && *record.partition < count) return *record.partition;
    return Error(
        ErrorCode::kUnknownTopicOrPartition,
        StrCat("partition ", *record.partition, " is outside [0, ", count, ") of ", topic.name));
  }
  if (murmur2_ && count == 1) return 0;
  if (murmur2_ && record.key.has_value()) return PartitionForKey(*record.key, count);
  const int32_t chosen =
      partitioner_->Partition(topic.name, record.key, record.value, record_bytes, count);
  if (chosen >= 0 && chosen < count) return chosen;
  return Error(ErrorCode::kInvalidPartitions, StrCat("the partitioner chose ", chosen,
                                                     ", outside [0, ", count, ") of ", topic.name));
}

StatusOr<PartitionState*> ProducerCore::RouteLocked(TopicState& topic, const ProducerRecord& record,
                                                    int64_t record_bytes) {
  RUNNEL_ASSIGN_OR_RETURN(const int32_t index, ChooseLocked(topic, record, record_bytes));
  const auto slot = static_cast<size_t>(index);
  if (slot >= topic.partitions.size()) topic.partitions.resize(slot + 1);
  auto& partition = topic.partitions[slot];
  if (partition == nullptr) {
    partition = std::make_unique<PartitionState>();
    partition->topic = &topic;
    partition->index = index;
    partition->handle = topic.topic->partition(index);
  }
  // Made for an earlier topic of this name that had more partitions.
  if (partition->handle == nullptr) partition->handle = topic.topic->partition(index);
  return partition.get();
}

StatusOr<int32_t> ProducerCore::PartitionCount(std::string_view name) {
  for (int attempt = 0;; ++attempt) {
    {
      const base::LightLock lock(mutex_);
      if (closed_) return ClosedError();
      if (TopicState* topic = FindLocked(name)) return topic->topic->partition_count();
    }
    if (attempt == kMaxResolves) break;
    RUNNEL_RETURN_IF_ERROR(Resolve(name));
  }
  return Error(ErrorCode::kUnknownTopicOrPartition, StrCat("topic ", name, " is being deleted"));
}

// --- Direct sends -----------------------------------------------------------------------------

bool ProducerCore::NeedsAck(broker::Partition& partition, const broker::Appended& appended) const {
  const bool awaits_sync = !appended.visible || partition.durability() == Durability::kFsync;
  if (options_.acks != Acks::kNone) return awaits_sync;
  // Nobody waits for the sync that makes the record visible, so that one has to be asked for.
  if (awaits_sync) partition.SyncSoon();
  return false;
}

StatusOr<RecordMetadata> ProducerCore::Send(const ProducerRecord& record) {
  int64_t record_bytes = 0;
  RUNNEL_RETURN_IF_ERROR(CheckSize(record, &record_bytes));
  return direct_ ? SendDirect(record, record_bytes) : SendBuffered(record, record_bytes);
}

StatusOr<RecordMetadata> ProducerCore::SendDirect(const ProducerRecord& record,
                                                  int64_t record_bytes) {
  const Timestamp now = record.timestamp.has_value() ? kNoTimestamp : clock_.Now();
  const record::RecordFields fields = FieldsOf(record, record.timestamp.value_or(now));
  RecordMetadata metadata;
  Offset last_offset;
  std::shared_ptr<broker::Partition> unacknowledged;
  for (int attempt = 0;; ++attempt) {
    {
      const base::LightLock lock(mutex_);
      if (closed_) return ClosedError();
      TopicState* const topic = FindLocked(record.topic);
      if (topic != nullptr) {
        RUNNEL_ASSIGN_OR_RETURN(PartitionState* const partition,
                                RouteLocked(*topic, record, record_bytes));
        const auto appended = partition->handle->AppendRecord(fields, now);
        if (appended.ok()) {
          metadata = MetadataOf(partition->index, *appended, 0, fields.timestamp);
          last_offset = appended->last_offset;
          if (NeedsAck(*partition->handle, *appended)) unacknowledged = partition->handle;
          break;
        }
        if (!topic->topic->deleted() || attempt == kMaxResolves) return appended.status();
      }
    }
    if (attempt == kMaxResolves) {
      return Error(ErrorCode::kUnknownTopicOrPartition,
                   StrCat("topic ", record.topic, " is being deleted"));
    }
    RUNNEL_RETURN_IF_ERROR(Resolve(record.topic));
  }
  if (unacknowledged != nullptr) {
    RUNNEL_RETURN_IF_ERROR(unacknowledged->AwaitAcknowledged(
        last_offset, broker_.DeadlineAfter(options_.delivery_timeout)));
  }
  return metadata;
}

Status ProducerCore::SendAsync(const ProducerRecord& record, DeliveryCallback done) {
  int64_t record_bytes = 0;
  RUNNEL_RETURN_IF_ERROR(CheckSize(record, &record_bytes));
  if (!direct_) return Accept(record, done, record_bytes, nullptr);
  return EnqueueDirect(record, done, record_bytes);
}

Status ProducerCore::EnqueueDirect(const ProducerRecord& record, DeliveryCallback& done,
                                   int64_t record_bytes) {
  const Timestamp now = record.timestamp.has_value() ? kNoTimestamp : clock_.Now();
  const record::RecordFields fields = FieldsOf(record, record.timestamp.value_or(now));
  Elapsed deadline = kForever;
  for (int attempt = 0;; ++attempt) {
    bool is_full = false;
    {
      const base::LightLock lock(mutex_);
      if (closed_) return ClosedError();
      TopicState* const topic = FindLocked(record.topic);
      is_full = topic != nullptr && used_bytes_ != 0 && !FitsLocked(record_bytes);
      if (topic != nullptr && !is_full) {
        RUNNEL_ASSIGN_OR_RETURN(PartitionState* const partition,
                                RouteLocked(*topic, record, record_bytes));
        auto appended = partition->handle->AppendRecord(fields, now);
        if (appended.ok() || !topic->topic->deleted() || attempt >= kMaxResolves) {
          DeliverDirectLocked(*partition, fields, std::move(appended), done, record_bytes);
          return OkStatus();
        }
      }
    }
    if (is_full) {
      --attempt;  // waiting is bounded by max_block, not by attempts
      RUNNEL_RETURN_IF_ERROR(AwaitSpace(record_bytes, &deadline));
      continue;
    }
    if (attempt >= kMaxResolves) {
      return Error(ErrorCode::kUnknownTopicOrPartition,
                   StrCat("topic ", record.topic, " is being deleted"));
    }
    RUNNEL_RETURN_IF_ERROR(Resolve(record.topic));
  }
}

// Takes note of an append, and tells of it at once where nothing stands before it.
void ProducerCore::DeliverDirectLocked(PartitionState& partition,
                                       const record::RecordFields& fields,
                                       StatusOr<broker::Appended> appended, DeliveryCallback& done,
                                       int64_t record_bytes) {
  const bool needs_ack = appended.ok() && NeedsAck(*partition.handle, *appended);
  // The common case of Enqueue: nobody to tell, nothing to wait for.
  if (appended.ok() && !needs_ack && done == nullptr) return;
  ++partition.accepted;
  // A stream of enqueued records joins one delivery, as long as no acknowledgement was asked for.
  if (needs_ack && done == nullptr && partition.awaiting.size() > 1) {
    Delivery& last = partition.awaiting.back();
    if (!last.settled && last.handle == partition.handle) {
      last.appended.last_offset = appended->last_offset;
      ++last.record_count;
      last.charged_bytes += record_bytes;
      used_bytes_ += record_bytes;
      return;
    }
  }
  Delivery delivery;
  delivery.record_count = 1;
  delivery.settled = !needs_ack;
  if (appended.ok()) {
    delivery.appended = *appended;
  } else {
    delivery.status = appended.status();
  }
  if (done != nullptr) delivery.pending.push_back({0, fields.timestamp, std::move(done)});
  if (needs_ack) {
    delivery.handle = partition.handle;
    delivery.charged_bytes = record_bytes;
    used_bytes_ += record_bytes;
    delivery.deadline = broker_.DeadlineAfter(options_.delivery_timeout);
  }
  PushLocked(partition, std::move(delivery));
}

// --- Ends -------------------------------------------------------------------------------------

Status ProducerCore::Flush(std::chrono::milliseconds timeout) {
  const Elapsed deadline = broker_.DeadlineAfter(timeout);
  FlushAll();
  RUNNEL_RETURN_IF_ERROR(AwaitTold(deadline, timeout));
  const base::LightLock lock(mutex_);
  return std::exchange(enqueue_error_, OkStatus());
}

Status ProducerCore::Close(std::chrono::milliseconds timeout) {
  {
    const base::LightLock lock(mutex_);
    if (closed_) return OkStatus();
    closed_ = true;
  }
  const Status flushed = Flush(timeout);
  Abandon(Error(ErrorCode::kRequestTimedOut,
                StrCat("the producer was closed before this record was acknowledged, after ",
                       timeout.count(), " ms")));
  return flushed;
}

}  // namespace runnel::client
