// The client's half of Kafka's classic group protocol: what to send next, what an answer means.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "runnel/clock.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::client {

// One member of one group, as the member sees itself.
//
//   kIdle -> kPrepare -> kJoin -> kJoining -> kSync -> kSyncing -> kComplete -> kStable
//               ^           ^ rebalance in progress, retry, id required            |
//               +-- lost its place in the group, or a rejoin is wanted ------------+
//
// A pure state machine without broker, thread or clock. The polling thread asks Next() what to do
// and says when it has begun or done it; answers and heartbeats come in from any thread. Each step
// carries the round in which it was begun: what belongs to an older round changes nothing.
//
// Thread safety: thread-compatible; ConsumerGroup guards it with its mutex.
// Source: org.apache.kafka.clients.consumer.internals.AbstractCoordinator; KIP-394, KIP-345.
class Membership final {
 public:
  enum class Step : uint8_t {
    kNone,      // nothing until an answer comes or retry_at() is reached
    kPrepare,   // give partitions up, then Prepared()
    kJoin,      // StartJoin(), send a JoinGroup, pass its answer to OnJoin()
    kSync,      // StartSync(), send a SyncGroup, pass its answer to OnSync()
    kComplete,  // take over assignment(), then Completed()
  };

  // `instance_id` empty: a dynamic member. Failed joins are repeated after `retry_backoff`.
  Membership(std::string instance_id, std::chrono::nanoseconds retry_backoff);

  // --- Wishes of the user

  // Becomes a member, or joins anew when it is one.
  void RequestJoin();
  // Stops being one. What is under way is forgotten; the caller sends the LeaveGroup first.
  void Leave();

  // --- Steps of the polling thread

  Step Next(Elapsed now);
  // Counts the changes that make running steps pointless.
  uint64_t round() const { return round_; }
  // In kPrepare: the group gave our partitions away without asking.
  bool lost() const { return lost_; }
  void Prepared(uint64_t round);
  uint64_t StartJoin();
  uint64_t StartSync();
  void Completed(uint64_t round);

  // --- Answers

  void OnJoin(uint64_t round, group::JoinGroupResponse response, Elapsed now);
  void OnSync(uint64_t round, group::SyncGroupResponse response, Elapsed now);
  // To a heartbeat or an offset commit that was sent as a member of `generation`.
  void OnAnswer(GenerationId generation, ErrorCode error);
  // The user has not polled for too long: gives the place up. The caller sends the LeaveGroup.
  void OnPollOverdue();

  // --- Inspect

  bool active() const { return phase_ != Phase::kIdle; }
  bool stable() const { return phase_ == Phase::kStable && !rejoin_; }
  // Next() would return something other than kNone, or there is an error to raise.
  bool wants_attention(Elapsed now) const;
  // A join waits for this time; kForever when none does.
  Elapsed retry_at() const;
  bool wants_heartbeat() const;
  bool is_static() const { return instance_id_.has_value(); }
  const std::string& member_id() const { return member_id_; }
  const std::optional<std::string>& instance_id() const { return instance_id_; }
  GenerationId generation() const { return generation_; }
  const std::string& protocol() const { return protocol_; }

  // From kSync on: this member computes the assignments of `members()`.
  bool leader() const { return leader_; }
  // From kSync on: a returning static leader, whose group keeps its assignments (KIP-814).
  bool skip_assignment() const { return skip_assignment_; }
  const std::vector<group::JoinGroupResponseMember>& members() const { return members_; }
  // In kComplete: bytes of an embedded Assignment.
  const std::string& assignment() const { return assignment_; }

  // An error for the user to see, once; the join is repeated afterwards.
  Status TakeError();
  // Set once the member can never come back: kFencedInstanceId.
  const Status& fatal() const { return fatal_; }

 private:
  enum class Phase : uint8_t {
    kIdle,
    kPrepare,
    kJoin,
    kJoining,
    kSync,
    kSyncing,
    kComplete,
    kStable
  };
  enum class Identity : uint8_t { kKeepMemberId, kForget };

  void Reset(Identity identity);
  void Fence();
  // What joins and syncs do with an error that concerns neither alone.
  void Retry(ErrorCode error, std::string_view what, Elapsed now);
  void JoinAgain(Elapsed not_before);

  const std::optional<std::string> instance_id_;
  const std::chrono::nanoseconds retry_backoff_;
  Phase phase_ = Phase::kIdle;
  bool rejoin_ = false;  // wanted once the member is stable
  bool lost_ = false;
  uint64_t round_ = 0;
  Elapsed not_before_{0};
  std::string member_id_;
  GenerationId generation_ = kNoGeneration;
  std::string protocol_;
  bool leader_ = false;
  bool skip_assignment_ = false;
  std::vector<group::JoinGroupResponseMember> members_;
  std::string assignment_;
  Status error_;
  Status fatal_;
};

}  // namespace runnel::client
