#include "record/batch_builder.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/status.h"
#include "base/strings.h"
#include "record/header_format.h"
#include "record/record_format.h"

namespace runnel::record {
namespace {

int16_t AttributesOf(const BatchOptions& options) {
  int attributes = static_cast<int>(options.compression);
  if (options.timestamp_type == TimestampType::kLogAppendTime) {
    attributes |= attribute::kLogAppendTime;
  }
  if (options.is_transactional) attributes |= attribute::kTransactional;
  if (options.is_control) attributes |= attribute::kControl;
  if (options.delete_horizon.has_value()) attributes |= attribute::kDeleteHorizon;
  return static_cast<int16_t>(attributes);
}

}  // namespace

BatchOptions BatchOptions::Like(const BatchHeader& header) {
  return {
      .compression = header.compression(),
      .base_offset = header.base_offset(),
      .leader_epoch = header.leader_epoch(),
      .timestamp_type = header.timestamp_type(),
      .log_append_time = header.timestamp_type() == TimestampType::kLogAppendTime
                             ? header.max_timestamp()
                             : kNoTimestamp,
      .producer_id = header.producer_id(),
      .producer_epoch = header.producer_epoch(),
      .base_sequence = header.base_sequence(),
      .is_transactional = header.is_transactional(),
      .is_control = header.is_control(),
      .delete_horizon =
          header.has_delete_horizon() ? std::optional(header.delete_horizon()) : std::nullopt,
      .last_offset = header.last_offset(),
  };
}

BatchBuilder::BatchBuilder(const BatchOptions& options, Codecs* codecs)
    : options_(options), codecs_(codecs) {
  Start();
}

BatchBuilder::BatchBuilder(const BatchOptions& options, std::span<char> memory, Codecs* codecs)
    : options_(options), codecs_(codecs), memory_(memory) {
  Start();
}

void BatchBuilder::Reset(const BatchOptions& options) {
  Reset(options, {});
}

void BatchBuilder::Reset(const BatchOptions& options, std::span<char> memory) {
  options_ = options;
  memory_ = memory;
  Start();
}

bool BatchBuilder::builds_in_place() const {
  return memory_.data() != nullptr && options_.compression == CompressionType::kNone;
}

void BatchBuilder::Start() {
  RUNNEL_CHECK(options_.compression == CompressionType::kNone || codecs_ != nullptr);
  options_.max_bytes = std::clamp<int64_t>(options_.max_bytes, kBatchHeaderBytes, INT32_MAX);
  record_count_ = 0;
  next_offset_delta_ = 0;
  base_timestamp_ = options_.delete_horizon.value_or(kNoTimestamp);
  max_timestamp_ = kNoTimestamp;
  own_.clear();
  if (builds_in_place()) {
    SetBegin(memory_.data(), static_cast<int64_t>(memory_.size()));
  } else {
    own_.EnsureFree(kBatchHeaderBytes);
    SetBegin(own_.data(), static_cast<int64_t>(own_.capacity()));
  }
  cursor_ = begin_ + kBatchHeaderBytes;
}

void BatchBuilder::SetBegin(char* begin, int64_t writable_bytes) {
  begin_ = begin;
  limit_ = begin + std::min(writable_bytes, options_.max_bytes);
}

// The slow way of Append: true when `record_bytes` more can be written at cursor_.
bool BatchBuilder::MakeRoom(int64_t record_bytes) {
  const int64_t used = uncompressed_bytes();
  int64_t allowed = empty() ? INT32_MAX : options_.max_bytes;
  if (memory_.data() != nullptr) {
    allowed = std::min(allowed, static_cast<int64_t>(memory_.size()));
  }
  if (record_bytes > allowed - used) return false;
  if (builds_in_place()) return true;
  own_.Truncate(static_cast<size_t>(used));
  own_.EnsureFree(static_cast<size_t>(record_bytes));
  SetBegin(own_.data(), static_cast<int64_t>(own_.capacity()));
  cursor_ = begin_ + used;
  return true;
}

int64_t BatchBuilder::DeltaOf(Timestamp timestamp) const {
  if (empty() && !options_.delete_horizon.has_value()) return 0;
  return internal::WrappingDifference(timestamp, base_timestamp_);
}

template <class AnyRecord>
bool BatchBuilder::Append(int64_t offset_delta, const AnyRecord& record) {
  if (offset_delta > INT32_MAX) [[unlikely]] {
    return false;
  }
  const auto delta = static_cast<int32_t>(offset_delta);
  const int64_t timestamp_delta = DeltaOf(record.timestamp);
  const int64_t body_bytes = internal::SizeOfBody(timestamp_delta, delta, record);
  const int64_t record_bytes = internal::SizeWithLength(body_bytes);
  if (record_bytes > limit_ - cursor_) [[unlikely]] {
    if (!MakeRoom(record_bytes)) return false;
  }
  if (empty()) {
    if (!options_.delete_horizon.has_value()) base_timestamp_ = record.timestamp;
    max_timestamp_ = record.timestamp;
  }
  max_timestamp_ = std::max(max_timestamp_, record.timestamp);
  cursor_ = internal::StoreRecord(cursor_, body_bytes, timestamp_delta, delta, record);
  ++record_count_;
  next_offset_delta_ = offset_delta + 1;
  return true;
}

bool BatchBuilder::TryAppend(const RecordFields& record) {
  return Append(next_offset_delta_, record);
}

bool BatchBuilder::TryAppendAt(int32_t offset_delta, const RecordFields& record) {
  RUNNEL_CHECK(offset_delta >= next_offset_delta_);
  return Append(offset_delta, record);
}

bool BatchBuilder::TryAppendCopy(const RecordView& record) {
  const int64_t offset_delta = record.offset - options_.base_offset;
  RUNNEL_CHECK(offset_delta >= next_offset_delta_);
  return Append(offset_delta, record);
}

int64_t BatchBuilder::SizeWith(const RecordFields& record) const {
  const int64_t body_bytes = internal::SizeOfBody(DeltaOf(record.timestamp),
                                                  static_cast<int32_t>(next_offset_delta_), record);
  return uncompressed_bytes() + internal::SizeWithLength(body_bytes);
}

StatusOr<std::string_view> BatchBuilder::Finish() {
  RUNNEL_CHECK(!empty());
  std::span<char> batch(begin_, static_cast<size_t>(uncompressed_bytes()));
  if (options_.compression != CompressionType::kNone) {
    RUNNEL_ASSIGN_OR_RETURN(batch, FinishCompressed());
  }
  WriteHeader(batch);
  return std::string_view(batch.data(), batch.size());
}

StatusOr<std::span<char>> BatchBuilder::FinishCompressed() {
  const std::string_view records(begin_ + kBatchHeaderBytes,
                                 static_cast<size_t>(uncompressed_bytes() - kBatchHeaderBytes));
  compressed_.clear();
  compressed_.EnsureFree(kBatchHeaderBytes);
  compressed_.Commit(kBatchHeaderBytes);
  RUNNEL_RETURN_IF_ERROR(
      codecs_->Compress(options_.compression, options_.level, records, compressed_));
  const bool into_memory = memory_.data() != nullptr;
  const int64_t writable = into_memory ? static_cast<int64_t>(memory_.size()) : INT32_MAX;
  if (static_cast<int64_t>(compressed_.size()) > writable) {
    return Error(ErrorCode::kRecordListTooLarge,
                 base::StrCat("compressed batch has ", compressed_.size(),
                              " bytes, but there is room for ", writable));
  }
  if (!into_memory) return std::span<char>(compressed_.data(), compressed_.size());
  std::memcpy(memory_.data(), compressed_.data(), compressed_.size());
  return memory_.first(compressed_.size());
}

void BatchBuilder::WriteHeader(std::span<char> batch) const {
  int64_t last_delta = next_offset_delta_ - 1;
  if (options_.last_offset.has_value()) {
    RUNNEL_CHECK(*options_.last_offset - options_.base_offset >= last_delta);
    last_delta = *options_.last_offset - options_.base_offset;
  }
  const bool append_time = options_.timestamp_type == TimestampType::kLogAppendTime;
  const auto size_bytes = static_cast<int64_t>(batch.size());
  internal::StoreHeaderFields(
      batch.data(), {
                        .base_offset = options_.base_offset,
                        .leader_epoch = options_.leader_epoch,
                        .attributes = AttributesOf(options_),
                        .last_offset_delta = static_cast<int32_t>(last_delta),
                        .base_timestamp = base_timestamp_,
                        .max_timestamp = append_time ? options_.log_append_time : max_timestamp_,
                        .producer_id = options_.producer_id,
                        .producer_epoch = options_.producer_epoch,
                        .base_sequence = options_.base_sequence,
                        .record_count = record_count_,
                    });
  internal::StoreLength(batch.data(), size_bytes);
  internal::StoreCrc(batch.data(), size_bytes);
}

int64_t SizeOfSingleRecordBatch(const RecordFields& record) {
  return kBatchHeaderBytes + SizeOfRecord(0, 0, record);
}

void EncodeSingleRecordBatch(char* out, int64_t size_bytes, const SingleRecordBatch& batch,
                             const RecordFields& record, LengthField length) {
  const bool append_time = batch.timestamp_type == TimestampType::kLogAppendTime;
  internal::StoreHeaderFields(
      out, {
               .base_offset = batch.base_offset,
               .leader_epoch = batch.leader_epoch,
               .attributes =
                   static_cast<int16_t>((append_time ? attribute::kLogAppendTime : 0) |
                                        (batch.is_transactional ? attribute::kTransactional : 0)),
               .base_timestamp = record.timestamp,
               .max_timestamp = record.timestamp,
               .producer_id = batch.producer_id,
               .producer_epoch = batch.producer_epoch,
               .base_sequence = batch.base_sequence,
               .record_count = 1,
           });
  const int64_t body_bytes = internal::SizeOfBody(0, 0, record);
  char* const end = internal::StoreRecord(out + kBatchHeaderBytes, body_bytes, 0, 0, record);
  RUNNEL_CHECK(end - out == size_bytes);
  internal::StoreCrc(out, size_bytes);
  if (length == LengthField::kStore) internal::StoreLength(out, size_bytes);
}

}  // namespace runnel::record
