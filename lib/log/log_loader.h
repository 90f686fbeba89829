// Brings the files of one log into order and reads what opening needs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/batch_scanner.h"
#include "log/file_names.h"
#include "log/leader_epoch_cache.h"
#include "log/log_types.h"
#include "log/producer_state.h"
#include "log/segment.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::log {

struct LoadedLog {
  std::vector<std::shared_ptr<Segment>> segments;  // at least one; the last is open for appends
  Offset log_start_offset{0};
  Offset end_offset{0};
  ProducerState producers;
  std::vector<Offset> snapshots;  // that exist as files
  Uuid topic_id;
  bool last_exists = false;  // the last segment has a file
};

// Steps, each of which may crash and be done again: remove leftovers and finish replacements;
// open segments; check and cut what was not synced; rebuild indexes; reconcile leader epochs and
// producer state; sync what was read.
//
// Source: org.apache.kafka.storage.internals.log.LogLoader.
class LogLoader {
 public:
  // All outlive the loader.
  LogLoader(std::shared_ptr<const LogFolder> folder, const LogOpenOptions& options, Timestamp now,
            LeaderEpochCache& epochs, LogRecovery& report);

  StatusOr<LoadedLog> Load();

 private:
  Status PrepareFolder();
  Status CleanUp();
  Status FinishSwaps(std::vector<SegmentFile> swaps);
  StatusOr<Offset> EndOfSwap(Offset base_offset);
  Status RemoveFile(std::string_view name);

  Status OpenSegments();
  Status LoadEpochs();
  Status RebuildEpochs();
  // Index of the first segment that may hold unsynced bytes; segments.size() when there is none.
  size_t FirstUnsure() const;
  Status RecoverFrom(size_t first);
  // Checks and indexes one segment. False when it was cut and later ones must go.
  StatusOr<bool> RecoverSegment(Segment& segment);
  Status CutSegment(Segment& segment, BatchScanner& scanner, ScanResult result);
  Status DeleteSegmentsFrom(size_t first);
  Status RebuildMissingIndexes();
  // Where a cleanly closed log ends; recovers the last segment when it is not as it should be.
  Status FindEnd();
  Status ApplyLogStart();
  // Removes snapshots that belong to no segment, but the newest.
  void DropStraySnapshots();

  Status LoadProducers(Offset upto);
  Status ReplayProducers(Offset from, Offset upto);
  // Notes a batch in producer state; in `transactions` when it ends an aborted transaction.
  Status ApplyToProducers(const record::BatchView& batch, TransactionIndex* transactions);
  Status SyncRecovered(size_t first);
  Status StoreEpochs();
  void Note(std::string text);
  bool HasFile(Offset base_offset, std::string_view kind) const;

  const std::shared_ptr<const LogFolder> folder_;
  const LogOpenOptions& options_;
  const Timestamp now_;
  LeaderEpochCache& epochs_;
  LogRecovery& report_;
  std::vector<std::string> names_;  // files of the folder, sorted
  Offset producers_from_{0};        // producer state covers everything below
  bool epochs_rebuilt_ = false;
  bool names_changed_ = false;
  LoadedLog log_;
};

// What a batch changes in producer state; shared by recovery, followers and leaders.
ProducerAppend ProducerAppendOf(const record::BatchHeader& batch);
// The marker in a control batch; nullopt when it ends no transaction.
StatusOr<std::optional<ControlMarker>> ControlMarkerOf(const record::BatchView& batch);

// Adds index entries as batches are appended, by Kafka's rule: one when more than the interval
// was added since the last, for the batch that comes next.
class IndexBuilder {
 public:
  IndexBuilder(OffsetIndex& offsets, TimeIndex& times, int32_t interval_bytes)
      : offsets_(offsets), times_(times), interval_bytes_(interval_bytes) {}

  void Add(Offset last_offset, Timestamp max_timestamp, int64_t position, int64_t size_bytes);
  // The entry a segment ends with.
  void Close() { times_.Add({.timestamp = max_timestamp_, .offset = max_timestamp_offset_}); }

  Timestamp max_timestamp() const { return max_timestamp_; }
  Offset max_timestamp_offset() const { return max_timestamp_offset_; }
  int64_t bytes_since_entry() const { return bytes_since_entry_; }

 private:
  OffsetIndex& offsets_;
  TimeIndex& times_;
  int32_t interval_bytes_;
  int64_t bytes_since_entry_ = 0;
  Timestamp max_timestamp_ = kNoTimestamp;
  Offset max_timestamp_offset_ = kNoOffset;
};

}  // namespace runnel::log
