#include "broker/groups.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "broker/kv_offset_store.h"
#include "broker/replay.h"
#include "group/offset_store.h"
#include "record/batch_builder.h"
#include "record/control.h"

namespace runnel::broker {
namespace {

group::GroupOptions OptionsOf(const BrokerConfig& config) {
  group::GroupOptions options;
  options.initial_rebalance_delay = config.initial_rebalance_delay;
  options.min_session_timeout = config.min_session_timeout;
  options.max_session_timeout = config.max_session_timeout;
  options.max_size = static_cast<int32_t>(config.group_max_size);
  options.offset_metadata_max_bytes = static_cast<int32_t>(config.offset_metadata_max_bytes);
  options.offsets_retention = std::chrono::minutes(config.offsets_retention_minutes);
  options.offsets_retention_check_interval = config.offsets_retention_check_interval;
  return options;
}

// The batch of one write, stamped with the wall time.
StatusOr<std::string> BatchOf(const group::Write& write, Timestamp now) {
  record::BatchOptions options;
  options.producer_id = write.producer_id;
  options.producer_epoch = write.producer_epoch;
  options.is_transactional = write.producer_id != kNoProducerId;
  record::BatchBuilder builder(options);
  for (const group::Record& record : write.records) {
    record::RecordFields fields{.timestamp = now, .key = record.key};
    if (record.value.has_value()) fields.value = *record.value;
    if (!builder.TryAppend(fields)) {
      return Error(ErrorCode::kMessageTooLarge, "the records of a group do not fit into a batch");
    }
  }
  RUNNEL_ASSIGN_OR_RETURN(const std::string_view batch, builder.Finish());
  return std::string(batch);
}

Status ApplyBatch(group::GroupShard& machine, const record::BatchView& batch,
                  std::span<const record::RecordView> records) {
  if (batch.is_control()) {
    if (records.empty()) return OkStatus();
    const auto marker = record::ParseEndTxnMarker(records.front());
    if (!marker.ok()) return OkStatus();  // a control record of another kind
    const auto result = marker->type == record::ControlType::kCommit
                            ? group::TransactionResult::kCommit
                            : group::TransactionResult::kAbort;
    return machine.ApplyMarker(batch.producer_id(), result, batch.base_offset());
  }
  std::vector<group::AppliedRecord> applied;
  applied.reserve(records.size());
  for (const record::RecordView& record : records) {
    applied.push_back(
        {.offset = record.offset, .key = record.key.value_or(""), .value = record.value});
  }
  return machine.Apply(
      {.records = applied,
       .end_offset = batch.next_offset(),
       .producer_id = batch.is_transactional() ? batch.producer_id() : kNoProducerId});
}

}  // namespace

Groups::Groups(std::shared_ptr<Core> core, Topics& topics)
    : core_(std::move(core)), topics_(topics), options_(OptionsOf(core_->config)) {}

Groups::~Groups() = default;

group::Now Groups::Now() const {
  return {.elapsed = core_->Now(), .wall = core_->environment.clock->Now()};
}

// --- Shards and their loading --------------------------------------------------------------------

StatusOr<std::shared_ptr<Topic>> Groups::OffsetsTopic() {
  auto found = topics_.Find(kOffsetsTopic);
  if (CodeOf(found) != ErrorCode::kUnknownTopicOrPartition) return found;
  CreateTopicsRequest request;
  CreatableTopic& topic = request.topics.emplace_back();
  topic.name = std::string(kOffsetsTopic);
  topic.num_partitions = static_cast<int32_t>(core_->config.offsets_partitions);
  topic.configs = {{"cleanup.policy", "compact"},
                   {"compression.type", "producer"},
                   {"segment.bytes", std::to_string(core_->config.offsets_segment_bytes)}};
  const CreateTopicsResponse response = topics_.Create(request);
  const Status status = StatusOf(response.topics.at(0));
  if (!status.ok() && CodeOf(status) != ErrorCode::kTopicAlreadyExists) return status;
  return topics_.Find(kOffsetsTopic);
}

Status Groups::Prepare() {
  return OffsetsTopic().status();
}

StatusOr<Groups::Shard*> Groups::ShardOf(std::string_view group_id) {
  RUNNEL_ASSIGN_OR_RETURN(const std::shared_ptr<Topic> topic, OffsetsTopic());
  return ShardAt(group::CoordinatorPartition(group_id, topic->partition_count()));
}

StatusOr<Groups::Shard*> Groups::ShardAt(int32_t index) {
  Shard* shard = nullptr;
  {
    const base::Lock lock(mutex_);
    if (stopped_) return Core::ClosedError();
    while (static_cast<int32_t>(shards_.size()) <= index) {
      shards_.push_back(nullptr);
    }
    std::unique_ptr<Shard>& slot = shards_[static_cast<size_t>(index)];
    if (slot == nullptr) slot = std::make_unique<Shard>(index);
    shard = slot.get();
  }
  const base::Lock lock(shard->mutex);
  if (shard->stopped) return Core::ClosedError();
  if (shard->machine == nullptr) RUNNEL_RETURN_IF_ERROR(LoadLocked(*shard));
  return shard;
}

std::vector<Groups::Shard*> Groups::ExistingShards() {
  std::vector<Shard*> shards;
  const auto topic = topics_.Find(kOffsetsTopic);
  if (!topic.ok()) return shards;
  for (int32_t index = 0; index < (*topic)->partition_count(); ++index) {
    bool known = false;
    {
      const base::Lock lock(mutex_);
      known = index < static_cast<int32_t>(shards_.size()) &&
              shards_[static_cast<size_t>(index)] != nullptr;
    }
    // What has no folder was never written to.
    if (!known &&
        (core_->in_memory() || !core_->directory->Contains({std::string(kOffsetsTopic), index}))) {
      continue;
    }
    if (const auto shard = ShardAt(index); shard.ok()) shards.push_back(*shard);
  }
  return shards;
}

StatusOr<kv::Store*> Groups::Store() {
  const base::Lock lock(mutex_);
  if (store_ == nullptr) {
    RUNNEL_ASSIGN_OR_RETURN(store_, core_->OpenStore(core_->options.offsets_store, "offsets"));
  }
  return store_.get();
}

Partition::SettingsPtr Groups::WithDurability(Partition::SettingsPtr settings) {
  if (core_->in_memory()) return settings;
  const Durability durability = topics_.StrictestDurability();
  if (settings->durability == durability) return settings;
  auto changed = std::make_shared<Partition::Settings>(*settings);
  // A log on disk stays one, also when every topic is in memory.
  changed->durability = std::max(durability, Durability::kOs);
  return changed;
}

void Groups::UpdateDurability() {
  if (core_->in_memory()) return;
  const auto topic = topics_.Find(kOffsetsTopic);
  if (!topic.ok()) return;
  for (const std::shared_ptr<Partition>& partition : (*topic)->LivePartitions()) {
    const Partition::SettingsPtr before = partition->settings();
    Partition::SettingsPtr after = WithDurability(before);
    if (after == before) continue;
    base::IgnoreError(partition->SetSettings(std::move(after)),
                      "the log keeps its configs, only the durability changes");
  }
}

Status Groups::LoadLocked(Shard& shard) {
  RUNNEL_ASSIGN_OR_RETURN(const std::shared_ptr<Topic> topic, OffsetsTopic());
  shard.partition = topic->partition(shard.index);
  RUNNEL_RETURN_IF_ERROR(shard.partition->SetSettings(WithDurability(shard.partition->settings())));
  RUNNEL_ASSIGN_OR_RETURN(log::PartitionLog * log, shard.partition->Log());
  if (core_->in_memory()) {
    shard.store = std::make_unique<group::MemoryOffsetStore>();
  } else {
    RUNNEL_ASSIGN_OR_RETURN(kv::Store * store, Store());
    shard.store = std::make_unique<KvOffsetStore>(*store, shard.index);
  }
  auto machine =
      std::make_unique<group::GroupShard>(options_, *shard.store, *core_->environment.random);
  RUNNEL_RETURN_IF_ERROR(machine->Load());
  shard.machine = std::move(machine);
  const Status status = ReplayLocked(shard, *log);
  if (!status.ok()) {
    shard.machine = nullptr;
    return status;
  }
  shard.machine->Start(Now());
  ArmTimerLocked(shard);
  return OkStatus();
}

Status Groups::ReplayLocked(Shard& shard, log::PartitionLog& log) {
  if (!core_->in_memory()) {
    const Offset applied = shard.machine->applied_end_offset();
    const Offset cleaned =
        core_->directory->CheckpointOf(shard.partition->id()).cleaner_offset.value_or(Offset(0));
    // A view ahead of the log has seen a tail that is lost. One behind what was compacted may hold
    // keys whose tombstones are gone (it was left when another kind of store was used).
    if (applied > log.end_offset() || (applied < cleaned && applied > Offset(0))) {
      RUNNEL_RETURN_IF_ERROR(static_cast<KvOffsetStore&>(*shard.store).Clear());
      shard.machine =
          std::make_unique<group::GroupShard>(options_, *shard.store, *core_->environment.random);
      RUNNEL_RETURN_IF_ERROR(shard.machine->Load());
    }
  }
  group::GroupShard& machine = *shard.machine;
  return Replay(
      log, machine.applied_end_offset(), core_->codecs,
      [&](const record::BatchView& batch, std::span<const record::RecordView> records) -> Status {
        const Status status = ApplyBatch(machine, batch, records);
        if (CodeOf(status) != ErrorCode::kCorruptMessage) return status;
        // One record that cannot be read must not take the others with it.
        core_->environment.logger->Log(LogLevel::kError,
                                       base::StrCat("event=offsets_record_skipped log=", log.name(),
                                                    " error=", ToString(status)));
        return OkStatus();
      });
}

// --- Calling the machine -------------------------------------------------------------------------

void Groups::AppendWritesLocked(Shard& shard, group::Output& out) {
  // Reporting a failed write may ask for more.
  for (size_t next = 0; next < out.writes.size(); ++next) {
    const group::Write write = std::move(out.writes[next]);
    const StatusOr<std::string> batch = BatchOf(write, core_->environment.clock->Now());
    StatusOr<Appended> appended =
        batch.ok() ? shard.partition->AppendAsCoordinator(*batch) : batch.status();
    if (appended.ok()) {
      shard.pending.push_back({write.id, appended->base_offset, appended->last_offset});
    } else {
      shard.machine->OnWritten(write.id, appended.status(), Now(), out);
    }
  }
  out.writes.clear();
}

void Groups::ReportWrittenLocked(Shard& shard, group::Output& out) {
  while (!shard.pending.empty()) {
    const Shard::Pending write = shard.pending.front();
    StatusOr<Offset> outcome = write.base_offset;
    if (!shard.partition->IsAcknowledged(write.last_offset)) {
      const Status status = shard.partition->append_status();
      if (status.ok()) return;
      outcome = status;
    }
    shard.pending.pop_front();
    shard.machine->OnWritten(write.id, outcome, Now(), out);
    AppendWritesLocked(shard, out);
  }
}

void Groups::Run(Shard& shard, Call call, SyncBy sync) {
  group::Output out;
  Offset last = kNoOffset;
  std::shared_ptr<Partition> partition;
  {
    const base::Lock lock(shard.mutex);
    if (shard.machine == nullptr) return;
    call(*shard.machine, Now(), out);
    AppendWritesLocked(shard, out);
    ReportWrittenLocked(shard, out);
    if (!shard.pending.empty()) last = shard.pending.back().last_offset;
    partition = shard.partition;
    ArmTimerLocked(shard);
  }
  for (auto& reply : out.replies)
    reply();
  if (last == kNoOffset || sync == SyncBy::kCaller) return;
  partition->OnAcknowledged(last, [weak = weak_from_this(), &shard](const Status&) {
    // The shard lives as long as its owner.
    const auto self = weak.lock();
    if (self != nullptr) self->Run(shard, [](group::GroupShard&, group::Now, group::Output&) {});
  });
}

void Groups::ArmTimerLocked(Shard& shard) {
  if (core_->options.read_only) return;  // what happens over time is the owner's business
  const Elapsed next = shard.machine->NextDeadline();
  // A timer that fires too early looks again; one per change would cost more.
  if (shard.stopped || next >= shard.timer_at) return;
  core_->Cancel(shard.timer);
  shard.timer_at = next;
  shard.timer = core_->PostAt(next, [weak = weak_from_this(), index = shard.index] {
    if (const auto self = weak.lock(); self != nullptr) self->OnTimer(index);
  });
}

void Groups::OnTimer(int32_t index) {
  Shard* shard = nullptr;
  {
    const base::Lock lock(mutex_);
    shard = shards_[static_cast<size_t>(index)].get();
  }
  {
    const base::Lock lock(shard->mutex);
    if (shard->stopped) return;
    shard->timer = 0;
    shard->timer_at = kForever;
  }
  Run(*shard, [](group::GroupShard& machine, group::Now now, group::Output& out) {
    machine.OnTime(now, out);
  });
}

// --- Life ----------------------------------------------------------------------------------------

void Groups::OnTopicsDeleted(const std::vector<std::string>& topics) {
  for (Shard* shard : ExistingShards()) {
    Run(*shard, [&](group::GroupShard& machine, group::Now now, group::Output& out) {
      machine.OnTopicsDeleted(topics, now, out);
    });
  }
}

Status Groups::Checkpoint() {
  const base::Lock lock(mutex_);
  return store_ == nullptr ? OkStatus() : store_->Checkpoint();
}

void Groups::Stop() {
  std::vector<Shard*> shards;
  {
    const base::Lock lock(mutex_);
    stopped_ = true;
    for (const auto& shard : shards_) {
      if (shard != nullptr) shards.push_back(shard.get());
    }
  }
  for (Shard* shard : shards) {
    group::Output out;
    {
      const base::Lock lock(shard->mutex);
      shard->stopped = true;
      core_->Cancel(std::exchange(shard->timer, 0));
      if (shard->machine == nullptr) continue;
      // What was appended is reported first, so that the store takes it in.
      ReportWrittenLocked(*shard, out);
      shard->machine->Stop(out);
      AppendWritesLocked(*shard, out);
    }
    for (auto& reply : out.replies)
      reply();
  }
}

Status Groups::Close() {
  const base::Lock lock(mutex_);
  return store_ == nullptr ? OkStatus() : store_->Close();
}

}  // namespace runnel::broker
