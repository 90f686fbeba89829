// The appending half of PartitionLog.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/log_loader.h"
#include "log/partition_log.h"
#include "log/read_buffer_pool.h"
#include "record/batch_builder.h"
#include "record/batch_header.h"
#include "record/control.h"
#include "record/validate.h"

namespace runnel::log {
namespace {

using record::BatchView;

std::chrono::milliseconds OrForever(const std::optional<std::chrono::milliseconds>& limit) {
  return limit.value_or(std::chrono::milliseconds::max());
}

std::optional<int> LevelOf(const LogConfig& config) {
  if (!config.compression.has_value()) return std::nullopt;
  switch (*config.compression) {
    case CompressionType::kGzip:
      return config.gzip_level;
    case CompressionType::kLz4:
      return config.lz4_level;
    case CompressionType::kZstd:
      return config.zstd_level;
    default:
      return std::nullopt;
  }
}

bool Compresses(const LogConfig& config) {
  return config.compression.value_or(CompressionType::kNone) != CompressionType::kNone;
}

record::ValidateOptions ValidateOptionsOf(const LogConfig& config, const AppendOptions& options) {
  return {
      .now = options.now,
      .timestamp_type = config.timestamp_type,
      .compression = config.compression,
      .level = LevelOf(config),
      .keys = config.cleanup_compact ? record::KeyPolicy::kRequired : record::KeyPolicy::kOptional,
      .batches = record::BatchCount::kExactlyOne,
      .origin = options.origin == AppendOrigin::kCoordinator ? record::Origin::kCoordinator
                                                             : record::Origin::kClient,
      .max_batch_bytes = config.max_message_bytes,
      .timestamp_before_max = OrForever(config.timestamp_before_max),
      .timestamp_after_max = OrForever(config.timestamp_after_max)};
}

Status TooLarge(int64_t size_bytes, int64_t limit, std::string_view name) {
  return Error(ErrorCode::kMessageTooLarge,
               base::StrCat("a batch of ", size_bytes, " bytes is above max.message.bytes ", limit,
                            " of ", name));
}

// What Kafka's validator asks of a record, for records that never were bytes from outside.
Status CheckRecord(const record::RecordFields& record, int64_t size_bytes, Timestamp timestamp,
                   Timestamp now, const LogConfig& config, const std::string& name) {
  if (size_bytes > config.max_message_bytes) {
    return TooLarge(size_bytes, config.max_message_bytes, name);
  }
  if (config.cleanup_compact && !record.key.has_value()) {
    return Error(ErrorCode::kInvalidRecord,
                 base::StrCat(name, " is compacted: every record needs a key"));
  }
  if (now == kNoTimestamp || timestamp == kNoTimestamp) return OkStatus();
  const bool early = config.timestamp_before_max && now - timestamp > *config.timestamp_before_max;
  const bool late = config.timestamp_after_max && timestamp - now > *config.timestamp_after_max;
  if (!early && !late) return OkStatus();
  return Error(ErrorCode::kInvalidTimestamp,
               base::StrCat("timestamp ", timestamp.time_since_epoch().count(), " is too far from ",
                            now.time_since_epoch().count(), " for ", name));
}

}  // namespace

StatusOr<AppendResult> PartitionLog::AppendRecord(const record::RecordFields& record,
                                                  const AppendOptions& options) {
  const int64_t size = record::SizeOfSingleRecordBatch(record);
  bool slow = false;
  StatusOr<AppendResult> result = AppendResult();
  {
    const base::LightLock lock(mutex_);
    slow = Compresses(config_);
    if (!slow) {
      const bool stamped = config_.timestamp_type == TimestampType::kLogAppendTime ||
                           record.timestamp == kNoTimestamp;
      const Timestamp timestamp = stamped ? options.now : record.timestamp;
      RUNNEL_RETURN_IF_ERROR(CheckRecord(record, size, timestamp, options.now, config_, name()));
      const Incoming batch{.base_offset = Offset(end_.load(std::memory_order_relaxed)),
                           .size_bytes = size,
                           .last_offset_delta = 0,
                           .max_timestamp = timestamp,
                           .leader_epoch = options.leader_epoch};
      if (!IsFastLocked(size, timestamp, options.leader_epoch)) {
        RUNNEL_RETURN_IF_ERROR(PrepareLocked(batch, options.now));
      }
      record::RecordFields stamped_record = record;
      stamped_record.timestamp = timestamp;
      record::EncodeSingleRecordBatch(tail_.data + tail_.size_bytes, size,
                                      {.base_offset = batch.base_offset,
                                       .leader_epoch = options.leader_epoch,
                                       .timestamp_type = config_.timestamp_type},
                                      stamped_record);
      result = CommitLocked(batch);
      if (result.ok() && config_.timestamp_type == TimestampType::kLogAppendTime) {
        result->append_time = timestamp;
      }
    }
  }
  if (slow) return AppendBuilt(std::span(&record, 1), options);
  if (result.ok()) Notify(*result);
  return result;
}

StatusOr<AppendResult> PartitionLog::AppendRecords(std::span<const record::RecordFields> records,
                                                   const AppendOptions& options) {
  RUNNEL_CHECK(!records.empty());
  if (records.size() == 1) return AppendRecord(records.front(), options);
  AppendResult result;
  RUNNEL_ASSIGN_OR_RETURN(const bool done, TryBuildInPlace(records, options, result));
  if (!done) return AppendBuilt(records, options);
  Notify(result);
  return result;
}

// The common case: the topic does not compress, and everything fits before the segment has to grow
// or to roll. Nothing is finished, and so nothing a recovery could take for a batch, until that is
// certain.
StatusOr<bool> PartitionLog::TryBuildInPlace(std::span<const record::RecordFields> records,
                                             const AppendOptions& options, AppendResult& result) {
  const base::LightLock lock(mutex_);
  // Without room for a header the builder would get no memory and use its own.
  const int64_t room = tail_.fast_limit - tail_.size_bytes;
  if (room < record::kBatchHeaderBytes || Compresses(config_)) return false;
  if (!IsFastLocked(0, kNoTimestamp, options.leader_epoch)) return false;
  const bool log_time = config_.timestamp_type == TimestampType::kLogAppendTime;
  const Offset base_offset(end_.load(std::memory_order_relaxed));
  record::BatchBuilder builder({.base_offset = base_offset,
                                .leader_epoch = options.leader_epoch,
                                .timestamp_type = config_.timestamp_type,
                                .log_append_time = log_time ? options.now : kNoTimestamp,
                                .max_bytes = config_.max_message_bytes},
                               std::span(tail_.data + tail_.size_bytes, static_cast<size_t>(room)));
  for (const record::RecordFields& record : records) {
    record::RecordFields stamped = record;
    if (log_time || stamped.timestamp == kNoTimestamp) stamped.timestamp = options.now;
    RUNNEL_RETURN_IF_ERROR(
        CheckRecord(stamped, 0, stamped.timestamp, options.now, config_, name()));
    if (!builder.TryAppend(stamped)) return false;
  }
  const Timestamp newest = log_time ? options.now : builder.max_timestamp();
  const int64_t size = builder.uncompressed_bytes();
  if (size > config_.max_message_bytes || newest > tail_.roll_after) return false;
  RUNNEL_RETURN_IF_ERROR(builder.Finish().status());
  RUNNEL_ASSIGN_OR_RETURN(
      result, CommitLocked({.base_offset = base_offset,
                            .size_bytes = size,
                            .last_offset_delta = static_cast<int32_t>(records.size()) - 1,
                            .max_timestamp = newest,
                            .leader_epoch = options.leader_epoch}));
  if (log_time) result.append_time = options.now;
  return true;
}

StatusOr<AppendResult> PartitionLog::AppendBuilt(std::span<const record::RecordFields> records,
                                                 const AppendOptions& options) {
  LogConfig config;
  {
    const base::LightLock lock(mutex_);
    config = config_;
  }
  const bool log_time = config.timestamp_type == TimestampType::kLogAppendTime;
  record::BatchBuilder builder({.compression = config.compression.value_or(CompressionType::kNone),
                                .level = LevelOf(config),
                                .timestamp_type = config.timestamp_type,
                                .log_append_time = log_time ? options.now : kNoTimestamp},
                               folder_->codecs);
  for (const record::RecordFields& record : records) {
    record::RecordFields copy = record;
    if (log_time || copy.timestamp == kNoTimestamp) copy.timestamp = options.now;
    RUNNEL_RETURN_IF_ERROR(CheckRecord(copy, 0, copy.timestamp, options.now, config, name()));
    if (!builder.TryAppend(copy)) {
      return Error(ErrorCode::kRecordListTooLarge,
                   base::StrCat(records.size(), " records do not fit into one batch"));
    }
  }
  RUNNEL_ASSIGN_OR_RETURN(const std::string_view batch, builder.Finish());
  if (static_cast<int64_t>(batch.size()) > config.max_message_bytes) {
    return TooLarge(static_cast<int64_t>(batch.size()), config.max_message_bytes, name());
  }
  StatusOr<AppendResult> result = AppendResult();
  {
    const base::LightLock lock(mutex_);
    result = AppendBatchLocked(batch, options);
  }
  if (result.ok()) Notify(*result);
  return result;
}

StatusOr<AppendResult> PartitionLog::Append(std::string_view batch, const AppendOptions& options) {
  if (options.trust == Trust::kUntrusted) return AppendUntrusted(batch, options);
  RUNNEL_ASSIGN_OR_RETURN(const BatchView view, BatchView::Parse(batch));
  bool recompress = false;
  StatusOr<AppendResult> result = AppendResult();
  {
    const base::LightLock lock(mutex_);
    recompress = config_.compression.has_value() && *config_.compression != view.compression();
    if (!recompress) {
      if (view.size_bytes() > config_.max_message_bytes) {
        return TooLarge(view.size_bytes(), config_.max_message_bytes, name());
      }
      result = AppendBatchLocked(view.bytes(), options);
    }
  }
  if (recompress) return AppendUntrusted(batch, options);
  if (result.ok() && !result->duplicate) Notify(*result);
  return result;
}

StatusOr<AppendResult> PartitionLog::AppendUntrusted(std::string_view batch,
                                                     const AppendOptions& options) {
  record::ValidateOptions validate;
  {
    const base::LightLock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(HealthLocked());
    validate = ValidateOptionsOf(config_, options);
  }
  // Checked outside the lock, in a copy that may be patched.
  const std::shared_ptr<char[]> copy =
      folder_->buffers->Get(std::max<int64_t>(static_cast<int64_t>(batch.size()), 1));
  std::memcpy(copy.get(), batch.data(), batch.size());
  record::ValidateResult checked;
  RUNNEL_RETURN_IF_ERROR(record::ValidateBatches(std::span(copy.get(), batch.size()), validate,
                                                 *folder_->codecs, checked));
  StatusOr<AppendResult> result = AppendResult();
  {
    const base::LightLock lock(mutex_);
    result =
        AppendBatchLocked(std::string_view(checked.bytes.data(), checked.bytes.size()), options);
  }
  if (result.ok() && !result->duplicate) Notify(*result);
  return result;
}

StatusOr<AppendResult> PartitionLog::AppendBatchLocked(std::string_view bytes,
                                                       const AppendOptions& options) {
  const BatchView given = BatchView::FromTrusted(bytes.data());
  const bool log_time = config_.timestamp_type == TimestampType::kLogAppendTime;
  const Incoming batch{.base_offset = Offset(end_.load(std::memory_order_relaxed)),
                       .size_bytes = static_cast<int64_t>(bytes.size()),
                       .last_offset_delta = given.last_offset_delta(),
                       .max_timestamp = log_time ? options.now : given.max_timestamp(),
                       .leader_epoch = options.leader_epoch};
  if (given.has_producer_id() && !given.is_control()) {
    const ProducerAppend append = ProducerAppendOf(given);
    if (options.origin == AppendOrigin::kCoordinator) {
      RUNNEL_RETURN_IF_ERROR(producers_.CheckEpoch(append));
    } else {
      RUNNEL_ASSIGN_OR_RETURN(const auto original, producers_.Check(append, options.verification));
      if (original.has_value()) {
        return AppendResult{.base_offset = original->first_offset(),
                            .last_offset = original->last_offset,
                            .append_time = log_time ? original->timestamp : kNoTimestamp,
                            .visible = original->last_offset < high_watermark(),
                            .duplicate = true};
      }
    }
  }
  if (!IsFastLocked(batch.size_bytes, batch.max_timestamp, options.leader_epoch)) {
    RUNNEL_RETURN_IF_ERROR(PrepareLocked(batch, options.now));
  }
  char* const out = tail_.data + tail_.size_bytes;
  std::memcpy(out, bytes.data(), bytes.size());
  record::StampOffset(out, batch.base_offset, options.leader_epoch);
  if (log_time && (given.timestamp_type() != TimestampType::kLogAppendTime ||
                   given.max_timestamp() != options.now)) {
    record::StampLogAppendTime(std::span(out, bytes.size()), options.now);
  }
  RUNNEL_ASSIGN_OR_RETURN(AppendResult result, CommitLocked(batch));
  if (log_time) result.append_time = options.now;
  return result;
}

StatusOr<AppendResult> PartitionLog::AppendControl(const ControlMarker& marker,
                                                   const AppendOptions& options) {
  std::array<char, record::kMaxMarkerBatchBytes> bytes;
  StatusOr<AppendResult> result = AppendResult();
  {
    const base::LightLock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(HealthLocked());
    RUNNEL_RETURN_IF_ERROR(producers_.CheckMarker(marker));
    const int32_t size = record::EncodeMarkerBatch(
        bytes.data(), {.offset = Offset(0),
                       .leader_epoch = options.leader_epoch,
                       .timestamp = options.now,
                       .producer_id = marker.producer_id,
                       .producer_epoch = marker.producer_epoch,
                       .marker = {.type = marker.commit ? record::ControlType::kCommit
                                                        : record::ControlType::kAbort,
                                  .coordinator_epoch = marker.coordinator_epoch}});
    result = AppendBatchLocked(std::string_view(bytes.data(), static_cast<size_t>(size)), options);
  }
  if (result.ok()) Notify(kEndMoved | kVisibleMoved);
  return result;
}

StatusOr<AppendResult> PartitionLog::AppendAsFollower(std::string_view batches,
                                                      LeaderEpoch fetch_epoch) {
  AppendResult total{.base_offset = end_offset(), .last_offset = end_offset() - 1};
  Status status;
  {
    const base::LightLock lock(mutex_);
    RUNNEL_RETURN_IF_ERROR(HealthLocked());
    bool first = true;
    while (status.ok() && batches.size() >= record::kBatchHeaderBytes) {
      RUNNEL_ASSIGN_OR_RETURN(const record::BatchHeader header,
                              record::BatchHeader::Parse(batches));
      const int64_t size = header.size_bytes();
      if (size > static_cast<int64_t>(batches.size())) break;  // cut by the leader's byte limit
      const BatchView view = BatchView::FromTrusted(batches.data());
      if (view.leader_epoch() > fetch_epoch) break;
      RUNNEL_RETURN_IF_ERROR(view.VerifyCrc());
      const Offset end(end_.load(std::memory_order_relaxed));
      if (view.base_offset() < end) {
        return Error(ErrorCode::kOffsetOutOfRange,
                     base::StrCat("offset ", view.base_offset(), " from the leader is below the ",
                                  "end ", end, " of ", name()));
      }
      const Incoming batch{.base_offset = view.base_offset(),
                           .size_bytes = size,
                           .last_offset_delta = view.last_offset_delta(),
                           .max_timestamp = view.max_timestamp(),
                           .leader_epoch = view.leader_epoch()};
      if (!IsFastLocked(size, batch.max_timestamp, batch.leader_epoch)) {
        status = PrepareLocked(batch, kNoTimestamp);
        if (!status.ok()) break;
      }
      std::memcpy(tail_.data + tail_.size_bytes, view.data(), static_cast<size_t>(size));
      const StatusOr<AppendResult> result = CommitLocked(batch);
      status = result.status();
      if (!status.ok()) break;
      if (first) total.base_offset = result->base_offset;
      first = false;
      total.last_offset = result->last_offset;
      total.visible = result->visible;
      batches.remove_prefix(static_cast<size_t>(size));
    }
  }
  Notify(total);
  if (!status.ok()) return status;
  return total;
}

Status PartitionLog::PrepareLocked(const Incoming& batch, Timestamp now) {
  RUNNEL_RETURN_IF_ERROR(HealthLocked());
  if (batch.size_bytes > config_.segment_bytes) {
    return Error(ErrorCode::kRecordListTooLarge,
                 base::StrCat("a batch of ", batch.size_bytes, " bytes is above segment.bytes ",
                              config_.segment_bytes, " of ", name()));
  }
  RUNNEL_RETURN_IF_ERROR(EnsureTailLocked());
  if (NeedsRollLocked(batch, now)) RUNNEL_RETURN_IF_ERROR(RollLocked(batch.base_offset));
  RUNNEL_RETURN_IF_ERROR(GrowTailLocked(tail_.size_bytes + batch.size_bytes));
  if (batch.leader_epoch != tail_epoch_) {
    tail_epoch_ = batch.leader_epoch;
    if (batch.leader_epoch > epochs_.latest_epoch()) {
      epochs_dirty_ |= epochs_.Assign(batch.leader_epoch, batch.base_offset);
    }
  }
  touched_ = true;
  RefreshLimitsLocked();
  return OkStatus();
}

StatusOr<AppendResult> PartitionLog::CommitLocked(const Incoming& batch) {
  const int64_t begin = tail_.size_bytes;
  if (tail_.storage->needs_commit()) [[unlikely]] {
    RUNNEL_ASSIGN_OR_RETURN(const auto file, tail_.segment->OpenFile(OpenMode::kReadWrite));
    const Status status = tail_.storage->Commit(*file, begin, begin + batch.size_bytes);
    if (!status.ok()) {
      // A full disk leaves nothing behind that the next append would not overwrite.
      if (!IsDiskFull(status)) PoisonLocked(status);
      return status;
    }
  }
  const Offset last_offset = batch.base_offset + batch.last_offset_delta;
  if (batch.max_timestamp > tail_.max_timestamp) {
    tail_.max_timestamp = batch.max_timestamp;
    tail_.max_timestamp_offset = last_offset;
  }
  if (tail_.bytes_since_entry > config_.index_interval_bytes) [[unlikely]] {
    AddIndexEntryLocked(last_offset);
  }
  tail_.bytes_since_entry += batch.size_bytes;
  tail_.size_bytes = begin + batch.size_bytes;
  if (begin == 0) [[unlikely]] {
    tail_.first_timestamp = batch.max_timestamp;
    RefreshLimitsLocked();
  }
  const BatchView written = BatchView::FromTrusted(tail_.data + begin);
  if (written.has_producer_id()) RUNNEL_RETURN_IF_ERROR(ApplyProducerLocked(written));
  PublishLocked(last_offset + 1);
  return AppendResult{.base_offset = batch.base_offset,
                      .last_offset = last_offset,
                      .visible = visibility_ == Visibility::kOnAppend};
}

void PartitionLog::AddIndexEntryLocked(Offset last_offset) {
  Segment::Indexes& indexes = *tail_.indexes;
  indexes.offsets.Add({.offset = last_offset, .position = tail_.size_bytes});
  indexes.times.Add({.timestamp = tail_.max_timestamp, .offset = tail_.max_timestamp_offset});
  tail_.bytes_since_entry = 0;
  RefreshLimitsLocked();  // the index may be full
}

Status PartitionLog::ApplyProducerLocked(const BatchView& batch) {
  if (!batch.is_control()) {
    producers_.Apply(ProducerAppendOf(batch));
    if (batch.is_transactional()) RefreshUnstableLocked();
    return OkStatus();
  }
  StatusOr<std::optional<ControlMarker>> marker = ControlMarkerOf(batch);
  if (!marker.ok() || !marker->has_value()) return OkStatus();  // a control record of the future
  ApplyMarkerLocked(**marker, batch.base_offset(), batch.max_timestamp());
  return OkStatus();
}

void PartitionLog::ApplyMarkerLocked(const ControlMarker& marker, Offset offset,
                                     Timestamp timestamp) {
  const std::optional<CompletedTxn> completed = producers_.ApplyMarker(marker, offset, timestamp);
  if (completed.has_value() && completed->aborted) {
    StatusOr<std::shared_ptr<TransactionIndex>> index = tail_.segment->Transactions(true);
    if (index.ok()) {
      (*index)->Add({.producer_id = completed->producer_id,
                     .first_offset = completed->first_offset,
                     .last_offset = completed->last_offset,
                     .last_stable_offset = producers_.LastStableAfter(*completed)});
    } else {
      PoisonLocked(index.status());  // readers would see what was aborted
    }
  }
  if (visibility_ == Visibility::kOnAppend) producers_.OnHighWatermark(offset + 1);
  RefreshUnstableLocked();
}

void PartitionLog::PublishLocked(Offset end) {
  Segment& segment = *tail_.segment;
  segment.appended_bytes_.store(tail_.size_bytes, std::memory_order_release);
  if (visibility_ == Visibility::kOnAppend) {
    segment.visible_bytes_.store(tail_.size_bytes, std::memory_order_release);
    high_watermark_.store(end.value(), std::memory_order_release);
  }
  end_.store(end.value(), std::memory_order_release);
}

void PartitionLog::NotifySlow(uint32_t happened) {
  happened |= kRolled;
  const uint32_t events = armed_.fetch_and(~happened, std::memory_order_acq_rel) & happened;
  LogListener* const listener = listener_.load(std::memory_order_acquire);
  if (listener == nullptr) return;
  if ((events & kRolled) != 0) listener->OnRoll();
  if ((events & ~kRolled) != 0) listener->OnLogEvent(events & ~uint32_t{kRolled});
}

}  // namespace runnel::log
