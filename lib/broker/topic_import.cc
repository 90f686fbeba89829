// Taking over partitions that Kafka, or another Runnel, has written.
#include <utility>

#include "base/files.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "broker/broker.h"
#include "broker/groups.h"
#include "broker/topics.h"
#include "log/import.h"
#include "log/partition_metadata.h"

namespace runnel::broker {
namespace {

using base::StrCat;

constexpr std::string_view kMetadataFile = "partition.metadata";

// The first error of a response, as a status.
template <class Results>
Status FirstError(const Results& results) {
  for (const auto& result : results) {
    if (result.error_code != ErrorCode::kNone) {
      return Error(result.error_code, result.error_message);
    }
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::vector<std::string>> Topics::PlanImport(const TopicPartition& partition,
                                                      Uuid& topic_id) {
  const base::ReaderLock lock(mutex_);
  const metadata::TopicState* topic = image_.FindTopic(partition.topic);
  const int32_t count = topic == nullptr ? 0 : static_cast<int32_t>(topic->partitions.size());
  if (partition.partition >= 0 && partition.partition < count) {
    return Error(ErrorCode::kTopicAlreadyExists,
                 StrCat("partition ", partition, " exists already"));
  }
  if (partition.partition != count) {
    return Error(ErrorCode::kInvalidPartitions,
                 StrCat("the next partition of topic ", partition.topic, " is ", count, ", not ",
                        partition.partition));
  }
  if (topic != nullptr) {
    topic_id = topic->id;
    auto plan = image_.PlanCreatePartitions(
        {.topics = {{.name = partition.topic, .count = count + 1}}}, Context());
    RUNNEL_RETURN_IF_ERROR(FirstError(plan.response.results));
    return std::move(plan.records);
  }
  // Imported records may be old: nothing is dropped until the owner says so.
  auto plan = image_.PlanCreateTopics({.topics = {{.name = partition.topic,
                                                   .num_partitions = 1,
                                                   .configs = {{"retention.ms", "-1"}},
                                                   .topic_id = topic_id}}},
                                      Context(), *core_->environment.random);
  RUNNEL_RETURN_IF_ERROR(FirstError(plan.response.topics));
  topic_id = plan.response.topics.front().topic_id;
  return std::move(plan.records);
}

Status Topics::Import(std::string_view from_folder, const TopicPartition& partition) {
  if (core_->in_memory()) {
    return Error(ErrorCode::kInvalidRequest, "a broker in memory cannot take over files");
  }
  RUNNEL_RETURN_IF_ERROR(core_->CheckWritable());
  const base::Lock change(change_mutex_);
  Uuid topic_id;
  RUNNEL_RETURN_IF_ERROR(PlanImport(partition, topic_id).status());
  log::LogDirectory& directory = *core_->directory;
  // A folder without a topic is what a crash left of an earlier try.
  if (directory.Contains(partition)) RUNNEL_RETURN_IF_ERROR(directory.Delete(partition));
  RUNNEL_ASSIGN_OR_RETURN(const log::ImportResult imported,
                          log::ImportPartition(*core_->environment.files, std::string(from_folder),
                                               directory, partition));
  const auto register_it = [&]() -> Status {
    change_mutex_.AssertHeld();
    // The folder's own topic id, unless a topic has or had it.
    topic_id = WasDeleted(imported.topic_id) ? Uuid() : imported.topic_id;
    RUNNEL_ASSIGN_OR_RETURN(const auto records, PlanImport(partition, topic_id));
    if (topic_id != imported.topic_id) {
      RUNNEL_RETURN_IF_ERROR(base::WriteWhole(
          directory.directory(), StrCat(log::PartitionFolder(partition), "/", kMetadataFile),
          log::EncodePartitionMetadata(topic_id)));
    }
    return Commit(records);
  };
  if (const Status status = register_it(); !status.ok()) {
    base::IgnoreError(DeleteFolder(partition), "the first error says more");
    return status;
  }
  {
    const base::Lock lock(mutex_);
    if (const auto at = topics_.find(partition.topic); at != topics_.end()) {
      at->second->Grow(partition.partition + 1);
    }
  }
  Announce();
  return OkStatus();
}

Status Broker::ImportPartition(std::string_view from_folder, const TopicPartition& partition) {
  RUNNEL_RETURN_IF_ERROR(topics_->Import(from_folder, partition));
  groups_->UpdateDurability();
  // Opens it: what is wrong with the files shows now, not at the first reader.
  RUNNEL_ASSIGN_OR_RETURN(const auto found, FindPartition(partition));
  return found->Log().status();
}

}  // namespace runnel::broker
