// Dropping offsets that nobody has use for.
#include "base/strings.h"
#include "group/shard_impl.h"
#include "group/store_keys.h"

namespace runnel::group {
namespace {

// Offsets looked at in one go: bounds the time the shard is held and the size of a write. The
// sweep goes on a moment later.
constexpr int kSweepStep = 1000;
constexpr Elapsed kSweepPause = std::chrono::milliseconds(1);

}  // namespace

bool GroupShard::Impl::IsExpired(const OffsetCommitKey& key, const OffsetCommitValue& value,
                                 Now now) {
  if (IsUnstable(OffsetStoreKey(key.group, key.topic, key.partition))) return false;
  Timestamp since{std::chrono::milliseconds(value.commit_timestamp)};
  if (const ClassicGroup* group = FindGroup(key.group); group != nullptr) {
    const bool simple = group->protocol_type.empty();
    if (group->state == GroupState::kEmpty) {
      // A group is on the shelf since its last member left, whenever it last committed.
      if (!simple) since = std::max(since, group->state_since);
    } else if (group->state == GroupState::kStable) {
      const auto subscribed = group->Subscribed();
      if (!subscribed || subscribed->contains(key.topic)) return false;
    } else {
      return false;
    }
  }
  const int64_t now_ms = now.wall.time_since_epoch().count();
  if (value.expire_timestamp >= 0) return now_ms >= value.expire_timestamp;
  return now_ms - since.time_since_epoch().count() >= options_.offsets_retention.count();
}

void GroupShard::Impl::OnExpiryTimer(Now now, Output& out) {
  const std::string begin =
      expiry_cursor_.empty() ? std::string(kOffsetPrefix) : std::exchange(expiry_cursor_, {});
  std::vector<Record> tombstones;
  std::set<std::string> groups;
  int seen = 0;
  const auto visit = [&](std::string_view text, std::string_view stored) {
    if (seen++ == kSweepStep) {
      expiry_cursor_ = text;
      return false;
    }
    const auto key = ParseOffsetStoreKey(text);
    if (!key || stored.size() < 8 || offsets_in_flight_.contains(text)) return true;
    const auto value = DecodeOffsetCommitValue(stored.substr(8));
    if (!value.ok() || !IsExpired(*key, *value, now)) return true;
    tombstones.push_back(Tombstone(std::string(text)));
    groups.insert(key->group);
    return true;
  };
  const Status status = store_.Scan(begin, PrefixEnd(kOffsetPrefix), visit);
  WriteTombstones(std::move(tombstones), std::move(groups), out);
  if (status.ok() && !expiry_cursor_.empty()) {
    return expiry_timer_.Set(now.elapsed + kSweepPause);
  }
  std::vector<std::string> names;
  for (const auto& [id, _] : groups_)
    names.push_back(id);
  for (const std::string& id : names)
    MaybeDropGroup(id, out);
  expiry_timer_.Set(now.elapsed + options_.offsets_retention_check_interval);
}

void GroupShard::Impl::WriteTombstones(std::vector<Record> records, std::set<std::string> groups,
                                       Output& out) {
  if (records.empty()) return;
  Write write{.records = std::move(records)};
  AddWrite(out, std::move(write),
           [this, groups = std::move(groups)](const Status& status, Now, Output& done) {
             if (!status.ok()) return;  // the next sweep tries again
             for (const std::string& id : groups)
               MaybeDropGroup(id, done);
           });
}

void GroupShard::Impl::MaybeDropGroup(const std::string& group_id, Output& out) {
  const ClassicGroup* group = FindGroup(group_id);
  if (group == nullptr || group->state != GroupState::kEmpty || !group->pending.empty()) return;
  const auto has_offsets = HasOffsets(group_id);
  if (!has_offsets.ok() || *has_offsets) return;
  Write write;
  write.records.push_back({.key = EncodeKey(GroupMetadataKey{.group = group_id})});
  groups_.erase(group_id);
  AddWrite(out, std::move(write), [this, group_id](const Status& status, Now now, Output&) {
    if (!status.ok()) ReloadGroup(group_id, now);
  });
}

}  // namespace runnel::group
