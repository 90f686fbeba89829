// Producing, fetching, and everything else about the records of partitions.
#include <algorithm>
#include <atomic>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "broker/broker.h"
#include "broker/core.h"
#include "broker/fetches.h"
#include "broker/topics.h"
#include "metadata/topic_name.h"

namespace runnel::broker {
namespace {

Status CheckEpoch(const Partition& partition, LeaderEpoch current) {
  if (current == kNoLeaderEpoch || current == partition.leader_epoch()) return OkStatus();
  const bool fenced = current < partition.leader_epoch();
  return Error(fenced ? ErrorCode::kFencedLeaderEpoch : ErrorCode::kUnknownLeaderEpoch,
               base::StrCat("leader epoch ", current, " of ", partition.id(), " is not ",
                            partition.leader_epoch()));
}

}  // namespace

// --- Produce --------------------------------------------------------------------------------

// A produce request whose acknowledgements are awaited.
struct Broker::ProduceState {
  absl::Mutex mutex;
  ProduceResponse response ABSL_GUARDED_BY(mutex);
  Callback<ProduceResponse> done ABSL_GUARDED_BY(mutex);  // null once answered
  int64_t missing ABSL_GUARDED_BY(mutex) = 1;             // acknowledgements, and the caller
  Executor::TimerId timer ABSL_GUARDED_BY(mutex) = 0;
};

// Answers, once.
void Broker::FinishProduce(const std::shared_ptr<ProduceState>& state) {
  Callback<ProduceResponse> done;
  ProduceResponse response;
  {
    const base::Lock lock(state->mutex);
    if (!state->done) return;
    done = std::move(state->done);
    state->done = nullptr;
    response = std::move(state->response);
  }
  done(std::move(response));
}

// Appends one partition's batch. Sets `waiting` when the acknowledgement is still to come.
ProducedPartition Broker::AppendProduced(const ProduceRequest& request,
                                         const ProducePartition& wanted,
                                         std::optional<ProduceWaiting>& waiting) {
  ProducedPartition produced;
  const auto partition = Resolve(wanted.topic, wanted.partition);
  if (!partition.ok()) {
    produced.status = partition.status();
    return produced;
  }
  if (!request.allow_internal && metadata::IsInternalTopic((*partition)->topic())) {
    produced.status = Error(ErrorCode::kInvalidTopicException,
                            base::StrCat("topic ", (*partition)->topic(), " is internal"));
    return produced;
  }
  const auto appended = (*partition)->AppendBatch(wanted.records, request.trust);
  produced.status = appended.status();
  if (!appended.ok()) return produced;
  produced.base_offset = appended->base_offset;
  produced.log_append_time = appended->append_time;
  produced.log_start_offset = (*partition)->open_log()->log_start_offset();
  if (request.acks == Acks::kNone) {
    (*partition)->SyncSoon();
  } else if (!(*partition)->IsAcknowledged(appended->last_offset)) {
    waiting = {.partition = *partition, .last_offset = appended->last_offset};
  }
  return produced;
}

void Broker::Produce(const ProduceRequest& request, Callback<ProduceResponse> done) {
  ProduceResponse response;
  std::vector<ProduceWaiting> waiting;
  for (const ProducePartition& wanted : request.partitions) {
    std::optional<ProduceWaiting> late;
    response.partitions.push_back(AppendProduced(request, wanted, late));
    if (!late.has_value()) continue;
    late->index = response.partitions.size() - 1;
    waiting.push_back(*std::move(late));
  }
  if (waiting.empty()) return done(std::move(response));
  AwaitProduced(std::move(response), waiting, request.timeout, std::move(done));
}

void Broker::AwaitProduced(ProduceResponse response, const std::vector<ProduceWaiting>& waiting,
                           std::chrono::milliseconds timeout, Callback<ProduceResponse> done) {
  auto state = std::make_shared<ProduceState>();
  {
    const base::Lock lock(state->mutex);
    state->response = std::move(response);
    state->done = std::move(done);
    state->missing += static_cast<int64_t>(waiting.size());
  }
  // True when this was the last answer missing.
  const auto arrive = [core = core_](const std::shared_ptr<ProduceState>& arrived) {
    Executor::TimerId timer = 0;
    {
      const base::Lock lock(arrived->mutex);
      if (--arrived->missing > 0) return;
      timer = std::exchange(arrived->timer, 0);
    }
    core->Cancel(timer);
    FinishProduce(arrived);
  };
  const auto on_timeout = [state, indexes = waiting] {
    {
      const base::Lock lock(state->mutex);
      if (!state->done) return;
      for (const ProduceWaiting& late : indexes) {
        ProducedPartition& produced = state->response.partitions[late.index];
        if (!produced.status.ok() || late.partition->IsAcknowledged(late.last_offset)) continue;
        produced.status = Error(ErrorCode::kRequestTimedOut,
                                base::StrCat("the records of ", late.partition->id(),
                                             " were not synced in time; they may still be"));
      }
    }
    FinishProduce(state);
  };
  {
    const base::Lock lock(state->mutex);
    state->timer = core_->PostAt(DeadlineAfter(timeout), on_timeout);
  }
  for (const ProduceWaiting& awaited : waiting) {
    awaited.partition->OnAcknowledged(awaited.last_offset,
                                      [state, arrive, index = awaited.index](const Status& status) {
                                        {
                                          const base::Lock lock(state->mutex);
                                          if (state->done && !status.ok())
                                            state->response.partitions[index].status = status;
                                        }
                                        arrive(state);
                                      });
  }
  arrive(state);
}

// --- Fetch and offsets ----------------------------------------------------------------------

void Broker::Fetch(FetchRequest request, Callback<FetchResponse> done) {
  fetches_->Start(std::move(request), std::move(done));
}

ListOffsetsResponse Broker::ListOffsets(const ListOffsetsRequest& request) {
  ListOffsetsResponse response;
  const auto find = [&](const ListOffsetsPartition& wanted) -> StatusOr<OffsetAndTimestamp> {
    RUNNEL_ASSIGN_OR_RETURN(const auto partition, Resolve(wanted.topic, wanted.partition));
    RUNNEL_RETURN_IF_ERROR(CheckEpoch(*partition, wanted.current_leader_epoch));
    return partition->FindOffset(wanted.spec, request.isolation_level);
  };
  for (const ListOffsetsPartition& wanted : request.partitions) {
    response.partitions.push_back(find(wanted));
  }
  return response;
}

std::vector<StatusOr<log::EpochEndOffset>> Broker::OffsetForLeaderEpoch(
    std::span<const OffsetForLeaderEpochPartition> partitions) {
  const auto find =
      [&](const OffsetForLeaderEpochPartition& wanted) -> StatusOr<log::EpochEndOffset> {
    RUNNEL_ASSIGN_OR_RETURN(const auto partition, Resolve(wanted.topic, wanted.partition));
    RUNNEL_RETURN_IF_ERROR(CheckEpoch(*partition, wanted.current_leader_epoch));
    RUNNEL_ASSIGN_OR_RETURN(log::PartitionLog * log, partition->Log());
    return log->EndOffsetForEpoch(wanted.leader_epoch);
  };
  std::vector<StatusOr<log::EpochEndOffset>> results;
  for (const OffsetForLeaderEpochPartition& wanted : partitions)
    results.push_back(find(wanted));
  return results;
}

Results<TopicPartition, Offset> Broker::DeleteRecords(
    const std::map<TopicPartition, Offset>& before) {
  const auto drop = [&](const TopicPartition& id, Offset offset) -> StatusOr<Offset> {
    RUNNEL_RETURN_IF_ERROR(core_->CheckWritable());
    RUNNEL_ASSIGN_OR_RETURN(const auto partition, FindPartition(id));
    RUNNEL_ASSIGN_OR_RETURN(log::PartitionLog * log, partition->Log());
    RUNNEL_RETURN_IF_ERROR(partition->status());
    const Offset bound = offset == kNoOffset ? log->high_watermark() : offset;
    RUNNEL_RETURN_IF_ERROR(log->DeleteRecordsBefore(bound));
    return log->log_start_offset();
  };
  Results<TopicPartition, Offset> results;
  for (const auto& [id, offset] : before)
    results.emplace(id, drop(id, offset));
  // A log start that was answered must not go back after a crash.
  if (core_->directory != nullptr && !results.empty()) {
    if (const Status status = core_->directory->WriteCheckpoints(); !status.ok()) {
      for (auto& [id, result] : results) {
        if (result.ok()) result = status;
      }
    }
  }
  return results;
}

// --- Inspecting -----------------------------------------------------------------------------

StatusOr<std::vector<ProducerDescription>> Broker::DescribeProducers(
    const TopicPartition& partition) {
  RUNNEL_ASSIGN_OR_RETURN(const auto found, FindPartition(partition));
  RUNNEL_ASSIGN_OR_RETURN(log::PartitionLog * log, found->Log());
  std::vector<ProducerDescription> producers;
  for (const log::ProducerEntry& entry : log->Producers()) {
    ProducerDescription& producer = producers.emplace_back();
    producer.producer_id = entry.producer_id;
    producer.producer_epoch = entry.epoch;
    if (entry.last_batch() != nullptr) producer.last_sequence = entry.last_batch()->last_sequence;
    producer.last_timestamp = entry.last_timestamp;
    producer.coordinator_epoch = entry.coordinator_epoch;
    producer.current_txn_start_offset = entry.txn_first_offset.value_or(kNoOffset);
  }
  return producers;
}

std::vector<LogDirDescription> Broker::DescribeLogDirs() {
  LogDirDescription description{.path = core_->options.data_dir};
  for (const std::shared_ptr<Topic>& topic : topics_->List(Admin::Internal::kInclude)) {
    for (int32_t index = 0; index < topic->partition_count(); ++index) {
      const TopicPartition id{topic->name(), index};
      const bool on_disk = core_->directory != nullptr && core_->directory->Contains(id);
      const auto partition = on_disk ? topic->partition(index) : topic->FindPartition(index);
      int64_t size = 0;
      if (partition != nullptr && (on_disk || partition->open_log() != nullptr)) {
        const auto log = partition->Log();
        if (log.ok()) size = (*log)->size_bytes();
        if (!log.ok() && description.status.ok()) description.status = log.status();
      }
      description.partitions.push_back({.partition = id, .size_bytes = size});
    }
  }
  return {std::move(description)};
}

}  // namespace runnel::broker
