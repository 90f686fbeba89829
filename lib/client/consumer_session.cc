#include "client/consumer_session.h"

#include <algorithm>
#include <optional>

namespace runnel::client {
namespace {

// retry.backoff.ms
constexpr std::chrono::milliseconds kRetryBackoff{100};

}  // namespace

GroupSession::GroupSession(broker::Broker& broker, broker::Waiter& waiter,
                           const ConsumerOptions& options)
    : broker_(broker),
      clock_(*broker.environment().clock),
      group_id_(options.group_id),
      context_{.client_id = options.client_id, .client_host = group::kInProcessHost},
      heartbeat_interval_(options.heartbeat_interval),
      max_poll_interval_(options.max_poll_interval),
      membership_(options.group_instance_id, kRetryBackoff),
      waiter_(&waiter) {}

void GroupSession::Detach() {
  Executor::TimerId timer = 0;
  {
    const base::Lock lock(mutex_);
    waiter_ = nullptr;
    timer = std::exchange(timer_, 0);
  }
  broker_.Cancel(timer);
  const base::Lock finished(calling_);
}

bool GroupSession::Settle(Elapsed now) {
  const base::Lock lock(mutex_);
  if (membership_.wants_attention(now)) return false;
  attention_.store(false, std::memory_order_relaxed);
  return true;
}

void GroupSession::OnJoin(uint64_t round, group::JoinGroupResponse response) {
  Update([&](Membership& member) { member.OnJoin(round, std::move(response), now()); });
}

void GroupSession::OnSync(uint64_t round, group::SyncGroupResponse response) {
  Update([&](Membership& member) { member.OnSync(round, std::move(response), now()); });
}

void GroupSession::OnCommit(GenerationId generation, ErrorCode error) {
  if (error == ErrorCode::kNone) return;
  Update([&](Membership& member) { member.OnAnswer(generation, error); });
}

void GroupSession::Wake() {
  const base::Lock lock(mutex_);
  if (waiter_ != nullptr) waiter_->Wake();
}

// --- Heartbeats

void GroupSession::StartHeartbeats() {
  const base::Lock lock(mutex_);
  if (std::exchange(beating_, true)) return;
  PostTickLocked(now());
}

void GroupSession::PostTickLocked(Elapsed now) {
  const int64_t last_poll = last_poll_.load(std::memory_order_relaxed);
  Elapsed at = now + heartbeat_interval_;
  if (last_poll != kInPoll && max_poll_interval_ < kForever - Elapsed(last_poll)) {
    const Elapsed overdue = Elapsed(last_poll) + max_poll_interval_;
    if (overdue > now) at = std::min(at, overdue);
  }
  timer_ = broker_.PostAt(at, [session = shared_from_this()] { session->Tick(); });
}

bool GroupSession::IsOverdue(Elapsed now) const {
  const int64_t last_poll = last_poll_.load(std::memory_order_relaxed);
  return last_poll != kInPoll && now - Elapsed(last_poll) >= max_poll_interval_;
}

void GroupSession::Tick() {
  const base::Lock calling(calling_);
  std::optional<group::HeartbeatRequest> beat;
  std::string leaving;
  {
    const base::Lock lock(mutex_);
    timer_ = 0;
    beating_ = waiter_ != nullptr && membership_.active();
    if (!beating_) return;
    const Elapsed now = this->now();
    if (membership_.wants_heartbeat() && IsOverdue(now)) {
      if (!membership_.is_static()) leaving = membership_.member_id();
      membership_.OnPollOverdue();
      attention_.store(true, std::memory_order_release);
    } else if (membership_.wants_heartbeat()) {
      beat = {.group_id = group_id_,
              .generation_id = membership_.generation(),
              .member_id = membership_.member_id(),
              .group_instance_id = membership_.instance_id()};
    }
    PostTickLocked(now);
  }
  if (!leaving.empty()) SendLeave(leaving, "the consumer poll timeout has expired", nullptr);
  if (beat.has_value()) {
    const ErrorCode error = broker_.Heartbeat(*beat, context_).error_code;
    OnCommit(beat->generation_id, error);
  }
}

void GroupSession::Leave(absl::AnyInvocable<void()> done) {
  std::string leaving;
  {
    const base::Lock lock(mutex_);
    if (!membership_.is_static()) leaving = membership_.member_id();
    membership_.Leave();
  }
  if (!leaving.empty()) {
    SendLeave(std::move(leaving), "the consumer is leaving", std::move(done));
  } else if (done != nullptr) {
    done();
  }
}

void GroupSession::SendLeave(std::string member_id, std::string reason,
                             absl::AnyInvocable<void()> done) {
  group::LeaveGroupRequest request{.group_id = group_id_};
  request.members.push_back({.member_id = std::move(member_id), .reason = std::move(reason)});
  broker_.LeaveGroup(request, context_,
                     [done = std::move(done)](const group::LeaveGroupResponse&) mutable {
                       if (done != nullptr) done();
                     });
}

}  // namespace runnel::client
