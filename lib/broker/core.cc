#include "broker/core.h"

#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::broker {
namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> Bounded(milliseconds value) {
  if (value < milliseconds::zero() || value == milliseconds::max()) return std::nullopt;
  return value;
}

log::LogConfig LogConfigOf(const metadata::TopicConfig& topic, const BrokerConfig& broker) {
  log::LogConfig log;
  log.segment_bytes = topic.segment_bytes;
  log.segment_age = topic.segment_age;
  log.segment_jitter = topic.segment_jitter;
  log.index_bytes = static_cast<int32_t>(topic.segment_index_bytes);
  log.index_interval_bytes = static_cast<int32_t>(topic.index_interval_bytes);
  log.max_message_bytes = static_cast<int32_t>(topic.max_message_bytes);
  log.timestamp_type = topic.timestamp_type;
  log.timestamp_before_max = Bounded(topic.timestamp_before_max);
  log.timestamp_after_max = Bounded(topic.timestamp_after_max);
  log.compression = topic.compression;
  log.gzip_level = topic.compression_gzip_level;
  log.lz4_level = topic.compression_lz4_level;
  log.zstd_level = topic.compression_zstd_level;
  log.retention_age = Bounded(topic.retention);
  if (topic.retention_bytes >= 0) log.retention_bytes = topic.retention_bytes;
  log.cleanup_delete = topic.cleanup_delete;
  log.cleanup_compact = topic.cleanup_compact;
  log.delete_delay = topic.file_delete_delay;
  log.tombstone_retention = topic.delete_retention;
  log.min_compaction_lag = topic.min_compaction_lag;
  log.max_compaction_lag = Bounded(topic.max_compaction_lag);
  log.min_cleanable_dirty_ratio = topic.min_cleanable_dirty_ratio;
  log.producer_id_expiration = broker.producer_id_expiration;
  return log;
}

}  // namespace

Core::Core(BrokerOptions broker_options, BrokerConfig broker_config)
    : options(std::move(broker_options)), config(std::move(broker_config)) {
  environment = options.environment;
  if (environment.clock == nullptr) environment.clock = &Clock::System();
  if (environment.files == nullptr) environment.files = &FileSystem::System();
  if (environment.random == nullptr) environment.random = &Random::System();
  if (environment.logger == nullptr) environment.logger = &Logger::Stderr();
  if (options.read_only) {
    overlay = std::make_unique<OverlayFileSystem>(*environment.files);
    environment.files = overlay.get();
  }
  if (environment.executor == nullptr) {
    owned_executor = Executor::Threaded(*environment.clock);
    environment.executor = owned_executor.get();
    if (!options.data_dir.empty()) owned_background = Executor::Threaded(*environment.clock);
  }
  may_spin = owned_executor != nullptr && options.spin.count() > 0;
  background = owned_background != nullptr ? owned_background.get() : environment.executor;
}

Core::~Core() = default;

Elapsed Core::DeadlineAfter(std::chrono::nanoseconds timeout) const {
  const Elapsed now = Now();
  return timeout >= kForever - now ? kForever : now + timeout;
}

class Core::Inside final {
 public:
  explicit Inside(Core& core) : core_(core) {
    core_.inside_.fetch_add(1, std::memory_order_seq_cst);
  }
  ~Inside() {
    const bool last = core_.inside_.fetch_sub(1, std::memory_order_seq_cst) == 1;
    if (last && core_.closing()) core_.drained_.Raise();
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  // Whether the executors may be used: they stay while this object lives.
  bool may_use() const { return !core_.closing(); }

 private:
  Core& core_;
};

bool Core::Wait(Signal& signal, Elapsed deadline) {
  const Inside inside(*this);
  if (signal.raised() || !inside.may_use()) return signal.raised();
  return environment.executor->Wait(signal, deadline);
}

void Core::Post(Executor::Task task) {
  const Inside inside(*this);
  if (inside.may_use()) environment.executor->Post(std::move(task));
}

Executor::TimerId Core::PostAt(Elapsed time, Executor::Task task) {
  const Inside inside(*this);
  return inside.may_use() ? environment.executor->PostAt(time, std::move(task)) : 0;
}

void Core::PostBackground(Executor::Task task) {
  const Inside inside(*this);
  if (inside.may_use()) background->Post(std::move(task));
}

void Core::Cancel(Executor::TimerId id) {
  const Inside inside(*this);
  // Unlike the others while closing, too. Timers end with the executor that has them.
  if (id != 0 && !stopped_.load(std::memory_order_seq_cst)) environment.executor->Cancel(id);
}

void Core::StopExecutors() {
  if (owned_executor == nullptr) return;
  stopped_.store(true, std::memory_order_seq_cst);
  while (inside_.load(std::memory_order_seq_cst) > 0) {
    drained_.Reset();
    if (inside_.load(std::memory_order_seq_cst) == 0) break;
    waiters.Fire();
    drained_.Park(milliseconds(1));
  }
  owned_background.reset();
  owned_executor.reset();
}

Status Core::ClosedError() {
  return Error(ErrorCode::kBrokerNotAvailable, "the broker is closed");
}

StatusOr<std::unique_ptr<kv::Store>> Core::OpenStore(StoreKind kind, std::string name) {
  kv::StoreOptions store{
      .kind = kind, .directory = &directory->directory(), .name = std::move(name)};
  // RocksDB would write beside another process; what it holds is in the log, too.
  if (options.read_only && kind == StoreKind::kRocksDb) store.kind = StoreKind::kLogBacked;
  if (options.rebuild_stores) RUNNEL_RETURN_IF_ERROR(kv::DestroyStore(store));
  return kv::OpenStore(store, *environment.logger);
}

Status Core::CheckWritable() const {
  if (!options.read_only) return OkStatus();
  return Error(ErrorCode::kPolicyViolation,
               base::StrCat("the broker on ", options.data_dir, " is open for reading only"));
}

void Core::Report(const std::string& partition, const log::LogRecovery& recovery,
                  std::chrono::nanoseconds duration) {
  if (recovery.scanned_bytes == 0 && recovery.notes.empty() && recovery.truncated_bytes == 0)
    return;
  const base::Lock lock(report_mutex_);
  ++report_.partitions_checked;
  report_.bytes_checked += recovery.scanned_bytes;
  report_.bytes_cut += recovery.truncated_bytes;
  report_.duration += duration;
  for (const std::string& note : recovery.notes) {
    RecoveryFinding finding;
    finding.kind = recovery.truncated_bytes > 0   ? RecoveryFinding::Kind::kTornTail
                   : recovery.rebuilt_indexes > 0 ? RecoveryFinding::Kind::kIndexRebuilt
                                                  : RecoveryFinding::Kind::kUnfinishedWork;
    finding.file = partition;
    finding.detail = note;
    report_.findings.push_back(std::move(finding));
  }
}

RecoveryReport Core::report() const {
  const base::Lock lock(report_mutex_);
  return report_;
}

void Core::set_report(RecoveryReport report) {
  const base::Lock lock(report_mutex_);
  report_ = std::move(report);
}

Partition::SettingsPtr Core::SettingsOf(const metadata::TopicConfig& topic) const {
  Partition::Settings settings;
  settings.log = LogConfigOf(topic, config);
  settings.full_policy = topic.full_policy.value_or(options.memory_full);
  settings.flush_messages = topic.flush_messages;
  if (topic.flush_interval != milliseconds::max()) settings.flush_interval = topic.flush_interval;
  const bool flushes = settings.flush_messages != std::numeric_limits<int64_t>::max() ||
                       settings.flush_interval != kForever;
  if (options.data_dir.empty() || topic.in_memory || topic.durability == Durability::kMemory) {
    settings.durability = Durability::kMemory;
  } else if (topic.durability.has_value()) {
    settings.durability = *topic.durability;
  } else if (settings.flush_messages == 1) {
    settings.durability = Durability::kFsync;
  } else if (flushes) {
    settings.durability = Durability::kInterval;
  } else {
    settings.durability = options.durability.value_or(Durability::kFsync);
  }
  if (settings.durability == Durability::kInterval && !flushes) {
    settings.flush_interval = config.interval_flush;
  }
  if (settings.durability == Durability::kMemory && options.memory_budget_bytes.has_value()) {
    // Room is made a segment at a time: no segment may be a large part of the budget.
    constexpr int64_t kSmallest = 64 << 10;
    settings.log.segment_bytes =
        std::min(settings.log.segment_bytes, std::max(kSmallest, *options.memory_budget_bytes / 8));
  }
  return std::make_shared<const Partition::Settings>(std::move(settings));
}

}  // namespace runnel::broker
