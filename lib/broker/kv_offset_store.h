// The part of a key-value store that belongs to one group shard.
#pragma once

#include <cstdint>
#include <string>

#include "group/offset_store.h"
#include "kv/store.h"

namespace runnel::broker {

// Keys are [letter 's'][shard: 4, big-endian][key of the shard].
//
// Lifetime: the store outlives it.
class KvOffsetStore final : public group::OffsetStore {
 public:
  KvOffsetStore(kv::Store& store, int32_t shard);

  StatusOr<std::optional<std::string>> Get(std::string_view key) override;
  Status Scan(std::string_view begin, std::string_view end,
              absl::FunctionRef<bool(std::string_view key, std::string_view value)> visit) override;
  Status Write(const group::StoreBatch& batch) override;
  // Drops everything of this shard.
  Status Clear();

 private:
  std::string KeyOf(std::string_view key) const;

  kv::Store& store_;
  const std::string prefix_;
};

}  // namespace runnel::broker
