// A consumer's part in its group, driven from Poll().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "client/consumer_assignors.h"
#include "client/consumer_session.h"
#include "client/consumer_subscription.h"
#include "runnel/consumer.h"
#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/types.h"

namespace runnel::client {

// What a rebalance does to the consumer. Called on the polling thread without locks.
class RebalanceHandler {
 public:
  virtual ~RebalanceHandler() = default;
  // Sorted.
  virtual std::vector<TopicPartition> Owned() const = 0;
  // The last moment at which everything owned can be committed.
  virtual void BeforeRebalance() = 0;
  // These are given up after the call, or are lost already.
  virtual void OnRevoked(std::span<const TopicPartition> partitions) = 0;
  virtual void OnLost(std::span<const TopicPartition> partitions) = 0;
  // The consumer reads exactly `all` from now on; `added` were not owned before.
  virtual void OnAssigned(std::span<const TopicPartition> all,
                          std::span<const TopicPartition> added) = 0;
};

// Joins, shares out partitions when it leads, takes over what it gets, leaves.
//
// Advance() never waits: it sends what is due and deals with the answers that have come. Several
// members of one group can therefore take turns on one thread.
//
// Thread safety: confined to the thread that uses the consumer.
// Lifetime: `broker`, `waiter`, `handler` and `subscription` outlive it.
class ConsumerGroup final {
 public:
  struct Deps {
    broker::Broker& broker;
    broker::Waiter& waiter;
    RebalanceHandler& handler;
    const Subscription& subscription;
  };
  ConsumerGroup(const Deps& deps, const ConsumerOptions& options, AssignorSet assignors);
  // Leaves without waiting and without a word to the handler.
  ~ConsumerGroup();
  ConsumerGroup(const ConsumerGroup&) = delete;
  ConsumerGroup& operator=(const ConsumerGroup&) = delete;

  // The next Advance() joins, or joins anew, with the topics of the subscription.
  void Join();
  // Hands everything to OnRevoked or OnLost and leaves; waits until that is done, at most until
  // `deadline`. Static members stay in the group.
  void Leave(Elapsed deadline);

  // There may be something for Advance() to do. One load.
  bool needs_attention() const { return session_->needs_attention(); }
  // Errors: kFencedInstanceId, for good; those of a JoinGroup, once each, after which the join is
  // repeated; kCorruptMessage when members send what cannot be read.
  Status Advance();
  // When Advance() has something to do even if nothing happens.
  Elapsed retry_at() const;
  // Topics have come, gone or grown. A leader looks whether that concerns its group.
  void OnTopicsChanged();

  bool active() const;
  Consumer::GroupMetadata metadata() const;
  GroupSession& session() { return *session_; }
  const std::shared_ptr<GroupSession>& shared_session() const { return session_; }

 private:
  void Prepare(uint64_t round, bool lost);
  Status SendJoin();
  Status SendSync();
  Status Complete(uint64_t round);
  // The part of `assigned` that is subscribed to; a rejoin is asked for when that is not all.
  std::vector<TopicPartition> Accept(std::vector<TopicPartition> assigned);
  StatusOr<std::vector<group::SyncGroupRequestAssignment>> Share(
      std::string_view protocol, std::span<const group::JoinGroupResponseMember> members);
  AssignableTopics FindTopics(std::span<const GroupMember> members);
  int32_t PartitionCount(const std::string& topic) const;
  bool cooperative() const { return assignors_.protocol() == RebalanceProtocol::kCooperative; }

  broker::Broker& broker_;
  broker::Waiter& waiter_;
  RebalanceHandler& handler_;
  const Subscription& subscription_;
  const ConsumerOptions options_;
  AssignorSet assignors_;
  const std::shared_ptr<GroupSession> session_;
  // While this member leads: all topics of the group with their partition counts.
  std::map<std::string, int32_t> shared_topics_;
};

}  // namespace runnel::client
