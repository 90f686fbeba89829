// Where a group shard keeps what must not fill the heap: committed offsets and group records.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/functional/function_ref.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/error.h"

namespace runnel::group {

// Changes that become visible, and durable if the store is, together.
struct StoreBatch {
  struct Change {
    std::string key = {};
    std::optional<std::string> value = {};  // nullopt: delete
  };
  std::vector<Change> changes = {};  // applied in order

  void Put(std::string key, std::string value) {
    changes.push_back({.key = std::move(key), .value = std::move(value)});
  }
  void Delete(std::string key) { changes.push_back({.key = std::move(key)}); }
};

// A sorted map from bytes to bytes, one per shard; keys and values are the shard's business. The
// broker backs it with a key-value store and may give each shard a prefix of its own. The log is
// the truth: a store that lost a suffix of its batches is brought up to date by replaying from
// GroupShard::applied_end_offset().
//
// Thread safety: thread-compatible; a shard calls its store under the lock that guards the shard.
class OffsetStore {
 public:
  virtual ~OffsetStore() = default;

  virtual StatusOr<std::optional<std::string>> Get(std::string_view key) = 0;
  // Calls `visit` with the entries of [begin, end) in the order of their bytes, until it returns
  // false. `visit` must not change the store. Lifetime: the views die when it returns.
  virtual Status Scan(
      std::string_view begin, std::string_view end,
      absl::FunctionRef<bool(std::string_view key, std::string_view value)> visit) = 0;
  virtual Status Write(const StoreBatch& batch) = 0;
};

// Keeps everything in memory. For tests and brokers without files.
class MemoryOffsetStore final : public OffsetStore {
 public:
  StatusOr<std::optional<std::string>> Get(std::string_view key) override;
  Status Scan(std::string_view begin, std::string_view end,
              absl::FunctionRef<bool(std::string_view key, std::string_view value)> visit) override;
  Status Write(const StoreBatch& batch) override;

 private:
  absl::btree_map<std::string, std::string, std::less<>> entries_;
};

}  // namespace runnel::group
