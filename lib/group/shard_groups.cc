#include <algorithm>
#include <cctype>

#include "base/strings.h"
#include "group/shard_impl.h"
#include "group/store_keys.h"

namespace runnel::group {
namespace {

constexpr int16_t kFirstVersionWithDescribeError = 6;

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

bool Passes(const std::vector<std::string>& filter, std::string_view word) {
  return filter.empty() || std::any_of(filter.begin(), filter.end(), [&](const auto& wanted) {
           return EqualIgnoringCase(wanted, word);
         });
}

// What a record type says about the kind of its group, and whether it stands for a member.
std::string_view KindOf(int16_t type) {
  if ((type >= 3 && type <= 8) || type == 16) return "consumer";
  return type <= 15 ? "share" : "streams";
}
bool IsMemberRecord(int16_t type) {
  return type == 5 || type == 10 || type == 19;
}

}  // namespace

StatusOr<bool> GroupShard::Impl::HasOffsets(std::string_view group_id) {
  if (group_id.size() > 0xffff) return false;
  const std::string prefix = OffsetStorePrefix(group_id);
  const auto begins = [&](const auto& entries) {
    const auto it = entries.lower_bound(prefix);
    return it != entries.end() && it->first.starts_with(prefix);
  };
  if (begins(offsets_in_flight_) || begins(pending_counts_)) return true;
  bool found = false;
  const Status status = store_.Scan(prefix, PrefixEnd(prefix), [&](auto, auto) {
    found = true;
    return false;
  });
  if (!status.ok()) return status;
  return found;
}

StatusOr<std::vector<std::string>> GroupShard::Impl::OtherRecordKeys(std::string_view group_id) {
  std::vector<std::string> keys;
  const std::string prefix = OtherStorePrefix(group_id);
  const Status status = store_.Scan(prefix, PrefixEnd(prefix), [&](std::string_view key, auto) {
    keys.emplace_back(key.substr(prefix.size()));
    return true;
  });
  if (!status.ok()) return status;
  return keys;
}

StatusOr<GroupShard::Impl::OtherGroup> GroupShard::Impl::FindOther(std::string_view group_id) {
  OtherGroup other;
  if (group_id.size() > 0xffff) return other;
  const auto keys = OtherRecordKeys(group_id);
  if (!keys.ok()) return keys.status();
  for (const std::string& key : *keys) {
    const auto parsed = ParseKey(key);
    const auto* known = parsed.ok() ? std::get_if<OtherGroupKey>(&*parsed) : nullptr;
    if (known == nullptr) continue;
    other.type = KindOf(known->type);
    other.has_members |= IsMemberRecord(known->type);
  }
  return other;
}

DescribedGroup GroupShard::Impl::DescribeGroup(std::string_view group_id,
                                               const RequestContext& context) {
  DescribedGroup result{.error_code = PhaseError(), .group_id = std::string(group_id)};
  if (result.error_code != ErrorCode::kNone) return result;
  const ClassicGroup* group = FindGroup(group_id);
  if (group == nullptr) {
    const auto has_offsets = HasOffsets(group_id);
    if (has_offsets.ok() && *has_offsets) {
      const auto other = FindOther(group_id);
      if (other.ok() && other->type.empty()) {
        result.group_state = NameOf(GroupState::kEmpty);
        return result;
      }
    }
    result.group_state = NameOf(GroupState::kDead);
    if (context.api_version >= kFirstVersionWithDescribeError) {
      result.error_code = ErrorCode::kGroupIdNotFound;
      result.error_message = base::StrCat("group ", group_id, " does not exist");
    }
    return result;
  }
  result.group_state = NameOf(group->state);
  result.protocol_type = group->protocol_type;
  const bool stable = group->state == GroupState::kStable;
  if (stable) result.protocol_data = group->protocol.value_or("");
  for (const auto& [id, member] : group->members) {
    result.members.push_back(
        {.member_id = id,
         .group_instance_id = member->instance_id,
         .client_id = member->client_id,
         .client_host = member->client_host,
         .member_metadata = stable ? member->Metadata(result.protocol_data) : std::string(),
         .member_assignment = stable ? member->assignment : std::string()});
  }
  return result;
}

// Groups that only commit offsets exist in the store alone. Their names are found by skipping from
// group to group, which costs one look-up each.
StatusOr<std::vector<std::string>> GroupShard::Impl::GroupsWithOffsets() {
  std::vector<std::string> names;
  for (const std::string_view prefix : {kOffsetPrefix, kOtherPrefix}) {
    std::string cursor(prefix);
    const std::string end = PrefixEnd(prefix);
    while (true) {
      std::optional<std::string> name;
      const Status status = store_.Scan(cursor, end, [&](std::string_view key, auto) {
        name = GroupOfStoreKey(key);
        return false;
      });
      if (!status.ok()) return status;
      if (!name) break;
      cursor =
          PrefixEnd(prefix == kOffsetPrefix ? OffsetStorePrefix(*name) : OtherStorePrefix(*name));
      names.push_back(*std::move(name));
    }
  }
  return names;
}

std::vector<ListedGroup> GroupShard::Impl::ListGroups(const ListGroupsRequest& request) {
  std::vector<ListedGroup> result;
  if (phase_ != Phase::kActive) return result;
  const auto add = [&](ListedGroup group) {
    if (Passes(request.states_filter, group.group_state) &&
        Passes(request.types_filter, group.group_type)) {
      result.push_back(std::move(group));
    }
  };
  for (const auto& [id, group] : groups_) {
    add({.group_id = id,
         .protocol_type = group->protocol_type,
         .group_state = std::string(NameOf(group->state)),
         .group_type = "classic"});
  }
  auto names = GroupsWithOffsets();
  if (!names.ok()) return result;
  std::sort(names->begin(), names->end());
  names->erase(std::unique(names->begin(), names->end()), names->end());
  for (const std::string& name : *names) {
    if (groups_.contains(name)) continue;
    const auto other = FindOther(name);
    if (other.ok() && !other->type.empty()) {
      add({.group_id = name,
           .protocol_type = other->type == "streams" ? "streams" : other->type,
           .group_state = other->has_members ? "Stable" : "Empty",
           .group_type = other->type});
    } else {
      add({.group_id = name, .group_state = "Empty", .group_type = "classic"});
    }
  }
  return result;
}

Record GroupShard::Impl::Tombstone(const std::string& offset_key) {
  return {.key = EncodeKey(*ParseOffsetStoreKey(offset_key))};
}

StatusOr<std::vector<std::string>> GroupShard::Impl::OffsetKeysOf(std::string_view group_id) {
  std::set<std::string> keys;
  const std::string prefix = OffsetStorePrefix(group_id);
  const Status status = store_.Scan(prefix, PrefixEnd(prefix), [&](std::string_view key, auto) {
    keys.emplace(key);
    return true;
  });
  if (!status.ok()) return status;
  const auto add_from = [&](const auto& entries) {
    for (auto it = entries.lower_bound(prefix);
         it != entries.end() && it->first.starts_with(prefix); ++it) {
      keys.insert(it->first);
    }
  };
  add_from(offsets_in_flight_);
  add_from(pending_counts_);
  return std::vector<std::string>(keys.begin(), keys.end());
}

void GroupShard::Impl::DeleteGroup(std::string_view group_id, Reply<ErrorCode> reply, Now,
                                   Output& out) {
  const auto fail = [&](ErrorCode code) { Answer(out, reply, code); };
  if (const ErrorCode code = PhaseError(); code != ErrorCode::kNone) return fail(code);
  if (group_id.size() > 0xffff) return fail(ErrorCode::kGroupIdNotFound);
  ClassicGroup* group = FindGroup(group_id);
  if (group != nullptr && (group->state != GroupState::kEmpty || !group->pending.empty())) {
    return fail(ErrorCode::kNonEmptyGroup);
  }
  const auto offsets = OffsetKeysOf(group_id);
  const auto other = FindOther(group_id);
  const auto other_keys = OtherRecordKeys(group_id);
  if (!offsets.ok() || !other.ok() || !other_keys.ok()) {
    return fail(ErrorCode::kUnknownServerError);
  }
  if (other->has_members) return fail(ErrorCode::kNonEmptyGroup);
  if (group == nullptr && offsets->empty() && other_keys->empty()) {
    return fail(ErrorCode::kGroupIdNotFound);
  }
  const std::string id(group_id);
  Write write;
  for (const std::string& key : *offsets)
    write.records.push_back(Tombstone(key));
  for (const std::string& key : *other_keys)
    write.records.push_back({.key = key});
  write.records.push_back({.key = EncodeKey(GroupMetadataKey{.group = id})});
  groups_.erase(id);
  AddWrite(
      out, std::move(write),
      [this, id, reply = std::move(reply)](const Status& status, Now later, Output& done) mutable {
        if (!status.ok()) ReloadGroup(id, later);
        Answer(done, reply, ToClientError(status));
      });
}

}  // namespace runnel::group
