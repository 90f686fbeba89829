// What each group request does before and after the machine.
#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "broker/groups.h"

namespace runnel::broker {
namespace {

// What a client is told when the shard cannot be had: to try again, or to go elsewhere.
ErrorCode CoordinatorError(const Status& status) {
  return CodeOf(status) == ErrorCode::kBrokerNotAvailable ? ErrorCode::kBrokerNotAvailable
                                                          : ErrorCode::kCoordinatorNotAvailable;
}

group::OffsetCommitResponse AllFailed(const group::OffsetCommitRequest& request, ErrorCode code) {
  group::OffsetCommitResponse response;
  for (const group::OffsetCommitTopic& topic : request.topics) {
    group::OffsetTopicErrors& errors = response.topics.emplace_back();
    errors.name = topic.name;
    errors.topic_id = topic.topic_id;
    for (const group::OffsetCommitPartition& partition : topic.partitions) {
      errors.partitions.push_back({partition.partition_index, code});
    }
  }
  return response;
}

// Puts answers of partitions that do not exist beside those of the shard, in request order.
group::OffsetCommitResponse Merge(const group::OffsetCommitRequest& request,
                                  const group::OffsetCommitResponse& answered,
                                  const std::vector<group::OffsetTopicErrors>& missing) {
  group::OffsetCommitResponse merged = AllFailed(request, ErrorCode::kUnknownServerError);
  const auto find = [](const std::vector<group::OffsetTopicErrors>& topics,
                       const group::OffsetTopicErrors& wanted, int32_t partition) {
    for (const group::OffsetTopicErrors& topic : topics) {
      if (topic.name != wanted.name) continue;
      for (const group::OffsetPartitionError& error : topic.partitions) {
        if (error.partition_index == partition) return &error;
      }
    }
    return static_cast<const group::OffsetPartitionError*>(nullptr);
  };
  for (group::OffsetTopicErrors& topic : merged.topics) {
    for (group::OffsetPartitionError& error : topic.partitions) {
      const auto* found = find(missing, topic, error.partition_index);
      if (found == nullptr) found = find(answered.topics, topic, error.partition_index);
      if (found != nullptr) error.error_code = found->error_code;
    }
  }
  return merged;
}

}  // namespace

template <class Response>
Response Groups::RunAndWait(
    Shard& shard,
    absl::FunctionRef<void(group::GroupShard&, group::Reply<Response>, group::Now, group::Output&)>
        call,
    Response closed) {
  // Shared: with the broker closing this thread may leave before the reply comes.
  struct Answer {
    Response response;
    Signal signal;
  };
  auto answer = std::make_shared<Answer>();
  group::Reply<Response> reply = [answer](Response response) {
    answer->response = std::move(response);
    answer->signal.Raise();
  };
  Run(
      shard,
      [&](group::GroupShard& machine, group::Now now, group::Output& out) {
        call(machine, std::move(reply), now, out);
      },
      SyncBy::kCaller);
  while (!answer->signal.raised()) {
    Offset last = kNoOffset;
    std::shared_ptr<Partition> partition;
    {
      const base::Lock lock(shard.mutex);
      partition = shard.partition;
      if (!shard.pending.empty()) last = shard.pending.back().last_offset;
    }
    if (last != kNoOffset) {
      base::IgnoreError(partition->AwaitAcknowledged(last, kForever),
                        "the outcome is read by ReportWritten");
      Run(
          shard, [](group::GroupShard&, group::Now, group::Output&) {}, SyncBy::kCaller);
    } else if (!core_->Wait(answer->signal, kForever) && core_->closing()) {
      return closed;  // another thread had the reply in hand when the broker closed
    }
  }
  return std::move(answer->response);
}

void Groups::Join(const group::JoinGroupRequest& request, const Context& context,
                  Callback<group::JoinGroupResponse> done) {
  const auto shard = ShardOf(request.group_id);
  if (!shard.ok()) {
    return done({.error_code = CoordinatorError(shard.status()), .member_id = request.member_id});
  }
  Run(**shard, [&](group::GroupShard& machine, group::Now now, group::Output& out) {
    machine.JoinGroup(request, context, std::move(done), now, out);
  });
}

void Groups::Sync(const group::SyncGroupRequest& request, const Context& context,
                  Callback<group::SyncGroupResponse> done) {
  const auto shard = ShardOf(request.group_id);
  if (!shard.ok()) return done({.error_code = CoordinatorError(shard.status())});
  Run(**shard, [&](group::GroupShard& machine, group::Now now, group::Output& out) {
    machine.SyncGroup(request, context, std::move(done), now, out);
  });
}

group::HeartbeatResponse Groups::Heartbeat(const group::HeartbeatRequest& request,
                                           const Context& context) {
  const auto shard = ShardOf(request.group_id);
  if (!shard.ok()) return {.error_code = CoordinatorError(shard.status())};
  group::HeartbeatResponse response;
  Run(**shard, [&](group::GroupShard& machine, group::Now now, group::Output&) {
    response = machine.Heartbeat(request, context, now);
  });
  return response;
}

void Groups::Leave(const group::LeaveGroupRequest& request, const Context& context,
                   Callback<group::LeaveGroupResponse> done) {
  const auto shard = ShardOf(request.group_id);
  if (!shard.ok()) return done({.error_code = CoordinatorError(shard.status())});
  Run(**shard, [&](group::GroupShard& machine, group::Now now, group::Output& out) {
    machine.LeaveGroup(request, context, std::move(done), now, out);
  });
}

group::OffsetCommitRequest Groups::CheckTopics(const group::OffsetCommitRequest& request,
                                               std::vector<group::OffsetTopicErrors>& missing) {
  group::OffsetCommitRequest checked = request;
  checked.topics.clear();
  for (const group::OffsetCommitTopic& topic : request.topics) {
    const auto found = topics_.Find(TopicKey{topic.name, topic.topic_id});
    const int32_t count = found.ok() ? (*found)->partition_count() : 0;
    group::OffsetCommitTopic known = topic;
    if (found.ok()) {
      known.name = (*found)->name();
      known.topic_id = (*found)->id();
    }
    group::OffsetTopicErrors unknown{.name = topic.name, .topic_id = topic.topic_id};
    std::erase_if(known.partitions, [&](const group::OffsetCommitPartition& partition) {
      if (partition.partition_index >= 0 && partition.partition_index < count) return false;
      unknown.partitions.push_back(
          {partition.partition_index,
           found.ok() ? ErrorCode::kUnknownTopicOrPartition : CodeOf(found)});
      return true;
    });
    if (!unknown.partitions.empty()) missing.push_back(std::move(unknown));
    if (!known.partitions.empty()) checked.topics.push_back(std::move(known));
  }
  return checked;
}

void Groups::Commit(const group::OffsetCommitRequest& request, const Context& context,
                    Callback<group::OffsetCommitResponse> done) {
  const auto shard = ShardOf(request.group_id);
  if (!shard.ok()) return done(AllFailed(request, CoordinatorError(shard.status())));
  std::vector<group::OffsetTopicErrors> missing;
  const group::OffsetCommitRequest checked = CheckTopics(request, missing);
  if (!missing.empty()) {
    done = [request, missing,
            done = std::move(done)](const group::OffsetCommitResponse& response) mutable {
      done(Merge(request, response, missing));
    };
  }
  Run(**shard, [&](group::GroupShard& machine, group::Now now, group::Output& out) {
    machine.OffsetCommit(checked, context, std::move(done), now, out);
  });
}

group::OffsetCommitResponse Groups::CommitAndWait(const group::OffsetCommitRequest& request,
                                                  const Context& context) {
  const auto shard = ShardOf(request.group_id);
  if (!shard.ok()) return AllFailed(request, CoordinatorError(shard.status()));
  std::vector<group::OffsetTopicErrors> missing;
  const group::OffsetCommitRequest checked = CheckTopics(request, missing);
  using Response = group::OffsetCommitResponse;
  Response response = RunAndWait<Response>(
      **shard,
      [&](group::GroupShard& machine, group::Reply<Response> reply, group::Now now,
          group::Output& out) {
        machine.OffsetCommit(checked, context, std::move(reply), now, out);
      },
      AllFailed(checked, ErrorCode::kBrokerNotAvailable));
  return missing.empty() ? response : Merge(request, response, missing);
}

group::OffsetFetchResponse Groups::Fetch(const group::OffsetFetchRequest& request) {
  const auto shard = ShardOf(request.group_id);
  if (!shard.ok()) return {.error_code = CoordinatorError(shard.status())};
  group::OffsetFetchResponse response;
  Run(**shard, [&](group::GroupShard& machine, group::Now, group::Output&) {
    response = machine.OffsetFetch(request);
  });
  return response;
}

group::OffsetDeleteResponse Groups::DeleteOffsets(const group::OffsetDeleteRequest& request) {
  using Response = group::OffsetDeleteResponse;
  const auto shard = ShardOf(request.group_id);
  if (!shard.ok()) return {.error_code = CoordinatorError(shard.status())};
  return RunAndWait<Response>(
      **shard,
      [&](group::GroupShard& machine, group::Reply<Response> reply, group::Now now,
          group::Output& out) { machine.OffsetDelete(request, std::move(reply), now, out); },
      {.error_code = ErrorCode::kBrokerNotAvailable});
}

group::DescribedGroup Groups::Describe(std::string_view group_id, const Context& context) {
  const auto shard = ShardOf(group_id);
  group::DescribedGroup described{.group_id = std::string(group_id)};
  if (!shard.ok()) {
    described.error_code = CoordinatorError(shard.status());
    return described;
  }
  Run(**shard, [&](group::GroupShard& machine, group::Now, group::Output&) {
    described = machine.DescribeGroup(group_id, context);
  });
  return described;
}

StatusOr<std::vector<group::ListedGroup>> Groups::List(const group::ListGroupsRequest& request) {
  if (core_->closing()) return Core::ClosedError();
  std::vector<group::ListedGroup> groups;
  for (Shard* shard : ExistingShards()) {
    Run(*shard, [&](group::GroupShard& machine, group::Now, group::Output&) {
      for (group::ListedGroup& group : machine.ListGroups(request)) {
        groups.push_back(std::move(group));
      }
    });
  }
  std::sort(groups.begin(), groups.end(),
            [](const auto& a, const auto& b) { return a.group_id < b.group_id; });
  return groups;
}

ErrorCode Groups::Delete(std::string_view group_id) {
  const auto shard = ShardOf(group_id);
  if (!shard.ok()) return CoordinatorError(shard.status());
  return RunAndWait<ErrorCode>(
      **shard,
      [&](group::GroupShard& machine, group::Reply<ErrorCode> reply, group::Now now,
          group::Output& out) { machine.DeleteGroup(group_id, std::move(reply), now, out); },
      ErrorCode::kBrokerNotAvailable);
}

}  // namespace runnel::broker
