// From offsets to byte positions, sparse.
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

// Entries of 8 bytes, big-endian, strictly rising offsets:
//   [last offset of a batch, minus the base offset: 4][position where that batch starts: 4]
// About one entry per `index_interval_bytes` of log. No checksum: rebuilt after a crash.
struct OffsetIndexEntry {
  static constexpr int64_t kBytes = 8;
  Offset offset{0};
  int64_t position = 0;

  friend bool operator==(const OffsetIndexEntry&, const OffsetIndexEntry&) = default;
};

// The index of one segment while it is open for appending: in memory, written out by Encode().
//
// Thread safety: thread-safe.
class OffsetIndex {
 public:
  explicit OffsetIndex(Offset base_offset) : base_offset_(base_offset) {}

  // Adds an entry; ignored when `offset` is not above the last one.
  void Add(OffsetIndexEntry entry);
  // The greatest entry at or below `offset`; {base offset, 0} when there is none.
  OffsetIndexEntry Lookup(Offset offset) const;
  // The first entry at or past `position`; nullopt-like {kNoOffset, -1} when there is none.
  OffsetIndexEntry FirstAtOrAfter(int64_t position) const;
  // Drops entries at or above `offset`.
  void TruncateTo(Offset offset);
  int64_t size_bytes() const;
  // The content of the `.index` file.
  std::string Encode() const;
  // Errors: kCorruptMessage when entries do not rise or point outside `log_bytes`.
  Status Decode(std::string_view bytes, int64_t log_bytes);

 private:
  struct Packed {
    int32_t relative_offset;
    int32_t position;
  };
  Offset base_offset_;
  mutable absl::Mutex mutex_;
  std::vector<Packed> entries_ ABSL_GUARDED_BY(mutex_);
};

// The same questions to the file of a closed segment: a binary search with O(log n) reads.
//
// Thread safety: thread-safe.
class OffsetIndexFile {
 public:
  // `file` outlives the object.
  static StatusOr<OffsetIndexFile> Open(File& file, Offset base_offset);
  StatusOr<OffsetIndexEntry> Lookup(Offset offset) const;
  StatusOr<OffsetIndexEntry> FirstAtOrAfter(int64_t position) const;
  // {base offset, 0} when empty.
  StatusOr<OffsetIndexEntry> Last() const;
  int64_t entry_count() const { return entry_count_; }

 private:
  OffsetIndexFile(File& file, Offset base_offset, int64_t entry_count)
      : file_(&file), base_offset_(base_offset), entry_count_(entry_count) {}
  StatusOr<OffsetIndexEntry> Entry(int64_t index) const;

  File* file_;
  Offset base_offset_;
  int64_t entry_count_;
};

}  // namespace runnel::log
