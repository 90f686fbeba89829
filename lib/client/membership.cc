#include "client/membership.h"

#include <utility>

#include "base/strings.h"

namespace runnel::client {

Membership::Membership(std::string instance_id, std::chrono::nanoseconds retry_backoff)
    : instance_id_(instance_id.empty() ? std::nullopt : std::optional(std::move(instance_id))),
      retry_backoff_(retry_backoff) {}

void Membership::RequestJoin() {
  if (phase_ == Phase::kIdle) {
    phase_ = Phase::kPrepare;
    return;
  }
  rejoin_ = true;
}

void Membership::Leave() {
  Reset(Identity::kForget);
  phase_ = Phase::kIdle;
  rejoin_ = false;
  lost_ = false;
  error_ = OkStatus();
}

Membership::Step Membership::Next(Elapsed now) {
  if (!fatal_.ok()) return Step::kNone;
  if (phase_ == Phase::kStable && rejoin_) phase_ = Phase::kPrepare;
  switch (phase_) {
    case Phase::kPrepare:
      return Step::kPrepare;
    case Phase::kJoin:
      return now >= not_before_ ? Step::kJoin : Step::kNone;
    case Phase::kSync:
      return Step::kSync;
    case Phase::kComplete:
      return Step::kComplete;
    case Phase::kIdle:
    case Phase::kJoining:
    case Phase::kSyncing:
    case Phase::kStable:
      return Step::kNone;
  }
  return Step::kNone;
}

bool Membership::wants_attention(Elapsed now) const {
  if (!fatal_.ok() || !error_.ok()) return true;
  switch (phase_) {
    case Phase::kPrepare:
    case Phase::kSync:
    case Phase::kComplete:
      return true;
    case Phase::kJoin:
      return now >= not_before_;
    case Phase::kStable:
      return rejoin_;
    case Phase::kIdle:
    case Phase::kJoining:
    case Phase::kSyncing:
      return false;
  }
  return false;
}

Elapsed Membership::retry_at() const {
  return phase_ == Phase::kJoin ? not_before_ : kForever;
}

bool Membership::wants_heartbeat() const {
  return fatal_.ok() && generation_ != kNoGeneration && phase_ != Phase::kJoining;
}

void Membership::Prepared(uint64_t round) {
  if (round != round_ || phase_ != Phase::kPrepare) return;
  lost_ = false;
  phase_ = Phase::kJoin;
}

uint64_t Membership::StartJoin() {
  phase_ = Phase::kJoining;
  rejoin_ = false;  // this join carries the newest subscription
  return ++round_;
}

uint64_t Membership::StartSync() {
  phase_ = Phase::kSyncing;
  return ++round_;
}

void Membership::Completed(uint64_t round) {
  if (round != round_ || phase_ != Phase::kComplete) return;
  phase_ = Phase::kStable;
  assignment_.clear();
  members_.clear();
}

void Membership::OnJoin(uint64_t round, group::JoinGroupResponse response, Elapsed now) {
  if (round != round_ || phase_ != Phase::kJoining) return;
  switch (response.error_code) {
    case ErrorCode::kNone:
      leader_ = response.leader == response.member_id;
      skip_assignment_ = response.skip_assignment;
      member_id_ = std::move(response.member_id);
      generation_ = response.generation_id;
      protocol_ = std::move(response.protocol_name).value_or("");
      members_ = std::move(response.members);
      phase_ = Phase::kSync;
      return;
    case ErrorCode::kMemberIdRequired:
      member_id_ = std::move(response.member_id);
      return JoinAgain(now);
    case ErrorCode::kRebalanceInProgress:
      return JoinAgain(now);
    case ErrorCode::kUnknownMemberId:
      return Reset(Identity::kForget);
    case ErrorCode::kFencedInstanceId:
      return Fence();
    default:
      return Retry(response.error_code, "JoinGroup", now);
  }
}

void Membership::OnSync(uint64_t round, group::SyncGroupResponse response, Elapsed now) {
  if (round != round_ || phase_ != Phase::kSyncing) return;
  switch (response.error_code) {
    case ErrorCode::kNone:
      assignment_ = std::move(response.assignment);
      phase_ = Phase::kComplete;
      return;
    case ErrorCode::kRebalanceInProgress:
      return JoinAgain(now);
    case ErrorCode::kUnknownMemberId:
      return Reset(Identity::kForget);
    case ErrorCode::kIllegalGeneration:
      return Reset(Identity::kKeepMemberId);
    case ErrorCode::kFencedInstanceId:
      return Fence();
    default:
      return Retry(response.error_code, "SyncGroup", now);
  }
}

void Membership::OnAnswer(GenerationId generation, ErrorCode error) {
  if (phase_ == Phase::kIdle || generation != generation_) return;
  switch (error) {
    case ErrorCode::kRebalanceInProgress:
      if (phase_ == Phase::kStable || phase_ == Phase::kComplete) rejoin_ = true;
      return;
    case ErrorCode::kUnknownMemberId:
      return Reset(Identity::kForget);
    case ErrorCode::kIllegalGeneration:
      return Reset(Identity::kKeepMemberId);
    case ErrorCode::kFencedInstanceId:
      return Fence();
    default:
      return;  // the session outlives a few unanswered heartbeats
  }
}

void Membership::OnPollOverdue() {
  if (phase_ != Phase::kIdle) Reset(Identity::kForget);
}

Status Membership::TakeError() {
  return std::exchange(error_, OkStatus());
}

void Membership::Reset(Identity identity) {
  ++round_;
  phase_ = Phase::kPrepare;
  lost_ = true;
  generation_ = kNoGeneration;
  protocol_.clear();
  leader_ = false;
  skip_assignment_ = false;
  members_.clear();
  assignment_.clear();
  if (identity == Identity::kForget) member_id_.clear();
}

void Membership::Fence() {
  Reset(Identity::kForget);
  fatal_ = Error(
      ErrorCode::kFencedInstanceId,
      base::StrCat("another consumer uses group.instance.id '", instance_id_.value_or(""), "'"));
}

void Membership::Retry(ErrorCode error, std::string_view what, Elapsed now) {
  if (!IsRetriable(error)) {
    error_ = Error(error, base::StrCat(what, " of member '", member_id_, "' was refused"));
  }
  JoinAgain(now + retry_backoff_);
}

void Membership::JoinAgain(Elapsed not_before) {
  phase_ = Phase::kJoin;
  not_before_ = not_before;
}

}  // namespace runnel::client
