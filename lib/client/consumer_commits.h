// Committed offsets of one consumer: writing and reading them.
#pragma once

#include <absl/functional/any_invocable.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "client/consumer_session.h"
#include "runnel/consumer.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::client {

// Commits as the member its session knows, or as a simple consumer while there is no membership.
//
// The broker takes commits in the order of the calls, so that asynchronous ones are never
// overtaken.
//
// Thread safety: confined to the thread that uses the consumer; callbacks come from anywhere.
// Lifetime: `broker` and `waiter` outlive it.
class OffsetCommitter final {
 public:
  OffsetCommitter(broker::Broker& broker, broker::Waiter& waiter,
                  std::shared_ptr<GroupSession> session, std::string group_id);

  // Returns when the offsets are durable. Retries what can be retried until `deadline`.
  Status Commit(const OffsetMap& offsets, Elapsed deadline);
  // Calls `done`, which may be empty, once: here or on one of the broker's threads. Never retries.
  void CommitAsync(const OffsetMap& offsets, absl::AnyInvocable<void(const Status&)> done);

  enum class Retry { kNo, kUntilDeadline };
  // Partitions without a committed offset are left out.
  // Errors: kUnstableOffsetCommit while a transaction that commits offsets is open.
  StatusOr<OffsetMap> Fetch(std::span<const TopicPartition> partitions, Retry retry,
                            Elapsed deadline);

 private:
  StatusOr<group::OffsetCommitRequest> Request(const OffsetMap& offsets) const;
  StatusOr<OffsetMap> FetchOnce(const group::OffsetFetchRequest& request);
  // False when `deadline` comes first.
  bool BackOff(Elapsed deadline);

  broker::Broker& broker_;
  broker::Waiter& waiter_;
  const std::shared_ptr<GroupSession> session_;
  const std::string group_id_;
};

}  // namespace runnel::client
