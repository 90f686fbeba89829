// A reader's place in a log.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "log/log_types.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::log {

class PartitionLog;
class Segment;
class SegmentStorage;

// Reads a log forward, batch after batch, remembering where it stands: no index, no lock and no
// system call at the tail. One per reader.
//
// Thread safety: confined to one thread at a time; the log may be appended to meanwhile.
// Lifetime: must be destroyed, or never used again, before its log. What Read() returned may
// live longer.
class LogCursor {
 public:
  // Stands nowhere until Seek().
  LogCursor(PartitionLog& log, ReadBound bound);
  ~LogCursor();
  LogCursor(LogCursor&&) noexcept;
  LogCursor& operator=(LogCursor&&) noexcept;

  // Moves to the batch that holds `offset`, or the next one when compaction has removed it.
  // Errors: kOffsetOutOfRange outside [log start, end]; kCorruptMessage.
  Status Seek(Offset offset);

  // Whole batches from the current place, up to `max_bytes` but at least one; empty when there
  // is nothing below the bound yet. The first batch may begin before offset().
  // Errors: kOffsetOutOfRange when the place was deleted or truncated away; kCorruptMessage,
  // kKafkaStorageError: the place is kept, and trying again gives the same.
  // Cost: no allocation while the reader keeps up; one buffer per call when reading from disk.
  StatusOr<RecordBytes> Read(int64_t max_bytes);

  // The next offset Read() has not returned yet.
  Offset offset() const { return offset_; }
  // True when Read() would return something without reading from disk: two loads.
  bool ready() const;

  // Aborted transactions among what the last Read() returned; with ReadBound::kLastStable only.
  const std::vector<AbortedTxn>& aborted() const { return aborted_; }

 private:
  Status Attach(Offset offset);
  void AttachTo(std::shared_ptr<const Segment> segment, int64_t position);
  StatusOr<RecordBytes> Take(RecordBytes found, int64_t max_bytes);

  PartitionLog* log_;
  ReadBound bound_;
  Offset offset_{-1};
  int64_t position_ = 0;  // in segment_
  std::shared_ptr<const Segment> segment_;
  // Set while the segment's bytes from memory_from_ on can be read in memory.
  std::shared_ptr<SegmentStorage> memory_;
  int64_t memory_from_ = 0;
  std::vector<AbortedTxn> aborted_;
};

}  // namespace runnel::log
