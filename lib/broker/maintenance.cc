#include "broker/maintenance.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/cleaner.h"

namespace runnel::broker {
namespace {

void Keep(Status& first, Status status) {
  if (first.ok()) first = std::move(status);
}

bool IsMemory(const Core& core, const Partition& partition) {
  return core.in_memory() || partition.durability() == Durability::kMemory;
}

}  // namespace

Maintenance::Maintenance(std::shared_ptr<Core> core, Topics& topics, Groups& groups)
    : core_(std::move(core)), topics_(topics), groups_(groups) {
  const BrokerConfig& config = core_->config;
  const Elapsed sweep = std::min<Elapsed>(config.idle_release, std::chrono::minutes(1));
  jobs_ = {
      Job{"retention", config.retention_check_interval, &Maintenance::DeleteOldSegments},
      Job{"compaction", std::max<Elapsed>(config.cleaner_backoff, std::chrono::milliseconds(1)),
          &Maintenance::Compact},
      Job{"checkpoint",
          std::max<Elapsed>(config.checkpoint_interval, std::chrono::milliseconds(100)),
          &Maintenance::WriteCheckpoints},
      Job{"removal", std::chrono::seconds(30), &Maintenance::RemoveDeleted},
      Job{"release", sweep, &Maintenance::ReleaseIdle}};
}

// --- Timer --------------------------------------------------------------------------------------

void Maintenance::Start() {
  {
    const base::Lock lock(mutex_);
    if (started_ || stopped_) return;
    started_ = true;
    for (Job& job : jobs_)
      job.due = core_->DeadlineAfter(job.interval);
  }
  Arm();
}

void Maintenance::Arm() {
  const base::Lock lock(mutex_);
  if (stopped_) return;
  const auto next = std::min_element(jobs_.begin(), jobs_.end(),
                                     [](const Job& a, const Job& b) { return a.due < b.due; });
  timer_ = core_->PostAt(next->due, [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self != nullptr) self->OnTimer();
  });
}

void Maintenance::OnTimer() {
  if (core_->background == core_->environment.executor) return RunDue();
  core_->PostBackground([weak = weak_from_this()] {
    if (const auto self = weak.lock(); self != nullptr) self->RunDue();
  });
}

void Maintenance::RunDue() {
  {
    const base::Lock running(run_mutex_);
    for (size_t i = 0; i < kJobCount; ++i) {
      Job job;
      {
        const base::Lock lock(mutex_);
        if (stopped_) return;
        if (jobs_[i].due > core_->Now()) continue;
        jobs_[i].due = core_->DeadlineAfter(jobs_[i].interval);
        job = jobs_[i];
      }
      const Status status = RunJob(job);
      if (status.ok() || core_->closing()) continue;
      core_->environment.logger->Log(
          LogLevel::kWarning,
          base::StrCat("event=maintenance_failed job=", job.name, " error=", ToString(status)));
    }
  }
  Arm();
}

Status Maintenance::RunJob(Job& job) {
  return (this->*job.run)();
}

Status Maintenance::RunAll() {
  const base::Lock running(run_mutex_);
  if (core_->closing()) return Core::ClosedError();
  std::array<Job, kJobCount> jobs;
  {
    const base::Lock lock(mutex_);
    jobs = jobs_;
  }
  Status first;
  for (Job& job : jobs)
    Keep(first, RunJob(job));
  return first;
}

void Maintenance::Stop() {
  {
    const base::Lock lock(mutex_);
    stopped_ = true;
    core_->Cancel(std::exchange(timer_, 0));
  }
  // A job that runs ends soon: logs refuse work once the broker is closing.
  const base::Lock running(run_mutex_);
}

// --- Jobs ---------------------------------------------------------------------------------------

Status Maintenance::ForEachLog(bool (*wanted)(const log::LogConfig&),
                               const std::function<Status(Partition&, log::PartitionLog&)>& visit) {
  Status first;
  for (const std::shared_ptr<Topic>& topic : topics_.List(Admin::Internal::kInclude)) {
    if (!wanted(topic->settings()->log)) continue;
    for (int32_t index = 0; index < topic->partition_count(); ++index) {
      if (core_->closing()) return Core::ClosedError();
      if (topic->deleted()) break;
      const bool on_disk =
          !core_->in_memory() && core_->directory->Contains({topic->name(), index});
      const auto partition = on_disk ? topic->partition(index) : topic->FindPartition(index);
      if (partition == nullptr || (!on_disk && partition->open_log() == nullptr)) continue;
      const auto log = partition->Log();
      Keep(first, log.ok() ? visit(*partition, **log) : log.status());
    }
  }
  return first;
}

Status Maintenance::DeleteOldSegments() {
  const Timestamp now = core_->environment.clock->Now();
  const Status status = ForEachLog([](const log::LogConfig&) { return true; },
                                   [&](Partition&, log::PartitionLog& log) {
                                     log.ExpireProducers(now);
                                     return log.DeleteOldSegments(now).status();
                                   });
  CountMemory();
  return status;
}

void Maintenance::CountMemory() {
  if (!core_->options.memory_budget_bytes.has_value()) return;
  int64_t used = 0;
  for (const std::shared_ptr<Topic>& topic : topics_.Live()) {
    for (const std::shared_ptr<Partition>& partition : topic->LivePartitions()) {
      const log::PartitionLog* log = partition->open_log();
      if (log != nullptr && IsMemory(*core_, *partition)) used += log->size_bytes();
    }
  }
  core_->memory.used_bytes.store(used, std::memory_order_relaxed);
  core_->memory.waiters.Fire();
}

Status Maintenance::Compact() {
  if (!core_->config.cleaner_enable || core_->config.cleaner_threads == 0) return OkStatus();
  return ForEachLog(
      [](const log::LogConfig& config) { return config.cleanup_compact; },
      [this](Partition& partition, log::PartitionLog& log) { return CompactOne(partition, log); });
}

Status Maintenance::CompactOne(Partition& partition, log::PartitionLog& log) {
  run_mutex_.AssertHeld();
  const bool memory = IsMemory(*core_, partition);
  std::optional<Offset> checkpoint;
  if (!memory) {
    checkpoint = core_->directory->CheckpointOf(partition.id()).cleaner_offset;
  } else if (const auto at = cleaned_.find(partition.id()); at != cleaned_.end()) {
    checkpoint = at->second;
  }
  log::Cleaner cleaner({.dedupe_buffer_bytes = core_->config.cleaner_dedupe_buffer_bytes,
                        .read_bytes = core_->config.cleaner_io_buffer_bytes},
                       core_->codecs);
  const Timestamp now = core_->environment.clock->Now();
  RUNNEL_ASSIGN_OR_RETURN(const log::DirtyRange range, cleaner.Examine(log, checkpoint, now));
  if (!range.IsDue(log.config())) return OkStatus();
  // A view older than what is compacted away would have to be built anew.
  if (partition.topic() == kOffsetsTopic) RUNNEL_RETURN_IF_ERROR(groups_.Checkpoint());
  auto result = cleaner.Clean(log, range, now);
  // Segments went away by retention or DeleteRecords: the next round looks again.
  if (CodeOf(result) == ErrorCode::kOperationNotAttempted) return OkStatus();
  RUNNEL_RETURN_IF_ERROR(result.status());
  if (memory) {
    cleaned_.insert_or_assign(partition.id(), result->first_dirty);
  } else {
    core_->directory->SetCleanerOffset(partition.id(), result->first_dirty);
  }
  return OkStatus();
}

Status Maintenance::WriteCheckpoints() {
  if (core_->in_memory()) return OkStatus();
  Status first = core_->directory->WriteCheckpoints();
  Keep(first, topics_.Checkpoint());
  Keep(first, groups_.Checkpoint());
  return first;
}

Status Maintenance::RemoveDeleted() {
  if (core_->in_memory()) return OkStatus();
  const Timestamp now = core_->environment.clock->Now();
  Status first = topics_.RetryDeletions();
  for (const std::shared_ptr<log::PartitionLog>& log : core_->directory->OpenLogs()) {
    Keep(first, log->RemoveDeletedFiles(now).status());
  }
  Keep(first, core_->directory->RemoveDeleted().status());
  return first;
}

Status Maintenance::ReleaseIdle() {
  Status first;
  if (core_->in_memory()) return first;
  for (const std::shared_ptr<Topic>& topic : topics_.Live()) {
    for (const std::shared_ptr<Partition>& partition : topic->LivePartitions()) {
      Keep(first, partition->ReleaseIfIdle(core_->config.idle_release));
    }
  }
  return first;
}

}  // namespace runnel::broker
