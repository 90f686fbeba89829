#include <algorithm>

#include "base/strings.h"
#include "group/java_string.h"
#include "group/shard_impl.h"
#include "group/store_keys.h"

namespace runnel::group {
namespace {

constexpr int16_t kFirstVersionWithGroupIdNotFound = 9;
constexpr size_t kMaxTextBytes = 32767;

OffsetCommitResponse AllPartitions(const std::vector<OffsetCommitTopic>& topics, ErrorCode code) {
  OffsetCommitResponse response;
  for (const OffsetCommitTopic& topic : topics) {
    OffsetTopicErrors& errors = response.topics.emplace_back(OffsetTopicErrors{.name = topic.name});
    errors.topic_id = topic.topic_id;
    for (const OffsetCommitPartition& partition : topic.partitions) {
      errors.partitions.push_back(
          {.partition_index = partition.partition_index, .error_code = code});
    }
  }
  return response;
}

}  // namespace

// A commit proves its member alive. Offsets may be committed while a rebalance gathers members,
// but not between join and sync, when the partitions may belong to somebody else.
template <class Request>
ErrorCode GroupShard::Impl::CheckCommit(const Request& request, const RequestContext& context,
                                        bool transactional) {
  if (const ErrorCode code = PhaseError(); code != ErrorCode::kNone) return code;
  if (request.group_id.size() > kMaxTextBytes) return ErrorCode::kInvalidGroupId;
  ClassicGroup* group = FindGroup(request.group_id);
  if (group == nullptr) {
    if (request.generation_id < GenerationId(0)) return ErrorCode::kNone;
    return !transactional && context.api_version >= kFirstVersionWithGroupIdNotFound
               ? ErrorCode::kGroupIdNotFound
               : ErrorCode::kIllegalGeneration;
  }
  const bool empty = group->state == GroupState::kEmpty;
  if (request.generation_id < GenerationId(0) && empty) return ErrorCode::kNone;
  const bool has_identity = request.generation_id >= GenerationId(0) ||
                            !request.member_id.empty() || request.group_instance_id.has_value();
  if (has_identity) {
    const ErrorCode code = CheckMember(*group, request.member_id, request.group_instance_id);
    if (code != ErrorCode::kNone) return code;
    if (request.generation_id != GenerationId(group->generation)) {
      return ErrorCode::kIllegalGeneration;
    }
  } else if (!transactional && !empty) {
    return ErrorCode::kUnknownMemberId;
  }
  if (!transactional && group->state == GroupState::kCompletingRebalance) {
    return ErrorCode::kRebalanceInProgress;
  }
  return ErrorCode::kNone;
}

void GroupShard::Impl::OffsetCommit(const OffsetCommitRequest& request,
                                    const RequestContext& context,
                                    Reply<OffsetCommitResponse> reply, Now now, Output& out) {
  const ErrorCode code = CheckCommit(request, context, /*transactional=*/false);
  if (code != ErrorCode::kNone) return Answer(out, reply, AllPartitions(request.topics, code));
  if (ClassicGroup* group = FindGroup(request.group_id)) {
    if (Member* member = group->Find(request.member_id)) KeepAlive(*member, now);
  }
  const int64_t expire_timestamp =
      request.retention_time && request.retention_time->count() >= 0
          ? (now.wall + *request.retention_time).time_since_epoch().count()
          : -1;
  CommitOffsets(request.group_id, request.topics, expire_timestamp, Write{}, std::move(reply), now,
                out);
}

void GroupShard::Impl::TxnOffsetCommit(const TxnOffsetCommitRequest& request,
                                       const RequestContext& context,
                                       Reply<OffsetCommitResponse> reply, Now now, Output& out) {
  ErrorCode code = CheckCommit(request, context, /*transactional=*/true);
  if (code == ErrorCode::kNone && request.producer_id < ProducerId(0)) {
    code = ErrorCode::kInvalidProducerIdMapping;
  }
  if (code != ErrorCode::kNone) return Answer(out, reply, AllPartitions(request.topics, code));
  if (ClassicGroup* group = FindGroup(request.group_id)) {
    if (Member* member = group->Find(request.member_id)) KeepAlive(*member, now);
  }
  Write write{.producer_id = request.producer_id, .producer_epoch = request.producer_epoch};
  CommitOffsets(request.group_id, request.topics, -1, std::move(write), std::move(reply), now, out);
}

void GroupShard::Impl::CommitOffsets(const std::string& group_id,
                                     const std::vector<OffsetCommitTopic>& topics,
                                     int64_t expire_timestamp, Write write,
                                     Reply<OffsetCommitResponse> reply, Now now, Output& out) {
  OffsetCommitResponse response = AllPartitions(topics, ErrorCode::kNone);
  for (size_t i = 0; i < topics.size(); ++i) {
    const OffsetCommitTopic& topic = topics[i];
    for (size_t j = 0; j < topic.partitions.size(); ++j) {
      const OffsetCommitPartition& partition = topic.partitions[j];
      ErrorCode& code = response.topics[i].partitions[j].error_code;
      const std::string metadata = partition.committed_metadata.value_or("");
      const auto limit = static_cast<size_t>(options_.offset_metadata_max_bytes);
      if (Utf16Length(metadata) > limit || metadata.size() > kMaxTextBytes) {
        code = ErrorCode::kOffsetMetadataTooLarge;
        continue;
      }
      if (topic.name.size() > kMaxTextBytes || partition.partition_index < 0) {
        code = ErrorCode::kUnknownTopicOrPartition;
        continue;
      }
      const OffsetCommitKey key{
          .group = group_id, .topic = topic.name, .partition = partition.partition_index};
      const OffsetCommitValue value{.offset = partition.committed_offset.value(),
                                    .leader_epoch = partition.committed_leader_epoch.value(),
                                    .metadata = metadata,
                                    .commit_timestamp = now.wall.time_since_epoch().count(),
                                    .expire_timestamp = expire_timestamp,
                                    .topic_id = topic.topic_id};
      write.records.push_back({.key = EncodeKey(key), .value = EncodeValue(value)});
    }
  }
  if (write.records.empty()) return Answer(out, reply, std::move(response));
  AddWrite(out, std::move(write),
           [response = std::move(response), reply = std::move(reply)](const Status& status, Now,
                                                                      Output& done) mutable {
             if (!status.ok()) {
               const bool too_large = CodeOf(status) == ErrorCode::kMessageTooLarge ||
                                      CodeOf(status) == ErrorCode::kRecordListTooLarge;
               const ErrorCode code =
                   too_large ? ErrorCode::kInvalidCommitOffsetSize : ToClientError(status);
               for (OffsetTopicErrors& topic : response.topics) {
                 for (OffsetPartitionError& partition : topic.partitions) {
                   if (partition.error_code == ErrorCode::kNone) partition.error_code = code;
                 }
               }
             }
             Answer(done, reply, std::move(response));
           });
}

// --- Fetch

StatusOr<std::optional<OffsetCommitValue>> GroupShard::Impl::ReadOffset(const std::string& key) {
  const auto stored = store_.Get(key);
  if (!stored.ok()) return stored.status();
  if (!*stored || (*stored)->size() < 8) return std::optional<OffsetCommitValue>();
  auto value = DecodeOffsetCommitValue(std::string_view(**stored).substr(8));
  if (!value.ok()) return value.status();
  return std::optional<OffsetCommitValue>(*std::move(value));
}

bool GroupShard::Impl::IsUnstable(const std::string& offset_key) const {
  if (pending_counts_.contains(offset_key)) return true;
  const auto flight = offsets_in_flight_.find(offset_key);
  return flight != offsets_in_flight_.end() && flight->second.transactional > 0;
}

OffsetFetchPartition GroupShard::Impl::FetchOne(const std::string& group_id,
                                                const std::string& topic, int32_t partition,
                                                bool require_stable) {
  OffsetFetchPartition result{.partition_index = partition};
  if (group_id.size() > kMaxTextBytes || topic.size() > kMaxTextBytes) return result;
  const std::string key = OffsetStoreKey(group_id, topic, partition);
  if (require_stable && IsUnstable(key)) {
    result.error_code = ErrorCode::kUnstableOffsetCommit;
    return result;
  }
  const auto value = ReadOffset(key);
  if (!value.ok()) {
    result.error_code = ToClientError(value.status());
  } else if (*value) {
    result.committed_offset = Offset((*value)->offset);
    result.committed_leader_epoch = LeaderEpoch((*value)->leader_epoch);
    result.metadata = (*value)->metadata;
  }
  return result;
}

OffsetFetchResponse GroupShard::Impl::OffsetFetch(const OffsetFetchRequest& request) {
  if (const ErrorCode code = PhaseError(); code != ErrorCode::kNone) return {.error_code = code};
  if (!request.topics) return FetchAll(request);
  OffsetFetchResponse response;
  for (const OffsetFetchTopic& topic : *request.topics) {
    OffsetFetchTopicResponse& out =
        response.topics.emplace_back(OffsetFetchTopicResponse{.name = topic.name});
    out.topic_id = topic.topic_id;
    for (const int32_t partition : topic.partition_indexes) {
      out.partitions.push_back(
          FetchOne(request.group_id, topic.name, partition, request.require_stable));
    }
  }
  return response;
}

OffsetFetchResponse GroupShard::Impl::FetchAll(const OffsetFetchRequest& request) {
  OffsetFetchResponse response;
  if (request.group_id.size() > kMaxTextBytes) return response;
  std::set<std::string> keys;
  const std::string prefix = OffsetStorePrefix(request.group_id);
  const Status status = store_.Scan(prefix, PrefixEnd(prefix), [&](std::string_view key, auto) {
    keys.emplace(key);
    return true;
  });
  if (!status.ok()) return {.error_code = ToClientError(status)};
  if (request.require_stable) {  // partitions whose first offset is still pending count as well
    for (auto it = pending_counts_.lower_bound(prefix);
         it != pending_counts_.end() && it->first.starts_with(prefix); ++it) {
      keys.insert(it->first);
    }
  }
  for (const std::string& text : keys) {
    const auto key = ParseOffsetStoreKey(text);
    if (!key) continue;
    if (response.topics.empty() || response.topics.back().name != key->topic) {
      response.topics.push_back({.name = key->topic});
    }
    response.topics.back().partitions.push_back(
        FetchOne(request.group_id, key->topic, key->partition, request.require_stable));
  }
  return response;
}

// --- Delete

void GroupShard::Impl::OffsetDelete(const OffsetDeleteRequest& request,
                                    Reply<OffsetDeleteResponse> reply, Now, Output& out) {
  OffsetDeleteResponse response{.error_code = PhaseError()};
  ClassicGroup* group = FindGroup(request.group_id);
  if (response.error_code == ErrorCode::kNone && group == nullptr) {
    const auto has_offsets = HasOffsets(request.group_id);
    if (!has_offsets.ok()) response.error_code = ToClientError(has_offsets.status());
    if (has_offsets.ok() && !*has_offsets) response.error_code = ErrorCode::kGroupIdNotFound;
  }
  const bool active = group != nullptr && group->state != GroupState::kEmpty;
  const auto subscribed = active ? group->Subscribed() : std::nullopt;
  // Members of another protocol type: what they read is not known here.
  if (active && group->protocol_type != "consumer") response.error_code = ErrorCode::kNonEmptyGroup;
  if (response.error_code != ErrorCode::kNone) return Answer(out, reply, std::move(response));
  Write write;
  for (const OffsetDeleteTopic& topic : request.topics) {
    OffsetTopicErrors& errors = response.topics.emplace_back(OffsetTopicErrors{.name = topic.name});
    // Between the join phases nobody knows what is subscribed: all topics may be.
    const bool in_use = active && (!subscribed || subscribed->contains(topic.name));
    for (const int32_t partition : topic.partition_indexes) {
      OffsetPartitionError& error = errors.partitions.emplace_back();
      error.partition_index = partition;
      if (in_use) error.error_code = ErrorCode::kGroupSubscribedToTopic;
      if (in_use || topic.name.size() > kMaxTextBytes) continue;
      const std::string key = OffsetStoreKey(request.group_id, topic.name, partition);
      const auto stored = store_.Get(key);
      if (!stored.ok()) error.error_code = ToClientError(stored.status());
      if ((stored.ok() && *stored) || offsets_in_flight_.contains(key)) {
        write.records.push_back(Tombstone(key));
      }
    }
  }
  if (write.records.empty()) return Answer(out, reply, std::move(response));
  AddWrite(out, std::move(write),
           [response = std::move(response), reply = std::move(reply)](const Status& status, Now,
                                                                      Output& done) mutable {
             if (!status.ok()) {
               response = {.error_code = ToClientError(status)};
             }
             Answer(done, reply, std::move(response));
           });
}

void GroupShard::Impl::OnTopicsDeleted(std::span<const std::string> topics, Now, Output& out) {
  const std::set<std::string, std::less<>> deleted(topics.begin(), topics.end());
  std::vector<Record> tombstones;
  std::set<std::string> groups;
  const auto collect = [&](std::string_view text) {
    const auto key = ParseOffsetStoreKey(text);
    if (!key || !deleted.contains(key->topic)) return;
    tombstones.push_back(Tombstone(std::string(text)));
    groups.insert(key->group);
  };
  const Status status = store_.Scan(kOffsetPrefix, PrefixEnd(kOffsetPrefix),
                                    [&](std::string_view key, std::string_view) {
                                      if (!offsets_in_flight_.contains(key)) collect(key);
                                      return true;
                                    });
  for (const auto& [key, _] : offsets_in_flight_)
    collect(key);
  if (status.ok()) WriteTombstones(std::move(tombstones), std::move(groups), out);
}

}  // namespace runnel::group
