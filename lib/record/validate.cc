#include "record/validate.h"

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"
#include "record/batch_builder.h"
#include "record/batch_reader.h"
#include "record/record_iterator.h"

namespace runnel::record {
namespace {

using base::StrCat;

Status Invalid(std::string_view text) {
  return Error(ErrorCode::kInvalidRecord, text);
}

int64_t Ms(Timestamp timestamp) {
  return timestamp.time_since_epoch().count();
}

// The timestamps a record may have. Computed once, without overflow.
struct TimestampWindow {
  explicit TimestampWindow(const ValidateOptions& options) {
    if (options.now == kNoTimestamp) return;
    first = Subtract(Ms(options.now), options.timestamp_before_max.count());
    last = Add(Ms(options.now), options.timestamp_after_max.count());
  }

  bool Contains(Timestamp timestamp) const {
    return timestamp == kNoTimestamp || (Ms(timestamp) >= first && Ms(timestamp) <= last);
  }

  static int64_t Add(int64_t a, int64_t b) {
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
  }
  static int64_t Subtract(int64_t a, int64_t b) {
    int64_t difference = 0;
    return __builtin_sub_overflow(a, b, &difference) ? INT64_MIN : difference;
  }

  int64_t first = INT64_MIN;
  int64_t last = INT64_MAX;
};

// Checks batches one by one; one per call of ValidateBatches.
class Validator {
 public:
  Validator(const ValidateOptions& options, Codecs& codecs, ValidateResult& result)
      : options_(options), codecs_(codecs), result_(result), window_(options) {}

  // Checks everything the header tells.
  Status CheckHeader(const BatchView& batch) const;
  // Checks the records; leaves them decompressed for Rewrite().
  Status CheckRecords(const BatchView& batch);
  // Gives the batch, which has been checked, the topic's timestamps, in place.
  void PatchTimestamps(std::span<char> batch) const;
  // Appends the batch in the topic's codec to result.storage.
  Status Rewrite(const BatchView& batch);

  bool NeedsOtherCodec(const BatchView& batch) const {
    return options_.compression.has_value() && *options_.compression != batch.compression() &&
           !batch.is_control();
  }
  Timestamp max_timestamp() const { return max_timestamp_; }

 private:
  bool is_append_time() const { return options_.timestamp_type == TimestampType::kLogAppendTime; }
  void CheckRecord(const BatchView& batch, const RecordView& record, int32_t index);
  Status Refusal(const BatchView& batch) const;
  void Refuse(int32_t index, std::string message) {
    result_.record_errors.push_back({index, std::move(message)});
  }

  const ValidateOptions& options_;
  Codecs& codecs_;
  ValidateResult& result_;
  const TimestampWindow window_;
  std::string_view records_;                // of the batch checked last, decompressed
  Timestamp max_timestamp_ = kNoTimestamp;  // of its records
  bool bad_timestamp_ = false;              // one of its records is outside the window
};

Status Validator::CheckHeader(const BatchView& batch) const {
  if (batch.last_offset_delta() < 0 || batch.record_count() < 1 ||
      batch.last_offset_delta() != batch.record_count() - 1) {
    return Invalid(StrCat("batch of ", batch.record_count(), " records has last offset delta ",
                          batch.last_offset_delta()));
  }
  if (options_.origin == Origin::kClient) {
    if (batch.is_control()) return Invalid("clients may not write control records");
    if (batch.base_offset() != Offset(0)) {
      return Invalid(
          StrCat("base offset of a client's batch must be 0, not ", batch.base_offset()));
    }
    if (batch.has_delete_horizon()) return Invalid("clients may not set a delete horizon");
  }
  if (batch.has_producer_id() && !batch.is_control() && batch.base_sequence() < 0) {
    return Invalid(StrCat("batch of producer ", batch.producer_id(), " has base sequence ",
                          batch.base_sequence()));
  }
  if (batch.timestamp_type() == TimestampType::kLogAppendTime &&
      (is_append_time() || batch.max_timestamp() == kNoTimestamp)) {
    return Error(ErrorCode::kInvalidTimestamp, "producers may not set LogAppendTime");
  }
  return OkStatus();
}

void Validator::CheckRecord(const BatchView& batch, const RecordView& record, int32_t index) {
  const int64_t delta = record.offset - batch.base_offset();
  if (delta != index) {
    Refuse(index, StrCat("offset delta is ", delta, " but must be ", index));
  }
  if (options_.keys == KeyPolicy::kRequired && !record.key.has_value() && !batch.is_control()) {
    Refuse(index, "a compacted topic takes no record without a key");
  }
  if (!is_append_time() && !batch.is_control() && !window_.Contains(record.timestamp))
      [[unlikely]] {
    bad_timestamp_ = true;
    Refuse(index, StrCat("timestamp ", Ms(record.timestamp), " is outside [", window_.first, ", ",
                         window_.last, "]"));
  }
  max_timestamp_ = index == 0 ? record.timestamp : std::max(max_timestamp_, record.timestamp);
}

Status Validator::CheckRecords(const BatchView& batch) {
  max_timestamp_ = kNoTimestamp;
  bad_timestamp_ = false;
  RUNNEL_ASSIGN_OR_RETURN(
      records_, InflateRecords(batch, &codecs_, result_.scratch, options_.max_inflated_bytes));
  RecordIterator iterator(batch, records_);
  int32_t index = 0;
  for (RecordView record; iterator.Next(record); ++index) {
    CheckRecord(batch, record, index);
  }
  RUNNEL_RETURN_IF_ERROR(iterator.status());
  return result_.record_errors.empty() ? OkStatus() : Refusal(batch);
}

Status Validator::Refusal(const BatchView& batch) const {
  constexpr size_t kNamed = 3;
  const auto& errors = result_.record_errors;
  std::string text =
      StrCat(errors.size(), " errors in a batch of ", batch.record_count(), " records: ");
  for (size_t i = 0; i < std::min(errors.size(), kNamed); ++i) {
    text += StrCat(i == 0 ? "" : "; ", "record ", errors[i].index, ": ", errors[i].message);
  }
  if (errors.size() > kNamed) text += "; ...";
  return Error(bad_timestamp_ ? ErrorCode::kInvalidTimestamp : ErrorCode::kInvalidRecord, text);
}

void Validator::PatchTimestamps(std::span<char> batch) const {
  if (is_append_time()) {
    StampLogAppendTime(batch, options_.now);
  } else {
    StampCreateTime(batch, max_timestamp_);
  }
}

Status Validator::Rewrite(const BatchView& batch) {
  BatchOptions like = BatchOptions::Like(batch);
  like.compression = *options_.compression;
  like.level = options_.level;
  like.timestamp_type = options_.timestamp_type;
  like.log_append_time = is_append_time() ? options_.now : kNoTimestamp;
  BatchBuilder builder(like, &codecs_);
  RecordIterator iterator(batch, records_);
  for (RecordView record; iterator.Next(record);) {
    if (!builder.TryAppendCopy(record)) {
      return Error(ErrorCode::kRecordListTooLarge,
                   StrCat("batch of ", records_.size(), " decompressed bytes is too large"));
    }
  }
  RUNNEL_ASSIGN_OR_RETURN(const std::string_view rewritten, builder.Finish());
  if (static_cast<int64_t>(rewritten.size()) > options_.max_batch_bytes) {
    return Error(ErrorCode::kMessageTooLarge,
                 StrCat("batch has ", rewritten.size(), " bytes as ", ToString(like.compression),
                        ", more than ", options_.max_batch_bytes));
  }
  result_.storage.Append(rewritten);
  return OkStatus();
}

// Damage on the way is corrupt, and worth another try; what its sender made so is invalid.
Status CorruptOrInvalid(std::string_view bytes, const Status& status) {
  if (CodeOf(status) == ErrorCode::kUnsupportedForMessageFormat) {
    return Invalid("message formats 0 and 1 are no longer accepted");
  }
  if (bytes.size() < kBatchHeaderBytes) return status;
  const BatchView batch = BatchView::FromTrusted(bytes.data());
  const bool whole = batch.magic() == kMagicV2 && batch.size_bytes() >= kBatchHeaderBytes &&
                     batch.size_bytes() <= static_cast<int64_t>(bytes.size());
  return whole && batch.IsCrcValid() ? Invalid(base::AsStd(status.message())) : status;
}

// Finds the whole batches at the start of `input`, checks their frames and counts them.
StatusOr<int64_t> CheckFrames(std::string_view input, const ValidateOptions& options,
                              ValidateResult& result) {
  BatchReader reader(input, CrcCheck::kSkip);
  while (reader.Next()) {
    const BatchView& batch = reader.batch();
    if (batch.size_bytes() > options.max_batch_bytes) {
      return Error(
          ErrorCode::kMessageTooLarge,
          StrCat("batch has ", batch.size_bytes(), " bytes, more than ", options.max_batch_bytes));
    }
    RUNNEL_RETURN_IF_ERROR(batch.VerifyCrc());
    ++result.batch_count;
  }
  if (reader.end() == BatchReader::End::kCorrupt) {
    return CorruptOrInvalid(input.substr(static_cast<size_t>(reader.position())), reader.status());
  }
  if (reader.end() == BatchReader::End::kUnwritten) {
    return Error(ErrorCode::kCorruptMessage, "batch has length 0");
  }
  if (reader.incomplete_batch_bytes() > options.max_batch_bytes) {
    return Error(ErrorCode::kMessageTooLarge,
                 StrCat("batch has ", reader.incomplete_batch_bytes(), " bytes, more than ",
                        options.max_batch_bytes));
  }
  if (result.batch_count == 0 && !input.empty()) {
    return Error(ErrorCode::kCorruptMessage,
                 StrCat("only ", input.size(), " bytes of a batch are there"));
  }
  if (options.batches == BatchCount::kExactlyOne && result.batch_count != 1) {
    return Invalid(StrCat("exactly one batch is expected, not ", result.batch_count));
  }
  return reader.position();
}

void Clear(ValidateResult& result) {
  result.bytes = {};
  result.batch_count = 0;
  result.offset_count = 0;
  result.max_timestamp = kNoTimestamp;
  result.log_append_time = kNoTimestamp;
  result.recompressed = false;
  result.record_errors.clear();
  result.storage.clear();
}

}  // namespace

Status ValidateBatches(std::span<char> input, const ValidateOptions& options, Codecs& codecs,
                       ValidateResult& result) {
  Clear(result);
  if (options.compression.has_value()) {
    RUNNEL_RETURN_IF_ERROR(CheckSupported(*options.compression));
  }
  const std::string_view bytes(input.data(), input.size());
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size_bytes, CheckFrames(bytes, options, result));
  Validator validator(options, codecs, result);
  const bool append_time = options.timestamp_type == TimestampType::kLogAppendTime;
  for (int64_t at = 0; at < size_bytes;) {
    const BatchView batch = BatchView::FromTrusted(input.data() + at);
    const std::span<char> span = input.subspan(static_cast<size_t>(at), batch.bytes().size());
    RUNNEL_RETURN_IF_ERROR(validator.CheckHeader(batch));
    RUNNEL_RETURN_IF_ERROR(validator.CheckRecords(batch));
    const bool rewrite = validator.NeedsOtherCodec(batch);
    if (rewrite && !result.recompressed) {  // all that came before moves to storage too
      result.storage.Append(bytes.substr(0, static_cast<size_t>(at)));
      result.recompressed = true;
    }
    if (rewrite) {
      RUNNEL_RETURN_IF_ERROR(validator.Rewrite(batch));
    } else {
      validator.PatchTimestamps(span);
      if (result.recompressed) result.storage.Append(batch.bytes());
    }
    result.offset_count += batch.record_count();
    result.max_timestamp =
        std::max(result.max_timestamp, append_time ? options.now : validator.max_timestamp());
    at += batch.size_bytes();
  }
  if (append_time) result.log_append_time = options.now;
  result.bytes = result.recompressed ? std::span<char>(result.storage.data(), result.storage.size())
                                     : input.first(static_cast<size_t>(size_bytes));
  return OkStatus();
}

}  // namespace runnel::record
