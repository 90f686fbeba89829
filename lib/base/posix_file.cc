#include "base/posix_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/io_error.h"
#include "base/memory_region.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::base {
namespace {

constexpr int64_t kZeroBytes = 64 * 1024;  // written at a time where space cannot be reserved

class PosixMappedRegion final : public MappedRegion {
 public:
  PosixMappedRegion(char* data, int64_t size_bytes) : data_(data), size_bytes_(size_bytes) {}
  ~PosixMappedRegion() override { ::munmap(data_, static_cast<size_t>(size_bytes_)); }

  char* data() override { return data_; }
  int64_t size_bytes() const override { return size_bytes_; }

  void Populate(int64_t begin, int64_t end) override {
#ifdef MADV_POPULATE_WRITE
    // Fails with EFAULT, not with a signal, where the file has no space.
    const int64_t page = PageBytes();
    Advise(begin / page * page, (end + page - 1) / page * page, MADV_POPULATE_WRITE);
#else
    (void)begin;
    (void)end;
#endif
  }

  void Release(int64_t begin, int64_t end) override {
    const int64_t page = PageBytes();
    Advise((begin + page - 1) / page * page, end / page * page, MADV_DONTNEED);
  }

 private:
  void Advise(int64_t begin, int64_t end, int advice) {
    begin = std::max<int64_t>(begin, 0);
    end = std::min(end, (size_bytes_ + PageBytes() - 1) / PageBytes() * PageBytes());
    if (begin < end) (void)::madvise(data_ + begin, static_cast<size_t>(end - begin), advice);
  }

  char* const data_;
  const int64_t size_bytes_;
};

// The largest file this process may write. Beyond it the system would send a signal that ends the
// process, so that we look first.
int64_t FileSizeLimit() {
  rlimit limit;
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(
      std::min<uint64_t>(limit.rlim_cur, std::numeric_limits<int64_t>::max()));
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path, FileAccess access)
      : descriptor_(std::move(descriptor)),
        path_(std::move(path)),
        access_(access),
        size_limit_bytes_(access == FileAccess::kRead ? 0 : FileSizeLimit()) {}

  StatusOr<int64_t> Read(int64_t position, std::span<char> out) override {
    if (position < 0) return IoError("read", path_, EINVAL);
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t count = ::pread(fd(), out.data() + done, out.size() - done,
                                    position + static_cast<int64_t>(done));
      if (count == 0) break;
      if (count > 0) {
        done += static_cast<size_t>(count);
      } else if (errno != EINTR) {
        return IoError("read", path_, errno);
      }
    }
    return static_cast<int64_t>(done);
  }

  Status Write(int64_t position, std::string_view bytes) override {
    RUNNEL_RETURN_IF_ERROR(CheckEnd("write", position, static_cast<int64_t>(bytes.size())));
    return WriteAt(fd(), path_, position, bytes);
  }

  Status Sync() override {
    if (SyncRetrying([this] { return ::fdatasync(fd()); }) == 0) return OkStatus();
    return IoError("sync", path_, errno);
  }

  StatusOr<int64_t> Size() override {
    struct stat found;
    if (::fstat(fd(), &found) != 0) return IoError("stat", path_, errno);
    return static_cast<int64_t>(found.st_size);
  }

  Status Truncate(int64_t size_bytes) override {
    RUNNEL_RETURN_IF_ERROR(CheckEnd("truncate", size_bytes, 0));
    int result = 0;
    do {
      result = ::ftruncate(fd(), size_bytes);
    } while (result != 0 && errno == EINTR);
    return result == 0 ? OkStatus() : IoError("truncate", path_, errno);
  }

  Status Allocate(int64_t size_bytes) override {
    RUNNEL_RETURN_IF_ERROR(CheckEnd("allocate", size_bytes, 0));
    if (size_bytes == 0) return OkStatus();
    RUNNEL_ASSIGN_OR_RETURN(const int64_t old_size_bytes, Size());
    Status status = Reserve(size_bytes, old_size_bytes);
    if (!status.ok()) {
      // A part may have been reserved, and the size may have grown with it.
      IgnoreError(Truncate(old_size_bytes), "the first error is the one to report");
    }
    return status;
  }

  StatusOr<std::unique_ptr<MappedRegion>> Map(int64_t size_bytes) override {
    if (size_bytes <= 0) return IoError("map", path_, EINVAL);
    if (static_cast<uint64_t>(size_bytes) > std::numeric_limits<size_t>::max() / 2) {
      return Unmappable("it is too large for this machine's address space");
    }
    const int protection = access_ == FileAccess::kRead ? PROT_READ : PROT_READ | PROT_WRITE;
    void* data = ::mmap(nullptr, static_cast<size_t>(size_bytes), protection, MAP_SHARED, fd(), 0);
    if (data != MAP_FAILED) {
      return std::make_unique<PosixMappedRegion>(static_cast<char*>(data), size_bytes);
    }
    if (errno == ENODEV || errno == EINVAL) return Unmappable("its file system cannot");
    return IoError("map", path_, errno);
  }

 private:
  int fd() const { return descriptor_.get(); }

  Status CheckEnd(std::string_view operation, int64_t position, int64_t size_bytes) const {
    if (access_ == FileAccess::kRead) return IoError(operation, path_, EBADF);
    if (position < 0) return IoError(operation, path_, EINVAL);
    if (position > size_limit_bytes_ - size_bytes) return IoError(operation, path_, EFBIG);
    return OkStatus();
  }

  Status Reserve(int64_t size_bytes, int64_t old_size_bytes) {
#ifdef __linux__
    int result = 0;
    do {
      result = ::fallocate(fd(), 0, 0, size_bytes);
    } while (result != 0 && errno == EINTR);
    if (result == 0) return OkStatus();
    if (errno != EOPNOTSUPP && errno != ENOSYS) return IoError("allocate", path_, errno);
#endif
    // No reservation on this file system: written zeros hold space nearly everywhere.
    const std::string zeros(kZeroBytes, '\0');
    for (int64_t at = old_size_bytes; at < size_bytes; at += kZeroBytes) {
      const auto count = static_cast<size_t>(std::min(kZeroBytes, size_bytes - at));
      RUNNEL_RETURN_IF_ERROR(WriteAt(fd(), path_, at, std::string_view(zeros).substr(0, count)));
    }
    return OkStatus();
  }

  Status Unmappable(std::string_view reason) const {
    return Error(ErrorCode::kUnsupportedVersion, StrCat("map ", path_, ": ", reason));
  }

  const Descriptor descriptor_;
  const std::string path_;
  const FileAccess access_;
  const int64_t size_limit_bytes_;
};

}  // namespace

std::unique_ptr<File> NewPosixFile(Descriptor descriptor, std::string path, FileAccess access) {
  return std::make_unique<PosixFile>(std::move(descriptor), std::move(path), access);
}

Status WriteAt(int descriptor, std::string_view path, int64_t position, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(descriptor, bytes.data(), bytes.size(), position);
    if (count > 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
      position += count;
    } else if (count == 0 || errno != EINTR) {
      return IoError("write", path, count == 0 ? EIO : errno);
    }
  }
  return OkStatus();
}

}  // namespace runnel::base
