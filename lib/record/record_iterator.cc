#include "record/record_iterator.h"

#include "base/bytes.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::record {
namespace {

// A record without key, value and headers: length, attributes, two deltas, two nulls, a count.
constexpr int kSmallestRecordBytes = 7;

// Loads a zigzag varint, deciding one and two bytes without a call: nearly all lengths and deltas.
inline const char* LoadLength(const char* at, const char* end, int32_t& value) {
  if (end - at >= 2) [[likely]] {
    const auto low = static_cast<uint8_t>(at[0]);
    if (low < 0x80) {
      value = base::UnZigZag(uint32_t{low});
      return at + 1;
    }
    const auto high = static_cast<uint8_t>(at[1]);
    if (high < 0x80) {
      value = base::UnZigZag((low & 0x7fU) | (uint32_t{high} << 7));
      return at + 2;
    }
  }
  return base::LoadVarint(at, end, value);
}

// Loads the bytes of a key or value. Null when they do not fit into [at, end).
inline const char* LoadNullable(const char* at, const char* end,
                                std::optional<std::string_view>& bytes) {
  int32_t size = 0;
  at = LoadLength(at, end, size);
  if (at == nullptr || size > end - at || size < -1) [[unlikely]] {
    return nullptr;
  }
  if (size < 0) {
    bytes.reset();
    return at;
  }
  bytes.emplace(at, static_cast<size_t>(size));
  return at + size;
}

}  // namespace

StatusOr<std::string_view> InflateRecords(const BatchView& batch, Codecs* codecs, Buffer& buffer,
                                          int64_t max_bytes) {
  const CompressionType type = batch.compression();
  if (type == CompressionType::kNone) return batch.records();
  // An empty batch keeps the codec of the records it had.
  if (batch.record_count() == 0 && batch.records().empty()) return std::string_view();
  if (codecs == nullptr) {
    return Error(ErrorCode::kUnsupportedCompressionType,
                 base::StrCat("no codecs to read ", ToString(type), " with"));
  }
  buffer.clear();
  RUNNEL_RETURN_IF_ERROR(codecs->Decompress(type, batch.records(), max_bytes, buffer));
  return buffer.view();
}

RecordIterator::RecordIterator(const BatchHeader& batch, std::string_view records)
    : at_(records.data()),
      end_(records.data() + records.size()),
      remaining_(batch.record_count()),
      last_offset_delta_(batch.last_offset_delta()),
      base_offset_(batch.base_offset().value()) {
  if (batch.timestamp_type() == TimestampType::kLogAppendTime) {
    base_timestamp_ = batch.max_timestamp().time_since_epoch().count();
    delta_mask_ = 0;
  } else {
    base_timestamp_ = batch.base_timestamp().time_since_epoch().count();
  }
}

bool RecordIterator::Fail(std::string_view reason) {
  std::string where = "the first record";
  if (last_delta_ >= 0)
    where = base::StrCat("the record after offset ", base_offset_ + last_delta_);
  status_ = Error(ErrorCode::kInvalidRecord,
                  base::StrCat("batch at offset ", base_offset_, ": ", where, " ", reason));
  remaining_ = 0;
  end_ = at_;
  return false;
}

bool RecordIterator::Finish() {
  if (at_ != end_ && status_.ok()) {
    return Fail(base::StrCat("does not exist, but ", end_ - at_, " bytes are left for it"));
  }
  return false;
}

const char* RecordIterator::CheckHeaders(const char* at, const char* end, int64_t count) {
  std::optional<std::string_view> bytes;
  for (int64_t i = 0; i < count; ++i) {
    at = LoadNullable(at, end, bytes);
    if (at == nullptr || !bytes.has_value()) return nullptr;  // keys are never null
    at = LoadNullable(at, end, bytes);
    if (at == nullptr) return nullptr;
  }
  return at;
}

bool RecordIterator::Next(RecordView& record) {
  if (remaining_ <= 0) return Finish();
  int32_t length = 0;
  const char* at = LoadLength(at_, end_, length);
  if (at == nullptr || length > end_ - at || length < kSmallestRecordBytes - 1) [[unlikely]] {
    return Fail("is cut or has a bad length");
  }
  const char* const end = at + length;
  ++at;  // attributes: no bit has a meaning
  int64_t timestamp_delta = 0;
  int32_t offset_delta = 0;
  at = base::LoadVarlong(at, end, timestamp_delta);
  if (at == nullptr) return Fail("has a bad timestamp delta");
  at = LoadLength(at, end, offset_delta);
  if (at == nullptr || offset_delta <= last_delta_ || offset_delta > last_offset_delta_)
      [[unlikely]] {
    return Fail("has a bad offset delta");
  }
  at = LoadNullable(at, end, record.key);
  if (at == nullptr) return Fail("has a bad key");
  at = LoadNullable(at, end, record.value);
  if (at == nullptr) return Fail("has a bad value");
  int32_t header_count = 0;
  at = LoadLength(at, end, header_count);
  if (at == nullptr || header_count < 0) [[unlikely]] {
    return Fail("has a bad header count");
  }
  record.headers = HeaderRange({at, static_cast<size_t>(end - at)}, header_count);
  if (header_count > 0) at = CheckHeaders(at, end, header_count);
  if (at != end) [[unlikely]] {
    return Fail("has bad headers or more bytes than fields");
  }
  record.offset = Offset(base_offset_ + offset_delta);
  record.timestamp = Timestamp(std::chrono::milliseconds(
      static_cast<int64_t>(static_cast<uint64_t>(base_timestamp_) +
                           static_cast<uint64_t>(timestamp_delta & delta_mask_))));
  record.size_bytes = static_cast<int32_t>(end - at_);
  last_delta_ = offset_delta;
  at_ = end;
  --remaining_;
  return true;
}

}  // namespace runnel::record
