#include "client/consumer_commits.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace runnel::client {
namespace {

// retry.backoff.ms
constexpr std::chrono::milliseconds kRetryBackoff{100};

// The first error; errors of the group are the same for all partitions.
Status StatusOf(const group::OffsetCommitResponse& response, std::string_view group_id) {
  for (const group::OffsetTopicErrors& topic : response.topics) {
    for (const group::OffsetPartitionError& partition : topic.partitions) {
      if (partition.error_code == ErrorCode::kNone) continue;
      return Error(partition.error_code,
                   base::StrCat("the offset of ", topic.name, "-", partition.partition_index,
                                " was not committed for group '", group_id, "'"));
    }
  }
  return OkStatus();
}

// What can be cured by waiting. A topic that is gone stays gone.
bool IsWorthRetrying(ErrorCode error) {
  return IsRetriable(error) && error != ErrorCode::kUnknownTopicOrPartition &&
         error != ErrorCode::kRebalanceInProgress;
}

}  // namespace

OffsetCommitter::OffsetCommitter(broker::Broker& broker, broker::Waiter& waiter,
                                 std::shared_ptr<GroupSession> session, std::string group_id)
    : broker_(broker),
      waiter_(waiter),
      session_(std::move(session)),
      group_id_(std::move(group_id)) {}

// Errors: kRebalanceInProgress for a member that has lost its place and is joining anew.
StatusOr<group::OffsetCommitRequest> OffsetCommitter::Request(const OffsetMap& offsets) const {
  group::OffsetCommitRequest request{.group_id = group_id_};
  const bool placeless = session_->Read([&request](const Membership& member) {
    if (!member.active()) return false;
    request.generation_id = member.generation();
    request.member_id = member.member_id();
    request.group_instance_id = member.instance_id();
    return member.generation() == kNoGeneration;
  });
  if (placeless) {
    return Error(ErrorCode::kRebalanceInProgress,
                 base::StrCat("the consumer has no place in group '", group_id_,
                              "' at the moment: poll until it has joined"));
  }
  for (const auto& [partition, offset] : offsets) {
    if (offset.offset < Offset(0)) {
      return Error(ErrorCode::kOffsetOutOfRange,
                   base::StrCat("cannot commit offset ", offset.offset, " of ", partition));
    }
    if (request.topics.empty() || request.topics.back().name != partition.topic) {
      request.topics.push_back({.name = partition.topic});
    }
    request.topics.back().partitions.push_back({.partition_index = partition.partition,
                                                .committed_offset = offset.offset,
                                                .committed_leader_epoch = offset.leader_epoch,
                                                .committed_metadata = offset.metadata});
  }
  return request;
}

Status OffsetCommitter::Commit(const OffsetMap& offsets, Elapsed deadline) {
  if (offsets.empty()) return OkStatus();
  for (;;) {
    RUNNEL_ASSIGN_OR_RETURN(const group::OffsetCommitRequest request, Request(offsets));
    const Status status = StatusOf(broker_.OffsetCommit(request, session_->context()), group_id_);
    session_->OnCommit(request.generation_id, CodeOf(status));
    if (!IsWorthRetrying(CodeOf(status)) || !BackOff(deadline)) return status;
  }
}

void OffsetCommitter::CommitAsync(const OffsetMap& offsets,
                                  absl::AnyInvocable<void(const Status&)> done) {
  const StatusOr<group::OffsetCommitRequest> request = Request(offsets);
  if (!request.ok() || offsets.empty()) {
    if (done != nullptr) done(request.status());
    return;
  }
  broker_.OffsetCommit(*request, session_->context(),
                       [session = session_, generation = request->generation_id, group = group_id_,
                        done = std::move(done)](const group::OffsetCommitResponse& answer) mutable {
                         const Status status = StatusOf(answer, group);
                         session->OnCommit(generation, CodeOf(status));
                         if (done != nullptr) done(status);
                       });
}

StatusOr<OffsetMap> OffsetCommitter::Fetch(std::span<const TopicPartition> partitions, Retry retry,
                                           Elapsed deadline) {
  std::vector<TopicPartition> sorted(partitions.begin(), partitions.end());
  std::sort(sorted.begin(), sorted.end());
  group::OffsetFetchRequest request{.group_id = group_id_, .require_stable = true};
  std::vector<group::OffsetFetchTopic>& topics = request.topics.emplace();
  for (const TopicPartition& partition : sorted) {
    if (topics.empty() || topics.back().name != partition.topic) {
      topics.push_back({.name = partition.topic});
    }
    topics.back().partition_indexes.push_back(partition.partition);
  }
  for (;;) {
    StatusOr<OffsetMap> offsets = FetchOnce(request);
    if (offsets.ok() || retry == Retry::kNo || !IsWorthRetrying(CodeOf(offsets))) return offsets;
    if (!BackOff(deadline)) return offsets;
  }
}

StatusOr<OffsetMap> OffsetCommitter::FetchOnce(const group::OffsetFetchRequest& request) {
  const group::OffsetFetchResponse response = broker_.OffsetFetch(request);
  const auto failed = [this](ErrorCode error) {
    return Error(error,
                 base::StrCat("the committed offsets of group '", group_id_, "' cannot be read"));
  };
  if (response.error_code != ErrorCode::kNone) return failed(response.error_code);
  OffsetMap offsets;
  for (const group::OffsetFetchTopicResponse& topic : response.topics) {
    for (const group::OffsetFetchPartition& partition : topic.partitions) {
      if (partition.error_code == ErrorCode::kUnknownTopicOrPartition) continue;
      if (partition.error_code != ErrorCode::kNone) return failed(partition.error_code);
      if (partition.committed_offset == kNoOffset) continue;
      offsets.emplace(TopicPartition{.topic = topic.name, .partition = partition.partition_index},
                      OffsetAndMetadata{.offset = partition.committed_offset,
                                        .leader_epoch = partition.committed_leader_epoch,
                                        .metadata = partition.metadata});
    }
  }
  return offsets;
}

bool OffsetCommitter::BackOff(Elapsed deadline) {
  const Elapsed now = session_->now();
  if (now + kRetryBackoff >= deadline) return false;
  const auto never = [] { return false; };
  broker::Waiter::Result result;
  do {
    result = waiter_.Wait(now + kRetryBackoff, never);
  } while (result == broker::Waiter::Result::kWoken);
  return result == broker::Waiter::Result::kDeadline;
}

}  // namespace runnel::client
