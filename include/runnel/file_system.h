// Where files live.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/clock.h"
#include "runnel/error.h"

namespace runnel {

// A writable view of the start of a file, shared with it: what is stored here is in the file.
//
// Only bytes below the file's allocated size may be touched (File::Allocate).
class MappedRegion {
 public:
  virtual ~MappedRegion() = default;
  virtual char* data() = 0;
  virtual int64_t size_bytes() const = 0;
  // Makes [begin, end) resident, so that the first store does not fault. Best effort.
  virtual void Populate(int64_t begin, int64_t end) = 0;
  // Tells the system that [begin, end) is not needed in memory soon. Best effort.
  virtual void Release(int64_t begin, int64_t end) = 0;
};

// An open file. Positions and sizes in bytes.
//
// Thread safety: thread-safe; concurrent writes must not overlap.
// Errors: kKafkaStorageError with the path, the operation and the system's reason.
class File {
 public:
  virtual ~File() = default;

  // Reads at `position` until `out` is full or the file ends; returns the bytes read.
  virtual StatusOr<int64_t> Read(int64_t position, std::span<char> out) = 0;
  // Writes all of `bytes` at `position`; the file grows as needed.
  virtual Status Write(int64_t position, std::string_view bytes) = 0;
  // Makes content and size durable (fdatasync). A failed sync must not be tried again: the
  // system may have dropped the bytes.
  virtual Status Sync() = 0;
  virtual StatusOr<int64_t> Size() = 0;
  // Sets the size; new bytes read as zero but hold no space.
  virtual Status Truncate(int64_t size_bytes) = 0;
  // Grows the file to at least `size_bytes` with space reserved on disk, reading as zero; never
  // shrinks. Errors: IsDiskFull() when there is no space; the file is then as before.
  virtual Status Allocate(int64_t size_bytes) = 0;
  // Maps [0, size_bytes), which may reach past the end of the file. A region of a file opened with
  // kRead must not be stored to.
  // Errors: kUnsupportedVersion where files cannot be mapped; use Read and Write instead.
  // Lifetime: the region may outlive the file object.
  virtual StatusOr<std::unique_ptr<MappedRegion>> Map(int64_t size_bytes) = 0;
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

struct FileInfo {
  int64_t size_bytes = 0;
  int64_t allocated_bytes = 0;  // space held on disk
  bool is_directory = false;
  Timestamp modified;
};

// Held while it lives; released when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode { kRead, kReadWrite, kCreate, kCreateNew };  // kCreate: open or create

// An open directory. Names are relative to it, parts joined by '/', never "..", so that the host
// may change its working directory or move the directory.
//
// Thread safety: thread-safe.
// Errors: kKafkaStorageError with the path and the reason; see IsNotFound and IsDiskFull.
class Directory {
 public:
  virtual ~Directory() = default;

  virtual StatusOr<std::unique_ptr<File>> OpenFile(std::string_view name, OpenMode mode) = 0;
  // Moves a file or directory, replacing a file of that name. Durable after Sync of the folder.
  virtual Status Rename(std::string_view from, std::string_view to) = 0;
  // Removes a file or an empty directory.
  virtual Status Remove(std::string_view name) = 0;
  virtual Status CreateDirectory(std::string_view name) = 0;
  // Entries of `name` ("" for this directory itself), sorted by name.
  virtual StatusOr<std::vector<DirectoryEntry>> List(std::string_view name) = 0;
  virtual StatusOr<FileInfo> Stat(std::string_view name) = 0;
  virtual Status SetModified(std::string_view name, Timestamp time) = 0;
  // Makes created, renamed and removed names in folder `name` ("" for this one) durable.
  virtual Status Sync(std::string_view name) = 0;
  // Takes an exclusive lock on file `name`, creating it, and writes the process id into it.
  // Errors: kKafkaStorageError naming the holder's process id, at once, when another has it.
  virtual StatusOr<std::unique_ptr<FileLock>> Lock(std::string_view name) = 0;
  // Bytes that can still be written on this device.
  virtual StatusOr<int64_t> FreeBytes() = 0;
  // The absolute path, for messages.
  virtual const std::string& path() const = 0;
};

enum class DirectoryMode { kMustExist, kCreate };

// Opens directories. Inject a SimFileSystem (runnel/testing/sim_file_system.h) to script faults.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Opens the directory at `path`; kCreate makes missing ones on the way.
  // Errors: kKafkaStorageError when it is missing, a file, or not permitted.
  virtual StatusOr<std::unique_ptr<Directory>> OpenDirectory(std::string_view path,
                                                             DirectoryMode mode) = 0;
  // The computer's own files; lives for ever.
  static FileSystem& System();
};

// What a file operation's error means. IsNotFound is Abseil's, which argument-dependent look-up
// would find in any case: the statuses of missing files are made for it.
using absl::IsNotFound;
bool IsDiskFull(const Status& status);

}  // namespace runnel
