// Walks the batches in a range of bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "record/batch_header.h"
#include "runnel/error.h"

namespace runnel::record {

enum class CrcCheck { kVerify, kSkip };

// Walks the batches of magic 2 in bytes from a segment or a fetch response.
//
//   BatchReader reader(bytes, CrcCheck::kVerify);
//   while (reader.Next()) Use(reader.batch());
//   if (reader.end() == BatchReader::End::kCorrupt) return reader.status();
//
// Lifetime: borrows the bytes, which must outlive the batches handed out.
class BatchReader {
 public:
  // Why Next() returned false.
  enum class End {
    kNone,        // it has not yet
    kComplete,    // the last batch ended where the bytes end
    kIncomplete,  // the bytes end inside a batch: normal in a fetch, a torn tail in a segment
    kUnwritten,   // a batch length of zero: preallocated space
    kCorrupt,     // see status()
  };

  // `first_position` is the position of bytes[0] in the file, for position() and messages.
  BatchReader(std::string_view bytes, CrcCheck crc_check, int64_t first_position = 0)
      : bytes_(bytes), first_position_(first_position), crc_check_(crc_check) {}

  // Moves to the next batch. Once false, it stays false.
  bool Next();
  const BatchView& batch() const { return batch_; }
  // Position of batch(); after Next() has returned false, of the first byte that is not part of
  // a good batch.
  int64_t position() const { return first_position_ + static_cast<int64_t>(position_); }

  End end() const { return end_; }
  // OK unless end() is kCorrupt; then kCorruptMessage or kUnsupportedForMessageFormat with the
  // position and the reason.
  const Status& status() const { return status_; }
  // With kIncomplete: size of the batch that is cut, or 0 when even its length is.
  int64_t incomplete_batch_bytes() const { return incomplete_batch_bytes_; }

 private:
  bool Stop(End end) {
    end_ = end;
    return false;
  }
  bool StopCorrupt(const Status& reason);

  std::string_view bytes_;
  int64_t first_position_;
  CrcCheck crc_check_;
  size_t position_ = 0;
  size_t next_ = 0;
  BatchView batch_ = BatchView::FromTrusted(nullptr);
  End end_ = End::kNone;
  int64_t incomplete_batch_bytes_ = 0;
  Status status_;
};

}  // namespace runnel::record
