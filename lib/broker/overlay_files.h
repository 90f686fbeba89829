// A view of somebody else's data directory in which everything can be changed and nothing is.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/btree_map.h>
#include <absl/synchronization/mutex.h>

#include <memory>
#include <string>
#include <string_view>

#include "runnel/file_system.h"

namespace runnel::broker {

// Directories whose changes stay in memory: how a broker is opened read-only, also beside a process
// that writes. Opening repairs what it finds as always, cuts torn tails and rebuilds indexes, but
// in this view only. A file's size is that of the moment it was first opened; what its owner
// appends later is not seen. Locks are not taken. Files cannot be mapped.
//
// Directories can be created here but not renamed.
//
// Thread safety: thread-safe.
// Lifetime: `base` outlives it and its directories.
// Cost: a file that is written to is copied to memory; one that is only cut is not.
class OverlayFileSystem final : public FileSystem {
 public:
  explicit OverlayFileSystem(FileSystem& base) : base_(base) {}

  // The directory must exist.
  StatusOr<std::unique_ptr<Directory>> OpenDirectory(std::string_view path,
                                                     DirectoryMode mode) override;

 private:
  FileSystem& base_;
};

}  // namespace runnel::broker
