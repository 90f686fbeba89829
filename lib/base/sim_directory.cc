#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/files.h"
#include "base/io_error.h"
#include "base/sim_file_system_impl.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::base {
namespace {

using testing::FileOperation;
using Impl = testing::SimFileSystem::Impl;

class SimLock final : public FileLock {
 public:
  SimLock(std::shared_ptr<Impl> impl, SimInodeRef inode)
      : impl_(std::move(impl)), inode_(std::move(inode)) {}
  ~SimLock() override {
    const base::Lock lock(impl_->mutex);
    inode_->locked = false;  // after a crash this is an inode that nobody sees any more
  }

 private:
  const std::shared_ptr<Impl> impl_;
  const SimInodeRef inode_;
};

class SimDirectory final : public Directory {
 public:
  SimDirectory(std::shared_ptr<Impl> impl, SimInodeRef inode, std::string path, int64_t generation)
      : impl_(std::move(impl)),
        inode_(std::move(inode)),
        path_(std::move(path)),
        generation_(generation) {
    impl_->open_handles.fetch_add(1, std::memory_order_relaxed);
  }
  ~SimDirectory() override { impl_->open_handles.fetch_sub(1, std::memory_order_relaxed); }

  StatusOr<std::unique_ptr<File>> OpenFile(std::string_view name, OpenMode mode) override {
    const std::string path = PathOf(name);
    impl_->CallHook(FileOperation::kOpenFile, path);
    const base::Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(Begin(FileOperation::kOpenFile, name));
    RUNNEL_ASSIGN_OR_RETURN(SimInodeRef file, OpenInode(name, mode));
    return NewSimFile(impl_, std::move(file), path, generation_,
                      mode == OpenMode::kRead ? SimAccess::kRead : SimAccess::kReadWrite);
  }

  Status Rename(std::string_view from, std::string_view to) override {
    impl_->CallHook(FileOperation::kRename, PathOf(from));
    const base::Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(Begin(FileOperation::kRename, from));
    RUNNEL_RETURN_IF_ERROR(CheckRelativeName(path_, to));
    RUNNEL_ASSIGN_OR_RETURN(const Place source, FindPlace("rename", from));
    RUNNEL_ASSIGN_OR_RETURN(const Place target, FindPlace("rename", to));
    if (source.inode == nullptr) return Fail("rename", from, ENOENT);
    if (source.inode == target.inode) return OkStatus();
    if (target.inode != nullptr) {
      if (source.inode->is_directory && !target.inode->is_directory) {
        return Fail("rename", from, ENOTDIR);
      }
      if (!source.inode->is_directory && target.inode->is_directory) {
        return Fail("rename", from, EISDIR);
      }
      if (!target.inode->live_names.empty()) return Fail("rename", from, ENOTEMPTY);
    }
    bool into_itself = false;
    ForEachLive(source.inode, [&](const SimInode& below) {
      if (&below == target.folder.get()) into_itself = true;
    });
    if (into_itself) return Fail("rename", from, EINVAL);
    impl_->state.Rename(source.folder, source.name, target.folder, target.name);
    return OkStatus();
  }

  Status Remove(std::string_view name) override {
    impl_->CallHook(FileOperation::kRemove, PathOf(name));
    const base::Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(Begin(FileOperation::kRemove, name));
    RUNNEL_ASSIGN_OR_RETURN(const Place place, FindPlace("remove", name));
    if (place.inode == nullptr) return Fail("remove", name, ENOENT);
    if (!place.inode->live_names.empty()) return Fail("remove", name, ENOTEMPTY);
    impl_->state.Unlink(place.folder, place.name);
    return OkStatus();
  }

  Status CreateDirectory(std::string_view name) override {
    impl_->CallHook(FileOperation::kCreateDirectory, PathOf(name));
    const base::Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(Begin(FileOperation::kCreateDirectory, name));
    RUNNEL_ASSIGN_OR_RETURN(const Place place, FindPlace("create directory", name));
    if (place.inode != nullptr) return Fail("create directory", name, EEXIST);
    auto created = std::make_shared<SimInode>();
    created->is_directory = true;
    created->modified = impl_->Now();
    impl_->state.Link(place.folder, place.name, created);
    return OkStatus();
  }

  StatusOr<std::vector<DirectoryEntry>> List(std::string_view name) override {
    impl_->CallHook(FileOperation::kList, PathOf(name));
    const base::Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(BeginAnywhere(FileOperation::kList, name));
    RUNNEL_ASSIGN_OR_RETURN(const SimInodeRef folder, FindFolder("list", name));
    std::vector<DirectoryEntry> entries;
    entries.reserve(folder->live_names.size());
    for (const auto& [entry_name, inode] : folder->live_names) {
      entries.push_back({entry_name, inode->is_directory});
    }
    return entries;
  }

  StatusOr<FileInfo> Stat(std::string_view name) override {
    impl_->CallHook(FileOperation::kStat, PathOf(name));
    const base::Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(BeginAnywhere(FileOperation::kStat, name));
    RUNNEL_ASSIGN_OR_RETURN(const SimInodeRef inode, impl_->Find(inode_, path_, "stat", name));
    impl_->Capture(*inode);
    return FileInfo{.size_bytes = inode->live.size_bytes(),
                    .allocated_bytes = inode->live.used_bytes(),
                    .is_directory = inode->is_directory,
                    .modified = inode->modified};
  }

  Status SetModified(std::string_view name, Timestamp time) override {
    impl_->CallHook(FileOperation::kSetModified, PathOf(name));
    const base::Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(Begin(FileOperation::kSetModified, name));
    RUNNEL_ASSIGN_OR_RETURN(const SimInodeRef inode,
                            impl_->Find(inode_, path_, "set the time of", name));
    inode->modified = time;
    return OkStatus();
  }

  Status Sync(std::string_view name) override {
    impl_->CallHook(FileOperation::kSyncDirectory, PathOf(name));
    const base::Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(BeginAnywhere(FileOperation::kSyncDirectory, name));
    RUNNEL_ASSIGN_OR_RETURN(const SimInodeRef folder, FindFolder("sync", name));
    impl_->state.SyncFolder(folder);
    return OkStatus();
  }

  StatusOr<std::unique_ptr<FileLock>> Lock(std::string_view name) override {
    impl_->CallHook(FileOperation::kLock, PathOf(name));
    const base::Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(Begin(FileOperation::kLock, name));
    RUNNEL_ASSIGN_OR_RETURN(const SimInodeRef file, OpenInode(name, OpenMode::kCreate));
    if (file->locked) {
      return Error(ErrorCode::kKafkaStorageError,
                   StrCat("lock ", PathOf(name), ": it is held by process ", ::getpid()));
    }
    file->locked = true;
    file->live.Truncate(0);
    file->live.Write(0, StrCat(::getpid(), "\n"));
    return std::make_unique<SimLock>(impl_, file);
  }

  StatusOr<int64_t> FreeBytes() override {
    impl_->CallHook(FileOperation::kFreeBytes, path_);
    const base::Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(BeginAnywhere(FileOperation::kFreeBytes, ""));
    return impl_->FreeBytes();
  }

  const std::string& path() const override { return path_; }

 private:
  // Where a name is, or would be.
  struct Place {
    SimInodeRef folder;
    std::string name;
    SimInodeRef inode;  // null when there is none
  };

  std::string PathOf(std::string_view name) const {
    if (name.empty()) return path_;
    return path_ == "/" ? StrCat("/", name) : StrCat(path_, "/", name);
  }

  Status Fail(std::string_view operation, std::string_view name, int error) const {
    return IoError(operation, PathOf(name), error);
  }

  // Begins an operation on this directory ("") or something below it.
  Status BeginAnywhere(FileOperation operation, std::string_view name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(impl_->mutex) {
    RUNNEL_RETURN_IF_ERROR(impl_->Begin(operation, PathOf(name)).status);
    if (generation_ != impl_->generation) return Fail(testing::ToString(operation), name, EIO);
    return name.empty() ? OkStatus() : CheckRelativeName(path_, name);
  }

  Status Begin(FileOperation operation, std::string_view name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(impl_->mutex) {
    RUNNEL_RETURN_IF_ERROR(BeginAnywhere(operation, name));
    return CheckRelativeName(path_, name);
  }

  StatusOr<SimInodeRef> FindFolder(std::string_view operation, std::string_view name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(impl_->mutex) {
    RUNNEL_ASSIGN_OR_RETURN(SimInodeRef folder, impl_->Find(inode_, path_, operation, name));
    if (!folder->is_directory) return Fail(operation, name, ENOTDIR);
    return folder;
  }

  StatusOr<Place> FindPlace(std::string_view operation, std::string_view name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(impl_->mutex) {
    RUNNEL_ASSIGN_OR_RETURN(SimInodeRef folder, FindFolder(operation, FolderOf(name)));
    const size_t slash = name.rfind('/');
    const std::string_view last = slash == std::string_view::npos ? name : name.substr(slash + 1);
    const auto found = folder->live_names.find(last);
    const bool exists = found != folder->live_names.end();
    return Place{folder, std::string(last), exists ? found->second : nullptr};
  }

  StatusOr<SimInodeRef> OpenInode(std::string_view name, OpenMode mode)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(impl_->mutex) {
    RUNNEL_ASSIGN_OR_RETURN(const Place place, FindPlace("open", name));
    const bool creates = mode == OpenMode::kCreate || mode == OpenMode::kCreateNew;
    if (place.inode != nullptr) {
      if (mode == OpenMode::kCreateNew) return Fail("open", name, EEXIST);
      if (place.inode->is_directory) return Fail("open", name, EISDIR);
      return place.inode;
    }
    if (!creates) return Fail("open", name, ENOENT);
    auto created = std::make_shared<SimInode>();
    created->modified = impl_->Now();
    impl_->state.Link(place.folder, place.name, created);
    return created;
  }

  const std::shared_ptr<Impl> impl_;
  const SimInodeRef inode_;
  const std::string path_;
  const int64_t generation_;
};

}  // namespace

std::unique_ptr<Directory> NewSimDirectory(std::shared_ptr<testing::SimFileSystem::Impl> impl,
                                           SimInodeRef inode, std::string path,
                                           int64_t generation) {
  return std::make_unique<SimDirectory>(std::move(impl), std::move(inode), std::move(path),
                                        generation);
}

}  // namespace runnel::base
