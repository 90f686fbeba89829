// The group coordinator for one partition of __consumer_offsets.
#pragma once

#include <absl/functional/any_invocable.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "group/messages.h"
#include "group/offset_store.h"
#include "runnel/clock.h"
#include "runnel/error.h"
#include "runnel/random.h"
#include "runnel/types.h"

namespace runnel::group {

// Kafka's name of each option follows its meaning.
struct GroupOptions {
  // group.initial.rebalance.delay.ms: how long the first join of an empty group waits for more
  // members. Zero answers the first member at once.
  std::chrono::milliseconds initial_rebalance_delay{3000};
  // group.min.session.timeout.ms, group.max.session.timeout.ms; both ends are allowed.
  std::chrono::milliseconds min_session_timeout{6000};
  std::chrono::milliseconds max_session_timeout{1800000};
  // group.max.size: members of one group, at least 1.
  int32_t max_size = std::numeric_limits<int32_t>::max();
  // offset.metadata.max.bytes: of the text stored with an offset.
  int32_t offset_metadata_max_bytes = 4096;
  // offsets.retention.minutes: age at which offsets of a group without members are dropped.
  std::chrono::milliseconds offsets_retention = std::chrono::hours(24 * 7);
  // offsets.retention.check.interval.ms
  std::chrono::milliseconds offsets_retention_check_interval = std::chrono::minutes(10);
  // group.new.member.join.timeout.ms (hidden in Kafka): replaces the session timeout until the
  // first join of a member completes.
  std::chrono::milliseconds new_member_join_timeout = std::chrono::minutes(5);
};

// Both clocks, read once by the caller. Timeouts use `elapsed`, stored times `wall`.
struct Now {
  Elapsed elapsed{0};
  Timestamp wall{};
};

// A record of __consumer_offsets; a null value deletes the key.
struct Record {
  std::string key = {};
  std::optional<std::string> value = {};
};

// Records to append as one batch, stamped with the wall time. With a producer id the batch is
// transactional, without sequence numbers (Kafka's coordinator does the same).
struct Write {
  uint64_t id = 0;
  std::vector<Record> records = {};
  ProducerId producer_id = kNoProducerId;
  int16_t producer_epoch = -1;
};

// What a call wants done. The caller appends `writes` in order, reports each with OnWritten, and
// runs `replies` without holding locks.
struct Output {
  std::vector<Write> writes = {};
  std::vector<absl::AnyInvocable<void()>> replies = {};
};

// Answers a request, once. Never called from inside the shard: it comes out in Output::replies.
template <class Response>
using Reply = absl::AnyInvocable<void(Response)>;

// A record as it stands in the log. Lifetime: borrowed until the call returns.
struct AppliedRecord {
  Offset offset{0};
  std::string_view key = {};
  std::optional<std::string_view> value = {};
};

// One record batch of the log, in order.
struct AppliedBatch {
  std::span<const AppliedRecord> records = {};
  Offset end_offset{0};                    // one past the batch's last offset
  ProducerId producer_id = kNoProducerId;  // set when the batch is transactional
};

enum class TransactionResult : int8_t { kAbort = 0, kCommit = 1 };

// Coordinates the classic groups of one partition and stores the offsets of all kinds of groups.
//
// A pure state machine: it has no thread, clock or file. A call takes a request and the time, and
// puts into Output the records to write and the replies that are due. A reply that stands on
// records is held back until OnWritten says that they are durable. Joins and syncs are answered
// when the group is ready, by whichever call makes it so.
//
// Life: Load(), Apply()... from applied_end_offset() to the end of the log, Start(), requests,
// Stop(). Before Start() requests are refused with kCoordinatorLoadInProgress, after Stop() with
// kNotCoordinator; a shard that was stopped is destroyed. A follower only loads and applies.
//
// State: members, generations and waiting requests live on the heap; offsets, group records and
// offsets of open transactions live in the store and are read when asked for. The store holds
// only what is durable in the log, with the offset up to which it was applied, in one batch each.
// After a failed write to the store nothing more is stored: commits fail, and opening the store
// again replays the log from applied_end_offset().
//
// Records of KIP-848, share and streams groups are kept in the store and counted as existing
// groups, but nothing acts on them yet.
//
// Thread safety: thread-compatible; confine it with the partition's lock.
// Lifetime: `store` and `random` outlive it. Destroying it drops waiting replies unanswered: Stop.
// Source: Kafka's GroupMetadataManager and OffsetMetadataManager; KIP-62, KIP-345, KIP-394.
class GroupShard final {
 public:
  GroupShard(const GroupOptions& options, OffsetStore& store, Random& random);
  ~GroupShard();
  GroupShard(const GroupShard&) = delete;
  GroupShard& operator=(const GroupShard&) = delete;

  // --- Replay

  // Reads groups and open transactions from the store. Call first, once.
  Status Load();
  // First offset of the log that the store has not seen; 0 for an empty store.
  Offset applied_end_offset() const;
  // Takes over a batch read from the log. Batches below applied_end_offset() change nothing.
  // Unknown record types are skipped. Errors: kCorruptMessage naming the offset; the record is
  // skipped and the rest of the batch is applied.
  Status Apply(const AppliedBatch& batch);
  // Takes over a transaction marker that stands at `offset`: pending offsets of the producer
  // become visible or are dropped. Used in replay and for markers written while running.
  Status ApplyMarker(ProducerId producer_id, TransactionResult result, Offset offset);
  // Begins to serve; members found in the log get a fresh session, but for dynamic ones of
  // kInProcessHost: the next OnTime removes them.
  void Start(Now now);
  // Ends serving: waiting requests are answered with kNotCoordinator.
  void Stop(Output& out);

  // --- Outcome of writes and time

  // Reports that write `id` is durable, with its records at `base_offset` and following, or that
  // it failed. Report the writes of one shard in the order of their offsets.
  void OnWritten(uint64_t id, const StatusOr<Offset>& base_offset, Now now, Output& out);
  // When OnTime wants to be called next; kForever when nothing waits.
  Elapsed NextDeadline() const;
  // Does what is due: ends joins, expires sessions and old offsets.
  void OnTime(Now now, Output& out);

  // --- Membership

  // Waits for the join phase to end. Errors in the response: kMemberIdRequired (join again with
  // the id given), kUnknownMemberId, kFencedInstanceId, kInconsistentGroupProtocol,
  // kInvalidSessionTimeout, kInvalidGroupId, kGroupMaxSizeReached.
  void JoinGroup(const JoinGroupRequest& request, const RequestContext& context,
                 Reply<JoinGroupResponse> reply, Now now, Output& out);
  // Waits for the leader's assignment and until it is stored. Errors in the response:
  // kRebalanceInProgress (join again), kIllegalGeneration, kUnknownMemberId, kFencedInstanceId.
  void SyncGroup(const SyncGroupRequest& request, const RequestContext& context,
                 Reply<SyncGroupResponse> reply, Now now, Output& out);
  // Keeps a member alive. Errors in the response: kRebalanceInProgress (join again) and those of
  // SyncGroup.
  HeartbeatResponse Heartbeat(const HeartbeatRequest& request, const RequestContext& context,
                              Now now);
  void LeaveGroup(const LeaveGroupRequest& request, const RequestContext& context,
                  Reply<LeaveGroupResponse> reply, Now now, Output& out);

  // --- Offsets

  void OffsetCommit(const OffsetCommitRequest& request, const RequestContext& context,
                    Reply<OffsetCommitResponse> reply, Now now, Output& out);
  void TxnOffsetCommit(const TxnOffsetCommitRequest& request, const RequestContext& context,
                       Reply<OffsetCommitResponse> reply, Now now, Output& out);
  OffsetFetchResponse OffsetFetch(const OffsetFetchRequest& request);
  void OffsetDelete(const OffsetDeleteRequest& request, Reply<OffsetDeleteResponse> reply, Now now,
                    Output& out);
  // Drops the offsets of deleted topics from all groups.
  // Cost: reads every offset of the shard.
  void OnTopicsDeleted(std::span<const std::string> topics, Now now, Output& out);

  // --- Groups

  // api_version < 6: an unknown group is "Dead" without an error.
  DescribedGroup DescribeGroup(std::string_view group_id, const RequestContext& context);
  std::vector<ListedGroup> ListGroups(const ListGroupsRequest& request);
  // kNone, kNonEmptyGroup, kGroupIdNotFound.
  void DeleteGroup(std::string_view group_id, Reply<ErrorCode> reply, Now now, Output& out);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The partition of __consumer_offsets that coordinates `group_id`: |Java hash code| mod count.
// `group_id` is UTF-8; the hash runs over its UTF-16 form.
int32_t CoordinatorPartition(std::string_view group_id, int32_t partition_count);

}  // namespace runnel::group
