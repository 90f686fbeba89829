#include "broker/kv_offset_store.h"

#include "base/bytes.h"

namespace runnel::broker {
namespace {

std::string PrefixOf(int32_t shard) {
  std::string prefix(5, 's');
  base::StoreBigEndian<int32_t>(prefix.data() + 1, shard);
  return prefix;
}

}  // namespace

KvOffsetStore::KvOffsetStore(kv::Store& store, int32_t shard)
    : store_(store), prefix_(PrefixOf(shard)) {}

std::string KvOffsetStore::KeyOf(std::string_view key) const {
  return prefix_ + std::string(key);
}

StatusOr<std::optional<std::string>> KvOffsetStore::Get(std::string_view key) {
  return store_.Get(KeyOf(key));
}

Status KvOffsetStore::Scan(
    std::string_view begin, std::string_view end,
    absl::FunctionRef<bool(std::string_view key, std::string_view value)> visit) {
  const kv::KeyRange range{.begin = KeyOf(begin), .end = KeyOf(end)};
  return store_.Scan(range, [&](std::string_view key, std::string_view value) {
    return visit(key.substr(prefix_.size()), value);
  });
}

Status KvOffsetStore::Write(const group::StoreBatch& batch) {
  kv::WriteBatch writes;
  for (const group::StoreBatch::Change& change : batch.changes) {
    if (change.value.has_value()) {
      writes.Put(KeyOf(change.key), *change.value);
    } else {
      writes.Delete(KeyOf(change.key));
    }
  }
  return store_.Write(writes);
}

Status KvOffsetStore::Clear() {
  kv::WriteBatch deletes;
  const Status status =
      store_.Scan(kv::KeyRange::Prefix(prefix_), [&](std::string_view key, std::string_view) {
        deletes.Delete(key);
        return true;
      });
  if (!status.ok()) return status;
  return store_.Write(deletes);
}

}  // namespace runnel::broker
