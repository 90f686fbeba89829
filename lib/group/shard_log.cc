#include <algorithm>

#include "base/check.h"
#include "base/status.h"
#include "base/strings.h"
#include "group/shard_impl.h"
#include "group/store_keys.h"

namespace runnel::group {

using base::StrCat;

ErrorCode ToClientError(const Status& status) {
  switch (const ErrorCode code = CodeOf(status)) {
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kNotEnoughReplicas:
    case ErrorCode::kNotEnoughReplicasAfterAppend:
    case ErrorCode::kRequestTimedOut:
      return ErrorCode::kCoordinatorNotAvailable;
    case ErrorCode::kNotLeaderOrFollower:
    case ErrorCode::kKafkaStorageError:
      return ErrorCode::kNotCoordinator;
    case ErrorCode::kMessageTooLarge:
    case ErrorCode::kRecordListTooLarge:
    case ErrorCode::kInvalidFetchSize:
      return ErrorCode::kUnknownServerError;
    default:
      return code;
  }
}

GroupShard::Impl::Impl(const GroupOptions& options, OffsetStore& store, Random& random)
    : options_(options),
      store_(store),
      random_(random),
      expiry_timer_(timers_, Timer::Kind::kExpiry, this) {}

ErrorCode GroupShard::Impl::PhaseError() const {
  switch (phase_) {
    case Phase::kLoading:
      return ErrorCode::kCoordinatorLoadInProgress;
    case Phase::kStopped:
      return ErrorCode::kNotCoordinator;
    case Phase::kActive:
      break;
  }
  return ErrorCode::kNone;
}

ClassicGroup* GroupShard::Impl::FindGroup(std::string_view group_id) {
  const auto found = groups_.find(group_id);
  return found == groups_.end() ? nullptr : found->second.get();
}

ClassicGroup& GroupShard::Impl::MakeGroup(std::string_view group_id, Now now) {
  auto& slot = groups_[std::string(group_id)];
  if (!slot) slot = std::make_unique<ClassicGroup>(std::string(group_id), timers_, now.wall);
  return *slot;
}

Status GroupShard::Impl::Load() {
  RUNNEL_ASSIGN_OR_RETURN(const std::optional<std::string> applied, store_.Get(kAppliedKey));
  if (applied) {
    const auto end = DecodeOffset(*applied);
    if (!end) return Error(ErrorCode::kCorruptMessage, "the offset store's applied offset is bad");
    applied_end_ = *end;
  }
  Status result;
  const auto load_group = [&](std::string_view key, std::string_view value) {
    const auto group_id = GroupOfStoreKey(key);
    if (group_id) result.Update(ReplayGroup(*group_id, value));
    return true;
  };
  RUNNEL_RETURN_IF_ERROR(store_.Scan(kGroupPrefix, PrefixEnd(kGroupPrefix), load_group));
  const auto load_pending = [&](std::string_view key, std::string_view) {
    std::string_view offset_key;
    if (const auto producer = ProducerOfTxnKey(key, &offset_key)) {
      if (pending_by_producer_[*producer].insert(std::string(offset_key)).second) {
        ++pending_counts_[std::string(offset_key)];
      }
    }
    return true;
  };
  RUNNEL_RETURN_IF_ERROR(store_.Scan(kTxnPrefix, PrefixEnd(kTxnPrefix), load_pending));
  return result;
}

Status GroupShard::Impl::Apply(const AppliedBatch& batch) {
  if (batch.end_offset <= applied_end_) return OkStatus();
  StoreBatch changes;
  Status result;
  for (const AppliedRecord& record : batch.records) {
    if (record.offset < applied_end_) continue;
    result.Update(ApplyRecord(record, batch, Source::kReplay, changes));
  }
  RUNNEL_RETURN_IF_ERROR(Store(std::move(changes), batch.end_offset));
  return result;
}

// A batch that could not be stored must not be followed by others: the store would claim to have
// applied what it misses. It stays where it is, and opening it again replays the rest.
Status GroupShard::Impl::Store(StoreBatch changes, Offset end_offset) {
  if (!store_status_.ok()) return store_status_;
  changes.Put(std::string(kAppliedKey), EncodeOffset(end_offset));
  store_status_ = store_.Write(changes);
  if (store_status_.ok()) applied_end_ = end_offset;
  return store_status_;
}

Status GroupShard::Impl::ApplyRecord(const AppliedRecord& record, const AppliedBatch& batch,
                                     Source source, StoreBatch& changes) {
  StatusOr<RecordKey> key = ParseKey(record.key);
  if (!key.ok()) {
    return Error(ErrorCode::kCorruptMessage,
                 StrCat("record key at offset ", record.offset, ": ", ToString(key.status())));
  }
  if (const auto* offset_key = std::get_if<OffsetCommitKey>(&*key)) {
    return ApplyOffset(*offset_key, record, batch.producer_id, changes);
  }
  if (const auto* group_key = std::get_if<GroupMetadataKey>(&*key)) {
    return ApplyGroup(group_key->group, record, source, changes);
  }
  if (const auto* other = std::get_if<OtherGroupKey>(&*key)) {
    std::string store_key = StrCat(OtherStorePrefix(other->group), record.key);
    if (record.value) {
      changes.Put(std::move(store_key), std::string(*record.value));
    } else {
      changes.Delete(std::move(store_key));
    }
  }
  return OkStatus();
}

// A plain tombstone also ends what open transactions have pending for the partition, as Kafka's
// replay does. A tombstone inside a transaction does not occur.
Status GroupShard::Impl::ApplyOffset(const OffsetCommitKey& key, const AppliedRecord& record,
                                     ProducerId producer_id, StoreBatch& changes) {
  const std::string store_key = OffsetStoreKey(key.group, key.topic, key.partition);
  if (!record.value) {
    changes.Delete(store_key);
    if (!pending_counts_.contains(store_key)) return OkStatus();
    std::vector<ProducerId> holders;
    for (const auto& [holder, keys] : pending_by_producer_) {
      if (keys.contains(store_key)) holders.push_back(holder);
    }
    for (const ProducerId holder : holders)
      ForgetPending(holder, store_key, changes);
    return OkStatus();
  }
  if (const auto value = DecodeOffsetCommitValue(*record.value); !value.ok()) {
    return Error(ErrorCode::kCorruptMessage,
                 StrCat("offset commit at offset ", record.offset, ": ", ToString(value.status())));
  }
  std::string stored = StoredOffset(record.offset, *record.value);
  if (producer_id < ProducerId(0)) {
    changes.Put(store_key, std::move(stored));
    return OkStatus();
  }
  if (pending_by_producer_[producer_id].insert(store_key).second) ++pending_counts_[store_key];
  changes.Put(TxnStorePrefix(producer_id) + store_key, std::move(stored));
  return OkStatus();
}

void GroupShard::Impl::ForgetPending(ProducerId producer_id, const std::string& offset_key,
                                     StoreBatch& changes) {
  const auto producer = pending_by_producer_.find(producer_id);
  if (producer == pending_by_producer_.end() || producer->second.erase(offset_key) == 0) return;
  if (producer->second.empty()) pending_by_producer_.erase(producer);
  const auto count = pending_counts_.find(offset_key);
  if (--count->second == 0) pending_counts_.erase(count);
  changes.Delete(TxnStorePrefix(producer_id) + offset_key);
}

Status GroupShard::Impl::ApplyGroup(const std::string& group_id, const AppliedRecord& record,
                                    Source source, StoreBatch& changes) {
  if (!record.value) {
    changes.Delete(GroupStoreKey(group_id));
    if (source == Source::kReplay) groups_.erase(group_id);
    return OkStatus();
  }
  if (source == Source::kReplay) {
    if (const Status status = ReplayGroup(group_id, *record.value); !status.ok()) {
      return Error(ErrorCode::kCorruptMessage,
                   StrCat("group metadata at offset ", record.offset, ": ", ToString(status)));
    }
  }
  changes.Put(GroupStoreKey(group_id), std::string(*record.value));
  return OkStatus();
}

Status GroupShard::Impl::ReplayGroup(const std::string& group_id, std::string_view value) {
  RUNNEL_ASSIGN_OR_RETURN(const GroupMetadataValue decoded, DecodeGroupMetadataValue(value));
  MakeGroup(group_id, Now{}).Load(decoded);
  return OkStatus();
}

void GroupShard::Impl::ReloadGroup(const std::string& group_id, Now now) {
  if (FindGroup(group_id) != nullptr) return;
  const auto value = store_.Get(GroupStoreKey(group_id));
  if (!value.ok() || !*value || !ReplayGroup(group_id, **value).ok()) return;
  for (const auto& [_, member] : FindGroup(group_id)->members)
    KeepAlive(*member, now);
}

// The newest record wins: a plain commit that stands behind the transactional one in the log is
// kept.
Status GroupShard::Impl::ApplyMarker(ProducerId producer_id, TransactionResult result,
                                     Offset offset) {
  if (offset < applied_end_) return OkStatus();
  StoreBatch changes;
  const auto pending = pending_by_producer_.find(producer_id);
  const std::set<std::string> keys =
      pending == pending_by_producer_.end() ? std::set<std::string>() : pending->second;
  const std::string prefix = TxnStorePrefix(producer_id);
  for (const std::string& key : keys) {
    if (result == TransactionResult::kCommit) {
      RUNNEL_ASSIGN_OR_RETURN(std::optional<std::string> ours, store_.Get(prefix + key));
      RUNNEL_ASSIGN_OR_RETURN(const std::optional<std::string> current, store_.Get(key));
      const auto current_offset = current ? RecordOffsetOf(*current) : std::nullopt;
      const auto our_offset = ours ? RecordOffsetOf(*ours) : std::nullopt;
      if (our_offset && (!current_offset || *current_offset < *our_offset)) {
        changes.Put(key, *std::move(ours));
      }
    }
    ForgetPending(producer_id, key, changes);
  }
  return Store(std::move(changes), offset + 1);
}

void GroupShard::Impl::Start(Now now) {
  phase_ = Phase::kActive;
  for (const auto& [_, group] : groups_) {
    for (const auto& [id, member] : group->members) {
      KeepAlive(*member, now);
      // Nobody of the process before this one is left. A static member is known by its name, and
      // takes its place back without a rebalance.
      const bool gone = member->client_host == kInProcessHost && !member->instance_id.has_value();
      if (gone) member->session.Set(now.elapsed);
    }
  }
  expiry_timer_.Set(now.elapsed + options_.offsets_retention_check_interval);
}

void GroupShard::Impl::Stop(Output& out) {
  if (phase_ == Phase::kStopped) return;
  phase_ = Phase::kStopped;
  for (const auto& [_, group] : groups_) {
    group->join_timer.Cancel();
    group->sync_timer.Cancel();
    group->pending.clear();
    for (const auto& [id, member] : group->members) {
      member->session.Cancel();
      FailJoin(out, member->awaiting_join, ErrorCode::kNotCoordinator, id);
      Answer(out, member->awaiting_sync,
             SyncGroupResponse{.error_code = ErrorCode::kNotCoordinator});
    }
  }
  expiry_timer_.Cancel();
}

void GroupShard::Impl::AddWrite(Output& out, Write write, Completion done) {
  write.id = next_write_id_++;
  CountInFlight(write, 1);
  in_flight_.emplace(write.id, InFlight{.write = write, .done = std::move(done)});
  out.writes.push_back(std::move(write));
}

void GroupShard::Impl::CountInFlight(const Write& write, int by) {
  for (const Record& record : write.records) {
    const StatusOr<RecordKey> parsed = ParseKey(record.key);
    if (!parsed.ok() || !record.value) continue;
    const auto* key = std::get_if<OffsetCommitKey>(&*parsed);
    if (key == nullptr) continue;
    const std::string store_key = OffsetStoreKey(key->group, key->topic, key->partition);
    FlightCount& count = offsets_in_flight_[store_key];
    (write.producer_id < ProducerId(0) ? count.plain : count.transactional) += by;
    if (count.plain == 0 && count.transactional == 0) offsets_in_flight_.erase(store_key);
  }
}

void GroupShard::Impl::OnWritten(uint64_t id, const StatusOr<Offset>& base_offset, Now now,
                                 Output& out) {
  auto node = in_flight_.extract(id);
  RUNNEL_CHECK(!node.empty());
  InFlight flight = std::move(node.mapped());
  CountInFlight(flight.write, -1);
  Status status = base_offset.status();
  if (status.ok()) {
    AppliedBatch batch{.end_offset = *base_offset + int64_t(flight.write.records.size()),
                       .producer_id = flight.write.producer_id};
    StoreBatch changes;
    Offset offset = *base_offset;
    for (const Record& record : flight.write.records) {
      const AppliedRecord applied{.offset = offset, .key = record.key, .value = record.value};
      status.Update(ApplyRecord(applied, batch, Source::kOwnWrite, changes));
      ++offset;
    }
    status.Update(Store(std::move(changes), batch.end_offset));
  }
  flight.done(status, now, out);
}

void GroupShard::Impl::OnTime(Now now, Output& out) {
  while (Timer* timer = timers_.PopDue(now.elapsed)) {
    switch (timer->kind()) {
      case Timer::Kind::kSession:
        OnSessionTimer(*static_cast<Member*>(timer->owner()), now, out);
        break;
      case Timer::Kind::kPendingMember:
        OnPendingTimer(*static_cast<PendingMember*>(timer->owner()), now, out);
        break;
      case Timer::Kind::kJoin:
        OnJoinTimer(*static_cast<ClassicGroup*>(timer->owner()), now, out);
        break;
      case Timer::Kind::kSync:
        OnSyncTimer(*static_cast<ClassicGroup*>(timer->owner()), now, out);
        break;
      case Timer::Kind::kExpiry:
        OnExpiryTimer(now, out);
        break;
    }
  }
}

}  // namespace runnel::group
