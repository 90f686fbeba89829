// The active segment of PartitionLog: opening it, rolling it, letting it go.
#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/file_names.h"
#include "log/log_loader.h"
#include "log/partition_log.h"

namespace runnel::log {
namespace {

// Made resident by one background task; logs that grow in smaller steps do without.
constexpr int64_t kPopulateBytes = 1 << 20;

// `time + age` without overflow.
Timestamp Later(Timestamp time, std::chrono::milliseconds age) {
  if (age >= Timestamp::max() - std::max(time, Timestamp())) return Timestamp::max();
  return time + age;
}

}  // namespace

Status PartitionLog::EnsureTailLocked() {
  if (tail_.storage != nullptr) return OkStatus();
  Segment& segment = *tail_.segment;
  const int64_t capacity = std::max(config_.segment_bytes, tail_.size_bytes);
  std::shared_ptr<SegmentStorage> storage;
  std::shared_ptr<Segment::Indexes> indexes;
  if (in_memory()) {
    RUNNEL_ASSIGN_OR_RETURN(storage, SegmentStorage::InMemory(capacity));
    indexes = std::make_shared<Segment::Indexes>(segment.base_offset());
  } else {
    RUNNEL_ASSIGN_OR_RETURN(const auto file, segment.OpenFile(OpenMode::kCreate));
    if (!tail_.exists) names_dirty_ = true;
    tail_.exists = true;
    RUNNEL_ASSIGN_OR_RETURN(indexes, segment.LoadIndexes());
    RUNNEL_RETURN_IF_ERROR(LoadTailStatsLocked());
    RUNNEL_ASSIGN_OR_RETURN(storage, SegmentStorage::OnFile(*file, capacity, tail_.size_bytes));
  }
  segment.Attach(storage, tail_.size_bytes, indexes);
  tail_.data = storage->data();
  tail_.storage = std::move(storage);
  tail_.indexes = std::move(indexes);
  tail_.bytes_since_entry = 0;
  tail_.jitter = {};
  if (config_.segment_jitter.count() > 0) {
    tail_.jitter = LogConfig::Milliseconds(deps_.random->Below(config_.segment_jitter.count()));
  }
  return OkStatus();
}

Status PartitionLog::LoadTailStatsLocked() {
  tail_.first_timestamp = tail_.max_timestamp = kNoTimestamp;
  tail_.max_timestamp_offset = kNoOffset;
  if (tail_.size_bytes == 0) return OkStatus();
  RUNNEL_ASSIGN_OR_RETURN(const SegmentSummary summary, tail_.segment->Summary());
  tail_.first_timestamp = summary.first_timestamp;
  tail_.max_timestamp = summary.max_timestamp;
  tail_.max_timestamp_offset = summary.max_timestamp_offset;
  return OkStatus();
}

bool PartitionLog::NeedsRollLocked(const Incoming& batch, Timestamp now) const {
  if (tail_.size_bytes == 0) return false;
  if (tail_.size_bytes > config_.segment_bytes - batch.size_bytes) return true;
  if (tail_.size_bytes + batch.size_bytes > tail_.storage->capacity_bytes()) return true;
  const Segment& segment = *tail_.segment;
  const Offset last = batch.base_offset + batch.last_offset_delta;
  if (last - segment.base_offset() > INT32_MAX) return true;
  const int64_t offset_slots = config_.index_bytes / OffsetIndexEntry::kBytes;
  const int64_t time_slots = config_.index_bytes / TimeIndexEntry::kBytes;
  if (tail_.indexes->offsets.size_bytes() / OffsetIndexEntry::kBytes >= offset_slots) return true;
  if (tail_.indexes->times.size_bytes() / TimeIndexEntry::kBytes >= time_slots - 1) return true;
  const LogConfig::Milliseconds age = config_.segment_age - tail_.jitter;
  if (tail_.first_timestamp >= Timestamp()) {
    return batch.max_timestamp > Later(tail_.first_timestamp, age);
  }
  return now != kNoTimestamp && now > Later(segment.created_, age);
}

void PartitionLog::RefreshLimitsLocked() {
  tail_.fast_limit = 0;
  tail_.roll_after = Timestamp::max();
  if (tail_.storage == nullptr || closed_ || !health_.ok()) return;
  const int64_t offset_slots = config_.index_bytes / OffsetIndexEntry::kBytes;
  const int64_t time_slots = config_.index_bytes / TimeIndexEntry::kBytes;
  if (tail_.size_bytes > 0) {
    if (tail_.indexes->offsets.size_bytes() / OffsetIndexEntry::kBytes >= offset_slots) return;
    if (tail_.indexes->times.size_bytes() / TimeIndexEntry::kBytes >= time_slots - 1) return;
    // Without record times the segment's age counts, which takes a look at the clock's reading.
    if (tail_.first_timestamp < Timestamp()) return;
    tail_.roll_after = Later(tail_.first_timestamp, config_.segment_age - tail_.jitter);
  }
  // Offsets cannot outgrow an index entry within these bytes: a record takes 7 bytes or more.
  const int64_t writable = tail_.storage->writable_bytes();
  tail_.fast_limit = std::min(writable, StorageLimitLocked());
  if (writable < StorageLimitLocked() && !tail_.grow_failed) {
    tail_.fast_limit = writable - AheadBytes(writable);
  }
}

Status PartitionLog::SealTailLocked() {
  tail_.indexes->times.Add(
      {.timestamp = tail_.max_timestamp, .offset = tail_.max_timestamp_offset});
  if (in_memory()) return OkStatus();
  RUNNEL_RETURN_IF_ERROR(tail_.segment->WriteIndexes(*tail_.indexes, ""));
  names_dirty_ = true;
  return WriteSnapshotLocked(end_offset());
}

Status PartitionLog::WriteSnapshotLocked(Offset offset) {
  const std::string path = folder_->PathOf(offset, kSnapshotSuffix);
  RUNNEL_ASSIGN_OR_RETURN(const auto file, folder_->directory->OpenFile(path, OpenMode::kCreate));
  const std::string bytes = producers_.EncodeSnapshot();
  RUNNEL_RETURN_IF_ERROR(file->Truncate(static_cast<int64_t>(bytes.size())));
  RUNNEL_RETURN_IF_ERROR(file->Write(0, bytes));
  names_dirty_ = true;
  const auto place = std::lower_bound(snapshots_.begin(), snapshots_.end(), offset);
  if (place == snapshots_.end() || *place != offset) snapshots_.insert(place, offset);
  return OkStatus();
}

// Everything that can fail for lack of space comes first and can be done again: an append that
// could not roll leaves the log as it was.
Status PartitionLog::RollLocked(Offset new_base) {
  RUNNEL_RETURN_IF_ERROR(SealTailLocked());
  auto segment = std::make_shared<Segment>(folder_, new_base, deps_.clock->Now());
  Tail next{.segment = segment};
  if (!in_memory()) {
    RUNNEL_ASSIGN_OR_RETURN(const auto file, tail_.segment->OpenFile(OpenMode::kReadWrite));
    RUNNEL_RETURN_IF_ERROR(segment->OpenFile(OpenMode::kCreate).status());
    next.exists = true;
    Status cut = file->Truncate(tail_.size_bytes);
    // Where offsets may have gaps, recovery could not tell that this segment lost its end.
    if (cut.ok() && config_.cleanup_compact) cut = file->Sync();
    if (!cut.ok()) {
      PoisonLocked(cut);
      return cut;
    }
  }
  const std::shared_ptr<Segment> old = tail_.segment;
  if (!in_memory()) {
    old->DropMemory();
    unsynced_.push_back(old);
  }
  tail_ = std::move(next);
  {
    const base::Lock lock(segments_mutex_);
    segments_.push_back(segment);
  }
  if (visible_segment_ == old && high_watermark() == end_offset()) visible_segment_ = segment;
  old->closed_.store(true, std::memory_order_release);  // after its successor can be found
  armed_.fetch_or(kRolled, std::memory_order_relaxed);
  return EnsureTailLocked();
}

Status PartitionLog::Roll() {
  const base::LightLock lock(mutex_);
  RUNNEL_RETURN_IF_ERROR(HealthLocked());
  if (tail_.size_bytes == 0) return OkStatus();
  RUNNEL_RETURN_IF_ERROR(EnsureTailLocked());
  touched_ = true;
  RUNNEL_RETURN_IF_ERROR(RollLocked(end_offset()));
  RefreshLimitsLocked();
  return OkStatus();
}

// Half a step is allocated ahead, so that the background can make it resident before it is needed.
Status PartitionLog::GrowTailLocked(int64_t end) {
  SegmentStorage& storage = *tail_.storage;
  const int64_t before = storage.writable_bytes();
  if (end <= before && (before >= StorageLimitLocked() || end + AheadBytes(before) <= before)) {
    return OkStatus();
  }
  std::shared_ptr<File> file;
  if (!in_memory()) {
    RUNNEL_ASSIGN_OR_RETURN(file, tail_.segment->OpenFile(OpenMode::kReadWrite));
  }
  const Status grown = storage.Grow(file.get(), std::max(end, before + 1), config_);
  tail_.grow_failed = !grown.ok();
  if (!grown.ok()) return end <= before ? OkStatus() : grown;  // there is still room for this one
  PopulateAhead(before, storage.writable_bytes());
  return OkStatus();
}

int64_t PartitionLog::AheadBytes(int64_t writable_bytes) const {
  return std::min(writable_bytes, config_.allocate_step_max) / 2;
}

int64_t PartitionLog::StorageLimitLocked() const {
  return std::min(config_.segment_bytes, tail_.storage->capacity_bytes());
}

// Only for logs that have grown to large steps: resident pages are written to disk even if no
// record ever comes.
void PartitionLog::PopulateAhead(int64_t begin, int64_t end) {
  if (deps_.executor == nullptr || end - begin < kPopulateBytes) return;
  for (; begin < end; begin += kPopulateBytes) {
    const int64_t piece_end = std::min(end, begin + kPopulateBytes);
    deps_.executor->Post([storage = std::weak_ptr(tail_.storage), begin, piece_end] {
      if (const auto alive = storage.lock()) alive->Populate(begin, piece_end);
    });
  }
}

Status PartitionLog::ReleaseTailLocked() {
  if (in_memory() || tail_.storage == nullptr) return OkStatus();
  tail_.indexes->times.Add(
      {.timestamp = tail_.max_timestamp, .offset = tail_.max_timestamp_offset});
  RUNNEL_RETURN_IF_ERROR(tail_.segment->WriteIndexes(*tail_.indexes, ""));
  names_dirty_ = true;
  RUNNEL_ASSIGN_OR_RETURN(const auto file, tail_.segment->OpenFile(OpenMode::kReadWrite));
  if (const Status cut = file->Truncate(tail_.size_bytes); !cut.ok()) {
    PoisonLocked(cut);
    return cut;
  }
  tail_.resized = true;
  tail_.segment->DropMemory();
  tail_.storage.reset();
  tail_.indexes.reset();
  tail_.data = nullptr;
  tail_.fast_limit = 0;
  return OkStatus();
}

Status PartitionLog::ReleaseIdle() {
  const base::Lock io_lock(io_mutex_);
  const base::LightLock lock(mutex_);
  RUNNEL_RETURN_IF_ERROR(ReleaseTailLocked());
  for (const auto& segment : SegmentList())
    segment->CloseFile();
  mark_segment_.reset();
  return OkStatus();
}

Status PartitionLog::Close() {
  const base::Lock io_lock(io_mutex_);
  {
    const base::LightLock lock(mutex_);
    if (closed_) return OkStatus();
    closed_ = true;
    tail_.fast_limit = 0;
    if (!touched_ || in_memory()) return health_;
    RUNNEL_RETURN_IF_ERROR(health_);
    RUNNEL_RETURN_IF_ERROR(ReleaseTailLocked());
    RUNNEL_RETURN_IF_ERROR(WriteSnapshotLocked(end_offset()));
  }
  RUNNEL_RETURN_IF_ERROR(FlushHoldingIo());
  // Checkpoints will say that all is clean: the last segment's indexes and the snapshot count.
  std::shared_ptr<Segment> last;
  {
    const base::LightLock lock(mutex_);
    last = tail_.segment;
  }
  RUNNEL_RETURN_IF_ERROR(last->SyncIndexes());
  RUNNEL_ASSIGN_OR_RETURN(const auto snapshot, folder_->directory->OpenFile(
                                                   folder_->PathOf(end_offset(), kSnapshotSuffix),
                                                   OpenMode::kReadWrite));
  RUNNEL_RETURN_IF_ERROR(snapshot->Sync());
  for (const auto& segment : SegmentList())
    segment->CloseFile();
  return OkStatus();
}

}  // namespace runnel::log
