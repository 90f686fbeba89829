// Background work: retention, compaction, checkpoints, removal of deleted files, idle partitions.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include "broker/core.h"
#include "broker/groups.h"
#include "broker/topics.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::broker {

// Jobs that come due by the executor's clock and run on the background executor, one at a time.
// None holds a lock that an append needs.
//
// Thread safety: thread-safe.
// Lifetime: shared with its timer, which holds it weakly.
class Maintenance final : public std::enable_shared_from_this<Maintenance> {
 public:
  Maintenance(std::shared_ptr<Core> core, Topics& topics, Groups& groups);

  // Sets the timer. Idempotent.
  void Start();
  // Returns when no job runs, and none will.
  void Stop();
  // Runs every job now, whether due or not. Errors: the first; the others run all the same.
  Status RunAll();

 private:
  static constexpr size_t kJobCount = 5;
  struct Job {
    std::string_view name;
    Elapsed interval;
    Status (Maintenance::*run)();
    Elapsed due = kForever;
  };

  Status DeleteOldSegments();
  Status Compact();
  Status WriteCheckpoints();
  Status RemoveDeleted();
  Status ReleaseIdle();

  void Arm();
  void OnTimer();
  void RunDue();
  Status RunJob(Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(run_mutex_);
  // Visits the logs of all partitions of wanted topics that have one, opening those that are not
  // open.
  Status ForEachLog(bool (*wanted)(const log::LogConfig&),
                    const std::function<Status(Partition&, log::PartitionLog&)>& visit);
  Status CompactOne(Partition& partition, log::PartitionLog& log);
  void CountMemory();

  const std::shared_ptr<Core> core_;
  Topics& topics_;
  Groups& groups_;

  // Held while a job runs; taken before mutex_.
  absl::Mutex run_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  // Where compaction of logs in memory goes on; those on disk have a checkpoint file.
  std::map<TopicPartition, Offset> cleaned_ ABSL_GUARDED_BY(run_mutex_);

  absl::Mutex mutex_;
  std::array<Job, kJobCount> jobs_ ABSL_GUARDED_BY(mutex_);
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  Executor::TimerId timer_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace runnel::broker
