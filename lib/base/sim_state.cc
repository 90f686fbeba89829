#include "base/sim_state.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <utility>

namespace runnel::base {
namespace {

using Copies = absl::flat_hash_map<const SimInode*, SimInodeRef>;

// The copy of `inode`, made when it is met for the first time.
SimInodeRef Copy(const SimInodeRef& inode, Copies& copies) {
  if (inode == nullptr) return nullptr;
  if (const auto found = copies.find(inode.get()); found != copies.end()) return found->second;
  auto copy = std::make_shared<SimInode>();
  copies.emplace(inode.get(), copy);
  copy->is_directory = inode->is_directory;
  copy->modified = inode->modified;
  copy->live = inode->live;
  copy->durable = inode->durable;
  copy->given_up = inode->given_up;
  for (const auto& [name, child] : inode->live_names) {
    copy->live_names.emplace_hint(copy->live_names.end(), name, Copy(child, copies));
  }
  for (const auto& [name, child] : inode->durable_names) {
    copy->durable_names.emplace_hint(copy->durable_names.end(), name, Copy(child, copies));
  }
  return copy;
}

// Makes everything reachable by durable names the whole truth, file by file in the order of names,
// so that the same seed draws the same fates.
void Settle(const SimInodeRef& inode, const testing::CrashStyle& style, Random& random) {
  inode->given_up.clear();
  if (!inode->is_directory) {
    inode->durable = MixAfterCrash(inode->durable, inode->live, style, random);
    inode->live = inode->durable;
    return;
  }
  inode->live_names = inode->durable_names;
  for (const auto& [name, child] : inode->live_names)
    Settle(child, style, random);
}

}  // namespace

SimState::SimState() : root_(std::make_shared<SimInode>()) {
  root_->is_directory = true;
}

void SimState::Link(const SimInodeRef& folder, std::string_view name, const SimInodeRef& inode) {
  folder->live_names.insert_or_assign(std::string(name), inode);
  pending_.push_back({inode, nullptr, "", folder, std::string(name)});
}

void SimState::Unlink(const SimInodeRef& folder, std::string_view name) {
  const auto found = folder->live_names.find(name);
  pending_.push_back({found->second, folder, std::string(name), nullptr, ""});
  folder->live_names.erase(found);
}

void SimState::Rename(const SimInodeRef& from_folder, std::string_view from,
                      const SimInodeRef& to_folder, std::string_view to) {
  const auto found = from_folder->live_names.find(from);
  const SimInodeRef inode = found->second;
  from_folder->live_names.erase(found);
  to_folder->live_names.insert_or_assign(std::string(to), inode);
  pending_.push_back({inode, from_folder, std::string(from), to_folder, std::string(to)});
}

void SimState::SyncFolder(const SimInodeRef& folder) {
  std::erase_if(pending_, [&](const SimNameChange& change) {
    if (!change.DurableWith(folder)) return false;
    Apply(change);
    return true;
  });
}

void SimState::SyncFile(SimInode& file) {
  const int64_t page_count = std::max(file.live.page_count(), file.durable.page_count());
  file.durable.SetSizeFrom(file.live);
  for (int64_t i = 0; i < page_count; ++i) {
    const SimPageRef& page = file.live.page(i);
    if (page == file.durable.page(i)) continue;
    const auto given_up = file.given_up.find(i);
    if (given_up != file.given_up.end()) {
      if (given_up->second == page) continue;  // taken for written, though it is not
      file.given_up.erase(given_up);
    }
    file.durable.SetPage(i, page);
  }
}

void SimState::GiveUpUnsynced(SimInode& file) {
  const int64_t page_count = std::max(file.live.page_count(), file.durable.page_count());
  for (int64_t i = 0; i < page_count; ++i) {
    const SimPageRef& page = file.live.page(i);
    if (page != file.durable.page(i)) file.given_up.insert_or_assign(i, page);
  }
}

void SimState::Apply(const SimNameChange& change) {
  if (change.from_folder != nullptr) {
    SimNames& names = change.from_folder->durable_names;
    const auto found = names.find(change.from);
    if (found != names.end() && found->second == change.inode) names.erase(found);
  }
  if (change.to_folder != nullptr) {
    change.to_folder->durable_names.insert_or_assign(change.to, change.inode);
  }
}

SimState SimState::Clone() const {
  Copies copies;
  SimState clone;
  clone.root_ = Copy(root_, copies);
  clone.pending_.reserve(pending_.size());
  for (const SimNameChange& change : pending_) {
    clone.pending_.push_back({Copy(change.inode, copies), Copy(change.from_folder, copies),
                              change.from, Copy(change.to_folder, copies), change.to});
  }
  return clone;
}

SimState SimState::AfterCrash(const testing::CrashStyle& style, Random& random) const {
  using Names = testing::CrashStyle::Names;
  SimState state = Clone();
  const auto count = static_cast<int64_t>(state.pending_.size());
  int64_t prefix = style.names == Names::kLost ? 0 : count;
  if (style.names == Names::kPrefix) prefix = random.Below(count + 1);
  for (int64_t i = 0; i < prefix; ++i) {
    if (style.names == Names::kAnySubset && random.Below(2) == 0) continue;
    Apply(state.pending_[static_cast<size_t>(i)]);
  }
  state.pending_.clear();
  Settle(state.root_, style, random);
  return state;
}

bool SimState::AllSynced() const {
  bool synced = pending_.empty();
  ForEachLive(root_, [&](const SimInode& inode) {
    if (!SharesAllPages(inode.live, inode.durable)) synced = false;
  });
  return synced;
}

int64_t SimState::UsedBytes() const {
  int64_t used = 0;
  ForEachLive(root_, [&](const SimInode& inode) { used += inode.live.used_bytes(); });
  return used;
}

}  // namespace runnel::base
