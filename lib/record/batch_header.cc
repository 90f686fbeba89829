#include "record/batch_header.h"

#include <limits>

#include "base/crc32c.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::record {
namespace {

using base::StrCat;

Status Corrupt(std::string_view text) {
  return Error(ErrorCode::kCorruptMessage, text);
}

uint32_t CrcOf(const char* batch, int64_t size_bytes) {
  return base::Crc32c(
      {batch + field::kAttributes, static_cast<size_t>(size_bytes - field::kAttributes)});
}

void StoreAttributes(char* batch, int16_t attributes) {
  base::StoreBigEndian<int16_t>(batch + field::kAttributes, attributes);
}

void StoreMaxTimestamp(char* batch, Timestamp timestamp) {
  base::StoreBigEndian<int64_t>(batch + field::kMaxTimestamp, timestamp.time_since_epoch().count());
}

}  // namespace

StatusOr<BatchHeader> BatchHeader::Parse(std::string_view bytes) {
  if (bytes.size() < kBatchHeaderBytes) {
    return Corrupt(StrCat("a batch header has 61 bytes, but only ", bytes.size(), " are there"));
  }
  const BatchHeader header(bytes.data());
  if (const int8_t magic = header.magic(); magic != kMagicV2) {
    if (magic == 0 || magic == 1) {
      return Error(ErrorCode::kUnsupportedForMessageFormat,
                   StrCat("message format ", int{magic}, " was replaced by format 2"));
    }
    return Corrupt(StrCat("magic ", int{magic}, " is no message format"));
  }
  if (header.size_bytes() < kBatchHeaderBytes) {
    return Corrupt(StrCat("batch of ", header.size_bytes(), " bytes is smaller than its header"));
  }
  if (header.last_offset_delta() < 0 || header.record_count() < 0) {
    return Corrupt(StrCat("batch has last offset delta ", header.last_offset_delta(), " and ",
                          header.record_count(), " records"));
  }
  const int64_t base = header.base_offset().value();
  if (base < 0 || base >= std::numeric_limits<int64_t>::max() - header.last_offset_delta()) {
    return Corrupt(StrCat("base offset ", base, " is out of range"));
  }
  return header;
}

StatusOr<BatchView> BatchView::Parse(std::string_view bytes) {
  RUNNEL_ASSIGN_OR_RETURN(const BatchHeader header, BatchHeader::Parse(bytes));
  if (header.size_bytes() > static_cast<int64_t>(bytes.size())) {
    return Corrupt(StrCat("batch at offset ", header.base_offset(), " has ", header.size_bytes(),
                          " bytes, but only ", bytes.size(), " are there"));
  }
  return BatchView(header.data());
}

uint32_t BatchView::ComputeCrc() const {
  return CrcOf(data(), size_bytes());
}

Status BatchView::VerifyCrc() const {
  const uint32_t computed = ComputeCrc();
  if (computed == crc()) [[likely]] {
    return OkStatus();
  }
  return Corrupt(StrCat("checksum of the batch with offsets ", base_offset(), " to ", last_offset(),
                        " is ", computed, ", but ", crc(), " is stored"));
}

void UpdateCrc(std::span<char> batch) {
  base::StoreBigEndian<uint32_t>(batch.data() + field::kCrc,
                                 CrcOf(batch.data(), static_cast<int64_t>(batch.size())));
}

void StampLogAppendTime(std::span<char> batch, Timestamp now) {
  const int16_t attributes = BatchHeader::FromTrusted(batch.data()).attributes();
  StoreAttributes(batch.data(), static_cast<int16_t>(attributes | attribute::kLogAppendTime));
  StoreMaxTimestamp(batch.data(), now);
  UpdateCrc(batch);
}

void StampCreateTime(std::span<char> batch, Timestamp max_timestamp) {
  const BatchHeader header = BatchHeader::FromTrusted(batch.data());
  if (header.timestamp_type() == TimestampType::kCreateTime &&
      header.max_timestamp() == max_timestamp) {
    return;
  }
  StoreAttributes(batch.data(),
                  static_cast<int16_t>(header.attributes() & ~attribute::kLogAppendTime));
  StoreMaxTimestamp(batch.data(), max_timestamp);
  UpdateCrc(batch);
}

}  // namespace runnel::record
