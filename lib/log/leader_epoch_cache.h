// Which leader epoch begins at which offset.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "log/log_types.h"
#include "runnel/error.h"
#include "runnel/file_system.h"
#include "runnel/types.h"

namespace runnel::log {

struct EpochEntry {
  LeaderEpoch epoch = kNoLeaderEpoch;
  Offset start_offset{0};

  friend bool operator==(const EpochEntry&, const EpochEntry&) = default;
};

// Epochs and their start offsets, both strictly rising; the file `leader-epoch-checkpoint` holds
// them as text: "0\n<count>\n" and one line "epoch start-offset" each.
//
// Thread safety: thread-safe. Changes are in memory; Store() writes them.
class LeaderEpochCache {
 public:
  // Notes that `epoch` begins at `start`. Entries with an epoch at or above, or a start at or
  // past it, go first. Returns whether anything changed.
  bool Assign(LeaderEpoch epoch, Offset start);
  // The epoch of the last entry; kNoLeaderEpoch when empty. One relaxed load.
  LeaderEpoch latest_epoch() const { return latest_.load(std::memory_order_relaxed); }
  // Where `epoch` ends: the largest known epoch at or below it and the start of the next one;
  // the latest epoch ends at `end_offset`. Undefined for -1 and for epochs above the latest.
  EpochEndOffset EndOffsetFor(LeaderEpoch epoch, Offset end_offset) const;
  // The epoch of the record at `offset`; kNoLeaderEpoch when unknown.
  LeaderEpoch EpochFor(Offset offset) const;
  // Drops entries that start at or past `end`. True when one was dropped.
  bool TruncateFromEnd(Offset end);
  // Lifts the entry that covers `start` to it and drops the ones before.
  bool TruncateFromStart(Offset start);
  void Clear();
  std::vector<EpochEntry> entries() const;

  // Text of the checkpoint file, and back.
  // Errors: kCorruptMessage for a bad line, a wrong count or entries that do not rise.
  std::string Encode() const;
  Status Decode(std::string_view text);

 private:
  void UpdateLatestLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::vector<EpochEntry> entries_ ABSL_GUARDED_BY(mutex_);
  // Written under mutex_, read by appenders without it; relaxed, a hint confirmed by Assign.
  std::atomic<LeaderEpoch> latest_{kNoLeaderEpoch};
};

}  // namespace runnel::log
