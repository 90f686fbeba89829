#include "log/log_directory.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/files.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/file_names.h"
#include "log/partition_log.h"
#include "log/partition_metadata.h"
#include "log/read_buffer_pool.h"

namespace runnel::log {
namespace {

using base::StrCat;

constexpr std::string_view kDeleteSuffix = "-delete";
constexpr size_t kMaxNameBytes = 255;
constexpr int64_t kMaxMetadataBytes = 64 << 10;

// Whether a folder is a deleted partition: "<topic>-<partition>.<32 hex digits>-delete".
bool IsDeletedFolder(std::string_view name) {
  constexpr size_t kTailBytes = 1 + 32 + kDeleteSuffix.size();
  if (!name.ends_with(kDeleteSuffix) || name.size() <= kTailBytes) return false;
  const std::string_view unique = name.substr(name.size() - kTailBytes, 33);
  return unique.front() == '.' &&
         unique.substr(1).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Status CheckPartitionName(const TopicPartition& partition) {
  if (!IsValidTopicName(partition.topic)) {
    return Error(ErrorCode::kInvalidTopicException,
                 StrCat("'", partition.topic,
                        "' is no topic name: 1 to 249 of [a-zA-Z0-9._-], not '.' or '..'"));
  }
  if (partition.partition < 0) {
    return Error(ErrorCode::kInvalidPartitions, StrCat("partition ", partition.partition, " of ",
                                                       partition.topic, " is negative"));
  }
  return OkStatus();
}

}  // namespace

struct LogDirectory::Entry {
  std::shared_ptr<PartitionLog> log;  // null until first used
  PartitionCheckpoint checkpoint;
  // A thread opens or deletes the partition; others wait on idle_. The entry stays alive.
  bool busy = false;
  // The files were closed cleanly or have been recovered, so that the mark may be written.
  bool recovered = false;
};

std::string PartitionFolder(const TopicPartition& partition) {
  return ToString(partition);
}

std::optional<TopicPartition> ParsePartitionFolder(std::string_view name) {
  const size_t minus = name.rfind('-');
  if (minus == std::string_view::npos) return std::nullopt;
  const std::string_view digits = name.substr(minus + 1);
  int32_t partition = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), partition);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || partition < 0 || std::to_string(partition) != digits) return std::nullopt;
  if (!IsValidTopicName(name.substr(0, minus))) return std::nullopt;
  return TopicPartition{.topic = std::string(name.substr(0, minus)), .partition = partition};
}

bool IsValidTopicName(std::string_view name) {
  if (name.empty() || name.size() > 249 || name == "." || name == "..") return false;
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
         std::string_view::npos;
}

std::string DeletedFolder(const TopicPartition& partition, const Uuid& unique) {
  const std::string_view id_bytes(reinterpret_cast<const char*>(unique.bytes.data()),
                                  unique.bytes.size());
  const std::string tail =
      StrCat("-", partition.partition, ".", base::Hex(id_bytes), kDeleteSuffix);
  return StrCat(std::string_view(partition.topic).substr(0, kMaxNameBytes - tail.size()), tail);
}

LogDirectory::LogDirectory(const LogDirectoryDeps& deps, const LogDirectoryOptions& options)
    : deps_(deps), options_(options), buffers_(std::make_unique<ReadBufferPool>()) {}

LogDirectory::~LogDirectory() = default;

StatusOr<std::unique_ptr<LogDirectory>> LogDirectory::Open(const LogDirectoryDeps& deps,
                                                           const LogDirectoryOptions& options,
                                                           LogDirectoryReport* report) {
  LogDirectoryReport ignored;
  std::unique_ptr<LogDirectory> directory(new LogDirectory(deps, options));
  RUNNEL_RETURN_IF_ERROR(directory->Load(report == nullptr ? ignored : *report));
  return directory;
}

Status LogDirectory::Load(LogDirectoryReport& report) {
  const bool writing = options_.access == Access::kReadWrite;
  const DirectoryMode mode = writing ? options_.mode : DirectoryMode::kMustExist;
  RUNNEL_ASSIGN_OR_RETURN(directory_, deps_.files->OpenDirectory(options_.path, mode));
  if (writing) {
    RUNNEL_ASSIGN_OR_RETURN(lock_, directory_->Lock(kLockFile));
  }
  RUNNEL_RETURN_IF_ERROR(LoadMeta(report));
  RUNNEL_ASSIGN_OR_RETURN(clean_shutdown_, HasCleanShutdownMark(*directory_));
  // Gone before anything is changed: from here on a crash is a crash.
  if (writing && clean_shutdown_) RUNNEL_RETURN_IF_ERROR(RemoveCleanShutdownMark(*directory_));
  report.clean_shutdown = clean_shutdown_;
  RUNNEL_RETURN_IF_ERROR(LoadFolders(report));
  LoadCheckpoints(report);
  for (const std::string& note : report.notes) {
    deps_.logger->Log(LogLevel::kWarning, StrCat("event=data_directory path=", directory_->path(),
                                                 " note=\"", note, "\""));
  }
  return OkStatus();
}

Status LogDirectory::CheckIdentity(const MetaProperties& meta) const {
  if (!options_.cluster_id.empty() && !meta.cluster_id.empty() &&
      meta.cluster_id != options_.cluster_id) {
    return Error(ErrorCode::kInconsistentClusterId,
                 StrCat(directory_->path(), " belongs to cluster ", meta.cluster_id, ", not ",
                        options_.cluster_id));
  }
  if (options_.node_id >= 0 && meta.node_id >= 0 && meta.node_id != options_.node_id) {
    return Error(ErrorCode::kInvalidConfig, StrCat(directory_->path(), " belongs to node.id ",
                                                   meta.node_id, ", not ", options_.node_id));
  }
  return OkStatus();
}

Status LogDirectory::LoadMeta(LogDirectoryReport& report) {
  RUNNEL_ASSIGN_OR_RETURN(const auto stored, ReadMetaProperties(*directory_));
  report.created = !stored.has_value();
  meta_ = stored.value_or(MetaProperties());
  RUNNEL_RETURN_IF_ERROR(CheckIdentity(meta_));
  meta_.version = 1;
  if (meta_.node_id < 0) meta_.node_id = std::max(options_.node_id, 1);
  if (meta_.cluster_id.empty()) {
    meta_.cluster_id =
        options_.cluster_id.empty() ? ToString(deps_.random->NextUuid()) : options_.cluster_id;
  }
  if (meta_.directory_id.is_zero()) meta_.directory_id = deps_.random->NextUuid();
  if (stored == meta_ || options_.access == Access::kReadOnly) return OkStatus();
  return WriteMetaProperties(*directory_, meta_);
}

Status LogDirectory::LoadFolders(LogDirectoryReport& report) {
  RUNNEL_ASSIGN_OR_RETURN(const auto found, directory_->List(""));
  const base::Lock lock(mutex_);
  for (const DirectoryEntry& folder : found) {
    if (!folder.is_directory) continue;
    auto partition = ParsePartitionFolder(folder.name);
    if (partition.has_value()) {
      auto entry = std::make_unique<Entry>();
      entry->recovered = clean_shutdown_;
      entries_.emplace(*std::move(partition), std::move(entry));
      continue;
    }
    if (!IsDeletedFolder(folder.name)) {
      // Stores and importers keep folders here too; only what looks like a partition is strange.
      if (folder.name.rfind('-') != std::string::npos) {
        report.notes.push_back(StrCat("folder ", folder.name, " is no partition: left alone"));
      }
      continue;
    }
    if (options_.access == Access::kReadOnly) continue;
    RUNNEL_RETURN_IF_ERROR(base::RemoveTree(*directory_, folder.name));
    ++report.removed_folders;
  }
  report.partition_count = static_cast<int64_t>(entries_.size());
  return report.removed_folders == 0 ? OkStatus() : directory_->Sync("");
}

void LogDirectory::LoadCheckpoints(LogDirectoryReport& report) {
  const base::Lock lock(mutex_);
  for (size_t file = 0; file < kFileCount; ++file) {
    const auto offsets = ReadOffsetCheckpoint(*directory_, kFiles[file]);
    if (!offsets.ok()) {
      report.notes.push_back(StrCat("checkpoint ignored: ", runnel::ToString(offsets.status())));
      dirty_[file] = true;
      continue;
    }
    for (const auto& [partition, offset] : *offsets) {
      const auto found = entries_.find(partition);
      if (found != entries_.end()) (found->second->checkpoint).*kFields[file] = offset;
    }
  }
}

Status LogDirectory::CheckWritable() const {
  if (options_.access == Access::kReadOnly) {
    return Error(ErrorCode::kInvalidRequest,
                 StrCat(directory_->path(), " was opened for reading only"));
  }
  if (closed_) {
    return Error(ErrorCode::kKafkaStorageError, StrCat(directory_->path(), " is closed"));
  }
  return OkStatus();
}

std::vector<TopicPartition> LogDirectory::Partitions() const {
  const base::ReaderLock lock(mutex_);
  std::vector<TopicPartition> partitions;
  partitions.reserve(entries_.size());
  for (const auto& [partition, entry] : entries_)
    partitions.push_back(partition);
  return partitions;
}

bool LogDirectory::Contains(const TopicPartition& partition) const {
  const base::ReaderLock lock(mutex_);
  return entries_.contains(partition);
}

PartitionCheckpoint LogDirectory::CheckpointOf(const TopicPartition& partition) const {
  const base::ReaderLock lock(mutex_);
  const auto found = entries_.find(partition);
  return found == entries_.end() ? PartitionCheckpoint() : found->second->checkpoint;
}

LogDirectory::Entry* LogDirectory::FindIdleLocked(const TopicPartition& partition) {
  while (true) {
    const auto found = entries_.find(partition);  // anew, since it may have been deleted
    if (found == entries_.end()) return nullptr;
    if (!found->second->busy) return found->second.get();
    idle_.Wait(&mutex_);
  }
}

StatusOr<std::shared_ptr<PartitionLog>> LogDirectory::Create(const TopicPartition& partition,
                                                             const PartitionOptions& options) {
  RUNNEL_RETURN_IF_ERROR(CheckPartitionName(partition));
  Entry* entry = nullptr;
  {
    const base::Lock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(CheckWritable());
    if (FindIdleLocked(partition) != nullptr) {
      return Error(ErrorCode::kTopicAlreadyExists,
                   StrCat("partition ", partition, " exists already"));
    }
    auto added = std::make_unique<Entry>();
    added->busy = true;
    added->recovered = true;
    entry = added.get();
    entries_.emplace(partition, std::move(added));
  }
  auto log = OpenBusy(partition, *entry, options, nullptr);
  if (!log.ok()) {
    base::IgnoreError(base::RemoveTree(*directory_, PartitionFolder(partition)),
                      "the first error says why; an empty folder does no harm");
  }
  const base::Lock lock(mutex_);
  if (log.ok()) return FinishLocked(*entry, *std::move(log));
  entries_.erase(partition);
  idle_.SignalAll();
  return log.status();
}

StatusOr<std::shared_ptr<PartitionLog>> LogDirectory::OpenLog(const TopicPartition& partition,
                                                              const PartitionOptions& options,
                                                              LogRecovery* recovery) {
  Entry* entry = nullptr;
  {
    const base::Lock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(CheckWritable());
    entry = FindIdleLocked(partition);
    if (entry == nullptr) {
      return Error(ErrorCode::kUnknownTopicOrPartition,
                   StrCat("no partition ", partition, " in ", directory_->path()));
    }
    if (entry->log != nullptr) return entry->log;
    entry->busy = true;
  }
  auto log = OpenBusy(partition, *entry, options, recovery);
  const base::Lock lock(mutex_);
  if (log.ok()) return FinishLocked(*entry, *std::move(log));
  entry->busy = false;
  idle_.SignalAll();
  return log.status();
}

StatusOr<std::unique_ptr<PartitionLog>> LogDirectory::OpenBusy(const TopicPartition& partition,
                                                               const Entry& entry,
                                                               const PartitionOptions& options,
                                                               LogRecovery* recovery) {
  LogOpenOptions open;
  open.name = PartitionFolder(partition);
  open.topic_id = options.topic_id;
  open.config = options.config;
  open.visibility = options.visibility;
  {
    const base::ReaderLock lock(mutex_);
    open.clean_shutdown = entry.recovered;
    open.recovery_point = entry.checkpoint.recovery_point.value_or(Offset(0));
    open.log_start_offset = entry.checkpoint.log_start_offset;
    open.high_watermark = entry.checkpoint.high_watermark;
  }
  const LogDeps deps{.directory = directory_.get(),
                     .clock = deps_.clock,
                     .executor = deps_.executor,
                     .random = deps_.random,
                     .logger = deps_.logger,
                     .buffers = buffers_.get()};
  return PartitionLog::Open(deps, std::move(open), recovery);
}

std::shared_ptr<PartitionLog> LogDirectory::FinishLocked(Entry& entry,
                                                         std::unique_ptr<PartitionLog> log) {
  entry.log = std::move(log);
  entry.recovered = true;
  entry.busy = false;
  idle_.SignalAll();
  return entry.log;
}

std::shared_ptr<PartitionLog> LogDirectory::Find(const TopicPartition& partition) const {
  const base::ReaderLock lock(mutex_);
  const auto found = entries_.find(partition);
  return found == entries_.end() ? nullptr : found->second->log;
}

std::vector<std::shared_ptr<PartitionLog>> LogDirectory::OpenLogs() const {
  const base::ReaderLock lock(mutex_);
  std::vector<std::shared_ptr<PartitionLog>> logs;
  for (const auto& [partition, entry] : entries_) {
    if (entry->log != nullptr) logs.push_back(entry->log);
  }
  return logs;
}

StatusOr<Uuid> LogDirectory::ReadTopicId(const TopicPartition& partition) const {
  const std::string path = StrCat(PartitionFolder(partition), "/", kMetadataFile);
  const auto text = base::ReadWhole(*directory_, path, kMaxMetadataBytes);
  if (runnel::IsNotFound(text.status())) return Uuid();
  RUNNEL_RETURN_IF_ERROR(text.status());
  return DecodePartitionMetadata(*text, StrCat(directory_->path(), "/", path));
}

Status LogDirectory::Delete(const TopicPartition& partition) {
  Entry* entry = nullptr;
  {
    const base::Lock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(CheckWritable());
    entry = FindIdleLocked(partition);
    if (entry == nullptr) {
      return Error(ErrorCode::kUnknownTopicOrPartition,
                   StrCat("no partition ", partition, " in ", directory_->path()));
    }
    entry->busy = true;
  }
  const std::string deleted = DeletedFolder(partition, deps_.random->NextUuid());
  Status status = directory_->Rename(PartitionFolder(partition), deleted);
  std::unique_ptr<Entry> removed;
  {
    const base::Lock lock(mutex_);
    idle_.SignalAll();
    entry->busy = false;
    if (!status.ok()) return status;
    removed = std::move(entries_.find(partition)->second);
    entries_.erase(partition);
    dirty_.fill(true);
    deleted_.push_back({deleted, deps_.clock->ElapsedTime() + options_.delete_delay});
  }
  if (removed->log != nullptr) removed->log->MarkDeleted();
  return directory_->Sync("");
}

StatusOr<int64_t> LogDirectory::RemoveDeleted() {
  const Elapsed now = deps_.clock->ElapsedTime();
  int64_t count = 0;
  while (true) {
    std::string folder;
    {
      const base::Lock lock(mutex_);
      if (deleted_.empty() || deleted_.front().due > now) break;
      folder = std::move(deleted_.front().folder);
      deleted_.pop_front();
    }
    RUNNEL_RETURN_IF_ERROR(base::RemoveTree(*directory_, folder));
    ++count;
  }
  return count;
}

std::string LogDirectory::TemporaryFolder(const TopicPartition& partition) {
  return DeletedFolder(partition, deps_.random->NextUuid());
}

Status LogDirectory::Adopt(const TopicPartition& partition) {
  RUNNEL_RETURN_IF_ERROR(CheckPartitionName(partition));
  const base::Lock lock(mutex_);
  RUNNEL_RETURN_IF_ERROR(CheckWritable());
  if (!entries_.try_emplace(partition, std::make_unique<Entry>()).second) {
    return Error(ErrorCode::kTopicAlreadyExists,
                 StrCat("partition ", partition, " exists already"));
  }
  return OkStatus();
}

void LogDirectory::SetLocked(Entry& entry, size_t file, std::optional<Offset> offset) {
  auto& field = entry.checkpoint.*kFields[file];
  if (field == offset) return;
  field = offset;
  dirty_[file] = true;
}

void LogDirectory::SetCleanerOffset(const TopicPartition& partition, Offset offset) {
  const base::Lock lock(mutex_);
  const auto found = entries_.find(partition);
  if (found != entries_.end()) SetLocked(*found->second, 3, offset);
}

void LogDirectory::CollectLocked() {
  for (const auto& [partition, entry] : entries_) {
    if (entry->log == nullptr) continue;
    const PartitionLog& log = *entry->log;
    SetLocked(*entry, 0, log.recovery_point());
    SetLocked(*entry, 1, log.high_watermark());
    const Offset start = log.log_start_offset();
    SetLocked(*entry, 2, start > Offset(0) ? std::optional(start) : std::nullopt);
  }
}

Status LogDirectory::WriteChanged() {
  const base::Lock checkpoint_lock(checkpoint_mutex_);
  std::array<std::optional<OffsetMap>, kFileCount> changed;
  {
    const base::Lock lock(mutex_);
    CollectLocked();
    for (size_t file = 0; file < kFileCount; ++file) {
      if (!std::exchange(dirty_[file], false)) continue;
      OffsetMap& offsets = changed[file].emplace();
      for (const auto& [partition, entry] : entries_) {
        const std::optional<Offset> offset = entry->checkpoint.*kFields[file];
        if (offset.has_value()) offsets.emplace_hint(offsets.end(), partition, *offset);
      }
    }
  }
  Status first_error;
  for (size_t file = 0; file < kFileCount; ++file) {
    if (!changed[file].has_value()) continue;
    const Status status = WriteOffsetCheckpoint(*directory_, kFiles[file], *changed[file]);
    if (status.ok()) continue;
    if (first_error.ok()) first_error = status;
    const base::Lock lock(mutex_);
    dirty_[file] = true;
  }
  return first_error;
}

Status LogDirectory::WriteCheckpoints() {
  {
    const base::ReaderLock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(CheckWritable());
  }
  return WriteChanged();
}

Status LogDirectory::CloseLogs() {
  Status first_error;
  for (const auto& log : OpenLogs()) {
    const Status status = log->health().ok() ? log->Close() : log->health();
    if (first_error.ok()) first_error = status;
  }
  return first_error;
}

Status LogDirectory::Close() {
  bool all_recovered = true;
  {
    const base::Lock lock(mutex_);
    if (closed_ || options_.access == Access::kReadOnly) return OkStatus();
    closed_ = true;
    for (const auto& [partition, entry] : entries_) {
      while (entry->busy)
        idle_.Wait(&mutex_);
      all_recovered = all_recovered && entry->recovered;
    }
  }
  Status status = CloseLogs();
  const Status written = WriteChanged();
  if (status.ok()) status = written;
  if (status.ok() && all_recovered) status = WriteCleanShutdownMark(*directory_);
  lock_.reset();
  return status;
}

}  // namespace runnel::log
