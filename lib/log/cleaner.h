// Compaction: keeps the newest record of each key.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "log/log_types.h"
#include "log/partition_log.h"
#include "record/compression.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::log {

// From the hash of a key to the last offset at which it was seen, in a fixed amount of memory.
// Two keys with the same 128-bit hash would count as one; that does not happen by accident.
//
// Thread safety: thread-compatible.
class OffsetMap128 {
 public:
  // Holds at most 90 % of `memory_bytes` / 24 keys (log.cleaner.io.buffer.load.factor); memory
  // is taken as it fills, in doubling steps. `seed` keys the hash, so that nobody can choose keys
  // that collide.
  explicit OffsetMap128(int64_t memory_bytes, uint64_t seed = 0);

  // False, with nothing changed, when the key is new and the map is full.
  bool Put(std::string_view key, Offset offset);
  // kNoOffset when the key was never put.
  Offset Get(std::string_view key) const;
  void Clear();

  int64_t size() const { return size_; }
  int64_t max_size() const { return max_size_; }

 private:
  struct Slot {
    uint64_t high = 0;
    uint64_t low = 0;  // both zero: free
    int64_t offset = 0;
  };
  Slot HashOf(std::string_view key) const;
  size_t Find(const Slot& hash) const;
  void Grow();

  const uint64_t seed_;
  const size_t max_slots_;
  const int64_t max_size_;
  std::vector<Slot> slots_;
  int64_t size_ = 0;
};

struct CleanerOptions {
  // log.cleaner.dedupe.buffer.size: memory of the offset map. More keys than fit are cleaned in
  // several passes.
  int64_t dedupe_buffer_bytes = int64_t{128} << 20;
  // Keys the hash of the offset map; random in production, fixed in tests.
  uint64_t hash_seed = 0;
  // log.cleaner.io.buffer.size: bytes of a segment read at once; grows to the largest batch.
  int64_t read_bytes = 512 << 10;
  // Bound on one batch's decompressed records, in bytes.
  int64_t max_inflated_bytes = record::kDefaultMaxInflatedBytes;
};

// How much of a log awaits compaction.
struct DirtyRange {
  Offset first_dirty{0};        // nothing below it needs to be read for keys
  Offset first_uncleanable{0};  // open transactions, the active segment and young records stay
  int64_t clean_bytes = 0;      // in segments below first_dirty
  int64_t dirty_bytes = 0;      // between the two
  bool lag_exceeded = false;    // max.compaction.lag.ms

  double ratio() const {
    const int64_t total = clean_bytes + dirty_bytes;
    return total == 0 ? 0 : static_cast<double>(dirty_bytes) / static_cast<double>(total);
  }
  // Whether a clean is due, by min.cleanable.dirty.ratio or the lag.
  bool IsDue(const LogConfig& config) const {
    return first_uncleanable > first_dirty &&
           (lag_exceeded || ratio() > config.min_cleanable_dirty_ratio);
  }
};

struct CleanResult {
  Offset first_dirty{0};  // the next pass starts here: the cleaner checkpoint
  int64_t bytes_before = 0;
  int64_t bytes_after = 0;
  int64_t records_before = 0;
  int64_t records_after = 0;
  int64_t segments_before = 0;
  int64_t segments_after = 0;
};

class BatchFilter;

// Compacts one log at a time.
//
// Thread safety: confined to one thread at a time; logs may be appended to and read meanwhile.
// Lifetime: `codecs` outlives it.
// Source: org.apache.kafka.storage.internals.log.Cleaner.
class Cleaner {
 public:
  Cleaner(const CleanerOptions& options, record::Codecs& codecs);

  // `checkpoint` is the first_dirty of the last pass; nullopt or outside the log: from the start.
  StatusOr<DirtyRange> Examine(PartitionLog& log, std::optional<Offset> checkpoint,
                               Timestamp now) const;

  // Rewrites the closed segments from the log start to the end of `range`. After a crash the log
  // holds either version of each group of segments, never a mixture.
  // Errors: kOperationNotAttempted when segments went away meanwhile (try again later);
  // kCorruptMessage; kKafkaStorageError. The log is as before, or some groups are already done.
  StatusOr<CleanResult> Clean(PartitionLog& log, const DirtyRange& range, Timestamp now);

 private:
  using SegmentList = std::vector<std::shared_ptr<const Segment>>;

  // Fills the map from the dirty segments. When it is full before their end, returns one past the
  // last offset it covers.
  StatusOr<std::optional<Offset>> BuildMap(PartitionLog& log, const SegmentList& segments,
                                           Offset first_dirty);
  StatusOr<bool> MapBatch(const record::BatchView& batch, Offset first_dirty, Offset& map_end);
  // Rewrites one group into one segment and puts it into place.
  Status CleanGroup(PartitionLog& log, std::span<const std::shared_ptr<const Segment>> group,
                    BatchFilter& filter, CleanResult& result);

  CleanerOptions options_;
  record::Codecs& codecs_;
  OffsetMap128 map_;
  record::Buffer inflated_;
};

}  // namespace runnel::log
