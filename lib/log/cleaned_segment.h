// A segment written by compaction, before it takes the place of others.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "log/log_types.h"
#include "log/segment.h"
#include "runnel/error.h"

namespace runnel::log {

// Files `<base>.log.cleaned`, `.index.cleaned`, ...; in memory for memory topics. Abandoned when
// destroyed before PartitionLog::ReplaceSegments has taken it, and discarded by the next open.
//
// Thread safety: confined to one thread.
class CleanedSegment {
 public:
  ~CleanedSegment();

  // Appends one batch as it is: base offset, leader epoch and checksum are the caller's. Offsets
  // must rise. Adds index entries as an append does.
  Status Append(std::string_view batch);
  // Keeps an aborted transaction that still has data here.
  void AddAborted(const AbortedTxn& txn);
  // Writes the indexes, cuts the file to size, sets its modification time and syncs everything.
  Status Finish(Timestamp modified);

  Offset base_offset() const;
  int64_t size_bytes() const;
  // Sizes the indexes would have; for grouping within segment.index.bytes.
  int64_t index_bytes() const;

 private:
  friend class PartitionLog;
  struct Impl;
  explicit CleanedSegment(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace runnel::log
