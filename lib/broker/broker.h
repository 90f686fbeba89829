// The engine: one method per Kafka operation, on plain structs. Everything above it is a door.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/functional/any_invocable.h>
#include <absl/synchronization/mutex.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/partition.h"
#include "broker/requests.h"
#include "broker/topic.h"
#include "broker/waiting.h"
#include "group/messages.h"
#include "runnel/broker.h"
#include "runnel/environment.h"
#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/types.h"

namespace runnel::broker {

struct Core;
class Topics;
class Groups;
class Fetches;
class Maintenance;

// Answers a request, once: on the calling thread before the call returns, or later on another one.
// No lock is held. Close() answers what still waits with kBrokerNotAvailable or kNotCoordinator.
template <class Response>
using Callback = absl::AnyInvocable<void(Response)>;

enum class AutoCreate { kNo, kYes };

// Owns topics, partitions, groups and their background work.
//
// Blocking methods (those that return a result and change something) return when the change is as
// durable as promised; several callers share syncs. They may be called from any thread, also from
// tasks of the executor.
//
// Thread safety: thread-safe.
// Lifetime: Topic, Partition and Waiter objects may outlive it and then answer
// kBrokerNotAvailable. Injected environment members outlive it.
// Errors, of all methods: kBrokerNotAvailable once Close() has begun.
class Broker final {
 public:
  // Opens or creates a broker. See runnel::Broker::Open.
  // Cost: in memory: no thread, no file, a few KiB. Durable: the lock, the checkpoints, a listing,
  // the metadata log; partitions open at their first use, after a crash too.
  static StatusOr<std::unique_ptr<Broker>> Open(BrokerOptions options);
  ~Broker();  // closes; errors are logged
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // Wakes and answers everyone who waits, stops background work, closes partitions, writes
  // checkpoints and the clean-shutdown mark. Idempotent; must not be called from a callback.
  // Errors: kKafkaStorageError, the first; the next opening then recovers.
  Status Close();
  bool closed() const;

  const BrokerOptions& options() const;
  // Partitions open at their first use, so that it grows: a copy.
  RecoveryReport recovery_report() const;
  // The world the broker runs in, with real ones for what was not injected. No pointer is null.
  // Lifetime: the broker.
  const Environment& environment() const;
  // A deadline `timeout` from now on the environment's clock; kForever when that is too far.
  Elapsed DeadlineAfter(std::chrono::nanoseconds timeout) const;
  // The executor, for clients, whose timers and waits end with the broker: once Close() has begun,
  // PostAt drops the task and returns 0, Wait returns at once, and Cancel does nothing.
  Executor::TimerId PostAt(Elapsed time, Executor::Task task);
  void Cancel(Executor::TimerId id);
  bool Wait(Signal& signal, Elapsed deadline);
  const std::string& cluster_id() const;

  // --- For clients in this process ----------------------------------------------------------

  // A topic by name or id. Keep it; look again when it is deleted().
  // Errors: kUnknownTopicOrPartition; kUnknownTopicId; with kYes those of CreateTopics.
  // Cost: a hash look-up under a shared lock.
  StatusOr<std::shared_ptr<Topic>> FindTopic(std::string_view name,
                                             AutoCreate create = AutoCreate::kNo);
  StatusOr<std::shared_ptr<Topic>> FindTopic(const TopicKey& key);
  // Errors: also kUnknownTopicOrPartition when the topic has no such partition.
  StatusOr<std::shared_ptr<Partition>> FindPartition(const TopicPartition& partition);
  // All topics, sorted by name.
  std::vector<std::shared_ptr<Topic>> ListTopics(Admin::Internal internal) const;
  // Rises when a topic is created, deleted or grows: look at ListTopics() again. Such a change also
  // makes every Waiter ask its `ready`.
  uint64_t topics_version() const;

  // --- Records ------------------------------------------------------------------------------

  // Appends one batch per partition. With Acks::kNone the callback does not wait for a sync.
  void Produce(const ProduceRequest& request, Callback<ProduceResponse> done);
  // Reads from several partitions; waits as the request says. Errors per partition:
  // kOffsetOutOfRange, kUnknownTopicOrPartition, kUnknownTopicId, kFencedLeaderEpoch,
  // kUnknownLeaderEpoch, kCorruptMessage, kKafkaStorageError.
  void Fetch(FetchRequest request, Callback<FetchResponse> done);
  ListOffsetsResponse ListOffsets(const ListOffsetsRequest& request);
  std::vector<StatusOr<log::EpochEndOffset>> OffsetForLeaderEpoch(
      std::span<const OffsetForLeaderEpochPartition> partitions);
  // Makes records before each offset unreadable and returns the new log start; kNoOffset: all
  // visible ones.
  Results<TopicPartition, Offset> DeleteRecords(const std::map<TopicPartition, Offset>& before);

  // --- Topics and configs ---------------------------------------------------------------------

  MetadataResponse Metadata(const MetadataRequest& request);
  ClusterDescription DescribeCluster() const;
  // Creates each topic entirely or not at all. Results in the order of the request.
  // Errors: kTopicAlreadyExists, kInvalidTopicException, kInvalidPartitions,
  // kInvalidReplicationFactor, kInvalidConfig (with the nearest valid key), kInvalidRequest (named
  // twice), kKafkaStorageError.
  CreateTopicsResponse CreateTopics(const CreateTopicsRequest& request);
  // See runnel::Broker::ImportPartition.
  Status ImportPartition(std::string_view from_folder, const TopicPartition& partition);
  // Errors: kUnknownTopicOrPartition, kUnknownTopicId, kTopicDeletionDisabled
  // (delete.topic.enable), kInvalidTopicException for internal ones.
  DeleteTopicsResponse DeleteTopics(const DeleteTopicsRequest& request);
  // Errors: kUnknownTopicOrPartition; kInvalidPartitions when the count is not larger.
  CreatePartitionsResponse CreatePartitions(const CreatePartitionsRequest& request);
  // All configs of a topic, or of this broker (name: the node id or empty), with where each value
  // comes from. Errors: kUnknownTopicOrPartition; kInvalidRequest for another broker.
  StatusOr<std::vector<DescribedConfig>> DescribeConfigs(ResourceType type, std::string_view name);
  // Changes single configs of each resource, all or none of a resource. Of broker configs those
  // can be changed that Kafka changes at run time: the defaults of topics.
  // Errors: kInvalidConfig, kUnknownTopicOrPartition, kInvalidRequest, kKafkaStorageError.
  AlterConfigsResponse IncrementalAlterConfigs(const AlterConfigsRequest& request);
  // Replaces all configs of each resource.
  AlterConfigsResponse AlterConfigs(const AlterConfigsRequest& request);

  // --- Groups ---------------------------------------------------------------------------------
  // Errors are in the responses, see group/group_shard.h. What writes records answers once they
  // are durable. Where a method takes a callback, the blocking form beside it is for callers in
  // this process: it syncs on their own thread.

  // Answered when the group is ready, up to the rebalance timeout later.
  void JoinGroup(const group::JoinGroupRequest& request, const group::RequestContext& context,
                 Callback<group::JoinGroupResponse> done);
  void SyncGroup(const group::SyncGroupRequest& request, const group::RequestContext& context,
                 Callback<group::SyncGroupResponse> done);
  group::HeartbeatResponse Heartbeat(const group::HeartbeatRequest& request,
                                     const group::RequestContext& context = {});
  void LeaveGroup(const group::LeaveGroupRequest& request, const group::RequestContext& context,
                  Callback<group::LeaveGroupResponse> done);
  // Topics and partitions that do not exist are answered with kUnknownTopicOrPartition.
  void OffsetCommit(const group::OffsetCommitRequest& request, const group::RequestContext& context,
                    Callback<group::OffsetCommitResponse> done);
  group::OffsetCommitResponse OffsetCommit(const group::OffsetCommitRequest& request,
                                           const group::RequestContext& context = {});
  group::OffsetFetchResponse OffsetFetch(const group::OffsetFetchRequest& request);
  group::OffsetDeleteResponse OffsetDelete(const group::OffsetDeleteRequest& request);
  std::vector<group::DescribedGroup> DescribeGroups(std::span<const std::string> group_ids,
                                                    const group::RequestContext& context = {});
  StatusOr<std::vector<group::ListedGroup>> ListGroups(
      const group::ListGroupsRequest& request = {});
  // In the order of the request: kNone, kNonEmptyGroup, kGroupIdNotFound, kInvalidGroupId.
  std::vector<ErrorCode> DeleteGroups(std::span<const std::string> group_ids);
  // The node that coordinates a group: this one, once __consumer_offsets exists.
  // Errors: kInvalidGroupId.
  StatusOr<int32_t> FindCoordinator(std::string_view group_id);

  // --- Producers ------------------------------------------------------------------------------

  // A new id for an idempotent producer, never given out before in this directory.
  // Errors: kTransactionalIdAuthorizationFailed never; transactional ids come with transactions.
  StatusOr<ProducerIdAndEpoch> InitProducerId();
  StatusOr<std::vector<ProducerDescription>> DescribeProducers(const TopicPartition& partition);

  // --- Directory and maintenance --------------------------------------------------------------

  std::vector<LogDirDescription> DescribeLogDirs();
  // Does at once what the timers do: retention, rolls by age, compaction where due, removal of
  // deleted files, release of idle partitions, checkpoints. For tests and tools.
  // Errors: the first; the rest is done all the same.
  Status RunMaintenance();

  // For broker's own parts.
  const std::shared_ptr<Core>& core() const { return core_; }

 private:
  struct ProduceState;
  // A partition of a Produce that is not acknowledged yet.
  struct ProduceWaiting {
    size_t index = 0;  // in the response
    std::shared_ptr<Partition> partition = {};
    Offset last_offset = {};
  };

  explicit Broker(std::shared_ptr<Core> core);

  static StatusOr<std::shared_ptr<Core>> OpenCore(BrokerOptions options);
  StatusOr<std::shared_ptr<Partition>> Resolve(const TopicKey& key, int32_t partition);
  Status CloseAll();
  ProducedPartition AppendProduced(const ProduceRequest& request, const ProducePartition& wanted,
                                   std::optional<ProduceWaiting>& waiting);
  // Answers when all of `waiting` are acknowledged, or with kRequestTimedOut for those that are
  // not.
  void AwaitProduced(ProduceResponse response, const std::vector<ProduceWaiting>& waiting,
                     std::chrono::milliseconds timeout, Callback<ProduceResponse> done);
  static void FinishProduce(const std::shared_ptr<ProduceState>& state);

  const std::shared_ptr<Core> core_;
  // Destroyed from the last to the first; those that are shared are so with their timers only.
  std::unique_ptr<broker::Topics> topics_;
  std::shared_ptr<Groups> groups_;
  std::shared_ptr<Fetches> fetches_;
  std::shared_ptr<Maintenance> maintenance_;

  absl::Mutex producer_id_mutex_;
  // The block of ids in use: [next, end).
  int64_t next_producer_id_ ABSL_GUARDED_BY(producer_id_mutex_) = 0;
  int64_t end_producer_id_ ABSL_GUARDED_BY(producer_id_mutex_) = 0;
};

}  // namespace runnel::broker
