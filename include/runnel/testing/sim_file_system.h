// A file system in memory that loses what was not synced, and fails when told to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runnel/file_system.h"

namespace runnel::testing {

// Every call on directories and files is one operation of one of these kinds.
enum class FileOperation : int {
  kOpenDirectory,
  kOpenFile,
  kRead,
  kWrite,
  kSync,
  kSize,
  kTruncate,
  kAllocate,
  kMap,
  kRename,
  kRemove,
  kCreateDirectory,
  kList,
  kStat,
  kSetModified,
  kSyncDirectory,
  kLock,
  kFreeBytes,
};
inline constexpr int kFileOperationCount = 18;
// "sync directory".
std::string_view ToString(FileOperation operation);

// One operation that is about to happen.
struct OperationInfo {
  FileOperation operation = FileOperation::kRead;
  std::string_view path;  // absolute; valid during the hook
  int64_t number = 0;     // counts all operations of the file system, from 1
};

// How one operation goes wrong.
enum class FaultKind {
  kIoError,       // EIO; a write has stored its first half
  kDiskFull,      // ENOSPC; a write has stored its first half
  kTooManyFiles,  // EMFILE
  kInterrupted,   // EINTR, which the file system repeats itself: the caller sees nothing
  kShort,         // the system transfers a part and the rest is asked for: nothing is seen either
};

// Which operations fail. An operation that does not match `only` is not counted.
struct Fault {
  // Fails the operation after this many: 0 is the next one.
  int64_t after = 0;
  FaultKind kind = FaultKind::kIoError;
  // Also fails all operations after that one.
  bool for_good = false;
  // Narrows it to operations of one kind, and to paths that contain a text.
  std::optional<FileOperation> only_operation = std::nullopt;
  std::string only_path = "";
};

// What of the un-synced work survives a power loss.
struct CrashStyle {
  // Creating, renaming and removing names: kPrefix keeps the first so many, as a journal does;
  // kAnySubset keeps any. Synced folders keep theirs in both.
  enum class Names { kLost, kPrefix, kAnySubset, kKept };
  Names names = Names::kPrefix;

  // Bytes of files: each file draws its fate (nothing, everything, a prefix or a random subset of
  // its dirty sectors, each of which may be torn in the middle), unless one is prescribed.
  enum class Content { kLost, kPrefix, kAnySubset, kKept, kMixed };
  Content content = Content::kMixed;

  // Whether a sector of 512 bytes may be half old, half new.
  bool torn_sectors = true;
};

// A file system in memory, with the same interface and the same errors as the computer's own.
//
// Each file has live content, which everyone sees, and durable content: the live one at its last
// successful Sync. Each directory has live names and durable names: the live ones at the last Sync
// of that directory; a new file that was synced itself is lost when its name was not. A rename is
// durable when the folder of its new name is synced. Stores through a MappedRegion go straight to
// the live content. After a failed File::Sync the content it should have written is never made
// durable by a later one, as on Linux.
//
// Thread safety: thread-safe, except Crash, KillProcess, Restore and the setters, which must not
// run beside other calls. Mapped regions may be stored to while other calls run.
// Lifetime: outlives its directories, files, regions and locks.
// Cost: memory in proportion to the touched pages of 4 KiB; Snapshot and Crash in proportion to
// the number of files and pages, not of bytes, except for pages of mapped regions.
class SimFileSystem final : public FileSystem {
 public:
  // An empty file system. `clock` stamps changes; without one they are stamped 0.
  SimFileSystem();
  explicit SimFileSystem(Clock& clock);
  ~SimFileSystem() override;

  // Paths begin at the root, with or without a '/': "data" and "/data" are the same.
  StatusOr<std::unique_ptr<Directory>> OpenDirectory(std::string_view path,
                                                     DirectoryMode mode) override;

  // --- Ends of the process ---

  // Power loss: everything that was not synced is gone. What was open before fails from now on
  // with kKafkaStorageError; mapped regions stay valid memory that belongs to no file.
  void Crash();
  // Power loss that keeps a part of what was not synced, drawn from `seed`.
  void Crash(uint64_t seed, const CrashStyle& style = {});
  // End of the process alone: the system keeps everything, synced or not; locks and open files go.
  void KillProcess();

  // --- States ---

  // The whole state of the files: live and durable content and names, without open files and
  // locks, counters, faults and capacity. Immutable and cheap to copy.
  class Snapshot;
  std::shared_ptr<const Snapshot> TakeSnapshot();
  // Returns to that state, also on another SimFileSystem; what is open fails from now on.
  void Restore(const std::shared_ptr<const Snapshot>& snapshot);

  // --- Faults ---

  // Adds a fault; several may be active.
  void Inject(Fault fault);
  void ClearFaults();
  // How often a fault has struck since the last ClearFaults().
  int64_t faults_struck() const;
  // Space for file content; INT64_MAX, the default, is no limit. Beyond it Write and Allocate fail
  // with IsDiskFull(); a write has stored what fitted.
  void set_capacity_bytes(int64_t capacity_bytes);
  // When false, Map fails with kUnsupportedVersion, as on file systems that cannot.
  void set_mappable(bool mappable);

  // --- Observation ---

  // Called before each operation, without locks held: it may take snapshots, but not crash.
  void set_hook(std::function<void(const OperationInfo&)> hook);
  // Operations since the last ResetCounters(): of one kind, and in all.
  int64_t count(FileOperation operation) const;
  int64_t count() const;
  void ResetCounters();
  // Files and directories open now, and regions mapped now.
  int64_t open_handles() const;
  int64_t open_regions() const;
  // Space held by files that have a name.
  int64_t used_bytes() const;
  // Pages beyond the end of a file, rounded up to whole pages, that a mapped region was stored to:
  // the computer would have ended the process with a signal. Must stay 0.
  int64_t stray_stores() const;
  // Whether all content and names are durable: Crash() would lose nothing.
  bool all_synced();

  struct Impl;  // of lib/base

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace runnel::testing
