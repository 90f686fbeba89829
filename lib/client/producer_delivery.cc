// Acknowledgements, callbacks and the bound on bytes of a producer.
#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "client/producer_core.h"

namespace runnel::client {

using base::StrCat;

void ProducerCore::PushLocked(PartitionState& partition, Delivery delivery) {
  if (!delivery.settled) ArmExpiryLocked(delivery.deadline);
  partition.awaiting.push_back(std::move(delivery));
  TellLocked(partition);
}

// Runs the callbacks of settled deliveries at the front, then asks for the acknowledgement of
// what follows. Gives up the mutex meanwhile.
void ProducerCore::TellLocked(PartitionState& partition) {
  if (partition.telling) return;  // that thread goes on with what is here
  partition.telling = true;
  while (!partition.awaiting.empty()) {
    if (partition.awaiting.front().settled) {
      Delivery delivery = std::move(partition.awaiting.front());
      partition.awaiting.pop_front();
      if (!delivery.pending.empty()) {
        mutex_.Unlock();
        Run(partition, delivery);
        mutex_.Lock();
      }
      FinishLocked(partition, delivery);
      continue;
    }
    if (partition.asked) break;
    AskLocked(partition);
  }
  partition.telling = false;
}

// Asks for one acknowledgement that covers as many deliveries as there are.
void ProducerCore::AskLocked(PartitionState& partition) {
  const Delivery& front = partition.awaiting.front();
  const Delivery& back = partition.awaiting.back();
  const std::shared_ptr<broker::Partition> handle = front.handle;
  const bool covers_all = !back.settled && back.handle == handle;
  const Offset last_offset = covers_all ? back.appended.last_offset : front.appended.last_offset;
  partition.asked = true;
  mutex_.Unlock();
  handle->OnAcknowledged(last_offset, [core = shared_from_this(), where = &partition,
                                       asked = handle.get(), last_offset](const Status& status) {
    core->OnAck(*where, asked, last_offset, status);
  });
  mutex_.Lock();
}

void ProducerCore::OnAck(PartitionState& partition, const broker::Partition* handle,
                         Offset last_offset, const Status& status) {
  const base::LightLock lock(mutex_);
  partition.asked = false;
  for (Delivery& delivery : partition.awaiting) {
    const bool is_covered =
        delivery.handle.get() == handle && delivery.appended.last_offset <= last_offset;
    if (delivery.settled || !is_covered) continue;
    delivery.settled = true;
    delivery.status = status;
  }
  TellLocked(partition);
}

void ProducerCore::Run(PartitionState& partition, Delivery& delivery) {
  for (PendingRecord& pending : delivery.pending) {
    if (!delivery.status.ok()) {
      pending.done(delivery.status);
      continue;
    }
    const Timestamp appended_at = delivery.appended.append_time;
    pending.done(RecordMetadata{
        .partition = partition.index,
        .offset = delivery.appended.base_offset + pending.index,
        .timestamp = appended_at == kNoTimestamp ? pending.timestamp : appended_at,
    });
  }
}

void ProducerCore::FinishLocked(PartitionState& partition, const Delivery& delivery) {
  partition.told += delivery.record_count;
  used_bytes_ -= delivery.charged_bytes;
  const bool is_enqueued = static_cast<size_t>(delivery.record_count) > delivery.pending.size();
  if (!delivery.status.ok() && is_enqueued && enqueue_error_.ok()) {
    enqueue_error_ = delivery.status;
  }
  if (progress_waiters_ > 0) progress_.Raise();
}

// --- Delivery timeout -------------------------------------------------------------------------

// One timer per producer, for the oldest deadline; deadlines only rise.
void ProducerCore::ArmExpiryLocked(Elapsed deadline) {
  if (expiry_armed_ || deadline == kForever) return;
  expiry_armed_ = true;
  broker_.PostAt(deadline, [core = weak_from_this()] {
    if (const auto alive = core.lock()) alive->OnExpiry();
  });
}

void ProducerCore::OnExpiry() {
  const base::LightLock lock(mutex_);
  expiry_armed_ = false;
  if (closed_ && used_bytes_ == 0) return;
  const Elapsed now = clock_.ElapsedTime();
  Elapsed next = kForever;
  for (PartitionState* const partition : BusyLocked()) {
    for (Delivery& delivery : partition->awaiting) {
      if (delivery.settled) continue;
      if (delivery.deadline > now) {
        next = std::min(next, delivery.deadline);
        break;
      }
      delivery.settled = true;
      delivery.status =
          Error(ErrorCode::kRequestTimedOut,
                StrCat("not acknowledged within delivery_timeout, ",
                       options_.delivery_timeout.count(), " ms, by ", partition->topic->name, "-",
                       partition->index, "; the record may be stored all the same"));
    }
    TellLocked(*partition);
  }
  ArmExpiryLocked(next);
}

// --- Bounds and ends --------------------------------------------------------------------------

// Waits until `record_bytes` fit, at most max_block from the first call with this `deadline`.
Status ProducerCore::AwaitSpace(int64_t record_bytes, Elapsed* deadline) {
  const auto full = [&](std::string_view how) {
    return Error(ErrorCode::kRequestTimedOut,
                 StrCat("a record of ", record_bytes, " bytes does not fit: buffer_bytes, ",
                        options_.buffer_bytes, ", are in use", how));
  };
  if (record_bytes > options_.buffer_bytes) {
    return Error(ErrorCode::kMessageTooLarge,
                 StrCat("a record of ", record_bytes, " bytes is larger than buffer_bytes, ",
                        options_.buffer_bytes));
  }
  FlushAll();
  if (options_.buffer_full == FullPolicy::kReject) {
    const base::LightLock lock(mutex_);
    return FitsLocked(record_bytes) ? OkStatus() : full("");
  }
  if (*deadline == kForever) *deadline = broker_.DeadlineAfter(options_.max_block);
  std::vector<PartitionState*> busy;
  {
    const base::LightLock lock(mutex_);
    busy = BusyLocked();
  }
  for (PartitionState* const partition : busy) {
    Help(*partition, *deadline);
    const base::LightLock lock(mutex_);
    if (FitsLocked(record_bytes)) return OkStatus();
  }
  {
    const base::LightLock lock(mutex_);
    if (FitsLocked(record_bytes)) return OkStatus();
    if (closed_) return OkStatus();  // the caller finds out
    progress_.Reset();
    ++progress_waiters_;
  }
  const bool raised = broker_.Wait(progress_, *deadline);
  const base::LightLock lock(mutex_);
  --progress_waiters_;
  if (raised || FitsLocked(record_bytes)) return OkStatus();
  return full(StrCat(" since ", options_.max_block.count(), " ms (max_block)"));
}

void ProducerCore::Help(PartitionState& partition, Elapsed deadline) {
  std::shared_ptr<broker::Partition> handle;
  Offset last_offset;
  {
    const base::LightLock lock(mutex_);
    for (const Delivery& delivery : partition.awaiting) {
      if (delivery.settled || (handle != nullptr && delivery.handle != handle)) continue;
      handle = delivery.handle;
      last_offset = delivery.appended.last_offset;
    }
  }
  if (handle == nullptr) return;
  base::IgnoreError(handle->AwaitAcknowledged(last_offset, deadline),
                    "the acknowledgement itself is told through OnAck");
}

std::vector<PartitionState*> ProducerCore::BusyLocked() {
  std::vector<PartitionState*> busy;
  for (const auto& [name, topic] : topics_) {
    for (const auto& partition : topic->partitions) {
      if (partition != nullptr && !partition->idle()) busy.push_back(partition.get());
    }
  }
  return busy;
}

// Waits until everything accepted so far was told.
Status ProducerCore::AwaitTold(Elapsed deadline, std::chrono::milliseconds timeout) {
  struct Goal {
    PartitionState* partition;
    int64_t told;
  };
  std::vector<Goal> goals;
  {
    const base::LightLock lock(mutex_);
    for (const auto& [name, topic] : topics_) {
      for (const auto& partition : topic->partitions) {
        if (partition == nullptr || partition->told == partition->accepted) continue;
        goals.push_back({partition.get(), partition->accepted});
      }
    }
  }
  for (const Goal& goal : goals)
    Help(*goal.partition, deadline);
  for (const Goal& goal : goals) {
    mutex_.Lock();
    while (goal.partition->told < goal.told) {
      progress_.Reset();
      ++progress_waiters_;
      mutex_.Unlock();
      const bool raised = broker_.Wait(progress_, deadline);
      mutex_.Lock();
      --progress_waiters_;
      const int64_t missing = goal.told - goal.partition->told;
      if (raised || missing <= 0) continue;
      mutex_.Unlock();
      return Error(
          ErrorCode::kRequestTimedOut,
          StrCat(missing, " records for ", goal.partition->topic->name, "-", goal.partition->index,
                 " were not acknowledged within ", timeout.count(), " ms"));
    }
    mutex_.Unlock();
  }
  return OkStatus();
}

// Settles whatever is left, after the last Flush.
void ProducerCore::Abandon(const Status& reason) {
  const base::LightLock lock(mutex_);
  for (PartitionState* const partition : BusyLocked()) {
    if (partition->open != nullptr) CloseBatchLocked(*partition);
    while (!partition->ready.empty() && !partition->draining) {
      Delivery delivery = std::move(partition->ready.front()->delivery);
      partition->ready.pop_front();
      delivery.settled = true;
      delivery.status = reason;
      partition->awaiting.push_back(std::move(delivery));
    }
    for (Delivery& delivery : partition->awaiting) {
      if (delivery.settled) continue;
      delivery.settled = true;
      delivery.status = reason;
    }
    TellLocked(*partition);
  }
  if (progress_waiters_ > 0) progress_.Raise();
}

}  // namespace runnel::client
