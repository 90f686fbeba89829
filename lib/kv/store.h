// The key-value stores that hold what the internal logs add up to.
//
// The log is the truth, a store is its view: every batch carries the log offset it has applied, so
// that after a crash the owner reads AppliedOffset() and replays the log from there. A store that
// is missing, damaged or of another kind than before is therefore merely empty; RocksDB's own
// write-ahead log is off for the same reason.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/error.h"
#include "runnel/file_system.h"
#include "runnel/logger.h"
#include "runnel/options.h"
#include "runnel/types.h"

namespace runnel::kv {

// Bounds on one entry; Write refuses more with kInvalidRequest.
inline constexpr size_t kMaxKeyBytes = size_t{128} << 10;
inline constexpr size_t kMaxValueBytes = size_t{256} << 20;

// Changes that happen together or not at all, in the order they were added.
//
// Keys are 1 to kMaxKeyBytes bytes and do not begin with the byte 0, which is reserved for the
// store's own entries.
//
// Thread safety: thread-compatible.
class WriteBatch final {
 public:
  struct Operation {
    std::string key;
    std::optional<std::string> value;  // nullopt deletes the key
  };

  // Sets `key` to `value`.
  void Put(std::string_view key, std::string_view value);
  // Removes `key`; nothing happens when there is none.
  void Delete(std::string_view key);
  // Says that with this batch everything up to and including `last` of `log` is in the store.
  // `log` is any name of at least one byte, such as "__consumer_offsets-3". kNoOffset (-1) forgets
  // it.
  void SetApplied(std::string_view log, Offset last);
  // Empties the batch and keeps its memory.
  void Clear();

  bool empty() const { return operations_.empty(); }
  // For stores: operations in order; SetApplied appears as an entry under a reserved key.
  const std::vector<Operation>& operations() const { return operations_; }
  // For stores: whether a key or value breaks the rules above, so that the batch is refused.
  Status Check() const;

 private:
  std::vector<Operation> operations_;
  bool reserved_key_ = false;  // a caller used a key that begins with byte 0
};

// The keys k with begin <= k < end, in byte order.
struct KeyRange {
  std::string begin = {};
  std::optional<std::string> end = {};  // nullopt: to the last key

  // Every key that users may write.
  static KeyRange All();
  // The keys that start with `prefix`.
  static KeyRange Prefix(std::string_view prefix);
};

// How large a store is. Estimates: RocksDB does not count exactly.
struct StoreStats {
  int64_t entry_count = 0;   // user entries
  int64_t memory_bytes = 0;  // heap held for entries, tables and caches
  int64_t disk_bytes = 0;    // size of its files
};

// What OpenStore found.
struct OpenReport {
  bool damaged = false;     // content was unusable and dropped; the store began empty
  std::string reason = {};       // why, naming the file; empty when not damaged
  int64_t entry_count = 0;  // as StoreStats::entry_count
};

// An ordered map of bytes to bytes.
//
// Thread safety: thread-safe. Readers see a batch entirely or not at all.
// Errors, of all methods: kKafkaStorageError when the disk fails (the store should be closed and
// opened again); kCorruptMessage when content turns out damaged (call Clear() and replay the logs).
class Store {
 public:
  // Return false to stop the scan. The views die when it returns.
  using Visitor = absl::FunctionRef<bool(std::string_view key, std::string_view value)>;

  // Does not write: what came after the last Checkpoint() or Close() is replayed by the owner.
  virtual ~Store() = default;

  // The value of `key`; nullopt when there is none.
  virtual StatusOr<std::optional<std::string>> Get(std::string_view key) const = 0;

  // Visits the entries of `range` in rising order of keys. Runs without locks held, so `visit` may
  // read and write the store. An entry that is not written meanwhile is visited exactly once; of
  // entries that are, the visitor sees a state they had during the scan.
  virtual Status Scan(const KeyRange& range, Visitor visit) const = 0;

  // Applies a batch. When it returns the batch is visible to readers; it is not yet on disk.
  // Errors: kInvalidRequest when a key or value breaks the rules of WriteBatch; nothing is applied.
  virtual Status Write(const WriteBatch& batch) = 0;

  // The offset given to SetApplied by the newest batch; kNoOffset when there was none. After a
  // crash it may be lower than before: replay the log from the offset behind it. If it is at or
  // above the end of the log, the log has lost its tail and the store must be cleared.
  virtual Offset AppliedOffset(std::string_view log) const = 0;

  // Makes everything written so far durable; cheap when nothing was. A memory store does nothing.
  // Cost: LogBacked writes all entries anew, RocksDB what came since the last time.
  virtual Status Checkpoint() = 0;

  // Drops all entries and applied offsets, durably.
  virtual Status Clear() = 0;

  // Checkpoints and lets go of the files. Later calls fail. Calling it again does nothing.
  virtual Status Close() = 0;

  virtual StoreStats Stats() const = 0;
  virtual const OpenReport& open_report() const = 0;
};

// "default", "memory", "log-backed", "rocksdb".
std::string_view NameOf(StoreKind kind);
// The reverse of NameOf; nullopt for another word.
std::optional<StoreKind> ParseStoreKind(std::string_view name);
// Whether OpenStore can open this kind in this build.
bool IsBuiltIn(StoreKind kind);

struct StoreOptions {
  // kDefault: kLogBacked with a directory, else kMemory.
  StoreKind kind = StoreKind::kDefault;

  // Where its files live; borrowed, must outlive the store. May be null for kMemory. RocksDB goes
  // to directory->path() on the computer's own disk, whatever FileSystem the directory is of.
  Directory* directory = nullptr;

  // Letters, digits, '-', '_' and '.': kLogBacked keeps the file `<name>.kv`, kRocksDb the folder
  // `<name>.rocksdb`.
  std::string name = "store";

  // RocksDB: memory for blocks read from disk, at least 64 KiB. Larger makes reads of a view that
  // exceeds it faster.
  int64_t block_cache_bytes = int64_t{8} << 20;

  // RocksDB: memory for entries that are not in files yet, at least 64 KiB; twice that for moments.
  int64_t write_buffer_bytes = int64_t{4} << 20;
};

// Opens or creates a store. Damaged content is dropped, logged as a warning and reported in
// open_report(); the caller replays its logs as AppliedOffset() says.
// Errors: kInvalidConfig for bad options, and for kRocksDb when this build has none;
// kKafkaStorageError when the disk fails or another process holds the files.
StatusOr<std::unique_ptr<Store>> OpenStore(const StoreOptions& options, Logger& logger);

// Removes the files of every kind under options.name, so that the next OpenStore begins empty.
// The store must be closed.
Status DestroyStore(const StoreOptions& options);

}  // namespace runnel::kv
