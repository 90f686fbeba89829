// The store on RocksDB. Empty in a build without it.
//
// Its write-ahead log is off: a crash takes it back to the last flush, and because a batch goes
// into one memtable together with its applied offset, that is always a state between two batches.
#ifdef RUNNEL_HAVE_ROCKSDB

#include <absl/synchronization/mutex.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "kv/store_internal.h"

namespace runnel::kv::internal {
namespace {

using base::StrCat;

rocksdb::Slice AsSlice(std::string_view text) {
  return {text.data(), text.size()};
}

std::string_view AsView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// RocksDB writes a log of its own, with a timestamp per line; nobody reads it here.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::Options MakeOptions(const StoreOptions& options) {
  rocksdb::Options result;
  result.create_if_missing = true;
  result.info_log = std::make_shared<NoLog>();
  result.write_buffer_size = static_cast<size_t>(options.write_buffer_bytes);
  result.max_write_buffer_number = 2;
  result.max_open_files = 64;
  result.max_background_jobs = 2;
  result.avoid_unnecessary_blocking_io = true;
  result.stats_dump_period_sec = 0;  // no timer thread
  result.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(static_cast<size_t>(options.block_cache_bytes));
  table.cache_index_and_filter_blocks = true;  // so that the cache bounds them too
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  const auto codecs = rocksdb::GetSupportedCompressions();
  const bool has_lz4 = std::count(codecs.begin(), codecs.end(), rocksdb::kLZ4Compression) > 0;
  result.compression = has_lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  return result;
}

Status ToStatus(const rocksdb::Status& status, std::string_view path) {
  if (status.ok()) return OkStatus();
  const ErrorCode code =
      status.IsCorruption() ? ErrorCode::kCorruptMessage : ErrorCode::kKafkaStorageError;
  return Error(code, StrCat("store ", path, ": ", status.ToString()));
}

// Whether opening failed because of what the files say, and not because of who holds them or the
// disk.
bool IsDamage(const rocksdb::Status& status) {
  return status.IsCorruption() || status.IsNotFound() || status.IsPathNotFound() ||
         status.IsInvalidArgument() || status.IsNotSupported();
}

struct OpenedDb {
  std::unique_ptr<rocksdb::DB> db;
  OpenReport report;
};

StatusOr<OpenedDb> OpenDb(const StoreOptions& options, const std::string& path) {
  OpenedDb opened;
  const rocksdb::Options db_options = MakeOptions(options);
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(db_options, path, &db);
  if (IsDamage(status)) {
    opened.report.damaged = true;
    opened.report.reason = StrCat("store ", path, ": ", status.ToString());
    RUNNEL_RETURN_IF_ERROR(ToStatus(rocksdb::DestroyDB(path, db_options), path));
    status = rocksdb::DB::Open(db_options, path, &db);
  }
  RUNNEL_RETURN_IF_ERROR(ToStatus(status, path));
  opened.db.reset(db);
  return opened;
}

int64_t Property(rocksdb::DB& db, const std::string& name) {
  uint64_t value = 0;
  return db.GetIntProperty(name, &value) ? static_cast<int64_t>(value) : 0;
}

class RocksDbStore final : public Store {
 public:
  RocksDbStore(const StoreOptions& options, std::string path, OpenedDb opened)
      : options_(options),
        path_(std::move(path)),
        report_(std::move(opened.report)),
        db_(std::move(opened.db)) {
    report_.entry_count = Stats().entry_count;
  }

  StatusOr<std::optional<std::string>> Get(std::string_view key) const override {
    const base::ReaderLock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(CheckOpenLocked());
    std::string value;
    const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), AsSlice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    RUNNEL_RETURN_IF_ERROR(ToStatus(status, path_));
    return value;
  }

  Status Scan(const KeyRange& range, Visitor visit) const override;
  Status Write(const WriteBatch& batch) override;

  Offset AppliedOffset(std::string_view log) const override {
    // What cannot be read was not applied: the owner then replays more than it must.
    const auto value = Get(AppliedKey(log));
    return value.ok() && value->has_value() ? DecodeOffset(**value) : kNoOffset;
  }

  Status Checkpoint() override {
    const base::ReaderLock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(CheckOpenLocked());
    return FlushLocked();
  }

  Status Clear() override;
  Status Close() override;
  StoreStats Stats() const override;
  const OpenReport& open_report() const override { return report_; }

 private:
  Status CheckOpenLocked() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    if (db_ != nullptr) return OkStatus();
    return Error(ErrorCode::kKafkaStorageError, StrCat("store ", path_, " is closed"));
  }
  Status FlushLocked() ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const StoreOptions options_;
  const std::string path_;
  OpenReport report_;

  // Guards the pointer, not the database, which is thread-safe: calls into RocksDB hold it shared
  // although they may touch the disk; only Clear and Close, which replace the database, wait.
  mutable absl::Mutex mutex_;
  std::unique_ptr<rocksdb::DB> db_ ABSL_GUARDED_BY(mutex_);
  // Whether something was written since the last flush. Written by Write and FlushLocked; relaxed
  // would do for the flag itself, since a writer whose batch a flush must cover has returned.
  std::atomic<bool> dirty_{false};
};

Status RocksDbStore::Scan(const KeyRange& range, Visitor visit) const {
  // In pages, so that the visitor runs without the lock and may write.
  constexpr size_t kPageEntries = 256;
  constexpr size_t kPageBytes = size_t{256} << 10;
  std::vector<std::pair<std::string, std::string>> page;
  std::string from = range.begin;
  for (bool more = true; more;) {
    more = false;
    page.clear();
    {
      const base::ReaderLock lock(mutex_);
      RUNNEL_RETURN_IF_ERROR(CheckOpenLocked());
      rocksdb::ReadOptions read;
      read.fill_cache = false;  // a scan would push out what point reads need
      const std::unique_ptr<rocksdb::Iterator> entry(db_->NewIterator(read));
      size_t bytes = 0;
      for (entry->Seek(AsSlice(from)); entry->Valid(); entry->Next()) {
        if (range.end.has_value() && AsView(entry->key()) >= *range.end) break;
        if (page.size() == kPageEntries || bytes >= kPageBytes) {
          more = true;
          from = page.back().first + '\0';
          break;
        }
        bytes += entry->key().size() + entry->value().size();
        page.emplace_back(entry->key().ToString(), entry->value().ToString());
      }
      RUNNEL_RETURN_IF_ERROR(ToStatus(entry->status(), path_));
    }
    for (const auto& [key, value] : page) {
      if (!visit(key, value)) return OkStatus();
    }
  }
  return OkStatus();
}

Status RocksDbStore::Write(const WriteBatch& batch) {
  RUNNEL_RETURN_IF_ERROR(batch.Check());
  rocksdb::WriteBatch changes;
  for (const WriteBatch::Operation& operation : batch.operations()) {
    const rocksdb::Status status =
        operation.value.has_value() ? changes.Put(AsSlice(operation.key), AsSlice(*operation.value))
                                    : changes.Delete(AsSlice(operation.key));
    RUNNEL_RETURN_IF_ERROR(ToStatus(status, path_));
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  const base::ReaderLock lock(mutex_);
  RUNNEL_RETURN_IF_ERROR(CheckOpenLocked());
  RUNNEL_RETURN_IF_ERROR(ToStatus(db_->Write(options, &changes), path_));
  dirty_ = true;
  return OkStatus();
}

Status RocksDbStore::FlushLocked() {
  if (!dirty_.exchange(false)) return OkStatus();
  const Status status = ToStatus(db_->Flush(rocksdb::FlushOptions()), path_);
  if (!status.ok()) dirty_ = true;
  return status;
}

Status RocksDbStore::Clear() {
  const base::Lock lock(mutex_);
  RUNNEL_RETURN_IF_ERROR(CheckOpenLocked());
  // A new database, rather than deleted ranges, because the old files may be unreadable.
  db_.reset();
  RUNNEL_RETURN_IF_ERROR(ToStatus(rocksdb::DestroyDB(path_, MakeOptions(options_)), path_));
  RUNNEL_ASSIGN_OR_RETURN(OpenedDb opened, OpenDb(options_, path_));
  db_ = std::move(opened.db);
  dirty_ = false;
  return OkStatus();
}

Status RocksDbStore::Close() {
  const base::Lock lock(mutex_);
  if (db_ == nullptr) return OkStatus();
  const Status flushed = FlushLocked();
  const Status closed = ToStatus(db_->Close(), path_);
  db_.reset();
  return flushed.ok() ? closed : flushed;
}

StoreStats RocksDbStore::Stats() const {
  const base::ReaderLock lock(mutex_);
  if (db_ == nullptr) return {};
  return {
      .entry_count = Property(*db_, rocksdb::DB::Properties::kEstimateNumKeys),
      .memory_bytes = Property(*db_, rocksdb::DB::Properties::kSizeAllMemTables) +
                      Property(*db_, rocksdb::DB::Properties::kEstimateTableReadersMem) +
                      Property(*db_, rocksdb::DB::Properties::kBlockCacheUsage),
      .disk_bytes = Property(*db_, rocksdb::DB::Properties::kTotalSstFilesSize),
  };
}

}  // namespace

StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(const StoreOptions& options,
                                                  runnel::Logger& logger) {
  std::string path = StrCat(options.directory->path(), "/", RocksDbName(options));
  RUNNEL_ASSIGN_OR_RETURN(OpenedDb opened, OpenDb(options, path));
  if (opened.report.damaged) {
    logger.Log(LogLevel::kWarning, StrCat("event=store_dropped kind=rocksdb path=", path,
                                          " reason=\"", opened.report.reason, "\""));
  }
  return std::make_unique<RocksDbStore>(options, std::move(path), std::move(opened));
}

}  // namespace runnel::kv::internal

#endif  // RUNNEL_HAVE_ROCKSDB
