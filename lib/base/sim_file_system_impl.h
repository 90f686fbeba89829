// The shared core of SimFileSystem and its handles; used by sim_*.cc only.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <array>
#include <atomic>
#include <limits>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/sim_state.h"
#include "runnel/testing/sim_file_system.h"

namespace runnel::testing {

// A snapshot is a state that nobody changes any more.
class SimFileSystem::Snapshot final {
 public:
  explicit Snapshot(base::SimState state) : state_(std::move(state)) {}
  const base::SimState& state() const { return state_; }

 private:
  base::SimState state_;
};

// Counts, faults, capacity and the state, under one mutex.
struct SimFileSystem::Impl final : std::enable_shared_from_this<SimFileSystem::Impl> {
  explicit Impl(Clock* clock_or_null) : clock(clock_or_null) {}

  // What an operation has to do.
  struct Outcome {
    Status status;           // of the fault that struck
    bool half_done = false;  // a failing write stores its first half
  };

  // Calls the hook; to be called first, without the lock.
  void CallHook(FileOperation operation, std::string_view path);
  // Counts the operation and looks for a fault.
  Outcome Begin(FileOperation operation, std::string_view path)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // The inode called `name` below `folder`; ENOENT or ENOTDIR.
  StatusOr<base::SimInodeRef> Find(const base::SimInodeRef& folder, std::string_view path,
                                   std::string_view operation, std::string_view name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Moves stores of mapped regions into the live content.
  void Capture(base::SimInode& file) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void CaptureAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Ends all handles and regions and continues with `next`.
  void Replace(base::SimState next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Space left for content.
  int64_t FreeBytes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  Timestamp Now() const { return clock == nullptr ? Timestamp() : clock->Now(); }

  Clock* const clock;
  std::atomic<int64_t> open_handles = 0;  // relaxed: a count for tests
  std::atomic<int64_t> open_regions = 0;  // relaxed: a count for tests

  mutable absl::Mutex mutex;
  std::function<void(const OperationInfo&)> hook ABSL_GUARDED_BY(mutex);
  base::SimState state ABSL_GUARDED_BY(mutex);
  // Rises with every end of the process; handles of an earlier one fail.
  int64_t generation ABSL_GUARDED_BY(mutex) = 0;
  absl::flat_hash_set<base::SimInodeRef> mapped ABSL_GUARDED_BY(mutex);
  int64_t stray_stores ABSL_GUARDED_BY(mutex) = 0;

  struct ActiveFault {
    Fault fault;
    int64_t seen = 0;
    bool struck = false;
  };
  std::vector<ActiveFault> faults ABSL_GUARDED_BY(mutex);
  int64_t faults_struck ABSL_GUARDED_BY(mutex) = 0;
  int64_t capacity_bytes ABSL_GUARDED_BY(mutex) = std::numeric_limits<int64_t>::max();
  bool mappable ABSL_GUARDED_BY(mutex) = true;
  std::array<int64_t, kFileOperationCount> counts ABSL_GUARDED_BY(mutex) = {};
  int64_t total ABSL_GUARDED_BY(mutex) = 0;
};

}  // namespace runnel::testing

namespace runnel::base {

// A directory of a simulated file system, opened now.
std::unique_ptr<Directory> NewSimDirectory(std::shared_ptr<testing::SimFileSystem::Impl> impl,
                                           SimInodeRef inode, std::string path, int64_t generation);

// A file of it, opened now.
enum class SimAccess { kRead, kReadWrite };
std::unique_ptr<File> NewSimFile(std::shared_ptr<testing::SimFileSystem::Impl> impl,
                                 SimInodeRef inode, std::string path, int64_t generation,
                                 SimAccess access);

}  // namespace runnel::base
