// The aborted transactions whose markers lie in one segment.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "log/log_types.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::log {

// Entries of 34 bytes, big-endian, in the order of their markers:
//   [version 0: 2][producer id: 8][first offset: 8][last offset (marker): 8][last stable offset: 8]
// The file exists only when there is an entry.
//
// Thread safety: thread-safe.
class TransactionIndex {
 public:
  static constexpr int64_t kEntryBytes = 34;

  void Add(const AbortedTxn& txn);
  // Appends to `out` the transactions that touch [fetch_offset, upper), and returns true when
  // the search is complete: no later segment can hold another one.
  bool Collect(Offset fetch_offset, Offset upper, std::vector<AbortedTxn>& out) const;
  std::vector<AbortedTxn> All() const;
  // Drops transactions whose marker is at or above `offset`.
  void TruncateTo(Offset offset);
  void Clear();
  bool empty() const;
  std::string Encode() const;
  // Errors: kCorruptMessage for a partial entry, an unknown version or impossible offsets.
  Status Decode(std::string_view bytes, Offset base_offset);

 private:
  mutable absl::Mutex mutex_;
  std::vector<AbortedTxn> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace runnel::log
