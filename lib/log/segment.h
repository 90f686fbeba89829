// One segment of a log: a file of record batches (or memory) with its indexes.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/batch_scanner.h"
#include "log/log_types.h"
#include "log/offset_index.h"
#include "log/segment_storage.h"
#include "log/time_index.h"
#include "log/transaction_index.h"
#include "runnel/error.h"
#include "runnel/file_system.h"
#include "runnel/types.h"

namespace runnel::log {

// Where the segments of one log live, and what they read with. Shared by them; what it points to
// outlives the log.
struct LogFolder {
  Directory* directory = nullptr;  // null: memory
  std::string name;                // "orders-0"
  ReadBufferPool* buffers = nullptr;
  record::Codecs* codecs = nullptr;
  std::unique_ptr<ReadBufferPool> own_buffers;
  std::unique_ptr<record::Codecs> own_codecs;

  explicit LogFolder(const LogDeps& deps, std::string folder_name);
  ~LogFolder();
  // "orders-0/00000000000000000042.log"
  std::string PathOf(Offset base_offset, std::string_view suffix) const;
  std::string PathOf(std::string_view file) const;
};

// What is known of a segment from its files alone.
struct SegmentSummary {
  int64_t size_bytes = 0;
  Offset end_offset{0};  // one past the last record; the base offset when empty
  Timestamp max_timestamp = kNoTimestamp;
  Offset max_timestamp_offset = kNoOffset;   // last offset of the batch that holds it
  Timestamp first_timestamp = kNoTimestamp;  // largest of the first batch
};

// A list of these is a log. All but the last are closed: their bytes never change. Readers share
// ownership, so that deletion and truncation never take bytes away from them.
//
// Thread safety: thread-safe for reading. Changing methods are PartitionLog's, under its mutexes.
class Segment {
 public:
  // Opens nothing. For PartitionLog and its helpers.
  Segment(std::shared_ptr<const LogFolder> folder, Offset base_offset, Timestamp created);
  ~Segment();

  Offset base_offset() const { return base_offset_; }
  // Bytes appended so far; final once closed().
  int64_t size_bytes() const { return appended_bytes_.load(std::memory_order_acquire); }
  // Bytes below the high watermark; always whole batches.
  int64_t visible_bytes() const { return visible_bytes_.load(std::memory_order_acquire); }
  // True once no append can follow: a newer segment exists.
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  // True once the log has dropped or replaced this segment; readers look up their place again.
  bool detached() const { return detached_.load(std::memory_order_acquire); }

  // Exact for closed segments. Errors: kKafkaStorageError, kCorruptMessage.
  StatusOr<SegmentSummary> Summary() const;
  // Modification time of the file; creation time in memory.
  StatusOr<Timestamp> Modified() const;

  // Whole batches from `position` on, at most `max_bytes` but at least one, none past `limit`.
  // `position` is the start of a batch. Empty when position == limit. Checksums of bytes that
  // come from disk are checked.
  // Errors: kCorruptMessage naming file, position and offset; nothing of that batch is returned.
  StatusOr<RecordBytes> ReadAt(int64_t position, int64_t max_bytes, int64_t limit) const;
  // Position of the first batch whose last offset is at or past `offset`; `limit` when none.
  StatusOr<int64_t> PositionOf(Offset offset, int64_t limit) const;
  // The first record with a timestamp at or above `time`; kNoOffset when there is none.
  StatusOr<OffsetAndTimestamp> FindTimestamp(Timestamp time, Offset from, int64_t limit) const;
  // The first record, at or above `from`, with the greatest timestamp of the segment.
  StatusOr<OffsetAndTimestamp> FindMaxTimestamp(Offset from, int64_t limit) const;
  // Aborted transactions whose markers lie here.
  StatusOr<std::vector<AbortedTxn>> AbortedTransactions() const;

  // "orders-0/00000000000000000042.log", for messages.
  std::string description() const;

 private:
  friend class PartitionLog;
  friend class LogCursor;
  friend class LogLoader;
  friend class CleanedSegment;

  struct Indexes {
    explicit Indexes(Offset base_offset) : offsets(base_offset), times(base_offset) {}
    OffsetIndex offsets;
    TimeIndex times;
  };
  // Where the bytes can be read: in memory from `memory_from` on, in the file below it.
  struct Bytes {
    std::shared_ptr<File> file = {};  // null when everything is in memory
    std::shared_ptr<SegmentStorage> storage = {};
    int64_t memory_from = 0;

    BatchSource source() const;
  };

  StatusOr<Bytes> Access(int64_t position) const;
  std::shared_ptr<SegmentStorage> Memory(int64_t* memory_from) const;
  StatusOr<std::shared_ptr<File>> OpenFile(OpenMode mode) const;
  void CloseFile() const;
  bool has_open_file() const;

  StatusOr<RecordBytes> ReadDisk(const Bytes& bytes, int64_t position, int64_t max_bytes,
                                 int64_t limit) const;
  StatusOr<SegmentSummary> ComputeSummary() const;
  StatusOr<OffsetIndexEntry> LookupOffset(Offset offset) const;
  StatusOr<OffsetIndexEntry> FirstEntryAt(int64_t position) const;
  StatusOr<TimeIndexEntry> LookupTime(Timestamp time) const;
  StatusOr<TimeIndexEntry> LastTime() const;
  StatusOr<OffsetIndexEntry> LastOffsetEntry() const;
  Status CorruptAt(int64_t position, std::string_view reason) const;

  // The index files, read into memory; and written, with the transaction index.
  StatusOr<std::shared_ptr<Indexes>> LoadIndexes() const;
  Status WriteIndexes(const Indexes& indexes, std::string_view state) const;
  Status SyncIndexes() const;
  // Null when there is no aborted transaction and `create` is false.
  StatusOr<std::shared_ptr<TransactionIndex>> Transactions(bool create) const;

  // For the appender: where the bytes are from now on.
  void Attach(std::shared_ptr<SegmentStorage> storage, int64_t memory_from,
              std::shared_ptr<Indexes> indexes);
  // Closed and written out: readers open the files.
  void DropMemory();
  // Takes what readers need into memory or an open handle, before the files go.
  Status KeepReadable();
  // Renames the files to `.deleted`.
  enum class SnapshotFile { kKeep, kRename };
  Status RenameDeleted(SnapshotFile snapshot);
  // Sets the size of a segment that was read from disk.
  void SetSize(int64_t size_bytes);

  const std::shared_ptr<const LogFolder> folder_;
  const Offset base_offset_;
  const Timestamp created_;

  // Written by the appender with release, read by cursors with acquire; visible_bytes_ by
  // whoever advances the high watermark, under the log's append mutex.
  std::atomic<int64_t> visible_bytes_{0};
  std::atomic<int64_t> appended_bytes_{0};
  std::atomic<bool> closed_{false};
  std::atomic<bool> detached_{false};

  mutable absl::Mutex mutex_;  // innermost: held for memory work and for opening a file
  mutable std::shared_ptr<File> file_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<SegmentStorage> storage_ ABSL_GUARDED_BY(mutex_);
  int64_t memory_from_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<Indexes> indexes_ ABSL_GUARDED_BY(mutex_);  // null: in the files
  mutable std::shared_ptr<TransactionIndex> transactions_ ABSL_GUARDED_BY(mutex_);
  mutable bool transactions_loaded_ ABSL_GUARDED_BY(mutex_) = false;
  mutable std::optional<SegmentSummary> summary_ ABSL_GUARDED_BY(mutex_);
  bool renamed_ ABSL_GUARDED_BY(mutex_) = false;  // to `.deleted`
};

}  // namespace runnel::log
