// The consumer of a broker in this process, put together from its parts.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/broker.h"
#include "client/consumer_commits.h"
#include "client/consumer_fetcher.h"
#include "client/consumer_group.h"
#include "client/consumer_subscription.h"
#include "runnel/backend.h"
#include "runnel/error.h"
#include "runnel/options.h"

namespace runnel::client {

// Subscription says what is wanted, ConsumerGroup what is given, Fetcher reads it, OffsetCommitter
// remembers it; this class calls them in turn from Poll() and waits in between.
//
// Thread safety: confined to one thread at a time; Wakeup() from any thread.
// Lifetime: `broker` outlives it.
class LocalConsumer final : public ConsumerBackend, private RebalanceHandler {
 public:
  LocalConsumer(broker::Broker& broker, const ConsumerOptions& options, AssignorSet assignors);
  ~LocalConsumer() override;

  Status Subscribe(std::vector<std::string> topics, RebalanceListener* listener) override;
  Status SubscribePattern(std::string_view pattern, RebalanceListener* listener) override;
  Status Assign(std::vector<TopicPartition> partitions) override;
  Status Unsubscribe() override;
  Records Poll(std::chrono::nanoseconds timeout) override;
  Status Commit(const OffsetMap* offsets) override;
  void CommitAsync(const OffsetMap* offsets, absl::AnyInvocable<void(const Status&)> done) override;
  StatusOr<OffsetMap> Committed(std::span<const TopicPartition> partitions) override;
  Status Seek(const TopicPartition& partition, Offset offset) override;
  Status SeekTo(std::span<const TopicPartition> partitions, OffsetSpec spec) override;
  StatusOr<Offset> Position(const TopicPartition& partition) override;
  StatusOr<std::map<TopicPartition, OffsetAndTimestamp>> ListOffsets(
      const std::map<TopicPartition, OffsetSpec>& specs) override;
  StatusOr<int64_t> Lag(const TopicPartition& partition) override;
  Status SetPaused(std::span<const TopicPartition> partitions, bool paused) override;
  std::vector<TopicPartition> Paused() const override { return fetcher_.Paused(); }
  std::vector<TopicPartition> Assignment() const override { return fetcher_.Assignment(); }
  std::vector<std::string> Subscription() const override { return subscription_.topics(); }
  Consumer::GroupMetadata group_metadata() const override;
  void EnforceRebalance() override;
  void Wakeup() override;
  Status status() const override { return status_; }
  Status Close(std::chrono::milliseconds timeout) override;

 private:
  std::vector<TopicPartition> Owned() const override { return fetcher_.Assignment(); }
  void BeforeRebalance() override;
  void OnRevoked(std::span<const TopicPartition> partitions) override;
  void OnLost(std::span<const TopicPartition> partitions) override;
  void OnAssigned(std::span<const TopicPartition> all,
                  std::span<const TopicPartition> added) override;

  // Errors: status(); kInvalidRequest inside a rebalance listener.
  Status CheckMayChange() const;
  Status CheckGroup() const;
  Status StartSubscription();
  void MatchPattern();
  void LeaveAndDrop(Elapsed deadline);
  void Drop(std::span<const TopicPartition> partitions);
  void CommitBeforeDropping();

  Records PollUntil(std::chrono::nanoseconds timeout);
  // Everything that is due before records are looked for.
  Status Work();
  void OnTopicsChanged();
  Status FindPositions(OffsetCommitter::Retry retry, Elapsed deadline);
  // False when the time is over.
  StatusOr<bool> Wait(Elapsed deadline);
  bool HasNews() const;
  Elapsed now() const { return clock_.ElapsedTime(); }

  broker::Broker& broker_;
  Clock& clock_;
  const ConsumerOptions options_;
  broker::Waiter waiter_;
  client::Subscription subscription_;
  Fetcher fetcher_;
  std::optional<ConsumerGroup> group_;        // with a group.id
  std::optional<OffsetCommitter> committer_;  // with a group.id
  Status status_;
  bool in_listener_ = false;
  uint64_t topics_version_ = 0;
  Elapsed next_auto_commit_ = kForever;
  Elapsed rejoin_at_ = kForever;
  Elapsed find_positions_at_{0};
  // Set by Wakeup() before it wakes the waiter, taken back by the polling thread.
  std::atomic<bool> wakeup_{false};
};

}  // namespace runnel::client
