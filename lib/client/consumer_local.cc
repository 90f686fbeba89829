#include "client/consumer_local.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace runnel::client {
namespace {

// default.api.timeout.ms: how long calls without a timeout of their own try.
constexpr std::chrono::seconds kApiTimeout{60};
// retry.backoff.ms
constexpr std::chrono::milliseconds kRetryBackoff{100};

Records Failed(Status status) {
  return Records(nullptr, 0, std::move(status));
}

}  // namespace

LocalConsumer::LocalConsumer(broker::Broker& broker, const ConsumerOptions& options,
                             AssignorSet assignors)
    : broker_(broker),
      clock_(*broker.environment().clock),
      options_(options),
      waiter_(broker),
      fetcher_(broker, waiter_, options),
      topics_version_(broker.topics_version()) {
  if (options_.group_id.empty()) return;
  group_.emplace(
      ConsumerGroup::Deps{
          .broker = broker, .waiter = waiter_, .handler = *this, .subscription = subscription_},
      options_, std::move(assignors));
  committer_.emplace(broker, waiter_, group_->shared_session(), options_.group_id);
  if (options_.auto_commit) next_auto_commit_ = now() + options_.auto_commit_interval;
}

LocalConsumer::~LocalConsumer() = default;

// --- What to read

Status LocalConsumer::CheckMayChange() const {
  RUNNEL_RETURN_IF_ERROR(status_);
  if (!in_listener_) return OkStatus();
  return Error(ErrorCode::kInvalidRequest,
               "a rebalance listener may commit, seek and pause, but neither poll nor subscribe");
}

Status LocalConsumer::CheckGroup() const {
  if (group_.has_value()) return OkStatus();
  return Error(ErrorCode::kInvalidGroupId, "the consumer was made without a group_id");
}

Status LocalConsumer::Subscribe(std::vector<std::string> topics, RebalanceListener* listener) {
  RUNNEL_RETURN_IF_ERROR(CheckMayChange());
  RUNNEL_RETURN_IF_ERROR(CheckGroup());
  if (topics.empty()) return Unsubscribe();
  const bool by_hand = subscription_.kind() == Subscription::Kind::kPartitions;
  RUNNEL_RETURN_IF_ERROR(subscription_.SetTopics(std::move(topics), listener));
  if (by_hand) LeaveAndDrop(now());
  group_->Join();
  return OkStatus();
}

Status LocalConsumer::SubscribePattern(std::string_view pattern, RebalanceListener* listener) {
  RUNNEL_RETURN_IF_ERROR(CheckMayChange());
  RUNNEL_RETURN_IF_ERROR(CheckGroup());
  const bool by_hand = subscription_.kind() == Subscription::Kind::kPartitions;
  RUNNEL_RETURN_IF_ERROR(subscription_.SetPattern(pattern, listener));
  if (by_hand) LeaveAndDrop(now());
  MatchPattern();
  group_->Join();
  return OkStatus();
}

Status LocalConsumer::Assign(std::vector<TopicPartition> partitions) {
  RUNNEL_RETURN_IF_ERROR(CheckMayChange());
  for (const TopicPartition& partition : partitions) {
    RUNNEL_RETURN_IF_ERROR(broker_.FindPartition(partition).status());
  }
  if (subscription_.automatic()) RUNNEL_RETURN_IF_ERROR(Unsubscribe());
  CommitBeforeDropping();
  subscription_.SetPartitions();
  fetcher_.Assign(partitions, Fetcher::Missing::kReport);
  return OkStatus();
}

Status LocalConsumer::Unsubscribe() {
  RUNNEL_RETURN_IF_ERROR(CheckMayChange());
  LeaveAndDrop(now() + kApiTimeout);
  subscription_.Clear();
  return OkStatus();
}

void LocalConsumer::LeaveAndDrop(Elapsed deadline) {
  CommitBeforeDropping();
  if (group_.has_value()) group_->Leave(deadline);
  fetcher_.Assign({}, Fetcher::Missing::kReport);
}

void LocalConsumer::MatchPattern() {
  std::vector<std::string> names;
  const auto internal =
      options_.include_internal_topics ? Admin::Internal::kInclude : Admin::Internal::kExclude;
  for (const std::shared_ptr<broker::Topic>& topic : broker_.ListTopics(internal)) {
    names.push_back(topic->name());
  }
  if (subscription_.Match(names)) group_->Join();
}

// --- Rebalances

void LocalConsumer::BeforeRebalance() {
  CommitBeforeDropping();
}

void LocalConsumer::CommitBeforeDropping() {
  if (!options_.auto_commit || !committer_.has_value()) return;
  base::IgnoreError(committer_->Commit(fetcher_.Positions(), now() + kApiTimeout),
                    "auto commit promises no more than to try");
}

void LocalConsumer::OnRevoked(std::span<const TopicPartition> partitions) {
  if (RebalanceListener* const listener = subscription_.listener(); listener != nullptr) {
    in_listener_ = true;
    listener->OnRevoked(partitions);
    in_listener_ = false;
  }
  Drop(partitions);
}

void LocalConsumer::OnLost(std::span<const TopicPartition> partitions) {
  if (RebalanceListener* const listener = subscription_.listener(); listener != nullptr) {
    in_listener_ = true;
    listener->OnLost(partitions);
    in_listener_ = false;
  }
  Drop(partitions);
}

void LocalConsumer::Drop(std::span<const TopicPartition> partitions) {
  std::vector<TopicPartition> rest;
  for (TopicPartition& owned : fetcher_.Assignment()) {
    if (std::find(partitions.begin(), partitions.end(), owned) == partitions.end()) {
      rest.push_back(std::move(owned));
    }
  }
  fetcher_.Assign(rest, Fetcher::Missing::kIgnore);
}

void LocalConsumer::OnAssigned(std::span<const TopicPartition> all,
                               std::span<const TopicPartition> added) {
  fetcher_.Assign(all, Fetcher::Missing::kIgnore);
  find_positions_at_ = Elapsed(0);
  RebalanceListener* const listener = subscription_.listener();
  if (listener == nullptr) return;
  in_listener_ = true;
  listener->OnAssigned(added);
  in_listener_ = false;
}

void LocalConsumer::EnforceRebalance() {
  if (subscription_.automatic()) group_->Join();
}

Consumer::GroupMetadata LocalConsumer::group_metadata() const {
  return group_.has_value() ? group_->metadata() : Consumer::GroupMetadata();
}

// --- Poll

Records LocalConsumer::Poll(std::chrono::nanoseconds timeout) {
  if (Status status = CheckMayChange(); !status.ok()) return Failed(std::move(status));
  if (subscription_.kind() == Subscription::Kind::kNone) {
    return Failed(
        Error(ErrorCode::kInvalidRequest, "subscribe to topics or assign partitions, then poll"));
  }
  if (!subscription_.automatic()) return PollUntil(timeout);
  group_->session().BeginPoll();
  Records records = PollUntil(timeout);
  group_->session().EndPoll(now());
  return records;
}

Records LocalConsumer::PollUntil(std::chrono::nanoseconds timeout) {
  std::optional<Elapsed> deadline;  // the clock is read when there is something to wait for
  for (;;) {
    if (wakeup_.load(std::memory_order_relaxed) && wakeup_.exchange(false)) return Records();
    if (Status status = Work(); !status.ok()) return Failed(std::move(status));
    Records records = fetcher_.Collect();
    if (!records.empty() || !records.ok()) return records;
    if (!deadline.has_value()) {
      deadline = broker_.DeadlineAfter(std::max(timeout, std::chrono::nanoseconds(0)));
    }
    const StatusOr<bool> again = Wait(*deadline);
    if (!again.ok()) return Failed(status_ = again.status());
    if (!*again) return Records();
  }
}

Status LocalConsumer::Work() {
  if (broker_.topics_version() != topics_version_) OnTopicsChanged();
  if (group_.has_value() && subscription_.automatic() &&
      (group_->needs_attention() || (rejoin_at_ != kForever && now() >= rejoin_at_))) {
    const Status advanced = group_->Advance();
    rejoin_at_ = group_->retry_at();
    if (CodeOf(advanced) == ErrorCode::kFencedInstanceId) status_ = advanced;
    RUNNEL_RETURN_IF_ERROR(advanced);
  }
  if (next_auto_commit_ != kForever && now() >= next_auto_commit_) {
    committer_->CommitAsync(fetcher_.Positions(), nullptr);
    next_auto_commit_ = now() + options_.auto_commit_interval;
  }
  if (fetcher_.lacks_positions() && now() >= find_positions_at_) {
    return FindPositions(OffsetCommitter::Retry::kNo, kForever);
  }
  return OkStatus();
}

void LocalConsumer::OnTopicsChanged() {
  topics_version_ = broker_.topics_version();
  if (subscription_.kind() == Subscription::Kind::kPattern) MatchPattern();
  fetcher_.OnTopicsChanged();
  if (subscription_.automatic()) group_->OnTopicsChanged();
}

// Committed offsets first, the reset policy for the rest.
Status LocalConsumer::FindPositions(OffsetCommitter::Retry retry, Elapsed deadline) {
  const std::vector<TopicPartition> partitions = fetcher_.WithoutPosition();
  if (partitions.empty()) return OkStatus();
  OffsetMap committed;
  if (committer_.has_value()) {
    StatusOr<OffsetMap> found = committer_->Fetch(partitions, retry, deadline);
    if (!found.ok()) {
      find_positions_at_ = now() + kRetryBackoff;
      return IsRetriable(CodeOf(found)) ? OkStatus() : found.status();
    }
    committed = *std::move(found);
  }
  for (const TopicPartition& partition : partitions) {
    const auto found = committed.find(partition);
    if (found == committed.end()) {
      fetcher_.Reset(partition);
    } else {
      RUNNEL_RETURN_IF_ERROR(fetcher_.Seek(partition, found->second.offset));
    }
  }
  return OkStatus();
}

bool LocalConsumer::HasNews() const {
  return fetcher_.ready() || wakeup_.load(std::memory_order_relaxed) ||
         (group_.has_value() && subscription_.automatic() && group_->needs_attention()) ||
         broker_.topics_version() != topics_version_;
}

StatusOr<bool> LocalConsumer::Wait(Elapsed deadline) {
  Elapsed until = std::min({deadline, rejoin_at_, next_auto_commit_});
  if (fetcher_.lacks_positions()) until = std::min(until, find_positions_at_);
  switch (waiter_.Wait(until, [this] { return HasNews(); })) {
    case broker::Waiter::Result::kReady:
    case broker::Waiter::Result::kWoken:
      return true;
    case broker::Waiter::Result::kDeadline:
      return until < deadline && now() < deadline;
    case broker::Waiter::Result::kClosed:
      break;
  }
  return Error(ErrorCode::kBrokerNotAvailable, "the broker is closed");
}

void LocalConsumer::Wakeup() {
  wakeup_.store(true, std::memory_order_seq_cst);
  waiter_.Wake();
}

// --- Commits

Status LocalConsumer::Commit(const OffsetMap* offsets) {
  RUNNEL_RETURN_IF_ERROR(status_);
  RUNNEL_RETURN_IF_ERROR(CheckGroup());
  return committer_->Commit(offsets != nullptr ? *offsets : fetcher_.Positions(),
                            now() + kApiTimeout);
}

void LocalConsumer::CommitAsync(const OffsetMap* offsets,
                                absl::AnyInvocable<void(const Status&)> done) {
  const Status possible = status_.ok() ? CheckGroup() : status_;
  if (!possible.ok()) {
    if (done != nullptr) done(possible);
    return;
  }
  committer_->CommitAsync(offsets != nullptr ? *offsets : fetcher_.Positions(), std::move(done));
}

StatusOr<OffsetMap> LocalConsumer::Committed(std::span<const TopicPartition> partitions) {
  RUNNEL_RETURN_IF_ERROR(status_);
  RUNNEL_RETURN_IF_ERROR(CheckGroup());
  return committer_->Fetch(partitions, OffsetCommitter::Retry::kUntilDeadline, now() + kApiTimeout);
}

// --- Positions

Status LocalConsumer::Seek(const TopicPartition& partition, Offset offset) {
  RUNNEL_RETURN_IF_ERROR(status_);
  return fetcher_.Seek(partition, offset);
}

Status LocalConsumer::SeekTo(std::span<const TopicPartition> partitions, OffsetSpec spec) {
  RUNNEL_RETURN_IF_ERROR(status_);
  const std::vector<TopicPartition> all =
      partitions.empty() ? fetcher_.Assignment()
                         : std::vector<TopicPartition>(partitions.begin(), partitions.end());
  for (const TopicPartition& partition : all) {
    RUNNEL_RETURN_IF_ERROR(fetcher_.SeekTo(partition, spec));
  }
  return OkStatus();
}

StatusOr<Offset> LocalConsumer::Position(const TopicPartition& partition) {
  RUNNEL_RETURN_IF_ERROR(status_);
  if (fetcher_.lacks_positions() && fetcher_.Has(partition)) {
    RUNNEL_RETURN_IF_ERROR(
        FindPositions(OffsetCommitter::Retry::kUntilDeadline, now() + kApiTimeout));
  }
  return fetcher_.Position(partition);
}

StatusOr<std::map<TopicPartition, OffsetAndTimestamp>> LocalConsumer::ListOffsets(
    const std::map<TopicPartition, OffsetSpec>& specs) {
  RUNNEL_RETURN_IF_ERROR(status_);
  std::map<TopicPartition, OffsetAndTimestamp> offsets;
  for (const auto& [partition, spec] : specs) {
    RUNNEL_ASSIGN_OR_RETURN(const std::shared_ptr<broker::Partition> found,
                            broker_.FindPartition(partition));
    RUNNEL_ASSIGN_OR_RETURN(const OffsetAndTimestamp at,
                            found->FindOffset(spec, options_.isolation_level));
    if (at.offset != kNoOffset) offsets.emplace(partition, at);
  }
  return offsets;
}

StatusOr<int64_t> LocalConsumer::Lag(const TopicPartition& partition) {
  RUNNEL_RETURN_IF_ERROR(Position(partition).status());
  return fetcher_.Lag(partition);
}

Status LocalConsumer::SetPaused(std::span<const TopicPartition> partitions, bool paused) {
  RUNNEL_RETURN_IF_ERROR(status_);
  return fetcher_.SetPaused(partitions, paused);
}

// --- Close

Status LocalConsumer::Close(std::chrono::milliseconds timeout) {
  if (!status_.ok() && CodeOf(status_) != ErrorCode::kFencedInstanceId) return OkStatus();
  if (in_listener_) return CheckMayChange();
  const Elapsed deadline = broker_.DeadlineAfter(timeout);
  Status committed;
  if (options_.auto_commit && committer_.has_value() && status_.ok()) {
    committed = committer_->Commit(fetcher_.Positions(), deadline);
  }
  if (group_.has_value()) group_->Leave(deadline);
  fetcher_.Assign({}, Fetcher::Missing::kIgnore);
  subscription_.Clear();
  status_ = Error(ErrorCode::kInvalidRequest, "the consumer is closed");
  return committed;
}

}  // namespace runnel::client
