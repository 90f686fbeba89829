#include "group/offset_store.h"

namespace runnel::group {

StatusOr<std::optional<std::string>> MemoryOffsetStore::Get(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

Status MemoryOffsetStore::Scan(
    std::string_view begin, std::string_view end,
    absl::FunctionRef<bool(std::string_view key, std::string_view value)> visit) {
  for (auto entry = entries_.lower_bound(begin); entry != entries_.end(); ++entry) {
    if (entry->first >= end || !visit(entry->first, entry->second)) break;
  }
  return OkStatus();
}

Status MemoryOffsetStore::Write(const StoreBatch& batch) {
  for (const StoreBatch::Change& change : batch.changes) {
    if (change.value) {
      entries_.insert_or_assign(change.key, *change.value);
    } else {
      entries_.erase(change.key);
    }
  }
  return OkStatus();
}

}  // namespace runnel::group
