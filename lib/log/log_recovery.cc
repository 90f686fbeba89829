// The half of LogLoader that reads record data: recovery of segments and of producer state.
#include <algorithm>

#include "base/files.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/log_loader.h"
#include "record/control.h"

namespace runnel::log {
namespace {

using record::BatchView;

constexpr int64_t kMaxSnapshotBytes = int64_t{1} << 30;

}  // namespace

ProducerAppend ProducerAppendOf(const record::BatchHeader& batch) {
  return {.producer_id = batch.producer_id(),
          .producer_epoch = batch.producer_epoch(),
          .base_sequence = batch.base_sequence(),
          .last_offset_delta = batch.last_offset_delta(),
          .base_offset = batch.base_offset(),
          .timestamp = batch.max_timestamp(),
          .transactional = batch.is_transactional()};
}

StatusOr<std::optional<ControlMarker>> ControlMarkerOf(const BatchView& batch) {
  if (batch.record_count() == 0) return std::nullopt;  // emptied by compaction
  RUNNEL_ASSIGN_OR_RETURN(const record::RecordView record, record::ReadControlRecord(batch));
  RUNNEL_ASSIGN_OR_RETURN(const record::ControlType type, record::ParseControlType(record));
  if (type != record::ControlType::kAbort && type != record::ControlType::kCommit) {
    return std::nullopt;
  }
  RUNNEL_ASSIGN_OR_RETURN(const record::EndTxnMarker marker, record::ParseEndTxnMarker(record));
  return ControlMarker{.producer_id = batch.producer_id(),
                       .producer_epoch = batch.producer_epoch(),
                       .commit = marker.type == record::ControlType::kCommit,
                       .coordinator_epoch = marker.coordinator_epoch};
}

void IndexBuilder::Add(Offset last_offset, Timestamp max_timestamp, int64_t position,
                       int64_t size_bytes) {
  if (max_timestamp > max_timestamp_) {
    max_timestamp_ = max_timestamp;
    max_timestamp_offset_ = last_offset;
  }
  if (bytes_since_entry_ > interval_bytes_) {
    offsets_.Add({.offset = last_offset, .position = position});
    times_.Add({.timestamp = max_timestamp_, .offset = max_timestamp_offset_});
    bytes_since_entry_ = 0;
  }
  bytes_since_entry_ += size_bytes;
}

size_t LogLoader::FirstUnsure() const {
  const size_t count = log_.segments.size();
  if (options_.clean_shutdown || !log_.last_exists) return count;
  // A segment that ends at the recovery point may have been closed after the sync that moved it
  // there: its cut to size and its indexes are not synced.
  for (size_t i = 0; i + 1 < count; ++i) {
    if (log_.segments[i + 1]->base_offset() >= options_.recovery_point) return i;
  }
  return count - 1;
}

Status LogLoader::RecoverFrom(size_t first) {
  RUNNEL_RETURN_IF_ERROR(LoadProducers(log_.segments[first]->base_offset()));
  RUNNEL_RETURN_IF_ERROR(ReplayProducers(producers_from_, log_.segments[first]->base_offset()));
  for (size_t i = first; i < log_.segments.size(); ++i) {
    RUNNEL_ASSIGN_OR_RETURN(bool whole, RecoverSegment(*log_.segments[i]));
    if (i + 1 == log_.segments.size()) break;
    // A closed segment that was never synced may have lost its end at the border of a batch, while
    // its successor survived. Compaction makes such gaps as well: where it runs, a segment is
    // synced before the next one begins (RollLocked).
    whole &= options_.config.cleanup_compact ||
             log_.end_offset == log_.segments[i + 1]->base_offset();
    if (whole) continue;
    Note(base::StrCat("deletes ", log_.segments.size() - i - 1, " segments behind the end ",
                      log_.end_offset, " of ", log_.segments[i]->description()));
    RUNNEL_RETURN_IF_ERROR(DeleteSegmentsFrom(i + 1));
  }
  // Snapshots of a future that is gone would be believed by the next recovery.
  std::erase_if(log_.snapshots, [&](Offset snapshot) {
    if (snapshot <= log_.end_offset) return false;
    base::IgnoreError(RemoveFile(SegmentFileName(snapshot, kSnapshotSuffix)),
                      "it is above the end and deleted by the next open");
    return true;
  });
  return SyncRecovered(first);
}

StatusOr<bool> LogLoader::RecoverSegment(Segment& segment) {
  Segment::Indexes indexes(segment.base_offset());
  IndexBuilder builder(indexes.offsets, indexes.times, options_.config.index_interval_bytes);
  auto transactions = std::make_shared<TransactionIndex>();
  RUNNEL_ASSIGN_OR_RETURN(const auto file, segment.OpenFile(OpenMode::kReadWrite));
  BatchScanner scanner({.file = file.get()}, 0, segment.size_bytes(), ScanCheck::kChecksums);
  Offset next = std::max(segment.base_offset(), log_.end_offset);
  ScanResult result = ScanResult::kEnd;
  while (true) {
    RUNNEL_ASSIGN_OR_RETURN(result, scanner.Next());
    const bool found = result == ScanResult::kBatch || result == ScanResult::kBadChecksum;
    if (!found || scanner.header().base_offset() < next) break;
    const record::BatchHeader& header = scanner.header();
    if (result == ScanResult::kBadChecksum) {
      // Damage below the recovery point is not a torn tail: what follows it was synced and stays.
      if (header.last_offset() >= options_.recovery_point) break;
      Note(base::StrCat(segment.description(), ": position ", scanner.position(), ": offsets ",
                        header.base_offset(), " to ", header.last_offset(),
                        " are damaged: ", scanner.reason()));
    } else {
      RUNNEL_RETURN_IF_ERROR(ApplyToProducers(scanner.batch(), transactions.get()));
      if (header.leader_epoch() > epochs_.latest_epoch()) {
        epochs_rebuilt_ |= epochs_.Assign(header.leader_epoch(), header.base_offset());
      }
    }
    builder.Add(header.last_offset(), header.max_timestamp(), scanner.position(),
                header.size_bytes());
    next = header.next_offset();
  }
  report_.scanned_bytes += scanner.position();
  const bool whole = result == ScanResult::kEnd;
  if (!whole) RUNNEL_RETURN_IF_ERROR(CutSegment(segment, scanner, result));
  builder.Close();
  {
    const base::Lock lock(segment.mutex_);
    segment.transactions_ = std::move(transactions);
    segment.transactions_loaded_ = true;
  }
  RUNNEL_RETURN_IF_ERROR(segment.WriteIndexes(indexes, ""));
  names_changed_ = true;
  ++report_.rebuilt_indexes;
  log_.end_offset = next;
  return whole;
}

Status LogLoader::CutSegment(Segment& segment, BatchScanner& scanner, ScanResult result) {
  const int64_t position = scanner.position();
  RUNNEL_ASSIGN_OR_RETURN(const bool zero, scanner.RestIsZero());
  if (!zero) {
    const int64_t cut = segment.size_bytes() - position;
    report_.truncated_bytes += cut;
    Note(base::StrCat(segment.description(), ": cuts ", cut, " bytes at position ", position, ": ",
                      result == ScanResult::kBatch ? "offsets go back" : scanner.reason()));
  }
  RUNNEL_ASSIGN_OR_RETURN(const auto file, segment.OpenFile(OpenMode::kReadWrite));
  RUNNEL_RETURN_IF_ERROR(file->Truncate(position));
  segment.SetSize(position);
  return OkStatus();
}

Status LogLoader::DeleteSegmentsFrom(size_t first) {
  for (size_t i = log_.segments.size(); i > first; --i) {  // newest first: never a hole
    const Segment& segment = *log_.segments[i - 1];
    segment.CloseFile();
    ++report_.deleted_segments;
    for (const std::string_view kind : {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix,
                                        kTransactionIndexSuffix, kSnapshotSuffix}) {
      RUNNEL_RETURN_IF_ERROR(RemoveFile(SegmentFileName(segment.base_offset(), kind)));
    }
    std::erase(log_.snapshots, segment.base_offset());
  }
  log_.segments.resize(first);
  return OkStatus();
}

Status LogLoader::SyncRecovered(size_t first) {
  for (size_t i = first; i < log_.segments.size(); ++i) {
    RUNNEL_ASSIGN_OR_RETURN(const auto file, log_.segments[i]->OpenFile(OpenMode::kReadWrite));
    RUNNEL_RETURN_IF_ERROR(file->Sync());
    if (i + 1 < log_.segments.size()) RUNNEL_RETURN_IF_ERROR(log_.segments[i]->SyncIndexes());
  }
  names_changed_ = true;
  return OkStatus();
}

Status LogLoader::RebuildMissingIndexes() {
  const size_t first_unsure = FirstUnsure();
  for (size_t i = 0; i < first_unsure && i < log_.segments.size(); ++i) {
    const Segment& segment = *log_.segments[i];
    if (segment.size_bytes() == 0) continue;
    if (HasFile(segment.base_offset(), kOffsetIndexSuffix) &&
        HasFile(segment.base_offset(), kTimeIndexSuffix)) {
      continue;
    }
    Segment::Indexes indexes(segment.base_offset());
    IndexBuilder builder(indexes.offsets, indexes.times, options_.config.index_interval_bytes);
    RUNNEL_ASSIGN_OR_RETURN(const auto file, segment.OpenFile(OpenMode::kRead));
    BatchScanner scanner({.file = file.get()}, 0, segment.size_bytes(), ScanCheck::kHeaders);
    while (true) {
      RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
      if (result != ScanResult::kBatch) break;
      const record::BatchHeader& header = scanner.header();
      builder.Add(header.last_offset(), header.max_timestamp(), scanner.position(),
                  header.size_bytes());
    }
    builder.Close();
    RUNNEL_RETURN_IF_ERROR(segment.WriteIndexes(indexes, ""));
    report_.scanned_bytes += scanner.position();
    ++report_.rebuilt_indexes;
    names_changed_ = true;
    Note(base::StrCat("rebuilds the indexes of ", segment.description()));
  }
  return OkStatus();
}

Status LogLoader::FindEnd() {
  const Segment& last = *log_.segments.back();
  log_.end_offset = last.base_offset();
  bool good = true;
  if (last.size_bytes() > 0) {
    RUNNEL_ASSIGN_OR_RETURN(const OffsetIndexEntry entry, last.LastOffsetEntry());
    good = entry.position < last.size_bytes() && entry.offset >= last.base_offset();
    RUNNEL_ASSIGN_OR_RETURN(const auto file, last.OpenFile(OpenMode::kRead));
    BatchScanner scanner({.file = file.get()}, entry.position, last.size_bytes(),
                         ScanCheck::kHeaders, 8 << 10);
    while (good) {
      RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
      if (result == ScanResult::kEnd) break;
      good = result == ScanResult::kBatch && scanner.header().base_offset() >= log_.end_offset;
      if (good) log_.end_offset = scanner.header().next_offset();
    }
  }
  if (!good) {
    Note(base::StrCat(last.description(), ": not as a clean shutdown leaves it; recovers it"));
    log_.end_offset = Offset(0);
    return RecoverFrom(log_.segments.size() - 1);
  }
  // A folder without any snapshot that was closed cleanly had no producers worth a replay.
  if (log_.snapshots.empty()) return OkStatus();
  RUNNEL_RETURN_IF_ERROR(LoadProducers(log_.end_offset));
  return ReplayProducers(producers_from_, log_.end_offset);
}

Status LogLoader::LoadProducers(Offset upto) {
  std::sort(log_.snapshots.begin(), log_.snapshots.end());
  producers_from_ = log_.segments.front()->base_offset();
  for (size_t i = log_.snapshots.size(); i > 0; --i) {
    const Offset snapshot = log_.snapshots[i - 1];
    if (snapshot > upto) continue;
    const std::string name = SegmentFileName(snapshot, kSnapshotSuffix);
    RUNNEL_ASSIGN_OR_RETURN(
        const std::string bytes,
        base::ReadWhole(*folder_->directory, folder_->PathOf(name), kMaxSnapshotBytes));
    const Status status = log_.producers.DecodeSnapshot(bytes);
    if (status.ok()) {
      producers_from_ = std::max(producers_from_, snapshot);
      return OkStatus();
    }
    Note(base::StrCat("deletes ", name, ": ", base::AsStd(status.message())));
    RUNNEL_RETURN_IF_ERROR(RemoveFile(name));
    log_.snapshots.erase(log_.snapshots.begin() + static_cast<std::ptrdiff_t>(i - 1));
  }
  return OkStatus();
}

Status LogLoader::ReplayProducers(Offset from, Offset upto) {
  for (const auto& segment : log_.segments) {
    if (from >= upto || segment->base_offset() >= upto) break;
    if (segment->size_bytes() == 0) continue;
    const bool has_next = segment != log_.segments.back();
    if (has_next) {
      const auto next = *(std::find(log_.segments.begin(), log_.segments.end(), segment) + 1);
      if (next->base_offset() <= from) continue;
    }
    RUNNEL_ASSIGN_OR_RETURN(const int64_t start, segment->PositionOf(from, segment->size_bytes()));
    RUNNEL_ASSIGN_OR_RETURN(const auto file, segment->OpenFile(OpenMode::kRead));
    BatchScanner scanner({.file = file.get()}, start, segment->size_bytes(), ScanCheck::kChecksums);
    while (true) {
      RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
      if (result == ScanResult::kBadChecksum) continue;  // readers will be told
      if (result != ScanResult::kBatch || scanner.header().base_offset() >= upto) break;
      RUNNEL_RETURN_IF_ERROR(ApplyToProducers(scanner.batch(), nullptr));
      ++report_.replayed_batches;
    }
    report_.scanned_bytes += scanner.position() - start;
  }
  return OkStatus();
}

Status LogLoader::ApplyToProducers(const BatchView& batch, TransactionIndex* transactions) {
  if (!batch.has_producer_id() || batch.base_offset() < producers_from_) return OkStatus();
  if (!batch.is_control()) {
    log_.producers.Apply(ProducerAppendOf(batch));
    return OkStatus();
  }
  RUNNEL_ASSIGN_OR_RETURN(const std::optional<ControlMarker> marker, ControlMarkerOf(batch));
  if (!marker.has_value()) return OkStatus();
  const std::optional<CompletedTxn> completed =
      log_.producers.ApplyMarker(*marker, batch.base_offset(), batch.max_timestamp());
  if (completed.has_value() && completed->aborted && transactions != nullptr) {
    transactions->Add({.producer_id = completed->producer_id,
                       .first_offset = completed->first_offset,
                       .last_offset = completed->last_offset,
                       .last_stable_offset = log_.producers.LastStableAfter(*completed)});
  }
  return OkStatus();
}

}  // namespace runnel::log
