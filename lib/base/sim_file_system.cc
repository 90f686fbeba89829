#include "runnel/testing/sim_file_system.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "base/io_error.h"
#include "base/sim_file_system_impl.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::testing {
namespace {

constexpr std::array<std::string_view, kFileOperationCount> kOperationNames = {
    "open directory", "open",     "read",     "write",          "sync",   "size",
    "truncate",       "allocate", "map",      "rename",         "remove", "create directory",
    "list",           "stat",     "set time", "sync directory", "lock",   "measure free space"};

// Whether the operation can fail in that way; otherwise the fault waits for one that can.
bool CanStrike(FaultKind kind, FileOperation operation) {
  switch (kind) {
    case FaultKind::kIoError:
    case FaultKind::kInterrupted:
      return true;
    case FaultKind::kShort:
      return operation == FileOperation::kRead || operation == FileOperation::kWrite;
    case FaultKind::kDiskFull:
      return operation == FileOperation::kWrite || operation == FileOperation::kAllocate ||
             operation == FileOperation::kOpenFile || operation == FileOperation::kRename ||
             operation == FileOperation::kCreateDirectory || operation == FileOperation::kLock ||
             operation == FileOperation::kSync || operation == FileOperation::kSyncDirectory;
    case FaultKind::kTooManyFiles:
      return operation == FileOperation::kOpenFile || operation == FileOperation::kOpenDirectory ||
             operation == FileOperation::kList || operation == FileOperation::kLock ||
             operation == FileOperation::kSyncDirectory;
  }
  return false;
}

int ErrnoOf(FaultKind kind) {
  if (kind == FaultKind::kDiskFull) return ENOSPC;
  return kind == FaultKind::kTooManyFiles ? EMFILE : EIO;
}

bool Matches(const Fault& fault, FileOperation operation, std::string_view path) {
  if (fault.only_operation.value_or(operation) != operation) return false;
  if (path.find(fault.only_path) == std::string_view::npos) return false;
  return CanStrike(fault.kind, operation);
}

// "/a/b" for "a/b/" and "/a//./b".
std::string Normalized(std::string_view path) {
  std::string result;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (!part.empty() && part != ".") result += base::StrCat("/", part);
    begin = end + 1;
  }
  return result.empty() ? "/" : result;
}

}  // namespace

std::string_view ToString(FileOperation operation) {
  return kOperationNames[static_cast<size_t>(operation)];
}

// --- Impl ---

void SimFileSystem::Impl::CallHook(FileOperation operation, std::string_view path) {
  std::function<void(const OperationInfo&)> call;
  OperationInfo info{operation, path, 0};
  {
    const base::Lock lock(mutex);
    if (!hook) return;
    call = hook;
    info.number = total + 1;
  }
  call(info);
}

SimFileSystem::Impl::Outcome SimFileSystem::Impl::Begin(FileOperation operation,
                                                        std::string_view path) {
  ++total;
  ++counts[static_cast<size_t>(operation)];
  Outcome outcome;
  for (ActiveFault& active : faults) {
    if (active.struck && !active.fault.for_good) continue;
    if (!Matches(active.fault, operation, path)) continue;
    if (active.seen++ < active.fault.after) continue;
    active.struck = true;
    ++faults_struck;
    const FaultKind kind = active.fault.kind;
    if (kind == FaultKind::kInterrupted || kind == FaultKind::kShort) {
      ++total;  // the second call
      ++counts[static_cast<size_t>(operation)];
      continue;
    }
    outcome.status = base::IoError(ToString(operation), path, ErrnoOf(kind));
    outcome.half_done = operation == FileOperation::kWrite;
  }
  return outcome;
}

StatusOr<base::SimInodeRef> SimFileSystem::Impl::Find(const base::SimInodeRef& folder,
                                                      std::string_view path,
                                                      std::string_view operation,
                                                      std::string_view name) {
  base::SimInodeRef at = folder;
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (!at->is_directory) return base::IoError(operation, base::StrCat(path, "/", name), ENOTDIR);
    const auto found = at->live_names.find(name.substr(begin, end - begin));
    if (found == at->live_names.end()) {
      return base::IoError(operation, base::StrCat(path, "/", name), ENOENT);
    }
    at = found->second;
    begin = end + 1;
  }
  return at;
}

void SimFileSystem::Impl::Capture(base::SimInode& file) {
  if (file.mapping != nullptr) stray_stores += file.mapping->CaptureInto(file.live);
}

void SimFileSystem::Impl::CaptureAll() {
  for (const base::SimInodeRef& file : mapped)
    Capture(*file);
}

void SimFileSystem::Impl::Replace(base::SimState next) {
  for (const base::SimInodeRef& file : mapped)
    file->mapping = nullptr;
  mapped.clear();
  state = std::move(next);
  ++generation;
}

int64_t SimFileSystem::Impl::FreeBytes() const {
  if (capacity_bytes == std::numeric_limits<int64_t>::max()) return capacity_bytes;
  return std::max<int64_t>(0, capacity_bytes - state.UsedBytes());
}

// --- SimFileSystem ---

SimFileSystem::SimFileSystem() : impl_(std::make_shared<Impl>(nullptr)) {}
SimFileSystem::SimFileSystem(Clock& clock) : impl_(std::make_shared<Impl>(&clock)) {}
SimFileSystem::~SimFileSystem() = default;

StatusOr<std::unique_ptr<Directory>> SimFileSystem::OpenDirectory(std::string_view path,
                                                                  DirectoryMode mode) {
  const std::string whole = Normalized(path);
  impl_->CallHook(FileOperation::kOpenDirectory, whole);
  const base::Lock lock(impl_->mutex);
  RUNNEL_RETURN_IF_ERROR(impl_->Begin(FileOperation::kOpenDirectory, whole).status);
  if (path.empty()) return base::IoError("open directory", "\"\"", EINVAL);
  base::SimInodeRef at = impl_->state.root();
  for (size_t begin = 1; begin < whole.size();) {
    const size_t end = std::min(whole.find('/', begin), whole.size());
    const std::string_view part = std::string_view(whole).substr(begin, end - begin);
    RUNNEL_RETURN_IF_ERROR(base::CheckRelativeName(whole, part));
    StatusOr<base::SimInodeRef> next =
        impl_->Find(at, whole.substr(0, begin - 1), "open directory", part);
    if (IsNotFound(next.status()) && mode == DirectoryMode::kCreate) {
      auto created = std::make_shared<base::SimInode>();
      created->is_directory = true;
      created->modified = impl_->Now();
      impl_->state.Link(at, part, created);
      impl_->state.SyncFolder(at);
      next = created;
    }
    RUNNEL_RETURN_IF_ERROR(next.status());
    at = *next;
    begin = end + 1;
  }
  if (!at->is_directory) return base::IoError("open directory", whole, ENOTDIR);
  return base::NewSimDirectory(impl_, at, whole, impl_->generation);
}

void SimFileSystem::Crash() {
  Crash(0, {.names = CrashStyle::Names::kLost, .content = CrashStyle::Content::kLost});
}

void SimFileSystem::Crash(uint64_t seed, const CrashStyle& style) {
  const auto random = Random::Seeded(seed);
  const base::Lock lock(impl_->mutex);
  impl_->CaptureAll();
  impl_->Replace(impl_->state.AfterCrash(style, *random));
}

void SimFileSystem::KillProcess() {
  const base::Lock lock(impl_->mutex);
  impl_->CaptureAll();
  impl_->Replace(impl_->state.Clone());
}

std::shared_ptr<const SimFileSystem::Snapshot> SimFileSystem::TakeSnapshot() {
  const base::Lock lock(impl_->mutex);
  impl_->CaptureAll();
  return std::make_shared<const Snapshot>(impl_->state.Clone());
}

void SimFileSystem::Restore(const std::shared_ptr<const Snapshot>& snapshot) {
  RUNNEL_CHECK(snapshot != nullptr);
  const base::Lock lock(impl_->mutex);
  impl_->Replace(snapshot->state().Clone());
}

void SimFileSystem::Inject(Fault fault) {
  const base::Lock lock(impl_->mutex);
  impl_->faults.push_back({.fault = std::move(fault)});
}

void SimFileSystem::ClearFaults() {
  const base::Lock lock(impl_->mutex);
  impl_->faults.clear();
  impl_->faults_struck = 0;
}

int64_t SimFileSystem::faults_struck() const {
  const base::Lock lock(impl_->mutex);
  return impl_->faults_struck;
}

void SimFileSystem::set_capacity_bytes(int64_t capacity_bytes) {
  const base::Lock lock(impl_->mutex);
  impl_->capacity_bytes = capacity_bytes;
}

void SimFileSystem::set_mappable(bool mappable) {
  const base::Lock lock(impl_->mutex);
  impl_->mappable = mappable;
}

void SimFileSystem::set_hook(std::function<void(const OperationInfo&)> hook) {
  const base::Lock lock(impl_->mutex);
  impl_->hook = std::move(hook);
}

int64_t SimFileSystem::count(FileOperation operation) const {
  const base::Lock lock(impl_->mutex);
  return impl_->counts[static_cast<size_t>(operation)];
}

int64_t SimFileSystem::count() const {
  const base::Lock lock(impl_->mutex);
  return impl_->total;
}

void SimFileSystem::ResetCounters() {
  const base::Lock lock(impl_->mutex);
  impl_->counts = {};
  impl_->total = 0;
}

int64_t SimFileSystem::open_handles() const {
  return impl_->open_handles.load(std::memory_order_relaxed);
}

int64_t SimFileSystem::open_regions() const {
  return impl_->open_regions.load(std::memory_order_relaxed);
}

int64_t SimFileSystem::used_bytes() const {
  const base::Lock lock(impl_->mutex);
  return impl_->state.UsedBytes();
}

int64_t SimFileSystem::stray_stores() const {
  const base::Lock lock(impl_->mutex);
  impl_->CaptureAll();
  return impl_->stray_stores;
}

bool SimFileSystem::all_synced() {
  const base::Lock lock(impl_->mutex);
  impl_->CaptureAll();
  return impl_->state.AllSynced();
}

}  // namespace runnel::testing
