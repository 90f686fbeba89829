// Walks the records of a batch.
#pragma once

#include <cstdint>
#include <string_view>

#include "record/batch_header.h"
#include "record/buffer.h"
#include "record/compression.h"
#include "record/record.h"
#include "runnel/error.h"

namespace runnel::record {

// The uncompressed records of `batch`: a view into the batch itself, or of `buffer` after they
// have been decompressed into it (it is cleared first). `codecs` may be null for an uncompressed
// batch.
// Errors: as Codecs::Decompress; kUnsupportedCompressionType without `codecs`.
StatusOr<std::string_view> InflateRecords(const BatchView& batch, Codecs* codecs, Buffer& buffer,
                                          int64_t max_bytes = kDefaultMaxInflatedBytes);

// Reads the records of one batch, one by one, as views.
//
//   RUNNEL_ASSIGN_OR_RETURN(const std::string_view records, InflateRecords(batch, codecs, buffer));
//   RecordIterator iterator(batch, records);
//   for (RecordView record; iterator.Next(record);) Use(record);
//   RUNNEL_RETURN_IF_ERROR(iterator.status());
//
// Every byte is checked, headers included: a record that is handed out is well formed, and its
// offset lies within the batch and above the one before.
// Lifetime: borrows `records`; the batch's header is copied as far as it is needed.
// Cost: no allocation.
class RecordIterator {
 public:
  // `records` are the uncompressed records of the batch.
  RecordIterator(const BatchHeader& batch, std::string_view records);
  // No records.
  RecordIterator() = default;

  // Reads the next record. False at the end and at the first malformed one.
  bool Next(RecordView& record);

  // OK while all is well. kInvalidRecord, with the offset of the last good record, when a record
  // is malformed, when the batch holds fewer than its count says, or when bytes are left over.
  const Status& status() const { return status_; }
  // Records not read yet, by the batch's count.
  int32_t remaining_count() const { return remaining_; }

 private:
  bool Fail(std::string_view reason);
  bool Finish();
  static const char* CheckHeaders(const char* at, const char* end, int64_t count);

  const char* at_ = nullptr;
  const char* end_ = nullptr;
  int32_t remaining_ = 0;
  int32_t last_offset_delta_ = 0;  // of the batch
  int64_t last_delta_ = -1;        // of the record before
  int64_t base_offset_ = 0;
  int64_t base_timestamp_ = 0;  // the max timestamp when it counts for all
  int64_t delta_mask_ = -1;     // 0 when record timestamp deltas do not count
  Status status_;
};

}  // namespace runnel::record
