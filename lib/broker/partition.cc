#include "broker/partition.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "broker/core.h"
#include "record/batch_builder.h"

namespace runnel::broker {
namespace {

constexpr LeaderEpoch kEpoch{0};

log::LogDeps DepsOf(Core& core) {
  log::LogDeps deps;
  deps.clock = core.environment.clock;
  deps.executor = core.environment.executor;
  deps.random = core.environment.random;
  deps.logger = core.environment.logger;
  return deps;
}

log::Visibility VisibilityOf(Durability durability) {
  return durability == Durability::kFsync ? log::Visibility::kOnAdvance
                                          : log::Visibility::kOnAppend;
}

}  // namespace

Partition::Partition(std::shared_ptr<Core> core, TopicPartition id, Uuid topic_id,
                     SettingsPtr settings)
    : core_(std::move(core)),
      id_(std::move(id)),
      topic_id_(topic_id),
      durability_(settings->durability),
      settings_(std::move(settings)) {
  const base::Lock lock(mutex_);
  ApplySettingsLocked();
}

Partition::~Partition() {
  const base::Lock lock(mutex_);
  if (owned_log_ != nullptr) owned_log_->SetListener(nullptr);
}

bool Partition::in_memory() const {
  return core_->in_memory() || durability() == Durability::kMemory;
}

// --- Opening -------------------------------------------------------------------------------------

StatusOr<log::PartitionLog*> Partition::Log() {
  if (log::PartitionLog* log = open_log(); log != nullptr) return log;
  return OpenLog();
}

StatusOr<log::PartitionLog*> Partition::OpenLog() {
  {
    // Held across the opening: everyone else needs the log, too.
    const base::Lock lock(mutex_);
    if (!failure_.ok()) return failure_;
    if (owned_log_ != nullptr) return owned_log_.get();
    if (core_->closing()) return Core::ClosedError();
    RUNNEL_ASSIGN_OR_RETURN(owned_log_, OpenFolder());
    owned_log_->SetListener(this);
    last_seen_end_ = owned_log_->end_offset();
    idle_since_ = core_->Now();
    log_.store(owned_log_.get(), std::memory_order_release);
  }
  if (!core_->first_log_seen.exchange(true) && core_->on_first_log) core_->on_first_log();
  return open_log();
}

StatusOr<std::shared_ptr<log::PartitionLog>> Partition::OpenFolder() {
  const log::Visibility visibility = VisibilityOf(settings_->durability);
  if (in_memory()) {
    RUNNEL_ASSIGN_OR_RETURN(
        auto log, log::PartitionLog::Open(DepsOf(*core_), {.name = ToString(id_),
                                                           .topic_id = topic_id_,
                                                           .config = settings_->log,
                                                           .visibility = visibility,
                                                           .log_start_offset = std::nullopt,
                                                           .high_watermark = std::nullopt}));
    return std::shared_ptr<log::PartitionLog>(std::move(log));
  }
  log::LogDirectory& directory = *core_->directory;
  const log::PartitionOptions options{
      .topic_id = topic_id_, .config = settings_->log, .visibility = visibility};
  if (directory.Contains(id_)) {
    log::LogRecovery recovery;
    const Elapsed start = core_->Now();
    auto log = directory.OpenLog(id_, options, &recovery);
    if (log.ok()) {
      core_->Report(ToString(id_), recovery, core_->Now() - start);
      // There is one replica: what opening has kept, and synced, is all there is. The checkpointed
      // high watermark may be older than what was acknowledged.
      RUNNEL_RETURN_IF_ERROR((*log)->AdvanceHighWatermark((*log)->end_offset()));
    }
    if (CodeOf(log) != ErrorCode::kInconsistentTopicId) return log;
    // The folder of an earlier topic of this name, whose deletion was cut short by a crash?
    const auto old_id = directory.ReadTopicId(id_);
    if (!old_id.ok() || !core_->was_deleted || !core_->was_deleted(*old_id)) return log;
    RUNNEL_RETURN_IF_ERROR(directory.Delete(id_));
  }
  return directory.Create(id_, options);
}

// --- Appending -----------------------------------------------------------------------------------

inline Timestamp Partition::ClockFor(Timestamp record_timestamp, Timestamp now) const {
  if (now != kNoTimestamp) return now;
  const bool needed =
      record_timestamp == kNoTimestamp || append_needs_clock_.load(std::memory_order_relaxed);
  return needed ? core_->environment.clock->Now() : kNoTimestamp;
}

StatusOr<Appended> Partition::AppendRecord(const record::RecordFields& record, Timestamp now) {
  log::PartitionLog* log = open_log();
  if (log == nullptr) [[unlikely]] {
    RUNNEL_ASSIGN_OR_RETURN(log, OpenLog());
  }
  const uint8_t extra = extra_.load(std::memory_order_relaxed);
  int64_t bytes = 0;
  if ((extra & (kCountMemory | kRefuse)) != 0) [[unlikely]] {
    bytes = record::SizeOfSingleRecordBatch(record);
    RUNNEL_RETURN_IF_ERROR(Prepare(*log, bytes));
  }
  StatusOr<Appended> appended = log->AppendRecord(record, {.trust = log::Trust::kTrusted,
                                                           .leader_epoch = kEpoch,
                                                           .now = ClockFor(record.timestamp, now)});
  if (appended.ok() && extra == kNothing) [[likely]]
    return appended;
  return Finish(std::move(appended), bytes);
}

StatusOr<Appended> Partition::AppendRecords(std::span<const record::RecordFields> records,
                                            Timestamp now) {
  RUNNEL_ASSIGN_OR_RETURN(log::PartitionLog * log, Log());
  int64_t bytes = 0;
  if ((extra_.load(std::memory_order_relaxed) & (kCountMemory | kRefuse)) != 0) {
    for (const record::RecordFields& record : records) {
      bytes += record::SizeOfRecord(0, 0, record);
    }
    RUNNEL_RETURN_IF_ERROR(Prepare(*log, bytes));
  }
  const Timestamp clock = now != kNoTimestamp ? now : core_->environment.clock->Now();
  return Finish(log->AppendRecords(
                    records, {.trust = log::Trust::kTrusted, .leader_epoch = kEpoch, .now = clock}),
                bytes);
}

StatusOr<Appended> Partition::AppendBatch(std::string_view batch, BatchTrust trust) {
  RUNNEL_ASSIGN_OR_RETURN(log::PartitionLog * log, Log());
  const int64_t bytes = static_cast<int64_t>(batch.size());
  if ((extra_.load(std::memory_order_relaxed) & (kCountMemory | kRefuse)) != 0) {
    RUNNEL_RETURN_IF_ERROR(Prepare(*log, bytes));
  }
  const bool trusted = trust == BatchTrust::kBuiltHere;
  return Finish(
      log->Append(batch, {.trust = trusted ? log::Trust::kTrusted : log::Trust::kUntrusted,
                          .leader_epoch = kEpoch,
                          .now = core_->environment.clock->Now()}),
      bytes);
}

StatusOr<Appended> Partition::AppendAsCoordinator(std::string_view batch) {
  RUNNEL_RETURN_IF_ERROR(core_->CheckWritable());
  RUNNEL_ASSIGN_OR_RETURN(log::PartitionLog * log, Log());
  return Finish(log->Append(batch, {.origin = log::AppendOrigin::kCoordinator,
                                    .trust = log::Trust::kTrusted,
                                    .leader_epoch = kEpoch,
                                    .now = core_->environment.clock->Now()}),
                static_cast<int64_t>(batch.size()));
}

StatusOr<Appended> Partition::Finish(StatusOr<Appended> appended, int64_t bytes) {
  if (!appended.ok()) return Explain(appended.status());
  const uint8_t extra = extra_.load(std::memory_order_relaxed);
  if ((extra & kCountMemory) != 0 && !appended->duplicate) {
    core_->memory.used_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  if ((extra & kScheduleFlush) != 0) ScheduleFlush(appended->last_offset);
  return appended;
}

void Partition::ScheduleFlush(Offset last_offset) {
  const SettingsPtr settings = this->settings();
  const log::PartitionLog* log = open_log();
  if (last_offset + 1 - log->recovery_point() >= settings->flush_messages) {
    core_->syncer.Request(*this);
    return;
  }
  if (settings->flush_interval == kForever || flush_scheduled_.load(std::memory_order_relaxed) ||
      flush_scheduled_.exchange(true, std::memory_order_acq_rel)) {
    return;
  }
  core_->PostAt(core_->DeadlineAfter(settings->flush_interval), [weak = weak_from_this()] {
    const auto partition = weak.lock();
    if (partition == nullptr) return;
    // Cleared first: who appends from here on sets a new timer.
    partition->flush_scheduled_.store(false, std::memory_order_release);
    partition->core_->syncer.Request(*partition);
  });
}

Status Partition::Explain(const Status& status) const {
  Status own = this->status();
  return own.ok() ? status : own;
}

Status Partition::status() const {
  if (!failed()) return OkStatus();
  const base::Lock lock(mutex_);
  return failure_;
}

Status Partition::append_status() const {
  RUNNEL_RETURN_IF_ERROR(status());
  const log::PartitionLog* log = open_log();
  return log == nullptr ? OkStatus() : log->health();
}

// --- Memory budget -------------------------------------------------------------------------------

Status Partition::Prepare(log::PartitionLog& log, int64_t bytes) {
  RUNNEL_RETURN_IF_ERROR(core_->CheckWritable());
  return MakeRoom(log, bytes);
}

Status Partition::MakeRoom(log::PartitionLog& log, int64_t bytes) {
  // Waits until maintenance, a deletion or DeleteRecords has freed memory.
  struct MemoryWaiter final : Watcher {
    void OnEvent() override { signal.Raise(); }
    Signal signal;
  };
  constexpr std::chrono::seconds kLongestBlock(60);
  const int64_t budget = *core_->options.memory_budget_bytes;
  MemoryBudget& memory = core_->memory;
  const auto fits = [&] {
    return memory.used_bytes.load(std::memory_order_relaxed) + bytes <= budget;
  };
  if (fits()) return OkStatus();
  const SettingsPtr settings = this->settings();
  if (settings->full_policy == FullPolicy::kDropOldest && bytes <= budget) {
    while (!fits())
      RUNNEL_RETURN_IF_ERROR(DropOldest(log));
    return OkStatus();
  }
  if (settings->full_policy == FullPolicy::kBlock) {
    MemoryWaiter waiter;
    memory.waiters.Add(&waiter);
    const Elapsed deadline = core_->DeadlineAfter(kLongestBlock);
    while (!fits() && !failed() && core_->Wait(waiter.signal, deadline))
      waiter.signal.Reset();
    memory.waiters.Remove(&waiter);
    if (fits()) return status();
    RUNNEL_RETURN_IF_ERROR(status());
  }
  return Error(ErrorCode::kKafkaStorageError,
               base::StrCat("the memory budget of ", budget, " bytes is used up: ", bytes,
                            " more for ", id_, " do not fit"));
}

Status Partition::DropOldest(log::PartitionLog& log) {
  const int64_t before = log.size_bytes();
  if (log.segment_count() < 2) RUNNEL_RETURN_IF_ERROR(log.Roll());
  const auto segments = log.Segments();
  if (segments.size() < 2) {
    return Error(ErrorCode::kKafkaStorageError,
                 base::StrCat("the memory budget is used up by other topics than ", id_));
  }
  RUNNEL_RETURN_IF_ERROR(log.DeleteRecordsBefore(segments[1]->base_offset()));
  RUNNEL_RETURN_IF_ERROR(log.DeleteOldSegments(core_->environment.clock->Now()).status());
  core_->memory.used_bytes.fetch_sub(before - log.size_bytes(), std::memory_order_relaxed);
  return OkStatus();
}

// --- Acknowledging -------------------------------------------------------------------------------

bool Partition::IsAcknowledged(Offset last_offset) const {
  if (durability() != Durability::kFsync) return true;
  const log::PartitionLog* log = open_log();
  return log != nullptr && log->high_watermark() > last_offset;
}

Status Partition::AwaitAcknowledged(Offset last_offset, Elapsed deadline) {
  if (IsAcknowledged(last_offset)) return OkStatus();
  return core_->syncer.Await(*this, last_offset, deadline);
}

void Partition::SyncSoon() {
  if (durability() == Durability::kFsync) core_->syncer.Request(*this);
}

void Partition::OnAcknowledged(Offset last_offset, AckCallback done) {
  Status status;
  {
    const base::Lock lock(mutex_);
    // Under the lock, because Sync() moves the high watermark before it takes acks.
    if (!IsAcknowledged(last_offset)) {
      status = failure_;
      if (status.ok() && owned_log_ != nullptr) status = owned_log_->health();
      if (status.ok()) {
        acks_.push_back({last_offset, std::move(done)});
        done = nullptr;
      }
    }
  }
  if (done) return done(status);
  core_->syncer.Request(*this);
}

void Partition::Sync(std::vector<ReadyAck>& ready) {
  log::PartitionLog* log = open_log();
  if (log == nullptr) return;
  StatusOr<Offset> end = log->Flush();
  Status status = end.status();
  if (status.ok() && durability() == Durability::kFsync) status = log->AdvanceHighWatermark(*end);
  const base::Lock lock(mutex_);
  TakeAcksLocked(status.ok() ? *end : Offset(INT64_MAX), status, ready);
}

void Partition::TakeAcksLocked(Offset end, const Status& status, std::vector<ReadyAck>& ready) {
  const auto covered = [end](const PendingAck& ack) { return ack.last_offset < end; };
  for (PendingAck& ack : acks_) {
    if (covered(ack)) ready.push_back({std::move(ack.done), status});
  }
  std::erase_if(acks_, covered);
  if (acks_.empty() && acks_.capacity() > 16) acks_.shrink_to_fit();
}

// --- Reading -------------------------------------------------------------------------------------

StatusOr<PartitionReader> Partition::NewReader(IsolationLevel isolation) {
  RUNNEL_ASSIGN_OR_RETURN(log::PartitionLog * log, Log());
  RUNNEL_RETURN_IF_ERROR(status());
  return PartitionReader(shared_from_this(), *log, isolation);
}

StatusOr<PartitionOffsets> Partition::Offsets() {
  RUNNEL_ASSIGN_OR_RETURN(log::PartitionLog * log, Log());
  RUNNEL_RETURN_IF_ERROR(status());
  // Upwards last: each is at most what the next one is when it is read.
  PartitionOffsets offsets;
  offsets.log_start = log->log_start_offset();
  offsets.last_stable = log->last_stable_offset();
  offsets.high_watermark = log->high_watermark();
  offsets.end = log->end_offset();
  return offsets;
}

StatusOr<OffsetAndTimestamp> Partition::FindOffset(const OffsetSpec& spec,
                                                   IsolationLevel isolation) {
  RUNNEL_ASSIGN_OR_RETURN(log::PartitionLog * log, Log());
  RUNNEL_RETURN_IF_ERROR(status());
  const Offset bound = isolation == IsolationLevel::kReadCommitted ? log->last_stable_offset()
                                                                   : log->high_watermark();
  log::OffsetAndTimestamp found;
  switch (spec.kind) {
    case OffsetSpec::Kind::kEarliest:
      return OffsetAndTimestamp{.offset = log->log_start_offset(), .leader_epoch = kEpoch};
    case OffsetSpec::Kind::kLatest:
      return OffsetAndTimestamp{.offset = bound, .leader_epoch = kEpoch};
    case OffsetSpec::Kind::kMaxTimestamp: {
      RUNNEL_ASSIGN_OR_RETURN(found, log->LookupMaxTimestamp());
      break;
    }
    case OffsetSpec::Kind::kTimestamp: {
      RUNNEL_ASSIGN_OR_RETURN(found, log->LookupTimestamp(spec.timestamp));
      break;
    }
  }
  if (found.offset >= bound) return OffsetAndTimestamp{};
  return OffsetAndTimestamp{found.offset, found.timestamp, found.leader_epoch};
}

void Partition::Arm() {
  if (const StatusOr<log::PartitionLog*> log = Log(); log.ok()) (*log)->Arm(log::kVisibleMoved);
}

void Partition::OnLogEvent(uint32_t /*events*/) {
  watchers_.Fire();
}

// --- Life ----------------------------------------------------------------------------------------

Partition::SettingsPtr Partition::settings() const {
  const base::Lock lock(mutex_);
  return settings_;
}

void Partition::ApplySettingsLocked() {
  const Settings& settings = *settings_;
  durability_.store(settings.durability, std::memory_order_relaxed);
  const log::LogConfig& log = settings.log;
  append_needs_clock_.store(log.timestamp_type == TimestampType::kLogAppendTime ||
                                log.timestamp_after_max.has_value() ||
                                log.timestamp_before_max.has_value(),
                            std::memory_order_relaxed);
  uint8_t extra = kNothing;
  if (settings.durability == Durability::kInterval) extra |= kScheduleFlush;
  if (core_->options.read_only) extra |= kRefuse;
  if (in_memory() && core_->options.memory_budget_bytes.has_value()) extra |= kCountMemory;
  extra_.store(extra, std::memory_order_relaxed);
}

Status Partition::SetSettings(SettingsPtr settings) {
  std::vector<ReadyAck> ready;
  Status status;
  {
    const base::Lock lock(mutex_);
    settings_ = std::move(settings);
    if (owned_log_ != nullptr) {
      owned_log_->SetVisibility(VisibilityOf(settings_->durability));
      status = owned_log_->SetConfig(settings_->log);
    }
    ApplySettingsLocked();
    // With another durability than kFsync, what waited for a sync is acknowledged.
    if (settings_->durability != Durability::kFsync) {
      TakeAcksLocked(Offset(INT64_MAX), OkStatus(), ready);
    }
  }
  for (ReadyAck& ack : ready)
    ack.done(ack.status);
  return status;
}

void Partition::Fail(const Status& reason, LogFate fate) {
  std::vector<ReadyAck> ready;
  {
    const base::Lock lock(mutex_);
    if (failure_.ok()) failure_ = reason;
    failed_.store(true, std::memory_order_release);
    if (fate == LogFate::kDeleted && owned_log_ != nullptr) owned_log_->MarkDeleted();
    TakeAcksLocked(Offset(INT64_MAX), failure_, ready);
  }
  watchers_.Fire();
  for (ReadyAck& ack : ready)
    ack.done(ack.status);
}

Status Partition::Close() {
  std::vector<ReadyAck> ready;
  Status status;
  if (log::PartitionLog* log = open_log(); log != nullptr && !failed()) {
    Sync(ready);
    status = log->Close();
  }
  for (ReadyAck& ack : ready)
    ack.done(ack.status);
  Fail(Core::ClosedError(), LogFate::kKept);
  return status;
}

Status Partition::ReleaseIfIdle(std::chrono::nanoseconds idle) {
  log::PartitionLog* log = open_log();
  if (log == nullptr || failed()) return OkStatus();
  {
    const base::Lock lock(mutex_);
    const Offset end = log->end_offset();
    const Elapsed now = core_->Now();
    if (end != last_seen_end_ || readers_.load(std::memory_order_relaxed) > 0) {
      last_seen_end_ = end;
      idle_since_ = now;
      return OkStatus();
    }
    if (now - idle_since_ < idle) return OkStatus();
    idle_since_ = now;
  }
  return log->ReleaseIdle();
}

// --- PartitionReader -----------------------------------------------------------------------------

PartitionReader::PartitionReader(std::shared_ptr<Partition> partition, log::PartitionLog& log,
                                 IsolationLevel isolation)
    : partition_(std::move(partition)),
      log_(&log),
      isolation_(isolation),
      cursor_(log, isolation == IsolationLevel::kReadCommitted ? log::ReadBound::kLastStable
                                                               : log::ReadBound::kHighWatermark) {
  partition_->readers_.fetch_add(1, std::memory_order_relaxed);
}

PartitionReader::~PartitionReader() {
  if (partition_ != nullptr) partition_->readers_.fetch_sub(1, std::memory_order_relaxed);
}

PartitionReader& PartitionReader::operator=(PartitionReader&& other) noexcept {
  std::swap(partition_, other.partition_);
  std::swap(log_, other.log_);
  std::swap(isolation_, other.isolation_);
  std::swap(cursor_, other.cursor_);
  return *this;
}

Status PartitionReader::Seek(Offset offset) {
  if (partition_->failed()) return partition_->status();
  return cursor_.Seek(offset);
}

StatusOr<RecordBytes> PartitionReader::Read(int64_t max_bytes) {
  if (partition_->failed()) [[unlikely]]
    return partition_->status();
  StatusOr<RecordBytes> bytes = cursor_.Read(max_bytes);
  if (!bytes.ok()) [[unlikely]]
    return partition_->Explain(bytes.status());
  return bytes;
}

bool PartitionReader::ready() const {
  return cursor_.ready() || end_offset() > cursor_.offset() ||
         log_->log_start_offset() > cursor_.offset() || partition_->failed();
}

Offset PartitionReader::end_offset() const {
  return isolation_ == IsolationLevel::kReadCommitted ? log_->last_stable_offset()
                                                      : log_->high_watermark();
}

}  // namespace runnel::broker
