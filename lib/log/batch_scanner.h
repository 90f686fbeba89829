// Walks the batches of a segment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record/batch_header.h"
#include "runnel/error.h"
#include "runnel/file_system.h"
#include "runnel/types.h"

namespace runnel::log {

// Where the bytes of a segment are: in memory from `memory_from` on, in the file below it.
// Lifetime: borrows both.
struct BatchSource {
  File* file = nullptr;          // may be null when memory_from is 0
  const char* memory = nullptr;  // address of position 0 of the segment
  int64_t memory_from = INT64_MAX;
};

enum class ScanCheck {
  kHeaders,    // headers only: for bytes that are trusted
  kChecksums,  // and the CRC of each batch
};

enum class ScanResult {
  kBatch,        // batch() is the next one
  kEnd,          // the limit was reached
  kBadChecksum,  // batch() is whole and its length plausible, but its CRC is wrong
  kBadBatch,     // no batch can start here: reason()
};

// Reads from disk in large pieces; in memory without copying.
//
// Thread safety: confined to one thread. Lifetime: batches are valid until the next call.
class BatchScanner {
 public:
  // Walks [position, limit). `chunk_bytes` is read at once; more only for a larger batch.
  BatchScanner(const BatchSource& source, int64_t position, int64_t limit, ScanCheck check,
               int64_t chunk_bytes = 1 << 20);

  // Steps to the next batch. After kBadChecksum a further call goes on behind that batch.
  // Errors: kKafkaStorageError when the file cannot be read.
  StatusOr<ScanResult> Next();

  // The batch found; with kHeaders only its header may be looked at.
  const record::BatchHeader& header() const { return *header_; }
  // The whole batch; with kChecksums only.
  record::BatchView batch() const { return record::BatchView::FromTrusted(header_->data()); }
  // Where the batch found starts; after kEnd or kBadBatch, where the walk stopped.
  int64_t position() const { return position_; }
  int64_t next_position() const { return next_; }
  const std::string& reason() const { return reason_; }
  // True when the bytes from position() to the limit are all zero: space allocated ahead.
  StatusOr<bool> RestIsZero();

 private:
  // Makes [next_, next_ + bytes) readable at the returned address; less at the limit.
  StatusOr<std::string_view> Peek(int64_t bytes);

  BatchSource source_;
  int64_t limit_;
  ScanCheck check_;
  int64_t chunk_bytes_;
  int64_t position_;
  int64_t next_;
  std::optional<record::BatchHeader> header_;
  std::string reason_;
  std::vector<char> buffer_;
  int64_t buffer_begin_ = 0;  // position in the segment
  int64_t buffer_end_ = 0;
};

}  // namespace runnel::log
