// The inside of GroupShard. Split over shard_log.cc (replay and writes), shard_join.cc (members
// coming in), shard_members.cc (sync, heartbeat, leave, rebalance), shard_offsets.cc,
// shard_groups.cc and shard_expiry.cc.
#pragma once

#include <absl/container/btree_map.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "group/classic_group.h"
#include "group/group_shard.h"
#include "group/records.h"
#include "group/timer_queue.h"

namespace runnel::group {

class GroupShard::Impl {
 public:
  Impl(const GroupOptions& options, OffsetStore& store, Random& random);

  // shard_log.cc
  Status Load();
  Status Apply(const AppliedBatch& batch);
  Status ApplyMarker(ProducerId producer_id, TransactionResult result, Offset offset);
  void Start(Now now);
  void Stop(Output& out);
  void OnWritten(uint64_t id, const StatusOr<Offset>& base_offset, Now now, Output& out);
  void OnTime(Now now, Output& out);
  Elapsed NextDeadline() const { return timers_.NextDeadline(); }
  Offset applied_end_offset() const { return applied_end_; }

  // shard_join.cc
  void JoinGroup(const JoinGroupRequest& request, const RequestContext& context,
                 Reply<JoinGroupResponse> reply, Now now, Output& out);

  // shard_members.cc
  void SyncGroup(const SyncGroupRequest& request, const RequestContext& context,
                 Reply<SyncGroupResponse> reply, Now now, Output& out);
  HeartbeatResponse Heartbeat(const HeartbeatRequest& request, Now now);
  void LeaveGroup(const LeaveGroupRequest& request, Reply<LeaveGroupResponse> reply, Now now,
                  Output& out);

  // shard_offsets.cc
  void OffsetCommit(const OffsetCommitRequest& request, const RequestContext& context,
                    Reply<OffsetCommitResponse> reply, Now now, Output& out);
  void TxnOffsetCommit(const TxnOffsetCommitRequest& request, const RequestContext& context,
                       Reply<OffsetCommitResponse> reply, Now now, Output& out);
  OffsetFetchResponse OffsetFetch(const OffsetFetchRequest& request);
  void OffsetDelete(const OffsetDeleteRequest& request, Reply<OffsetDeleteResponse> reply, Now now,
                    Output& out);
  void OnTopicsDeleted(std::span<const std::string> topics, Now now, Output& out);

  // shard_groups.cc
  DescribedGroup DescribeGroup(std::string_view group_id, const RequestContext& context);
  std::vector<ListedGroup> ListGroups(const ListGroupsRequest& request);
  void DeleteGroup(std::string_view group_id, Reply<ErrorCode> reply, Now now, Output& out);

 private:
  enum class Phase { kLoading, kActive, kStopped };
  // Runs when the records of a write have been applied, or their write has failed.
  using Completion = absl::AnyInvocable<void(const Status& status, Now now, Output& out)>;
  struct InFlight {
    Write write;
    Completion done;
  };
  // Another kind of group, as far as this shard understands it.
  struct OtherGroup {
    std::string type;  // "consumer", "share", "streams"; empty: there is none
    bool has_members = false;
  };
  struct FlightCount {
    int plain = 0;
    int transactional = 0;
  };
  enum class Source { kReplay, kOwnWrite };

  // kNone while serving.
  ErrorCode PhaseError() const;
  ClassicGroup* FindGroup(std::string_view group_id);
  ClassicGroup& MakeGroup(std::string_view group_id, Now now);
  StatusOr<bool> HasOffsets(std::string_view group_id);
  StatusOr<OtherGroup> FindOther(std::string_view group_id);
  StatusOr<std::vector<std::string>> OtherRecordKeys(std::string_view group_id);

  // --- shard_log.cc
  void AddWrite(Output& out, Write write, Completion done);
  void CountInFlight(const Write& write, int by);
  // Writes what a batch of the log changed, with the offset behind it.
  Status Store(StoreBatch changes, Offset end_offset);
  Status ApplyRecord(const AppliedRecord& record, const AppliedBatch& batch, Source source,
                     StoreBatch& changes);
  Status ApplyOffset(const OffsetCommitKey& key, const AppliedRecord& record,
                     ProducerId producer_id, StoreBatch& changes);
  Status ApplyGroup(const std::string& group_id, const AppliedRecord& record, Source source,
                    StoreBatch& changes);
  Status ReplayGroup(const std::string& group_id, std::string_view value);
  // Reads a group back from the store after a write about it has failed.
  void ReloadGroup(const std::string& group_id, Now now);
  void ForgetPending(ProducerId producer_id, const std::string& offset_key, StoreBatch& changes);
  template <class Response, class T>
  static void Answer(Output& out, Reply<Response>& reply, T&& response) {
    if (!reply) return;
    out.replies.push_back(
        [reply = std::move(reply), response = Response(std::forward<T>(response))]() mutable {
          reply(std::move(response));
        });
    reply = nullptr;
  }

  // --- shard_join.cc
  ErrorCode CheckJoin(const JoinGroupRequest& request, const RequestContext& context) const;
  bool HasRoomFor(ClassicGroup& group, const std::string& member_id) const;
  // Makes way for a classic group where an empty one of another kind was.
  // Errors: kInconsistentGroupProtocol when that has members.
  ErrorCode ReplaceOther(std::string_view group_id, Output& out);
  void JoinNewMember(ClassicGroup& group, const JoinGroupRequest& request,
                     const RequestContext& context, Reply<JoinGroupResponse> reply, Now now,
                     Output& out);
  void JoinKnownMember(ClassicGroup& group, const JoinGroupRequest& request,
                       const RequestContext& context, Reply<JoinGroupResponse> reply, Now now,
                       Output& out);
  void JoinReturningStaticMember(ClassicGroup& group, const std::string& old_id,
                                 const JoinGroupRequest& request, const RequestContext& context,
                                 Reply<JoinGroupResponse> reply, Now now, Output& out);
  void PersistReplacement(ClassicGroup& group, const std::string& old_id, Member& member,
                          std::vector<JoinGroupProtocol> old_protocols,
                          const RequestContext& context, Reply<JoinGroupResponse> reply,
                          Output& out);
  void AddMemberAndRebalance(ClassicGroup& group, const std::string& member_id,
                             const JoinGroupRequest& request, const RequestContext& context,
                             Reply<JoinGroupResponse> reply, Now now, Output& out);
  void UpdateMember(Member& member, const JoinGroupRequest& request, Reply<JoinGroupResponse> reply,
                    Output& out);
  std::string NewMemberId(std::string_view prefix);
  JoinGroupResponse CurrentGeneration(ClassicGroup& group, const Member& member);
  void FailJoin(Output& out, Reply<JoinGroupResponse>& reply, ErrorCode code,
                std::string member_id);

  // --- shard_members.cc
  ErrorCode CheckMember(ClassicGroup& group, const std::string& member_id,
                        const std::optional<std::string>& instance_id);
  ErrorCode CheckSync(ClassicGroup& group, const SyncGroupRequest& request);
  void KeepAlive(Member& member, Now now);
  void RebalanceOrCompleteJoin(ClassicGroup& group, Now now, Output& out);
  void PrepareRebalance(ClassicGroup& group, Now now, Output& out);
  void BeginFirstJoin(ClassicGroup& group, Now now, Output& out);
  void MaybeCompleteJoin(ClassicGroup& group, Now now, Output& out);
  void CompleteJoin(ClassicGroup& group, Now now, Output& out);
  void BeginSyncPhase(ClassicGroup& group, Now now, Output& out);
  void StoreAssignment(ClassicGroup& group, const SyncGroupRequest& request, Now now, Output& out);
  void FinishAssignment(const std::string& group_id, int32_t generation, Status status,
                        base::StringMap<std::string> assignments, Now now, Output& out);
  void FailSyncs(ClassicGroup& group, ErrorCode code, Now now, Output& out);
  void PersistEmpty(ClassicGroup& group, Output& out);
  ErrorCode LeaveOne(ClassicGroup& group, const LeaveGroupMember& leaving, Output& out);
  // Takes a member out and answers what it waits for with `code`.
  void DropMember(ClassicGroup& group, std::string_view member_id, ErrorCode code, Output& out);
  void AfterRemoval(ClassicGroup& group, Now now, Output& out);
  void OnSessionTimer(Member& member, Now now, Output& out);
  void OnPendingTimer(PendingMember& pending, Now now, Output& out);
  void OnJoinTimer(ClassicGroup& group, Now now, Output& out);
  void OnSyncTimer(ClassicGroup& group, Now now, Output& out);

  // --- shard_offsets.cc
  template <class Request>
  ErrorCode CheckCommit(const Request& request, const RequestContext& context, bool transactional);
  void CommitOffsets(const std::string& group_id, const std::vector<OffsetCommitTopic>& topics,
                     int64_t expire_timestamp, Write write, Reply<OffsetCommitResponse> reply,
                     Now now, Output& out);
  StatusOr<std::optional<OffsetCommitValue>> ReadOffset(const std::string& key);
  OffsetFetchPartition FetchOne(const std::string& group_id, const std::string& topic,
                                int32_t partition, bool require_stable);
  OffsetFetchResponse FetchAll(const OffsetFetchRequest& request);
  bool IsUnstable(const std::string& offset_key) const;

  // --- shard_groups.cc, shard_expiry.cc
  // Keys of all offsets of a group, written or on their way.
  StatusOr<std::vector<std::string>> OffsetKeysOf(std::string_view group_id);
  static Record Tombstone(const std::string& offset_key);
  StatusOr<std::vector<std::string>> GroupsWithOffsets();
  void OnExpiryTimer(Now now, Output& out);
  bool IsExpired(const OffsetCommitKey& key, const OffsetCommitValue& value, Now now);
  // Drops a group without members and offsets.
  void MaybeDropGroup(const std::string& group_id, Output& out);
  void WriteTombstones(std::vector<Record> records, std::set<std::string> groups, Output& out);

  const GroupOptions options_;
  OffsetStore& store_;
  Random& random_;
  Phase phase_ = Phase::kLoading;
  Offset applied_end_{0};
  Status store_status_;  // of the first write to the store that failed
  TimerQueue timers_;    // outlives everything below
  absl::btree_map<std::string, std::unique_ptr<ClassicGroup>, std::less<>> groups_;
  std::map<uint64_t, InFlight> in_flight_;
  uint64_t next_write_id_ = 1;
  // Offset store keys with a value in flight, sorted so that a group's can be found.
  std::map<std::string, FlightCount, std::less<>> offsets_in_flight_;
  // Offset store keys with a value in an open transaction, by producer; values are in the store.
  std::map<ProducerId, std::set<std::string>> pending_by_producer_;
  std::map<std::string, int, std::less<>> pending_counts_;
  Timer expiry_timer_;
  std::string expiry_cursor_;  // where the sweep over all offsets goes on; empty: at the start
};

// What a failed write means to the client that asked for it.
ErrorCode ToClientError(const Status& status);

}  // namespace runnel::group
