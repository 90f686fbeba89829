#include "broker/overlay_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/io_error.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::broker {
namespace {

// What a file looks like from here; shared by all who have it open.
class Content final {
 public:
  // An empty file.
  explicit Content(Timestamp modified) : modified_(modified) {}
  // The first `size_bytes` bytes of file `name` in `base`, which is opened anew for each read: a
  // view of many partitions holds no descriptors.
  Content(Directory& base, std::string_view name, int64_t size_bytes, Timestamp modified)
      : base_(&base), name_(name), size_bytes_(size_bytes), modified_(modified) {}

  StatusOr<int64_t> Read(int64_t position, std::span<char> out) {
    const base::Lock lock(mutex_);
    const int64_t wanted = std::min(static_cast<int64_t>(out.size()), size_bytes_ - position);
    if (wanted <= 0) return 0;
    const std::span<char> part = out.first(static_cast<size_t>(wanted));
    if (base_ == nullptr) {
      std::memcpy(part.data(), copy_.data() + position, part.size());
      return wanted;
    }
    RUNNEL_ASSIGN_OR_RETURN(const auto file, base_->OpenFile(name_, OpenMode::kRead));
    return file->Read(position, part);
  }

  Status Write(int64_t position, std::string_view bytes) {
    const base::Lock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(CopyLocked());
    const int64_t end = position + static_cast<int64_t>(bytes.size());
    if (end > size_bytes_) ResizeLocked(end);
    std::memcpy(copy_.data() + position, bytes.data(), bytes.size());
    return OkStatus();
  }

  Status Truncate(int64_t size_bytes) {
    const base::Lock lock(mutex_);
    if (size_bytes > size_bytes_) RUNNEL_RETURN_IF_ERROR(CopyLocked());
    ResizeLocked(size_bytes);
    return OkStatus();
  }

  int64_t size_bytes() const {
    const base::Lock lock(mutex_);
    return size_bytes_;
  }
  FileInfo info() const {
    const base::Lock lock(mutex_);
    FileInfo info;
    info.size_bytes = size_bytes_;
    info.allocated_bytes = size_bytes_;
    info.modified = modified_;
    return info;
  }
  void set_modified(Timestamp modified) {
    const base::Lock lock(mutex_);
    modified_ = modified;
  }

 private:
  Status CopyLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (base_ == nullptr) return OkStatus();
    std::string copy(static_cast<size_t>(size_bytes_), '\0');
    RUNNEL_ASSIGN_OR_RETURN(const auto file, base_->OpenFile(name_, OpenMode::kRead));
    RUNNEL_RETURN_IF_ERROR(file->Read(0, std::span<char>(copy)).status());
    copy_ = std::move(copy);
    base_ = nullptr;
    return OkStatus();
  }
  void ResizeLocked(int64_t size_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    size_bytes_ = size_bytes;
    if (base_ == nullptr) copy_.resize(static_cast<size_t>(size_bytes));
  }

  mutable absl::Mutex mutex_;
  Directory* base_ ABSL_GUARDED_BY(mutex_) = nullptr;  // null once copied
  const std::string name_ = {};
  std::string copy_ ABSL_GUARDED_BY(mutex_);
  int64_t size_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  Timestamp modified_ ABSL_GUARDED_BY(mutex_);
};

class OverlayFile final : public File {
 public:
  explicit OverlayFile(std::shared_ptr<Content> content) : content_(std::move(content)) {}
  StatusOr<int64_t> Read(int64_t position, std::span<char> out) override {
    return content_->Read(position, out);
  }
  Status Write(int64_t position, std::string_view bytes) override {
    return content_->Write(position, bytes);
  }
  Status Sync() override { return OkStatus(); }
  StatusOr<int64_t> Size() override { return content_->size_bytes(); }
  Status Truncate(int64_t size_bytes) override { return content_->Truncate(size_bytes); }
  Status Allocate(int64_t size_bytes) override {
    return size_bytes > content_->size_bytes() ? content_->Truncate(size_bytes) : OkStatus();
  }
  StatusOr<std::unique_ptr<MappedRegion>> Map(int64_t) override {
    return Error(ErrorCode::kUnsupportedVersion, "files of a read-only view cannot be mapped");
  }

 private:
  const std::shared_ptr<Content> content_;
};

class NoLock final : public FileLock {};

class OverlayDirectory final : public Directory {
 public:
  explicit OverlayDirectory(std::unique_ptr<Directory> base) : base_(std::move(base)) {}

  StatusOr<std::unique_ptr<File>> OpenFile(std::string_view name, OpenMode mode) override {
    const base::Lock lock(mutex_);
    Entry* entry = nullptr;
    Status status = LoadLocked(name, &entry);
    const bool creates = mode == OpenMode::kCreate || mode == OpenMode::kCreateNew;
    if (status.ok() && mode == OpenMode::kCreateNew) {
      return Error(ErrorCode::kKafkaStorageError, base::StrCat(name, " exists already"));
    }
    if (!status.ok()) {
      if (!creates || !IsNotFound(status)) return status;
      entry = &entries_[std::string(name)];
      *entry = {.content = std::make_shared<Content>(kNoTimestamp)};
    }
    return std::make_unique<OverlayFile>(entry->content);
  }

  Status Rename(std::string_view from, std::string_view to) override {
    const base::Lock lock(mutex_);
    Entry* entry = nullptr;
    RUNNEL_RETURN_IF_ERROR(LoadLocked(from, &entry));
    entries_[std::string(to)] = std::exchange(*entry, Entry{});
    return OkStatus();
  }

  Status Remove(std::string_view name) override {
    const base::Lock lock(mutex_);
    entries_[std::string(name)] = Entry{};
    return OkStatus();
  }

  Status CreateDirectory(std::string_view name) override {
    const base::Lock lock(mutex_);
    entries_[std::string(name)] = {.is_directory = true};
    return OkStatus();
  }

  StatusOr<std::vector<DirectoryEntry>> List(std::string_view name) override {
    const base::Lock lock(mutex_);
    absl::btree_map<std::string, bool> names;
    if (const auto at = entries_.find(name); at == entries_.end()) {
      RUNNEL_ASSIGN_OR_RETURN(const auto found, base_->List(name));
      for (const DirectoryEntry& entry : found)
        names[entry.name] = entry.is_directory;
    }
    const std::string prefix = name.empty() ? "" : base::StrCat(name, "/");
    for (const auto& [path, entry] : entries_) {
      if (!path.starts_with(prefix) || path.find('/', prefix.size()) != std::string::npos) continue;
      const std::string child = path.substr(prefix.size());
      if (entry.exists()) {
        names[child] = entry.is_directory;
      } else {
        names.erase(child);
      }
    }
    std::vector<DirectoryEntry> result;
    for (const auto& [child, is_directory] : names)
      result.push_back({child, is_directory});
    return result;
  }

  StatusOr<FileInfo> Stat(std::string_view name) override {
    const base::Lock lock(mutex_);
    const auto at = entries_.find(name);
    if (at == entries_.end()) return base_->Stat(name);
    if (!at->second.exists()) return Missing(name);
    if (at->second.content != nullptr) return at->second.content->info();
    FileInfo info;
    info.is_directory = true;
    return info;
  }

  Status SetModified(std::string_view name, Timestamp time) override {
    const base::Lock lock(mutex_);
    Entry* entry = nullptr;
    RUNNEL_RETURN_IF_ERROR(LoadLocked(name, &entry));
    entry->content->set_modified(time);
    return OkStatus();
  }

  Status Sync(std::string_view) override { return OkStatus(); }
  StatusOr<std::unique_ptr<FileLock>> Lock(std::string_view) override {
    return std::make_unique<NoLock>();
  }
  StatusOr<int64_t> FreeBytes() override { return base_->FreeBytes(); }
  const std::string& path() const override { return base_->path(); }

 private:
  // What is known of a name; with neither it does not exist here.
  struct Entry {
    std::shared_ptr<Content> content = nullptr;
    bool is_directory = false;
    bool exists() const { return content != nullptr || is_directory; }
  };

  Status Missing(std::string_view name) const {
    return base::IoError("open", base::StrCat(path(), "/", name), ENOENT);
  }

  // The entry of a file, taken over from the base at the first time.
  Status LoadLocked(std::string_view name, Entry** entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (const auto at = entries_.find(name); at != entries_.end()) {
      if (at->second.content == nullptr) return Missing(name);
      *entry = &at->second;
      return OkStatus();
    }
    RUNNEL_ASSIGN_OR_RETURN(const FileInfo info, base_->Stat(name));
    *entry = &entries_[std::string(name)];
    (*entry)->content = std::make_shared<Content>(*base_, name, info.size_bytes, info.modified);
    return OkStatus();
  }

  const std::unique_ptr<Directory> base_;
  absl::Mutex mutex_;
  absl::btree_map<std::string, Entry, std::less<>> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

StatusOr<std::unique_ptr<Directory>> OverlayFileSystem::OpenDirectory(std::string_view path,
                                                                      DirectoryMode) {
  RUNNEL_ASSIGN_OR_RETURN(auto directory, base_.OpenDirectory(path, DirectoryMode::kMustExist));
  return std::make_unique<OverlayDirectory>(std::move(directory));
}

}  // namespace runnel::broker
