// Truncation: what a follower does to agree with its leader.
#include <algorithm>
#include <cstring>

#include "base/files.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/batch_scanner.h"
#include "log/file_names.h"
#include "log/log_loader.h"
#include "log/partition_log.h"

namespace runnel::log {
namespace {

constexpr int64_t kCopyBytes = 1 << 20;

// Copies the first `bytes` of `from` into a new file and puts it in the place of `path`, so that
// readers who mapped the old one keep it.
Status ReplaceWithPrefix(Directory& directory, File& from, const std::string& path, int64_t bytes) {
  const std::string temporary = base::StrCat(path, kTempSuffix);
  RUNNEL_ASSIGN_OR_RETURN(const auto to, directory.OpenFile(temporary, OpenMode::kCreate));
  RUNNEL_RETURN_IF_ERROR(to->Truncate(0));
  std::vector<char> buffer(static_cast<size_t>(std::min(bytes, kCopyBytes)));
  for (int64_t position = 0; position < bytes;) {
    const int64_t wanted = std::min(bytes - position, kCopyBytes);
    RUNNEL_ASSIGN_OR_RETURN(
        const int64_t read,
        from.Read(position, std::span(buffer.data(), static_cast<size_t>(wanted))));
    if (read == 0) return Error(ErrorCode::kCorruptMessage, base::StrCat(path, " ends early"));
    RUNNEL_RETURN_IF_ERROR(
        to->Write(position, std::string_view(buffer.data(), static_cast<size_t>(read))));
    position += read;
  }
  RUNNEL_RETURN_IF_ERROR(to->Sync());
  return directory.Rename(temporary, path);
}

}  // namespace

Status PartitionLog::TruncateTo(Offset offset) {
  if (offset < Offset(0)) {
    return Error(ErrorCode::kOffsetOutOfRange,
                 base::StrCat("cannot truncate ", name(), " to ", offset));
  }
  const base::Lock io_lock(io_mutex_);
  const base::LightLock lock(mutex_);
  RUNNEL_RETURN_IF_ERROR(HealthLocked());
  if (offset >= end_offset()) return OkStatus();
  touched_ = true;
  const Status status = offset < FindSegment(Offset(0))->base_offset() ? RestartAtLocked(offset)
                                                                       : TruncateLocked(offset);
  // Half a truncation is not a state to append to; opening again recovers it.
  if (!status.ok()) PoisonLocked(status);
  return status;
}

Status PartitionLog::TruncateFullyAndStartAt(Offset offset) {
  const base::Lock io_lock(io_mutex_);
  const base::LightLock lock(mutex_);
  RUNNEL_RETURN_IF_ERROR(HealthLocked());
  touched_ = true;
  const Status status = RestartAtLocked(offset);
  if (!status.ok()) PoisonLocked(status);
  return status;
}

Status PartitionLog::TruncateLocked(Offset offset) {
  RUNNEL_RETURN_IF_ERROR(ReleaseTailLocked());
  mark_segment_.reset();
  const std::shared_ptr<Segment> kept = FindSegment(offset);
  RUNNEL_ASSIGN_OR_RETURN(const int64_t position, kept->PositionOf(offset, kept->size_bytes()));
  Offset end = kept->base_offset();
  if (position > 0) {
    RUNNEL_ASSIGN_OR_RETURN(const auto bytes, kept->Access(0));
    BatchScanner scanner(bytes.source(), 0, position, ScanCheck::kHeaders);
    while (true) {
      RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
      if (result != ScanResult::kBatch) break;
      end = scanner.header().next_offset();
    }
  }
  // Offsets first: nobody finds a place behind the end that is about to be.
  high_watermark_.store(std::min(high_watermark(), end).value(), std::memory_order_release);
  end_.store(end.value(), std::memory_order_release);
  RUNNEL_RETURN_IF_ERROR(DropSegmentsLocked(kept->base_offset() + 1));
  RUNNEL_RETURN_IF_ERROR(CutSegmentLocked(kept, position));
  const bool epochs_changed = epochs_.TruncateFromEnd(end);
  tail_epoch_ = kNoLeaderEpoch;
  RUNNEL_RETURN_IF_ERROR(ReloadProducersLocked(end));
  if (recovery_point() > end) recovery_point_.store(end.value(), std::memory_order_release);
  if (log_start_offset() > end) log_start_.store(end.value(), std::memory_order_release);
  const Offset visible = std::min(high_watermark(), end);
  visible_segment_ = FindSegment(Offset(0));
  RUNNEL_RETURN_IF_ERROR(MakeVisibleLocked(visible));
  producers_.OnHighWatermark(visible);
  RefreshUnstableLocked();
  return epochs_changed ? StoreEpochs() : OkStatus();
}

// Makes `old`, cut at `position`, the active segment again, as a new object: who holds the old
// one, or bytes of it, keeps what it saw.
Status PartitionLog::CutSegmentLocked(const std::shared_ptr<Segment>& old, int64_t position) {
  auto segment = std::make_shared<Segment>(folder_, old->base_offset(), deps_.clock->Now());
  segment->SetSize(position);
  std::erase(unsynced_, old);
  const bool exists = tail_.segment != old || tail_.exists;
  if (in_memory()) {
    int64_t memory_from = 0;
    const std::shared_ptr<SegmentStorage> from = old->Memory(&memory_from);
    tail_ = Tail{.segment = segment, .size_bytes = position};
    RUNNEL_RETURN_IF_ERROR(EnsureTailLocked());
    if (position > 0) std::memcpy(tail_.data, from->data(), static_cast<size_t>(position));
    segment->Attach(tail_.storage, 0, tail_.indexes);
    RUNNEL_ASSIGN_OR_RETURN(const auto transactions, old->AbortedTransactions());
    if (!transactions.empty()) {
      RUNNEL_ASSIGN_OR_RETURN(const auto copy, segment->Transactions(true));
      for (const AbortedTxn& txn : transactions)
        copy->Add(txn);
    }
    BatchScanner scanner({.memory = tail_.data, .memory_from = 0}, 0, position,
                         ScanCheck::kHeaders);
    RUNNEL_RETURN_IF_ERROR(RebuildTailIndexLocked(scanner));
    SwapLast(*old, segment);
    return OkStatus();
  }
  tail_ = Tail{.segment = segment, .size_bytes = position, .exists = exists};
  if (!exists) {
    SwapLast(*old, segment);
    return OkStatus();
  }
  RUNNEL_ASSIGN_OR_RETURN(const auto file, old->OpenFile(OpenMode::kReadWrite));
  // Only the log, the cursors and the mappings they hold know how many look at these bytes; a
  // copy is always right and truncation is rare.
  RUNNEL_RETURN_IF_ERROR(ReplaceWithPrefix(
      *folder_->directory, *file, folder_->PathOf(old->base_offset(), kLogSuffix), position));
  RUNNEL_RETURN_IF_ERROR(folder_->directory->Sync(folder_->name));
  tail_.synced_bytes = position;
  RUNNEL_ASSIGN_OR_RETURN(const auto new_file, segment->OpenFile(OpenMode::kReadWrite));
  BatchScanner scanner({.file = new_file.get()}, 0, position, ScanCheck::kHeaders);
  RUNNEL_RETURN_IF_ERROR(segment->Transactions(false).status());
  tail_.indexes = std::make_shared<Segment::Indexes>(segment->base_offset());
  RUNNEL_RETURN_IF_ERROR(RebuildTailIndexLocked(scanner));
  RUNNEL_RETURN_IF_ERROR(segment->WriteIndexes(*tail_.indexes, ""));
  names_dirty_ = true;
  tail_.indexes.reset();
  SwapLast(*old, segment);
  return OkStatus();
}

void PartitionLog::SwapLast(Segment& old, std::shared_ptr<Segment> segment) {
  const base::Lock lock(segments_mutex_);
  segments_.back() = std::move(segment);
  old.detached_.store(true, std::memory_order_release);
}

Status PartitionLog::RebuildTailIndexLocked(BatchScanner& scanner) {
  IndexBuilder builder(tail_.indexes->offsets, tail_.indexes->times, config_.index_interval_bytes);
  Offset end = tail_.segment->base_offset();
  while (true) {
    RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
    if (result != ScanResult::kBatch) break;
    const record::BatchHeader& header = scanner.header();
    if (scanner.position() == 0) tail_.first_timestamp = header.max_timestamp();
    builder.Add(header.last_offset(), header.max_timestamp(), scanner.position(),
                header.size_bytes());
    end = header.next_offset();
  }
  builder.Close();
  tail_.max_timestamp = builder.max_timestamp();
  tail_.max_timestamp_offset = builder.max_timestamp_offset();
  StatusOr<std::shared_ptr<TransactionIndex>> transactions = tail_.segment->Transactions(false);
  if (transactions.ok() && *transactions != nullptr) (*transactions)->TruncateTo(end);
  return OkStatus();
}

// Newest first, so that a crash leaves no hole.
Status PartitionLog::DropSegmentsLocked(Offset from) {
  while (true) {
    const std::shared_ptr<Segment> last = FindSegment(Offset(INT64_MAX));
    if (last->base_offset() < from) return OkStatus();
    const bool exists = !in_memory() && (last != tail_.segment || tail_.exists);
    // Cursors in the segment keep the bytes through this handle.
    if (exists) RUNNEL_RETURN_IF_ERROR(last->OpenFile(OpenMode::kReadWrite).status());
    bool empty = false;
    {
      const base::Lock lock(segments_mutex_);
      // The list is never empty: RestartAtLocked replaces the last one.
      empty = segments_.size() == 1;
      if (!empty) {
        segments_.pop_back();
        last->detached_.store(true, std::memory_order_release);
      }
    }
    std::erase(unsynced_, last);
    std::erase(snapshots_, last->base_offset());
    for (const std::string_view kind : {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix,
                                        kTransactionIndexSuffix, kSnapshotSuffix}) {
      if (in_memory()) break;
      const Status status = folder_->directory->Remove(folder_->PathOf(last->base_offset(), kind));
      if (!status.ok() && !IsNotFound(status)) return status;
    }
    if (empty) return OkStatus();
  }
}

Status PartitionLog::RestartAtLocked(Offset offset) {
  RUNNEL_RETURN_IF_ERROR(ReleaseTailLocked());
  mark_segment_.reset();
  log_start_.store(offset.value(), std::memory_order_release);
  high_watermark_.store(offset.value(), std::memory_order_release);
  recovery_point_.store(offset.value(), std::memory_order_release);
  end_.store(offset.value(), std::memory_order_release);
  RUNNEL_RETURN_IF_ERROR(DropSegmentsLocked(Offset(0)));
  auto segment = std::make_shared<Segment>(folder_, offset, deps_.clock->Now());
  tail_ = Tail{.segment = segment};
  visible_segment_ = segment;
  {
    const base::Lock lock(segments_mutex_);
    segments_.back()->detached_.store(true, std::memory_order_release);
    segments_ = {segment};
  }
  producers_.Clear();
  epochs_.Clear();
  tail_epoch_ = kNoLeaderEpoch;
  RefreshUnstableLocked();
  if (in_memory()) return OkStatus();
  for (const Offset snapshot : snapshots_) {
    const Status status = folder_->directory->Remove(folder_->PathOf(snapshot, kSnapshotSuffix));
    if (!status.ok() && !IsNotFound(status)) return status;
  }
  snapshots_.clear();
  RUNNEL_RETURN_IF_ERROR(segment->OpenFile(OpenMode::kCreate).status());
  tail_.exists = true;
  RUNNEL_RETURN_IF_ERROR(folder_->directory->Sync(folder_->name));
  return StoreEpochs();
}

Status PartitionLog::ReloadProducersLocked(Offset end) {
  producers_.Clear();
  Offset from = FindSegment(Offset(0))->base_offset();
  while (!in_memory() && !snapshots_.empty()) {
    const std::string path = folder_->PathOf(snapshots_.back(), kSnapshotSuffix);
    if (snapshots_.back() <= end) {
      const StatusOr<std::string> bytes =
          base::ReadWhole(*folder_->directory, path, int64_t{1} << 30);
      if (bytes.ok() && producers_.DecodeSnapshot(*bytes).ok()) {
        from = std::max(from, snapshots_.back());
        break;
      }
    }
    const Status status = folder_->directory->Remove(path);
    if (!status.ok() && !IsNotFound(status)) return status;
    snapshots_.pop_back();
  }
  for (const auto& segment : SegmentList()) {
    const std::shared_ptr<Segment> next = NextSegment(*segment);
    if (next != nullptr && next->base_offset() <= from) continue;
    if (segment->size_bytes() == 0) continue;
    RUNNEL_ASSIGN_OR_RETURN(const auto bytes, segment->Access(0));
    BatchScanner scanner(bytes.source(), 0, segment->size_bytes(), ScanCheck::kChecksums);
    while (true) {
      RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
      if (result != ScanResult::kBatch) break;
      const record::BatchView batch = scanner.batch();
      if (batch.base_offset() < from || !batch.has_producer_id()) continue;
      if (!batch.is_control()) {
        producers_.Apply(ProducerAppendOf(batch));
        continue;
      }
      const StatusOr<std::optional<ControlMarker>> marker = ControlMarkerOf(batch);
      if (!marker.ok() || !marker->has_value()) continue;
      producers_.ApplyMarker(**marker, batch.base_offset(), batch.max_timestamp());
    }
  }
  return OkStatus();
}

}  // namespace runnel::log
