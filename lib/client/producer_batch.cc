// Sending spans of records as whole batches.
#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "client/producer_core.h"

namespace runnel::client {

using base::StrCat;

namespace {
constexpr int kMaxResolves = 4;
}  // namespace

Status ProducerCore::SendBatch(std::span<const ProducerRecord> records,
                               std::vector<RecordMetadata>* metadata) {
  if (metadata != nullptr) metadata->assign(records.size(), RecordMetadata());
  if (records.empty()) return OkStatus();
  if (!direct_) return SendBatchBuffered(records, metadata);
  std::unique_ptr<BatchScratch> scratch = TakeScratch();
  Status status = GroupRecords(records, *scratch);
  for (size_t group = 0; status.ok() && group < scratch->groups.size(); ++group) {
    status = AppendGroup(*scratch, group, metadata);
  }
  if (status.ok()) status = AwaitGroups(*scratch);
  GiveScratch(std::move(scratch));
  return status;
}

std::unique_ptr<BatchScratch> ProducerCore::TakeScratch() {
  const base::LightLock lock(mutex_);
  return scratch_ != nullptr ? std::move(scratch_) : std::make_unique<BatchScratch>();
}

void ProducerCore::GiveScratch(std::unique_ptr<BatchScratch> scratch) {
  scratch->Clear();
  const base::LightLock lock(mutex_);
  scratch_ = std::move(scratch);
}

// Chooses the partition of every record before anything is appended, so that a record that cannot
// be sent fails the call with nothing stored.
Status ProducerCore::RouteAll(std::span<const ProducerRecord> records, BatchScratch& scratch) {
  Status status;
  std::string_view unknown;
  {
    const base::LightLock lock(mutex_);
    if (closed_) return Error(ErrorCode::kInvalidRequest, "the producer is closed");
    for (size_t i = scratch.group_of.size(); i < records.size() && status.ok(); ++i) {
      TopicState* const topic = FindLocked(records[i].topic);
      if (topic == nullptr) {
        unknown = records[i].topic;
        break;
      }
      const auto partition = RouteLocked(*topic, records[i], scratch.bytes[i]);
      if (!partition.ok()) {
        status = partition.status();
        break;
      }
      if ((*partition)->group < 0) {
        (*partition)->group = static_cast<int32_t>(scratch.groups.size());
        scratch.groups.push_back({*partition, (*partition)->handle});
      }
      scratch.group_of.push_back((*partition)->group);
      ++scratch.groups[static_cast<size_t>((*partition)->group)].end;
    }
    // The marks are valid under this lock only.
    for (const BatchScratch::Group& group : scratch.groups)
      group.partition->group = -1;
  }
  RUNNEL_RETURN_IF_ERROR(status);
  return unknown.empty() ? OkStatus() : Resolve(unknown);
}

Status ProducerCore::GroupRecords(std::span<const ProducerRecord> records, BatchScratch& scratch) {
  scratch.bytes.resize(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    int64_t record_bytes = 0;
    RUNNEL_RETURN_IF_ERROR(CheckSize(records[i], &record_bytes));
    scratch.bytes[i] = static_cast<int32_t>(record_bytes);
  }
  for (size_t resolved = 0; scratch.group_of.size() != records.size(); ++resolved) {
    if (resolved > records.size()) {
      return Error(ErrorCode::kUnknownTopicOrPartition, "a topic is being deleted");
    }
    scratch.group_of.clear();
    scratch.groups.clear();
    RUNNEL_RETURN_IF_ERROR(RouteAll(records, scratch));
  }
  size_t begin = 0;
  scratch.fill.clear();
  for (BatchScratch::Group& group : scratch.groups) {
    group.begin = begin;
    begin = group.end += begin;
    scratch.fill.push_back(group.begin);
  }
  scratch.now = clock_.Now();
  scratch.fields.resize(records.size());
  scratch.index.resize(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    const ProducerRecord& record = records[i];
    const size_t place = scratch.fill[static_cast<size_t>(scratch.group_of[i])]++;
    scratch.index[place] = static_cast<int32_t>(i);
    scratch.fields[place] = {.timestamp = record.timestamp.value_or(scratch.now),
                             .key = record.key,
                             .value = record.value,
                             .headers = record.headers};
  }
  return OkStatus();
}

// Appends the records of one partition in batches of about batch_bytes.
Status ProducerCore::AppendGroup(BatchScratch& scratch, size_t group_index,
                                 std::vector<RecordMetadata>* metadata) {
  BatchScratch::Group& group = scratch.groups[group_index];
  const int64_t limit =
      std::min<int64_t>(options_.batch_bytes, group.handle->settings()->log.max_message_bytes);
  for (size_t begin = group.begin; begin < group.end;) {
    size_t end = begin;
    for (int64_t bytes = 0; end < group.end; ++end) {
      bytes += scratch.bytes[static_cast<size_t>(scratch.index[end])];
      if (bytes > limit && end != begin) break;
      bytes -= record::kBatchHeaderBytes;  // counted in each record's bound, there once
    }
    const std::span<const record::RecordFields> chunk(&scratch.fields[begin], end - begin);
    RUNNEL_ASSIGN_OR_RETURN(const broker::Appended appended,
                            AppendChunk(*group.partition, group.handle, chunk, scratch.now));
    group.last = appended;
    for (size_t i = begin; metadata != nullptr && i < end; ++i) {
      const bool is_log_time = appended.append_time != kNoTimestamp;
      (*metadata)[static_cast<size_t>(scratch.index[i])] = {
          .partition = group.partition->index,
          .offset = appended.base_offset + static_cast<int64_t>(i - begin),
          .timestamp = is_log_time ? appended.append_time : scratch.fields[i].timestamp};
    }
    begin = end;
  }
  return OkStatus();
}

StatusOr<broker::Appended> ProducerCore::AppendChunk(PartitionState& partition,
                                                     std::shared_ptr<broker::Partition>& handle,
                                                     std::span<const record::RecordFields> chunk,
                                                     Timestamp now) {
  for (int attempt = 0;; ++attempt) {
    auto appended = handle->AppendRecords(chunk, now);
    const bool is_gone = CodeOf(appended) == ErrorCode::kUnknownTopicOrPartition;
    if (!is_gone || attempt == kMaxResolves) return appended;
    RUNNEL_ASSIGN_OR_RETURN(handle, Refresh(partition));
  }
}

Status ProducerCore::AwaitGroups(const BatchScratch& scratch) {
  const Elapsed deadline = broker_.DeadlineAfter(options_.delivery_timeout);
  for (const BatchScratch::Group& group : scratch.groups) {
    if (!NeedsAck(*group.handle, group.last)) continue;
    RUNNEL_RETURN_IF_ERROR(group.handle->AwaitAcknowledged(group.last.last_offset, deadline));
  }
  return OkStatus();
}

// Through the batches that linger, so that order is kept, and without waiting for linger.
Status ProducerCore::SendBatchBuffered(std::span<const ProducerRecord> records,
                                       std::vector<RecordMetadata>* metadata) {
  struct Outcome {
    absl::Mutex mutex;
    size_t missing ABSL_GUARDED_BY(mutex) = 0;
    Status status ABSL_GUARDED_BY(mutex);
    std::vector<RecordMetadata> metadata ABSL_GUARDED_BY(mutex);
    Signal told;
  };
  auto outcome = std::make_shared<Outcome>();
  {
    const base::Lock lock(outcome->mutex);
    outcome->missing = records.size();
    if (metadata != nullptr) outcome->metadata.resize(records.size());
  }
  const auto note = [](Outcome& to, size_t index, const StatusOr<RecordMetadata>& result) {
    const base::Lock lock(to.mutex);
    if (!result.ok() && to.status.ok()) to.status = result.status();
    if (result.ok() && !to.metadata.empty()) to.metadata[index] = *result;
    if (--to.missing == 0) to.told.Raise();
  };
  for (size_t i = 0; i < records.size(); ++i) {
    int64_t record_bytes = 0;
    DeliveryCallback done = [outcome, note, i](const StatusOr<RecordMetadata>& result) {
      note(*outcome, i, result);
    };
    Status accepted = CheckSize(records[i], &record_bytes);
    if (accepted.ok()) accepted = Accept(records[i], done, record_bytes, nullptr);
    if (accepted.ok()) continue;
    for (size_t j = i; j < records.size(); ++j)
      note(*outcome, j, accepted);
    break;
  }
  FlushAll();
  const Elapsed deadline = broker_.DeadlineAfter(options_.delivery_timeout);
  std::vector<PartitionState*> busy;
  {
    const base::LightLock lock(mutex_);
    busy = BusyLocked();
  }
  for (PartitionState* const partition : busy) {
    if (!outcome->told.raised()) Help(*partition, deadline);
  }
  if (!broker_.Wait(outcome->told, deadline)) {
    return Error(ErrorCode::kRequestTimedOut,
                 StrCat("not all of ", records.size(), " records were acknowledged within ",
                        options_.delivery_timeout.count(), " ms; they may be stored all the same"));
  }
  const base::Lock lock(outcome->mutex);
  if (metadata != nullptr) *metadata = std::move(outcome->metadata);
  return outcome->status;
}

}  // namespace runnel::client
