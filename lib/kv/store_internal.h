// What the stores share; not for users of kv.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kv/store.h"

namespace runnel::kv::internal {

// Reserved keys: byte 0, a letter, a name. They sort before every user key.
inline constexpr std::string_view kAppliedPrefix("\0a", 2);

// The key under which the applied offset of `log` is kept; the value is 8 bytes, big-endian.
std::string AppliedKey(std::string_view log);
std::string EncodeOffset(Offset offset);
// kNoOffset when `value` is not 8 bytes.
Offset DecodeOffset(std::string_view value);

// The first key a user may write.
std::string FirstUserKey();
inline bool IsReserved(std::string_view key) {
  return !key.empty() && key.front() == '\0';
}

std::unique_ptr<Store> NewMemoryStore();
StatusOr<std::unique_ptr<Store>> OpenLogBackedStore(const StoreOptions& options, Logger& logger);
// File names inside options.directory.
std::string SnapshotName(const StoreOptions& options);
std::string RocksDbName(const StoreOptions& options);
#ifdef RUNNEL_HAVE_ROCKSDB
StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(const StoreOptions& options, Logger& logger);
#endif

}  // namespace runnel::kv::internal
