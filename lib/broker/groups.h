// Runs the group coordinators: one shard per partition of __consumer_offsets.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core.h"
#include "broker/topics.h"
#include "group/group_shard.h"
#include "group/messages.h"
#include "kv/store.h"
#include "runnel/error.h"

namespace runnel::broker {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";

// A shard is loaded at its first use: its view in the store, then the log behind it. Its state
// machine is called under its lock; the records it wants written are appended under the same lock,
// so that log order is call order, and reported back when they are acknowledged, in that order.
// Replies run without locks.
//
// Thread safety: thread-safe.
// Lifetime: shared with the timers and callbacks it has set, which hold it weakly.
class Groups final : public std::enable_shared_from_this<Groups> {
 public:
  Groups(std::shared_ptr<Core> core, Topics& topics);
  ~Groups();

  template <class Response>
  using Callback = absl::AnyInvocable<void(Response)>;
  using Context = group::RequestContext;

  void Join(const group::JoinGroupRequest& request, const Context& context,
            Callback<group::JoinGroupResponse> done);
  void Sync(const group::SyncGroupRequest& request, const Context& context,
            Callback<group::SyncGroupResponse> done);
  group::HeartbeatResponse Heartbeat(const group::HeartbeatRequest& request,
                                     const Context& context);
  void Leave(const group::LeaveGroupRequest& request, const Context& context,
             Callback<group::LeaveGroupResponse> done);
  void Commit(const group::OffsetCommitRequest& request, const Context& context,
              Callback<group::OffsetCommitResponse> done);
  // Syncs on the calling thread.
  group::OffsetCommitResponse CommitAndWait(const group::OffsetCommitRequest& request,
                                            const Context& context);
  group::OffsetFetchResponse Fetch(const group::OffsetFetchRequest& request);
  group::OffsetDeleteResponse DeleteOffsets(const group::OffsetDeleteRequest& request);
  group::DescribedGroup Describe(std::string_view group_id, const Context& context);
  StatusOr<std::vector<group::ListedGroup>> List(const group::ListGroupsRequest& request);
  ErrorCode Delete(std::string_view group_id);
  // Makes __consumer_offsets if need be.
  Status Prepare();

  void OnTopicsDeleted(const std::vector<std::string>& topics);
  // Follows the strictest durability of the topics.
  void UpdateDurability();
  // Makes the store durable, so that the next opening replays less. Before compaction of an
  // offsets log, too: a view older than the compacted range has to be built anew.
  Status Checkpoint();
  // Answers what waits and refuses the rest.
  void Stop();
  Status Close();

 private:
  struct Shard {
    // A write that is appended and not yet reported to the machine.
    struct Pending {
      uint64_t id = 0;
      Offset base_offset;
      Offset last_offset;
    };

    explicit Shard(int32_t shard_index) : index(shard_index) {}

    const int32_t index;
    // Held while the log is replayed and while records are appended; not while they are synced.
    absl::Mutex mutex;
    // Set together by loading; the partition then never changes.
    std::shared_ptr<Partition> partition ABSL_GUARDED_BY(mutex);
    std::unique_ptr<group::OffsetStore> store ABSL_GUARDED_BY(mutex);
    std::unique_ptr<group::GroupShard> machine ABSL_GUARDED_BY(mutex);
    std::deque<Pending> pending ABSL_GUARDED_BY(mutex);
    bool stopped ABSL_GUARDED_BY(mutex) = false;
    Executor::TimerId timer ABSL_GUARDED_BY(mutex) = 0;
    Elapsed timer_at ABSL_GUARDED_BY(mutex) = kForever;
  };
  using Call = absl::FunctionRef<void(group::GroupShard&, group::Now, group::Output&)>;

  group::Now Now() const;
  StatusOr<std::shared_ptr<Topic>> OffsetsTopic();
  StatusOr<Shard*> ShardAt(int32_t index);
  StatusOr<Shard*> ShardOf(std::string_view group_id);
  // Shards that have, or may have, state.
  std::vector<Shard*> ExistingShards();
  Status LoadLocked(Shard& shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  Status ReplayLocked(Shard& shard, log::PartitionLog& log)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  StatusOr<kv::Store*> Store();

  enum class SyncBy { kExecutor, kCaller };
  // Calls the machine, appends what it wants written, runs the replies.
  void Run(Shard& shard, Call call, SyncBy sync = SyncBy::kExecutor);
  // The same, and waits for the reply on this thread. `call` gets the reply to hand on.
  template <class Response>
  Response RunAndWait(Shard& shard,
                      absl::FunctionRef<void(group::GroupShard&, group::Reply<Response>, group::Now,
                                             group::Output&)>
                          call,
                      Response closed);
  void AppendWritesLocked(Shard& shard, group::Output& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void ReportWrittenLocked(Shard& shard, group::Output& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void ArmTimerLocked(Shard& shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void OnTimer(int32_t index);
  Partition::SettingsPtr WithDurability(Partition::SettingsPtr settings);

  // Splits a commit into what exists and what does not; `missing` are the answers of the latter.
  group::OffsetCommitRequest CheckTopics(const group::OffsetCommitRequest& request,
                                         std::vector<group::OffsetTopicErrors>& missing);

  const std::shared_ptr<Core> core_;
  Topics& topics_;
  const group::GroupOptions options_;

  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Shard>> shards_
      ABSL_GUARDED_BY(mutex_);  // grows to the topic's count
  std::unique_ptr<kv::Store> store_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace runnel::broker
