#include "log/partition_log.h"

#include <algorithm>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/log_loader.h"
#include "log/read_buffer_pool.h"
#include "record/compression.h"

namespace runnel::log {

StatusOr<std::unique_ptr<PartitionLog>> PartitionLog::Open(const LogDeps& deps,
                                                           LogOpenOptions options,
                                                           LogRecovery* report) {
  RUNNEL_CHECK(deps.clock != nullptr && deps.random != nullptr);
  std::unique_ptr<PartitionLog> log(new PartitionLog(deps, options));
  if (log->in_memory()) {
    const Offset start = options.log_start_offset.value_or(Offset(0));
    std::vector<std::shared_ptr<Segment>> segments{
        std::make_shared<Segment>(log->folder_, start, deps.clock->Now())};
    log->Adopt(std::move(segments), start, start, std::nullopt);
    return log;
  }
  LogRecovery own_report;
  LogRecovery& recovery = report == nullptr ? own_report : *report;
  LogLoader loader(log->folder_, options, deps.clock->Now(), log->epochs_, recovery);
  RUNNEL_ASSIGN_OR_RETURN(LoadedLog loaded, loader.Load());
  log->topic_id_ = loaded.topic_id;
  {
    const base::LightLock lock(log->mutex_);
    log->producers_ = std::move(loaded.producers);
    log->snapshots_ = std::move(loaded.snapshots);
    log->tail_.exists = loaded.last_exists;
  }
  log->Adopt(std::move(loaded.segments), loaded.log_start_offset, loaded.end_offset,
             options.high_watermark);
  if (deps.logger != nullptr && deps.logger->Enabled(LogLevel::kInfo)) {
    for (const std::string& note : recovery.notes)
      deps.logger->Log(LogLevel::kInfo, note);
  }
  return log;
}

PartitionLog::PartitionLog(const LogDeps& deps, const LogOpenOptions& options)
    : folder_(std::make_shared<LogFolder>(deps, options.name)),
      deps_(deps),
      topic_id_(options.topic_id),
      visibility_(options.visibility),
      config_(options.config) {}

PartitionLog::~PartitionLog() = default;

void PartitionLog::Adopt(std::vector<std::shared_ptr<Segment>> segments, Offset log_start,
                         Offset end, std::optional<Offset> high_watermark) {
  const base::LightLock lock(mutex_);
  log_start_.store(log_start.value(), std::memory_order_release);
  end_.store(end.value(), std::memory_order_release);
  recovery_point_.store(end.value(), std::memory_order_release);
  // What was found is on disk, so without another word all of it may be seen.
  Offset visible = end;
  if (visibility_ == Visibility::kOnAdvance && high_watermark.has_value()) {
    visible = std::clamp(*high_watermark, log_start, end);
  }
  tail_.segment = segments.back();
  tail_.size_bytes = segments.back()->size_bytes();
  tail_.synced_bytes = tail_.size_bytes;
  tail_epoch_ = epochs_.latest_epoch();
  visible_segment_ = segments.front();
  {
    const base::Lock list_lock(segments_mutex_);
    segments_ = std::move(segments);
  }
  high_watermark_.store(log_start.value(), std::memory_order_release);
  const Status status = MakeVisibleLocked(visible);
  if (!status.ok()) PoisonLocked(status);
  producers_.OnHighWatermark(visible);
  RefreshUnstableLocked();
}

Offset PartitionLog::last_stable_offset() const {
  const int64_t unstable = first_unstable_.load(std::memory_order_acquire);
  return Offset(std::min(unstable, high_watermark_.load(std::memory_order_acquire)));
}

void PartitionLog::RefreshUnstableLocked() {
  const std::optional<Offset> first = producers_.first_unstable_offset();
  const int64_t unstable =
      first.has_value() ? std::max(*first, log_start_offset()).value() : INT64_MAX;
  first_unstable_.store(unstable, std::memory_order_release);
}

Status PartitionLog::BeginLeaderEpoch(LeaderEpoch epoch) {
  const base::LightLock lock(mutex_);
  RUNNEL_RETURN_IF_ERROR(HealthLocked());
  if (epoch > epochs_.latest_epoch()) {
    epochs_dirty_ |= epochs_.Assign(epoch, end_offset());
    touched_ = true;
  }
  tail_epoch_ = kNoLeaderEpoch;  // the next append looks again
  return OkStatus();
}

void PartitionLog::SetVisibility(Visibility visibility) {
  const base::LightLock lock(mutex_);
  visibility_ = visibility;
  if (visibility == Visibility::kOnAdvance) return;
  const Status status = MakeVisibleLocked(end_offset());
  if (!status.ok()) PoisonLocked(status);
  producers_.OnHighWatermark(end_offset());
  RefreshUnstableLocked();
}

void PartitionLog::SetListener(LogListener* listener) {
  listener_.store(listener, std::memory_order_release);
}

Status PartitionLog::HealthLocked() const {
  if (!health_.ok()) return health_;
  if (closed_) return Error(ErrorCode::kKafkaStorageError, base::StrCat(name(), " is closed"));
  return OkStatus();
}

void PartitionLog::PoisonLocked(const Status& status) {
  if (!health_.ok()) return;
  health_ = Error(ErrorCode::kKafkaStorageError,
                  base::StrCat(name(), " is read-only: ", base::AsStd(status.message())));
  tail_.fast_limit = 0;
  if (deps_.logger != nullptr) deps_.logger->Log(LogLevel::kError, base::AsStd(health_.message()));
}

Status PartitionLog::health() const {
  const base::LightLock lock(mutex_);
  return health_;
}

Status PartitionLog::SetConfig(const LogConfig& config) {
  const base::LightLock lock(mutex_);
  config_ = config;
  if (tail_.storage != nullptr) RefreshLimitsLocked();
  return OkStatus();
}

LogConfig PartitionLog::config() const {
  const base::LightLock lock(mutex_);
  return config_;
}

std::vector<std::shared_ptr<Segment>> PartitionLog::SegmentList() const {
  const base::ReaderLock lock(segments_mutex_);
  return segments_;
}

std::vector<std::shared_ptr<const Segment>> PartitionLog::Segments() const {
  const base::ReaderLock lock(segments_mutex_);
  return {segments_.begin(), segments_.end()};
}

int64_t PartitionLog::size_bytes() const {
  const base::ReaderLock lock(segments_mutex_);
  int64_t total = 0;
  for (const auto& segment : segments_)
    total += segment->size_bytes();
  return total;
}

int64_t PartitionLog::segment_count() const {
  const base::ReaderLock lock(segments_mutex_);
  return static_cast<int64_t>(segments_.size());
}

int64_t PartitionLog::open_files() const {
  const base::ReaderLock lock(segments_mutex_);
  return std::count_if(segments_.begin(), segments_.end(),
                       [](const auto& segment) { return segment->has_open_file(); });
}

std::vector<ProducerEntry> PartitionLog::Producers() const {
  const base::LightLock lock(mutex_);
  return producers_.entries();
}

bool PartitionLog::HasOpenTransaction(ProducerId id, int16_t epoch) const {
  const base::LightLock lock(mutex_);
  return producers_.HasOpenTransaction(id, epoch);
}

void PartitionLog::ExpireProducers(Timestamp now) {
  const base::LightLock lock(mutex_);
  producers_.Expire(now, config_.producer_id_expiration);
}

void PartitionLog::MarkDeleted() {
  const base::LightLock lock(mutex_);
  closed_ = true;
  touched_ = false;
  tail_.fast_limit = 0;
}

}  // namespace runnel::log
