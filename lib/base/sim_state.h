// Names and files of a simulated file system: live, durable, and what lies between.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/sim_content.h"

namespace runnel::base {

struct SimInode;
using SimInodeRef = std::shared_ptr<SimInode>;
using SimNames = std::map<std::string, SimInodeRef, std::less<>>;

// A file or a directory.
struct SimInode {
  bool is_directory = false;
  Timestamp modified{};

  // Of a file.
  SimContent live;
  SimContent durable;
  // Live pages that a failed sync should have written: the system takes them for written.
  std::map<int64_t, SimPageRef> given_up;
  std::shared_ptr<SimMapping> mapping;  // while regions are open; holds the newest live bytes
  int64_t region_count = 0;
  bool locked = false;

  // Of a directory.
  SimNames live_names;
  SimNames durable_names;
};

// A change of names that is not durable yet: a new name (no source), a removal (no target), or a
// rename. Durable with the next sync of the target folder, of a removal: the source folder.
struct SimNameChange {
  SimInodeRef inode;
  SimInodeRef from_folder;
  std::string from;
  SimInodeRef to_folder;
  std::string to;

  bool DurableWith(const SimInodeRef& folder) const {
    return (to_folder != nullptr ? to_folder : from_folder) == folder;
  }
};

// The whole state of the files.
//
// Thread safety: thread-compatible; confined by the lock of its file system. As part of a
// snapshot it is never changed.
class SimState final {
 public:
  SimState();
  SimState(SimState&&) = default;
  SimState& operator=(SimState&&) = default;

  const SimInodeRef& root() const { return root_; }

  // Changes of names; the caller has checked that they are possible.
  void Link(const SimInodeRef& folder, std::string_view name, const SimInodeRef& inode);
  void Unlink(const SimInodeRef& folder, std::string_view name);
  void Rename(const SimInodeRef& from_folder, std::string_view from, const SimInodeRef& to_folder,
              std::string_view to);
  // Makes the names in `folder` durable.
  void SyncFolder(const SimInodeRef& folder);

  // Makes the live content of a file durable, but for what an earlier failure gave up.
  static void SyncFile(SimInode& file);
  // What a failed sync leaves behind.
  static void GiveUpUnsynced(SimInode& file);

  // Same files and names, live and durable, without mappings and locks. Shares pages.
  SimState Clone() const;
  // What is there after a power loss.
  SimState AfterCrash(const testing::CrashStyle& style, Random& random) const;

  // Whether everything reachable is durable.
  bool AllSynced() const;
  // Space of all files that have a live name.
  int64_t UsedBytes() const;

 private:
  static void Apply(const SimNameChange& change);

  SimInodeRef root_;
  std::vector<SimNameChange> pending_;  // in the order they were made
};

// Calls f(inode) for `folder` and everything with a live name below it.
template <class F>
void ForEachLive(const SimInodeRef& folder, const F& f) {
  f(*folder);
  for (const auto& [name, inode] : folder->live_names)
    ForEachLive(inode, f);
}

}  // namespace runnel::base
