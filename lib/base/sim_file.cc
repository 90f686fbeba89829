#include <algorithm>
#include <cerrno>

#include "base/io_error.h"
#include "base/sim_file_system_impl.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::base {
namespace {

using testing::FileOperation;
using Impl = testing::SimFileSystem::Impl;

// Memory is reserved for more than the mapped size, so that a larger region of the same file can
// share it.
constexpr int64_t kMinMappingBytes = 1 << 20;

class SimMappedRegion final : public MappedRegion {
 public:
  SimMappedRegion(std::shared_ptr<Impl> impl, SimInodeRef inode, int64_t size_bytes)
      : impl_(std::move(impl)),
        inode_(std::move(inode)),
        mapping_(inode_->mapping),
        size_bytes_(size_bytes) {
    impl_->open_regions.fetch_add(1, std::memory_order_relaxed);
  }

  ~SimMappedRegion() override {
    impl_->open_regions.fetch_sub(1, std::memory_order_relaxed);
    const Lock lock(impl_->mutex);
    if (inode_->mapping != mapping_) return;  // detached by a crash
    if (--inode_->region_count > 0) return;
    impl_->Capture(*inode_);
    inode_->mapping = nullptr;
    impl_->mapped.erase(inode_);
  }

  char* data() override { return mapping_->data(); }
  int64_t size_bytes() const override { return size_bytes_; }
  void Populate(int64_t, int64_t) override {}
  void Release(int64_t, int64_t) override {}

 private:
  const std::shared_ptr<Impl> impl_;
  const SimInodeRef inode_;
  const std::shared_ptr<SimMapping> mapping_;
  const int64_t size_bytes_;
};

class SimFile final : public File {
 public:
  SimFile(std::shared_ptr<Impl> impl, SimInodeRef inode, std::string path, int64_t generation,
          SimAccess access)
      : impl_(std::move(impl)),
        inode_(std::move(inode)),
        path_(std::move(path)),
        generation_(generation),
        access_(access) {
    impl_->open_handles.fetch_add(1, std::memory_order_relaxed);
  }
  ~SimFile() override { impl_->open_handles.fetch_sub(1, std::memory_order_relaxed); }

  StatusOr<int64_t> Read(int64_t position, std::span<char> out) override {
    impl_->CallHook(FileOperation::kRead, path_);
    const Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(Begin(FileOperation::kRead).status);
    if (position < 0) return IoError("read", path_, EINVAL);
    const int64_t count = inode_->live.Read(position, out);
    if (inode_->mapping == nullptr) return count;
    const int64_t in_mapping =
        std::clamp<int64_t>(inode_->mapping->size_bytes() - position, 0, count);
    if (in_mapping > 0) {
      inode_->mapping->Read(position, out.subspan(0, static_cast<size_t>(in_mapping)));
    }
    return count;
  }

  Status Write(int64_t position, std::string_view bytes) override {
    impl_->CallHook(FileOperation::kWrite, path_);
    const Lock lock(impl_->mutex);
    const Impl::Outcome outcome = Begin(FileOperation::kWrite);
    if (!outcome.status.ok()) {
      const bool store = outcome.half_done && access_ == SimAccess::kReadWrite && position >= 0;
      if (store) StoreLocked(position, bytes.substr(0, bytes.size() / 2));
      return outcome.status;
    }
    const auto count = static_cast<int64_t>(bytes.size());
    RUNNEL_RETURN_IF_ERROR(CheckEnd("write", position, count));
    const int64_t free_bytes = impl_->FreeBytes();
    const int64_t fit = free_bytes > 2 * count + kSimPageBytes
                            ? count
                            : inode_->live.BytesThatFit(position, count, free_bytes);
    StoreLocked(position, bytes.substr(0, static_cast<size_t>(fit)));
    return fit == count ? OkStatus() : IoError("write", path_, ENOSPC);
  }

  Status Sync() override {
    impl_->CallHook(FileOperation::kSync, path_);
    const Lock lock(impl_->mutex);
    const Status status = Begin(FileOperation::kSync).status;
    if (inode_->is_directory || generation_ != impl_->generation) return status;
    impl_->Capture(*inode_);
    if (!status.ok()) {
      SimState::GiveUpUnsynced(*inode_);
      return status;
    }
    SimState::SyncFile(*inode_);
    return OkStatus();
  }

  StatusOr<int64_t> Size() override {
    impl_->CallHook(FileOperation::kSize, path_);
    const Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(Begin(FileOperation::kSize).status);
    return inode_->live.size_bytes();
  }

  Status Truncate(int64_t size_bytes) override {
    impl_->CallHook(FileOperation::kTruncate, path_);
    const Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(Begin(FileOperation::kTruncate).status);
    RUNNEL_RETURN_IF_ERROR(CheckEnd("truncate", size_bytes, 0));
    impl_->Capture(*inode_);
    const int64_t old_size_bytes = inode_->live.size_bytes();
    inode_->live.Truncate(size_bytes);
    if (inode_->mapping != nullptr) inode_->mapping->Clear(size_bytes, old_size_bytes);
    inode_->modified = impl_->Now();
    return OkStatus();
  }

  Status Allocate(int64_t size_bytes) override {
    impl_->CallHook(FileOperation::kAllocate, path_);
    const Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(Begin(FileOperation::kAllocate).status);
    RUNNEL_RETURN_IF_ERROR(CheckEnd("allocate", size_bytes, 0));
    SimContent larger = inode_->live;
    larger.Allocate(size_bytes);
    if (larger.used_bytes() - inode_->live.used_bytes() > impl_->FreeBytes()) {
      return IoError("allocate", path_, ENOSPC);
    }
    inode_->live = std::move(larger);
    return OkStatus();
  }

  StatusOr<std::unique_ptr<MappedRegion>> Map(int64_t size_bytes) override {
    impl_->CallHook(FileOperation::kMap, path_);
    const Lock lock(impl_->mutex);
    RUNNEL_RETURN_IF_ERROR(Begin(FileOperation::kMap).status);
    if (size_bytes <= 0) return IoError("map", path_, EINVAL);
    if (!impl_->mappable) {
      return Error(ErrorCode::kUnsupportedVersion,
                   StrCat("map ", path_, ": its file system cannot"));
    }
    if (inode_->mapping == nullptr) {
      const int64_t reserved = std::max(size_bytes, kMinMappingBytes);
      RUNNEL_ASSIGN_OR_RETURN(inode_->mapping, SimMapping::Create(reserved, inode_->live));
      inode_->region_count = 0;
      impl_->mapped.insert(inode_);
    }
    if (size_bytes > inode_->mapping->size_bytes()) {
      return Error(ErrorCode::kUnsupportedVersion,
                   StrCat("map ", path_, ": a smaller region is open, of at most ",
                          inode_->mapping->size_bytes(), " bytes"));
    }
    ++inode_->region_count;
    return std::make_unique<SimMappedRegion>(impl_, inode_, size_bytes);
  }

 private:
  Impl::Outcome Begin(FileOperation operation) ABSL_EXCLUSIVE_LOCKS_REQUIRED(impl_->mutex) {
    Impl::Outcome outcome = impl_->Begin(operation, path_);
    if (generation_ != impl_->generation) {
      outcome = {.status = IoError(testing::ToString(operation), path_, EIO)};
    }
    return outcome;
  }

  Status CheckEnd(std::string_view operation, int64_t position, int64_t size_bytes) const {
    if (access_ == SimAccess::kRead) return IoError(operation, path_, EBADF);
    if (position < 0) return IoError(operation, path_, EINVAL);
    constexpr int64_t kMaxFileBytes = int64_t{1} << 43;  // as on ext4, about
    if (position > kMaxFileBytes - size_bytes) return IoError(operation, path_, EFBIG);
    return OkStatus();
  }

  void StoreLocked(int64_t position, std::string_view bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(impl_->mutex) {
    inode_->live.Write(position, bytes);
    inode_->modified = impl_->Now();
    if (inode_->mapping == nullptr || position >= inode_->mapping->size_bytes()) return;
    const int64_t room = inode_->mapping->size_bytes() - position;
    inode_->mapping->Write(position, bytes.substr(0, static_cast<size_t>(room)));
  }

  const std::shared_ptr<Impl> impl_;
  const SimInodeRef inode_;
  const std::string path_;
  const int64_t generation_;
  const SimAccess access_;
};

}  // namespace

std::unique_ptr<File> NewSimFile(std::shared_ptr<testing::SimFileSystem::Impl> impl,
                                 SimInodeRef inode, std::string path, int64_t generation,
                                 SimAccess access) {
  return std::make_unique<SimFile>(std::move(impl), std::move(inode), std::move(path), generation,
                                   access);
}

}  // namespace runnel::base
