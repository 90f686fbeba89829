// Walks the batches of a log file front to back, for the tools that read files without a log.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "record/batch_header.h"
#include "runnel/error.h"
#include "runnel/file_system.h"

namespace runnel::log {

// Reads through a window of 1 MiB, which grows to the size of the largest batch. Trusts nothing;
// checks structure but not checksums.
//
//   LogFileReader reader(*file, size_bytes);
//   while (reader.Next()) Use(reader.batch());
//   RUNNEL_RETURN_IF_ERROR(reader.status());   // the disk failed
//   if (reader.end() == LogFileReader::End::kCorrupt) ...
//
// Thread safety: confined to one thread. Lifetime: `file` outlives it; batch() dies with the next
// Next().
class LogFileReader final {
 public:
  // Why Next() returned false.
  enum class End {
    kNone,       // it has not yet
    kComplete,   // the last batch ended where the file ends
    kTorn,       // the file ends inside a batch
    kUnwritten,  // only zeros follow what was read: space allocated ahead
    kCorrupt,    // what follows is no batch; see reason()
    kFailed,     // see status()
  };

  // Starts at `position`, where a batch should begin.
  LogFileReader(File& file, int64_t size_bytes, int64_t position = 0)
      : file_(file), size_bytes_(size_bytes), next_(position) {}

  bool Next();
  const record::BatchView& batch() const { return batch_; }
  // Where batch() begins; after the end, the first byte that belongs to no batch.
  int64_t position() const { return position_; }

  End end() const { return end_; }
  // Of kCorrupt: what is wrong there.
  const std::string& reason() const { return reason_; }
  // OK unless reading failed.
  const Status& status() const { return status_; }

 private:
  // The `count` bytes at next_, which are in the file; empty when reading failed.
  std::string_view Peek(int64_t count);
  bool Stop(End end);
  bool StopCorrupt(const Status& reason);
  bool StopUnlessZero(End otherwise);

  File& file_;
  const int64_t size_bytes_;
  int64_t next_;  // where the next batch begins
  int64_t position_ = 0;
  std::string window_;
  int64_t window_position_ = 0;
  record::BatchView batch_ = record::BatchView::FromTrusted(nullptr);
  End end_ = End::kNone;
  std::string reason_;
  Status status_;
};

// Calls `visit` with each whole entry of `entry_bytes` in the file, in order, until it returns
// false. Reads 64 KiB at once.
Status ForEachEntry(File& file, int64_t entry_bytes,
                    absl::FunctionRef<bool(int64_t index, std::string_view entry)> visit);

}  // namespace runnel::log
