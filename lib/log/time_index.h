// From timestamps to offsets, sparse.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/error.h"
#include "runnel/file_system.h"
#include "runnel/types.h"

namespace runnel::log {

// Entries of 12 bytes, big-endian, both parts not falling:
//   [largest timestamp so far, ms: 8][last offset of its batch, minus the base offset: 4]
// Written beside each offset index entry, and once more when the segment is closed.
struct TimeIndexEntry {
  static constexpr int64_t kBytes = 12;
  Timestamp timestamp = kNoTimestamp;
  Offset offset{0};

  friend bool operator==(const TimeIndexEntry&, const TimeIndexEntry&) = default;
};

// The time index of one segment while it is open for appending.
//
// Thread safety: thread-safe.
class TimeIndex {
 public:
  explicit TimeIndex(Offset base_offset) : base_offset_(base_offset) {}

  // Adds an entry when its timestamp is above the last one; returns whether it did.
  bool Add(TimeIndexEntry entry);
  // The greatest entry at or below `time`; {kNoTimestamp, base offset} when there is none.
  TimeIndexEntry Lookup(Timestamp time) const;
  // The last entry; {kNoTimestamp, base offset} when empty.
  TimeIndexEntry Last() const;
  // Drops entries at or above `offset`.
  void TruncateTo(Offset offset);
  int64_t size_bytes() const;
  std::string Encode() const;
  // Errors: kCorruptMessage when entries fall.
  Status Decode(std::string_view bytes);

 private:
  Offset base_offset_;
  mutable absl::Mutex mutex_;
  std::vector<TimeIndexEntry> entries_ ABSL_GUARDED_BY(mutex_);
};

// The same questions to the file of a closed segment.
//
// Thread safety: thread-safe.
class TimeIndexFile {
 public:
  // `file` outlives the object.
  static StatusOr<TimeIndexFile> Open(File& file, Offset base_offset);
  StatusOr<TimeIndexEntry> Lookup(Timestamp time) const;
  StatusOr<TimeIndexEntry> Last() const;
  int64_t entry_count() const { return entry_count_; }

 private:
  TimeIndexFile(File& file, Offset base_offset, int64_t entry_count)
      : file_(&file), base_offset_(base_offset), entry_count_(entry_count) {}
  StatusOr<TimeIndexEntry> Entry(int64_t index) const;

  File* file_;
  Offset base_offset_;
  int64_t entry_count_;
};

}  // namespace runnel::log
