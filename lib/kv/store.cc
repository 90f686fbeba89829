#include "kv/store.h"

#include <utility>

#include "base/bytes.h"
#include "base/files.h"
#include "base/status.h"
#include "base/strings.h"
#include "kv/store_internal.h"

namespace runnel::kv {
namespace {

using base::StrCat;

// The first string after all strings that start with `prefix`; nullopt when there is none.
std::optional<std::string> EndOfPrefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    if (static_cast<unsigned char>(end.back()) != 0xff) {
      end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
      return end;
    }
    end.pop_back();
  }
  return std::nullopt;
}

bool IsGoodName(std::string_view name) {
  if (name.empty() || name.size() > 200 || name.front() == '.') return false;
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
         std::string_view::npos;
}

StoreKind ResolveKind(const StoreOptions& options) {
  if (options.kind != StoreKind::kDefault) return options.kind;
  return options.directory == nullptr ? StoreKind::kMemory : StoreKind::kLogBacked;
}

Status CheckOptions(const StoreOptions& options) {
  if (ResolveKind(options) != StoreKind::kMemory && options.directory == nullptr) {
    return Error(ErrorCode::kInvalidConfig,
                 StrCat("a ", NameOf(options.kind), " store needs a directory"));
  }
  if (!IsGoodName(options.name)) {
    return Error(ErrorCode::kInvalidConfig,
                 StrCat("store name '", options.name, "' is not 1 to 200 of [a-zA-Z0-9._-]"));
  }
  if (options.block_cache_bytes < 65536 || options.write_buffer_bytes < 65536) {
    return Error(ErrorCode::kInvalidConfig,
                 StrCat("store memory of ", options.block_cache_bytes, " and ",
                        options.write_buffer_bytes, " bytes: each must be at least 65536"));
  }
  return OkStatus();
}

}  // namespace

void WriteBatch::Put(std::string_view key, std::string_view value) {
  reserved_key_ |= internal::IsReserved(key);
  operations_.push_back({std::string(key), std::string(value)});
}

void WriteBatch::Delete(std::string_view key) {
  reserved_key_ |= internal::IsReserved(key);
  operations_.push_back({std::string(key), std::nullopt});
}

void WriteBatch::SetApplied(std::string_view log, Offset last) {
  if (last == kNoOffset) {
    operations_.push_back({internal::AppliedKey(log), std::nullopt});
    return;
  }
  operations_.push_back({internal::AppliedKey(log), internal::EncodeOffset(last)});
}

void WriteBatch::Clear() {
  operations_.clear();
  reserved_key_ = false;
}

Status WriteBatch::Check() const {
  if (reserved_key_) {
    return Error(ErrorCode::kInvalidRequest, "a store key must not begin with byte 0");
  }
  for (const Operation& operation : operations_) {
    if (operation.key.empty() || operation.key == internal::kAppliedPrefix) {
      return Error(ErrorCode::kInvalidRequest, "a store key or log name must not be empty");
    }
    if (operation.key.size() > kMaxKeyBytes) {
      return Error(ErrorCode::kInvalidRequest, StrCat("a store key of ", operation.key.size(),
                                                      " bytes is above ", kMaxKeyBytes));
    }
    if (operation.value.has_value() && operation.value->size() > kMaxValueBytes) {
      return Error(ErrorCode::kInvalidRequest, StrCat("a store value of ", operation.value->size(),
                                                      " bytes is above ", kMaxValueBytes));
    }
  }
  return OkStatus();
}

KeyRange KeyRange::All() {
  return {.begin = internal::FirstUserKey(), .end = std::nullopt};
}

KeyRange KeyRange::Prefix(std::string_view prefix) {
  if (prefix.empty()) return All();
  return {.begin = std::string(prefix), .end = EndOfPrefix(prefix)};
}

std::string_view NameOf(StoreKind kind) {
  switch (kind) {
    case StoreKind::kDefault:
      return "default";
    case StoreKind::kMemory:
      return "memory";
    case StoreKind::kLogBacked:
      return "log-backed";
    case StoreKind::kRocksDb:
      return "rocksdb";
  }
  return "unknown";
}

std::optional<StoreKind> ParseStoreKind(std::string_view name) {
  for (const StoreKind kind :
       {StoreKind::kDefault, StoreKind::kMemory, StoreKind::kLogBacked, StoreKind::kRocksDb}) {
    if (name == NameOf(kind)) return kind;
  }
  return std::nullopt;
}

bool IsBuiltIn(StoreKind kind) {
#ifdef RUNNEL_HAVE_ROCKSDB
  constexpr bool kHaveRocksDb = true;
#else
  constexpr bool kHaveRocksDb = false;
#endif
  return kHaveRocksDb || kind != StoreKind::kRocksDb;
}

StatusOr<std::unique_ptr<Store>> OpenStore(const StoreOptions& options,
                                           [[maybe_unused]] Logger& logger) {
  RUNNEL_RETURN_IF_ERROR(CheckOptions(options));
  switch (ResolveKind(options)) {
    case StoreKind::kDefault:
      break;
    case StoreKind::kMemory:
      return internal::NewMemoryStore();
    case StoreKind::kLogBacked:
      return internal::OpenLogBackedStore(options, logger);
    case StoreKind::kRocksDb:
#ifdef RUNNEL_HAVE_ROCKSDB
      return internal::OpenRocksDbStore(options, logger);
#else
      return Error(ErrorCode::kInvalidConfig,
                   "store kind rocksdb is not in this build of Runnel: install RocksDB's "
                   "development files and build with RUNNEL_WITH_ROCKSDB=ON, or use log-backed");
#endif
  }
  return Error(ErrorCode::kInvalidConfig, "unknown kind of store");
}

Status DestroyStore(const StoreOptions& options) {
  RUNNEL_RETURN_IF_ERROR(CheckOptions(options));
  if (options.directory == nullptr) return OkStatus();
  Directory& directory = *options.directory;
  if (const Status status = directory.Remove(internal::SnapshotName(options));
      !status.ok() && !runnel::IsNotFound(status)) {
    return status;
  }
  RUNNEL_RETURN_IF_ERROR(base::RemoveTree(directory, internal::RocksDbName(options)));
  return directory.Sync("");
}

namespace internal {

std::string AppliedKey(std::string_view log) {
  return StrCat(kAppliedPrefix, log);
}

std::string EncodeOffset(Offset offset) {
  std::string bytes;
  base::ByteWriter(bytes).WriteInt64(offset.value());
  return bytes;
}

Offset DecodeOffset(std::string_view value) {
  return value.size() == 8 ? Offset(base::LoadBigEndian<int64_t>(value.data())) : kNoOffset;
}

std::string FirstUserKey() {
  return "\1";
}

std::string SnapshotName(const StoreOptions& options) {
  return StrCat(options.name, ".kv");
}

std::string RocksDbName(const StoreOptions& options) {
  return StrCat(options.name, ".rocksdb");
}

}  // namespace internal
}  // namespace runnel::kv
