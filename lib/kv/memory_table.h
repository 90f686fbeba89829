// An ordered map in memory: the memory store, and what the log-backed store keeps its view in.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/synchronization/mutex.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kv/store.h"

namespace runnel::kv::internal {

// Thread safety: thread-safe; many readers beside each other, one writer.
class MemoryTable final {
 public:
  std::optional<std::string> Get(std::string_view key) const;
  // Copies entries out in pages and visits them without the lock.
  void Scan(const KeyRange& range, Store::Visitor visit) const;
  // `batch` must have passed WriteBatch::Check.
  void Apply(const WriteBatch& batch);
  // Adds an entry behind all others; for loading a sorted snapshot.
  void AppendSorted(std::string key, std::string value);
  void Clear();

  struct Image {
    std::string bytes;     // entries: [key size: 4][key][value size: 4][value], sizes big-endian
    int64_t count = 0;     // reserved entries included
    uint64_t version = 0;  // version() of the content
  };
  // All entries at one point in time. Writers wait meanwhile.
  Image Encode() const;

  // Rises with every change.
  uint64_t version() const;
  StoreStats Stats() const;

 private:
  using Entries = absl::btree_map<std::string, std::string, std::less<>>;

  void PutLocked(const std::string& key, const std::string& value)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DeleteLocked(const std::string& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);
  int64_t content_bytes_ ABSL_GUARDED_BY(mutex_) = 0;   // keys and values
  int64_t reserved_count_ ABSL_GUARDED_BY(mutex_) = 0;  // entries under reserved keys
  uint64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace runnel::kv::internal
