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

#include "log/log_types.h"
#include "log/offset_index.h"
#include "log/segment_storage.h"
#include "log/time_index.h"
#include "log/transaction_index.h"
#include "runnel/error.h"
#include "runnel/file_system.h"
#include "runnel/types.h"

namespace runnel::log {

// Where the segments of one log live. Shared by them; the directory outlives the log.
struct LogFolder {
  Directory* directory = nullptr;  // null: memory
  std::string name;                // "orders-0"
  ReadBufferPool* buffers = nullptr;

  // "orders-0/00000000000000000042.log"
  std::string PathOf(Offset base_offset, std::string_view suffix) const;
  std::string PathOf(std::string_view file) const { return name + '/' + std::string(file); }
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
  // Aborted transactions whose markers lie here.
  StatusOr<std::vector<AbortedTxn>> AbortedTransactions() const;

  // "orders-0/00000000000000000042.log", for messages.
  std::string description() const;

 private:
  friend class PartitionLog;
  friend class LogCursor;
  friend class SegmentLoader;
  friend class CleanedSegment;

  Offset base_offset_;
  // Written by the appender with release, read by cursors with acquire; visible_bytes_ by
  // whoever advances the high watermark (under the log's mutex). Kept in one cache line.
  alignas(64) std::atomic<int64_t> visible_bytes_{0};
  std::atomic<int64_t> appended_bytes_{0};
  std::atomic<bool> closed_{false};
  std::atomic<bool> detached_{false};
};

}  // namespace runnel::log
