#include "base/posix_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <filesystem>

#include "base/io_error.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel {
namespace base {
namespace {

constexpr mode_t kFileMode = 0644;       // before the umask
constexpr mode_t kDirectoryMode = 0755;  // before the umask

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;  // the lock goes with its last descriptor
};

// The number in a lock file, "" when there is none.
std::string ReadHolder(int descriptor) {
  char text[32];
  const ssize_t size = ::pread(descriptor, text, sizeof(text), 0);
  int64_t id = 0;
  if (size <= 0 || std::from_chars(text, text + size, id).ec != std::errc()) return "";
  return StrCat(id);
}

Status LockedByOther(int descriptor, const std::string& path, const struct flock& wanted) {
  std::string holder = ReadHolder(descriptor);
  struct flock found = wanted;
  // Holders of classic locks, such as Kafka itself, are known to the kernel by their id.
  if (::fcntl(descriptor, F_GETLK, &found) == 0 && found.l_type != F_UNLCK && found.l_pid > 0) {
    holder = StrCat(found.l_pid);
  }
  return Error(ErrorCode::kKafkaStorageError,
               StrCat("lock ", path, ": it is held by ",
                      holder.empty() ? "another process" : "process " + holder));
}

// Makes the text of a lock file the id of this process.
Status WriteHolder(int descriptor, const std::string& path) {
  const std::string text = StrCat(::getpid(), "\n");
  if (::ftruncate(descriptor, 0) != 0) return IoError("truncate", path, errno);
  return WriteAt(descriptor, path, 0, text);
}

class PosixDirectory final : public Directory {
 public:
  PosixDirectory(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  StatusOr<std::unique_ptr<File>> OpenFile(std::string_view name, OpenMode mode) override {
    int flags = O_CLOEXEC | O_NOCTTY | (mode == OpenMode::kRead ? O_RDONLY : O_RDWR);
    if (mode == OpenMode::kCreate) flags |= O_CREAT;
    if (mode == OpenMode::kCreateNew) flags |= O_CREAT | O_EXCL;
    RUNNEL_ASSIGN_OR_RETURN(Descriptor descriptor, Open("open", name, flags));
    return NewPosixFile(std::move(descriptor), PathOf(name),
                        mode == OpenMode::kRead ? FileAccess::kRead : FileAccess::kReadWrite);
  }

  Status Rename(std::string_view from, std::string_view to) override {
    RUNNEL_RETURN_IF_ERROR(CheckRelativeName(path_, from));
    RUNNEL_RETURN_IF_ERROR(CheckRelativeName(path_, to));
    const std::string source(from);
    const std::string target(to);
    if (::renameat(fd(), source.c_str(), fd(), target.c_str()) == 0) return OkStatus();
    return IoError("rename", StrCat(PathOf(from), " to ", target), errno);
  }

  Status Remove(std::string_view name) override {
    RUNNEL_RETURN_IF_ERROR(CheckRelativeName(path_, name));
    const std::string target(name);
    if (::unlinkat(fd(), target.c_str(), 0) == 0) return OkStatus();
    const bool directory = errno == EISDIR || errno == EPERM;  // EPERM is what POSIX says
    if (directory && ::unlinkat(fd(), target.c_str(), AT_REMOVEDIR) == 0) return OkStatus();
    return IoError("remove", PathOf(name), errno);
  }

  Status CreateDirectory(std::string_view name) override {
    RUNNEL_RETURN_IF_ERROR(CheckRelativeName(path_, name));
    if (::mkdirat(fd(), std::string(name).c_str(), kDirectoryMode) == 0) return OkStatus();
    return IoError("create directory", PathOf(name), errno);
  }

  StatusOr<std::vector<DirectoryEntry>> List(std::string_view name) override {
    RUNNEL_ASSIGN_OR_RETURN(Descriptor descriptor, OpenFolder("list", name));
    DIR* stream = ::fdopendir(descriptor.get());
    if (stream == nullptr) return IoError("list", PathOf(name), errno);
    const int folder = descriptor.Release();  // now the stream's
    std::vector<DirectoryEntry> entries;
    errno = 0;
    while (const dirent* entry = ::readdir(stream)) {
      const std::string_view entry_name = entry->d_name;
      if (entry_name == "." || entry_name == "..") continue;
      entries.push_back({std::string(entry_name), IsDirectory(folder, *entry)});
      errno = 0;
    }
    const int error = errno;
    ::closedir(stream);
    if (error != 0) return IoError("list", PathOf(name), error);
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
  }

  StatusOr<FileInfo> Stat(std::string_view name) override {
    if (!name.empty()) RUNNEL_RETURN_IF_ERROR(CheckRelativeName(path_, name));
    struct stat found;
    if (::fstatat(fd(), std::string(name).c_str(), &found, name.empty() ? AT_EMPTY_PATH : 0) != 0) {
      return IoError("stat", PathOf(name), errno);
    }
    const auto modified = std::chrono::seconds(found.st_mtim.tv_sec) +
                          std::chrono::nanoseconds(found.st_mtim.tv_nsec);
    return FileInfo{
        .size_bytes = found.st_size,
        .allocated_bytes = int64_t{found.st_blocks} * 512,
        .is_directory = S_ISDIR(found.st_mode),
        .modified = Timestamp(std::chrono::floor<std::chrono::milliseconds>(modified)),
    };
  }

  Status SetModified(std::string_view name, Timestamp time) override {
    RUNNEL_RETURN_IF_ERROR(CheckRelativeName(path_, name));
    const auto since_epoch = time.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
    const std::chrono::nanoseconds rest = since_epoch - seconds;
    timespec times[2] = {};
    times[0].tv_nsec = UTIME_OMIT;  // the access time stays
    times[1].tv_sec = static_cast<time_t>(seconds.count());
    times[1].tv_nsec = static_cast<long>(rest.count());
    if (::utimensat(fd(), std::string(name).c_str(), times, 0) == 0) return OkStatus();
    return IoError("set the time of", PathOf(name), errno);
  }

  Status Sync(std::string_view name) override {
    if (name.empty()) return SyncFolder(fd(), path_);
    RUNNEL_ASSIGN_OR_RETURN(const Descriptor descriptor, OpenFolder("sync", name));
    return SyncFolder(descriptor.get(), PathOf(name));
  }

  StatusOr<std::unique_ptr<FileLock>> Lock(std::string_view name) override {
    RUNNEL_ASSIGN_OR_RETURN(Descriptor descriptor,
                            Open("lock", name, O_RDWR | O_CREAT | O_CLOEXEC));
    const std::string path = PathOf(name);
    struct flock wanted = {};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    // A lock of the open file, not of the process: it also keeps two brokers of one process
    // apart, and it conflicts with the classic lock that Kafka takes.
    if (::fcntl(descriptor.get(), F_OFD_SETLK, &wanted) != 0) {
      if (errno != EAGAIN && errno != EACCES) return IoError("lock", path, errno);
      return LockedByOther(descriptor.get(), path, wanted);
    }
    RUNNEL_RETURN_IF_ERROR(WriteHolder(descriptor.get(), path));
    return std::make_unique<PosixLock>(std::move(descriptor));
  }

  StatusOr<int64_t> FreeBytes() override {
    struct statvfs found;
    if (::fstatvfs(fd(), &found) != 0) return IoError("measure free space of", path_, errno);
    const auto blocks = static_cast<uint64_t>(found.f_bavail);
    const auto block_bytes = std::max<uint64_t>(found.f_frsize, 1);
    return static_cast<int64_t>(std::min(blocks, INT64_MAX / block_bytes) * block_bytes);
  }

  const std::string& path() const override { return path_; }

  static Status SyncFolder(int descriptor, std::string_view path) {
    if (SyncRetrying([&] { return ::fsync(descriptor); }) == 0) return OkStatus();
    if (errno == EINVAL) return OkStatus();  // a file system that cannot sync folders
    return IoError("sync", path, errno);
  }

 private:
  int fd() const { return descriptor_.get(); }
  std::string PathOf(std::string_view name) const {
    return name.empty() ? path_ : StrCat(path_, "/", name);
  }

  StatusOr<Descriptor> Open(std::string_view operation, std::string_view name, int flags) const {
    RUNNEL_RETURN_IF_ERROR(CheckRelativeName(path_, name));
    const std::string target(name);
    int descriptor = -1;
    do {
      descriptor = ::openat(fd(), target.c_str(), flags, kFileMode);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) return IoError(operation, PathOf(name), errno);
    return Descriptor(descriptor);
  }

  // Opens a folder anew, also this one, so that a listing has a position of its own.
  StatusOr<Descriptor> OpenFolder(std::string_view operation, std::string_view name) const {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    if (!name.empty()) return Open(operation, name, kFlags);
    const int descriptor = ::openat(fd(), ".", kFlags);
    if (descriptor < 0) return IoError(operation, path_, errno);
    return Descriptor(descriptor);
  }

  static bool IsDirectory(int folder, const dirent& entry) {
    if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
    struct stat found;
    return ::fstatat(folder, entry.d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(found.st_mode);
  }

  const Descriptor descriptor_;
  const std::string path_;
};

// Creates `path` and what is missing above it; each new name is synced into its parent.
Status CreateDirectories(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) == 0) {
    const std::filesystem::path parent = path.parent_path();
    const Descriptor above(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (above.get() < 0) return IoError("open", parent.native(), errno);
    return PosixDirectory::SyncFolder(above.get(), parent.native());
  }
  if (errno == EEXIST) return OkStatus();
  if (errno != ENOENT || !path.has_relative_path()) {
    return IoError("create directory", path.native(), errno);
  }
  RUNNEL_RETURN_IF_ERROR(CreateDirectories(path.parent_path()));
  return CreateDirectories(path);
}

class PosixFileSystem final : public FileSystem {
 public:
  StatusOr<std::unique_ptr<Directory>> OpenDirectory(std::string_view path,
                                                     DirectoryMode mode) override {
    if (path.empty() || path.find('\0') != std::string_view::npos) {
      return IoError("open directory", StrCat("\"", path, "\""), EINVAL);
    }
    std::error_code error;
    auto absolute = std::filesystem::absolute(std::filesystem::path(path), error);
    if (error) return IoError("open directory", path, error.value());
    absolute = absolute.lexically_normal();
    if (!absolute.has_filename()) absolute = absolute.parent_path();  // without a final '/'
    if (mode == DirectoryMode::kCreate) RUNNEL_RETURN_IF_ERROR(CreateDirectories(absolute));
    Descriptor descriptor(::open(absolute.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.get() < 0) return IoError("open directory", absolute.native(), errno);
    return std::make_unique<PosixDirectory>(std::move(descriptor), absolute.native());
  }
};

}  // namespace
}  // namespace base

FileSystem& FileSystem::System() {
  static base::PosixFileSystem files;
  return files;
}

}  // namespace runnel
