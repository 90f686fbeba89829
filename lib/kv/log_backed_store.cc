// The memory store and the log-backed store: one table, with or without a snapshot file.
//
// Snapshot `<name>.kv`, integers big-endian:
//   [magic "RNLKVIEW": 8][version: 4][crc: 4][entry count: 8][body size: 8][body]
//   body = entries in rising order of keys: [key size: 4][key][value size: 4][value]
// The CRC-32C covers everything behind it. Applied offsets are entries under reserved keys, so that
// view and offsets cannot part. Written to `<name>.kv.tmp`, synced, renamed.
#include <absl/synchronization/mutex.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "kv/memory_table.h"
#include "kv/store_internal.h"

namespace runnel::kv::internal {
namespace {

using base::StrCat;

constexpr std::string_view kMagic = "RNLKVIEW";
constexpr uint32_t kVersion = 1;
constexpr int64_t kHeaderBytes = 32;
constexpr int64_t kWindowBytes = int64_t{1} << 20;  // read and written at once

Status Damage(std::string_view path, std::string_view what) {
  return Error(ErrorCode::kCorruptMessage, StrCat("store snapshot ", path, ": ", what));
}

// Hands out the bytes of a file front to back through a bounded window, summing their CRC.
class SnapshotReader final {
 public:
  SnapshotReader(File& file, std::string path, int64_t size_bytes)
      : file_(file), path_(std::move(path)), size_bytes_(size_bytes) {}

  // The next `count` bytes, valid until the next call.
  StatusOr<std::string_view> Take(int64_t count) {
    if (count > left()) {
      return Damage(path_, StrCat(count, " bytes wanted, ", left(), " left"));
    }
    if (count > static_cast<int64_t>(window_.size() - used_)) RUNNEL_RETURN_IF_ERROR(Refill(count));
    const std::string_view bytes(window_.data() + used_, static_cast<size_t>(count));
    used_ += static_cast<size_t>(count);
    taken_ += count;
    crc_ = base::ExtendCrc32c(crc_, bytes);
    return bytes;
  }

  StatusOr<std::string> TakeSized(size_t max_bytes) {
    RUNNEL_ASSIGN_OR_RETURN(const std::string_view prefix, Take(4));
    const uint32_t size = base::LoadBigEndian<uint32_t>(prefix.data());
    if (size > max_bytes) return Damage(path_, StrCat("an entry of ", size, " bytes"));
    RUNNEL_ASSIGN_OR_RETURN(const std::string_view bytes, Take(size));
    return std::string(bytes);
  }

  int64_t left() const { return size_bytes_ - taken_; }
  uint32_t crc() const { return crc_; }
  void ResetCrc() { crc_ = 0; }
  const std::string& path() const { return path_; }

 private:
  Status Refill(int64_t count) {
    window_.erase(0, used_);
    used_ = 0;
    const auto kept = static_cast<int64_t>(window_.size());
    const int64_t want = std::min(std::max(count, kWindowBytes), kept + size_bytes_ - position_);
    window_.resize(static_cast<size_t>(want));
    const std::span<char> rest(window_.data() + kept, static_cast<size_t>(want - kept));
    RUNNEL_ASSIGN_OR_RETURN(const int64_t got, file_.Read(position_, rest));
    position_ += got;
    if (got == want - kept) return OkStatus();
    return Damage(path_, "it became shorter while it was read");
  }

  File& file_;
  const std::string path_;
  const int64_t size_bytes_;
  std::string window_;
  size_t used_ = 0;       // bytes of window_ handed out
  int64_t position_ = 0;  // file position behind window_
  int64_t taken_ = 0;
  uint32_t crc_ = 0;
};

Status ReadEntries(SnapshotReader& reader, int64_t entry_count, MemoryTable& table) {
  std::string last;
  for (int64_t i = 0; i < entry_count; ++i) {
    RUNNEL_ASSIGN_OR_RETURN(std::string key, reader.TakeSized(kMaxKeyBytes));
    RUNNEL_ASSIGN_OR_RETURN(std::string value, reader.TakeSized(kMaxValueBytes));
    if (key <= last) return Damage(reader.path(), "its keys do not rise");
    last = key;
    table.AppendSorted(std::move(key), std::move(value));
  }
  return OkStatus();
}

// Fills `table`, which holds garbage when the result is an error.
// Errors: kCorruptMessage when the file is damaged or of another version.
Status ReadSnapshot(File& file, std::string path, MemoryTable& table) {
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size_bytes, file.Size());
  SnapshotReader reader(file, std::move(path), size_bytes);
  RUNNEL_ASSIGN_OR_RETURN(const std::string_view magic, reader.Take(8));
  if (magic != kMagic) return Damage(reader.path(), "it does not begin with RNLKVIEW");
  RUNNEL_ASSIGN_OR_RETURN(const std::string_view version_bytes, reader.Take(4));
  if (const uint32_t version = base::LoadBigEndian<uint32_t>(version_bytes.data());
      version != kVersion) {
    return Damage(reader.path(), StrCat("version ", version, " is not ", kVersion));
  }
  RUNNEL_ASSIGN_OR_RETURN(const std::string_view crc_bytes, reader.Take(4));
  const uint32_t crc = base::LoadBigEndian<uint32_t>(crc_bytes.data());
  reader.ResetCrc();
  RUNNEL_ASSIGN_OR_RETURN(const std::string_view count_bytes, reader.Take(8));
  const int64_t entry_count = base::LoadBigEndian<int64_t>(count_bytes.data());
  RUNNEL_ASSIGN_OR_RETURN(const std::string_view size_field, reader.Take(8));
  const int64_t body_bytes = base::LoadBigEndian<int64_t>(size_field.data());
  if (body_bytes != reader.left() || entry_count < 0 || entry_count > body_bytes / 8) {
    return Damage(reader.path(), StrCat("a body of ", body_bytes, " bytes with ", entry_count,
                                        " entries in ", reader.left(), " bytes"));
  }
  RUNNEL_RETURN_IF_ERROR(ReadEntries(reader, entry_count, table));
  if (reader.left() != 0) return Damage(reader.path(), "bytes are left behind the last entry");
  if (reader.crc() != crc) return Damage(reader.path(), "its checksum does not match");
  return OkStatus();
}

std::string MakeHeader(const MemoryTable::Image& image) {
  std::string covered;
  base::ByteWriter covered_writer(covered);
  covered_writer.WriteInt64(image.count);
  covered_writer.WriteInt64(static_cast<int64_t>(image.bytes.size()));
  std::string header(kMagic);
  base::ByteWriter writer(header);
  writer.WriteUint32(kVersion);
  writer.WriteUint32(base::ExtendCrc32c(base::Crc32c(covered), image.bytes));
  writer.WriteBytes(covered);
  return header;
}

Status WriteSnapshot(Directory& directory, const std::string& name,
                     const MemoryTable::Image& image) {
  const std::string temporary = StrCat(name, ".tmp");
  RUNNEL_ASSIGN_OR_RETURN(const auto file, directory.OpenFile(temporary, OpenMode::kCreate));
  RUNNEL_RETURN_IF_ERROR(file->Truncate(0));  // left by a crash
  RUNNEL_RETURN_IF_ERROR(file->Write(0, MakeHeader(image)));
  const auto size_bytes = static_cast<int64_t>(image.bytes.size());
  for (int64_t at = 0; at < size_bytes; at += kWindowBytes) {
    const std::string_view window =
        std::string_view(image.bytes).substr(static_cast<size_t>(at), kWindowBytes);
    RUNNEL_RETURN_IF_ERROR(file->Write(kHeaderBytes + at, window));
  }
  RUNNEL_RETURN_IF_ERROR(file->Sync());
  RUNNEL_RETURN_IF_ERROR(directory.Rename(temporary, name));
  return directory.Sync("");
}

class TableStore final : public Store {
 public:
  // `directory` is null for the memory store.
  TableStore(Directory* directory, std::string name, std::unique_ptr<MemoryTable> table,
             OpenReport report, int64_t snapshot_bytes)
      : directory_(directory),
        name_(std::move(name)),
        report_(std::move(report)),
        table_(std::move(table)),
        saved_version_(report_.damaged ? ~uint64_t{0} : table_->version()),
        saved_bytes_(snapshot_bytes) {
    report_.entry_count = table_->Stats().entry_count;
  }

  StatusOr<std::optional<std::string>> Get(std::string_view key) const override {
    RUNNEL_RETURN_IF_ERROR(CheckOpen());
    return table_->Get(key);
  }

  Status Scan(const KeyRange& range, Visitor visit) const override {
    RUNNEL_RETURN_IF_ERROR(CheckOpen());
    table_->Scan(range, visit);
    return OkStatus();
  }

  Status Write(const WriteBatch& batch) override {
    RUNNEL_RETURN_IF_ERROR(CheckOpen());
    RUNNEL_RETURN_IF_ERROR(batch.Check());
    table_->Apply(batch);
    return OkStatus();
  }

  Offset AppliedOffset(std::string_view log) const override {
    const auto value = table_->Get(AppliedKey(log));
    return value.has_value() ? DecodeOffset(*value) : kNoOffset;
  }

  Status Checkpoint() override {
    RUNNEL_RETURN_IF_ERROR(CheckOpen());
    return Save();
  }

  Status Clear() override {
    RUNNEL_RETURN_IF_ERROR(CheckOpen());
    table_->Clear();
    return Save();
  }

  Status Close() override {
    if (closed_.exchange(true)) return OkStatus();
    return Save();
  }

  StoreStats Stats() const override {
    StoreStats stats = table_->Stats();
    const base::Lock lock(save_mutex_);
    stats.disk_bytes = saved_bytes_;
    return stats;
  }

  const OpenReport& open_report() const override { return report_; }

 private:
  Status CheckOpen() const {
    if (!closed_) return OkStatus();
    return Error(ErrorCode::kKafkaStorageError, StrCat("store ", name_, " is closed"));
  }

  Status Save() ABSL_LOCKS_EXCLUDED(save_mutex_) {
    if (directory_ == nullptr) return OkStatus();
    const base::Lock lock(save_mutex_);
    if (table_->version() == saved_version_) return OkStatus();
    const MemoryTable::Image image = table_->Encode();
    RUNNEL_RETURN_IF_ERROR(WriteSnapshot(*directory_, name_, image));
    saved_version_ = image.version;
    saved_bytes_ = kHeaderBytes + static_cast<int64_t>(image.bytes.size());
    return OkStatus();
  }

  Directory* const directory_;
  const std::string name_;
  OpenReport report_;
  const std::unique_ptr<MemoryTable> table_;
  std::atomic<bool> closed_{false};  // set once by Close, read by all; sequentially consistent

  // Held across the disk writes of a snapshot, so that two do not share the temporary file.
  // Readers and writers of entries do not take it.
  mutable absl::Mutex save_mutex_;
  uint64_t saved_version_ ABSL_GUARDED_BY(save_mutex_);
  int64_t saved_bytes_ ABSL_GUARDED_BY(save_mutex_);
};

}  // namespace

std::unique_ptr<Store> NewMemoryStore() {
  return std::make_unique<TableStore>(nullptr, "memory", std::make_unique<MemoryTable>(),
                                      OpenReport(), 0);
}

StatusOr<std::unique_ptr<Store>> OpenLogBackedStore(const StoreOptions& options, Logger& logger) {
  Directory& directory = *options.directory;
  const std::string name = SnapshotName(options);
  auto table = std::make_unique<MemoryTable>();
  OpenReport report;
  int64_t snapshot_bytes = 0;
  const auto file = directory.OpenFile(name, OpenMode::kRead);
  if (!file.ok() && !runnel::IsNotFound(file.status())) return file.status();
  if (file.ok()) {
    const std::string path = StrCat(directory.path(), "/", name);
    RUNNEL_ASSIGN_OR_RETURN(snapshot_bytes, (*file)->Size());
    const Status status = ReadSnapshot(**file, path, *table);
    if (CodeOf(status) == ErrorCode::kCorruptMessage) {
      report = {.damaged = true, .reason = ToString(status), .entry_count = 0};
      table = std::make_unique<MemoryTable>();
      logger.Log(LogLevel::kWarning, StrCat("event=store_dropped kind=log-backed path=", path,
                                            " reason=\"", report.reason, "\""));
    } else {
      RUNNEL_RETURN_IF_ERROR(status);
    }
  }
  return std::make_unique<TableStore>(&directory, name, std::move(table), std::move(report),
                                      snapshot_bytes);
}

}  // namespace runnel::kv::internal
