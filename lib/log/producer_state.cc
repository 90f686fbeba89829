#include "log/producer_state.h"

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::log {
namespace {

constexpr int16_t kSnapshotVersion = 1;
constexpr size_t kCrcPosition = 2;  // in a snapshot: after the version
constexpr size_t kCrcEnd = 6;
constexpr int32_t kMaxSequence = std::numeric_limits<int32_t>::max();

int32_t LastSequence(const ProducerAppend& batch) {
  if (batch.base_sequence < 0) return -1;
  return static_cast<int32_t>((int64_t{batch.base_sequence} + batch.last_offset_delta) &
                              kMaxSequence);
}

bool Follows(int32_t last_sequence, int32_t next) {
  return next == (last_sequence == kMaxSequence ? 0 : last_sequence + 1);
}

Status StaleEpoch(ProducerId id, int16_t epoch, int16_t known) {
  return Error(ErrorCode::kInvalidProducerEpoch,
               base::StrCat("epoch ", epoch, " of producer ", id, " is older than ", known));
}

const ProducerBatch* FindDuplicate(const ProducerEntry& entry, const ProducerAppend& batch) {
  const int32_t last = LastSequence(batch);
  for (int i = 0; i < entry.batch_count; ++i) {
    const ProducerBatch& cached = entry.batches[static_cast<size_t>(i)];
    if (cached.last_sequence == last && cached.first_sequence() == batch.base_sequence) {
      return &cached;
    }
  }
  return nullptr;
}

}  // namespace

int32_t ProducerBatch::first_sequence() const {
  if (last_sequence < 0) return -1;
  return static_cast<int32_t>((int64_t{last_sequence} - offset_delta) & kMaxSequence);
}

StatusOr<std::optional<ProducerBatch>> ProducerState::Check(const ProducerAppend& batch,
                                                            TxnVerification verification) const {
  const ProducerEntry* entry = Find(batch.producer_id);
  if (entry != nullptr && entry->epoch == batch.producer_epoch) {
    const ProducerBatch* original = FindDuplicate(*entry, batch);
    if (original != nullptr) return *original;
  }
  if (entry != nullptr) RUNNEL_RETURN_IF_ERROR(CheckEpoch(batch));
  if (batch.transactional && verification == TxnVerification::kUnverified &&
      !HasOpenTransaction(batch.producer_id, batch.producer_epoch)) {
    return Error(ErrorCode::kTransactionAbortable,
                 base::StrCat("the partition is not part of the transaction of producer ",
                              batch.producer_id));
  }
  if (entry == nullptr) return std::nullopt;  // state has expired: any sequence may come
  if (!batch.transactional && entry->txn_first_offset.has_value()) {
    return Error(ErrorCode::kInvalidTxnState, base::StrCat("producer ", batch.producer_id,
                                                           " sends outside its open transaction"));
  }
  const bool new_epoch = batch.producer_epoch != entry->epoch;
  const ProducerBatch* last = entry->last_batch();
  const int32_t last_sequence = new_epoch || last == nullptr ? -1 : last->last_sequence;
  if (!Follows(last_sequence, batch.base_sequence)) {
    return Error(ErrorCode::kOutOfOrderSequenceNumber,
                 base::StrCat("producer ", batch.producer_id, " epoch ", batch.producer_epoch,
                              " sends sequence ", batch.base_sequence, " after ", last_sequence));
  }
  return std::nullopt;
}

Status ProducerState::CheckEpoch(const ProducerAppend& batch) const {
  const ProducerEntry* entry = Find(batch.producer_id);
  if (entry == nullptr || batch.producer_epoch >= entry->epoch) return OkStatus();
  return StaleEpoch(batch.producer_id, batch.producer_epoch, entry->epoch);
}

Status ProducerState::CheckMarker(const ControlMarker& marker) const {
  const ProducerEntry* entry = Find(marker.producer_id);
  if (entry == nullptr) return OkStatus();
  if (marker.coordinator_epoch < entry->coordinator_epoch) {
    return Error(ErrorCode::kTransactionCoordinatorFenced,
                 base::StrCat("coordinator epoch ", marker.coordinator_epoch, " of producer ",
                              marker.producer_id, " is older than ", entry->coordinator_epoch));
  }
  if (marker.producer_epoch < entry->epoch) {
    return StaleEpoch(marker.producer_id, marker.producer_epoch, entry->epoch);
  }
  // Since transaction version 2 the marker comes with the next epoch.
  if (marker.transaction_version >= 2 && marker.producer_epoch == entry->epoch &&
      entry->txn_first_offset.has_value()) {
    return StaleEpoch(marker.producer_id, marker.producer_epoch, entry->epoch);
  }
  return OkStatus();
}

ProducerEntry& ProducerState::Touch(ProducerId id, int16_t epoch, Timestamp timestamp) {
  ProducerEntry& entry = producers_[id];
  entry.producer_id = id;
  if (entry.epoch != epoch) {
    entry.epoch = epoch;
    entry.batch_count = 0;
  }
  entry.last_timestamp = timestamp;
  return entry;
}

void ProducerState::Apply(const ProducerAppend& batch) {
  ProducerEntry& entry = Touch(batch.producer_id, batch.producer_epoch, batch.timestamp);
  if (entry.batch_count == ProducerEntry::kCachedBatches) {
    std::move(entry.batches.begin() + 1, entry.batches.end(), entry.batches.begin());
    --entry.batch_count;
  }
  entry.batches[static_cast<size_t>(entry.batch_count++)] = {
      .last_sequence = LastSequence(batch),
      .last_offset = batch.last_offset(),
      .offset_delta = batch.last_offset_delta,
      .timestamp = batch.timestamp,
  };
  if (batch.transactional && !entry.txn_first_offset.has_value()) {
    entry.txn_first_offset = batch.base_offset;
    open_.emplace(batch.base_offset, batch.producer_id);
  }
}

std::optional<CompletedTxn> ProducerState::ApplyMarker(const ControlMarker& marker, Offset offset,
                                                       Timestamp timestamp) {
  ProducerEntry& entry = Touch(marker.producer_id, marker.producer_epoch, timestamp);
  entry.coordinator_epoch = marker.coordinator_epoch;
  if (!entry.txn_first_offset.has_value()) return std::nullopt;
  const CompletedTxn completed{.producer_id = marker.producer_id,
                               .first_offset = *entry.txn_first_offset,
                               .last_offset = offset,
                               .aborted = !marker.commit};
  entry.txn_first_offset.reset();
  open_.erase(completed.first_offset);
  unreplicated_.emplace(completed.first_offset, completed.last_offset);
  return completed;
}

Offset ProducerState::LastStableAfter(const CompletedTxn& completed) const {
  for (const auto& [first_offset, producer_id] : open_) {
    if (producer_id != completed.producer_id) return first_offset;
  }
  return completed.last_offset + 1;
}

void ProducerState::OnHighWatermark(Offset high_watermark) {
  for (auto it = unreplicated_.begin(); it != unreplicated_.end();) {
    it = it->second < high_watermark ? unreplicated_.erase(it) : std::next(it);
  }
}

std::optional<Offset> ProducerState::first_unstable_offset() const {
  std::optional<Offset> first;
  if (!open_.empty()) first = open_.begin()->first;
  if (!unreplicated_.empty() && (!first || unreplicated_.begin()->first < *first)) {
    first = unreplicated_.begin()->first;
  }
  return first;
}

bool ProducerState::HasOpenTransaction(ProducerId id, int16_t epoch) const {
  const ProducerEntry* entry = Find(id);
  return entry != nullptr && entry->epoch == epoch && entry->txn_first_offset.has_value();
}

const ProducerEntry* ProducerState::Find(ProducerId id) const {
  const auto it = producers_.find(id);
  return it == producers_.end() ? nullptr : &it->second;
}

std::vector<ProducerEntry> ProducerState::entries() const {
  std::vector<ProducerEntry> out;
  out.reserve(producers_.size());
  for (const auto& [id, entry] : producers_)
    out.push_back(entry);
  std::sort(out.begin(), out.end(), [](const ProducerEntry& a, const ProducerEntry& b) {
    return a.producer_id < b.producer_id;
  });
  return out;
}

void ProducerState::Expire(Timestamp now, std::chrono::milliseconds expiration) {
  absl::erase_if(producers_, [&](const auto& item) {
    const ProducerEntry& entry = item.second;
    return !entry.txn_first_offset.has_value() && now - entry.last_timestamp >= expiration;
  });
}

void ProducerState::OnLogStart(Offset log_start) {
  for (auto it = unreplicated_.begin(); it != unreplicated_.end();) {
    it = it->second < log_start ? unreplicated_.erase(it) : std::next(it);
  }
}

void ProducerState::Clear() {
  producers_.clear();
  open_.clear();
  unreplicated_.clear();
}

std::string ProducerState::EncodeSnapshot() const {
  std::string out;
  base::ByteWriter writer(out);
  writer.WriteInt16(kSnapshotVersion);
  writer.WriteUint32(0);  // CRC, patched below
  writer.WriteInt32(static_cast<int32_t>(producers_.size()));
  for (const ProducerEntry& entry : entries()) {
    const ProducerBatch* last = entry.last_batch();
    writer.WriteInt64(entry.producer_id.value());
    writer.WriteInt16(entry.epoch);
    writer.WriteInt32(last == nullptr ? -1 : last->last_sequence);
    writer.WriteInt64(last == nullptr ? -1 : last->last_offset.value());
    writer.WriteInt32(last == nullptr ? 0 : last->offset_delta);
    writer.WriteInt64(entry.last_timestamp.time_since_epoch().count());
    writer.WriteInt32(entry.coordinator_epoch);
    writer.WriteInt64(entry.txn_first_offset.value_or(Offset(-1)).value());
  }
  const uint32_t crc = base::Crc32c(std::string_view(out).substr(kCrcEnd));
  writer.PatchInt32(kCrcPosition, static_cast<int32_t>(crc));
  return out;
}

Status ProducerState::DecodeSnapshot(std::string_view bytes) {
  Clear();
  base::ByteReader reader(bytes);
  const int16_t version = reader.ReadInt16();
  const uint32_t crc = reader.ReadUint32();
  if (!reader.ok() || version != kSnapshotVersion || base::Crc32c(reader.rest()) != crc) {
    return Error(ErrorCode::kCorruptMessage,
                 base::StrCat("producer snapshot of ", bytes.size(),
                              " bytes has a wrong version or checksum"));
  }
  const int32_t count = reader.ReadInt32();
  for (int32_t i = 0; i < count && reader.ok(); ++i) {
    ProducerEntry entry;
    ProducerBatch last;
    entry.producer_id = ProducerId(reader.ReadInt64());
    entry.epoch = reader.ReadInt16();
    last.last_sequence = reader.ReadInt32();
    last.last_offset = Offset(reader.ReadInt64());
    last.offset_delta = reader.ReadInt32();
    last.timestamp = Timestamp(std::chrono::milliseconds(reader.ReadInt64()));
    entry.last_timestamp = last.timestamp;
    entry.coordinator_epoch = reader.ReadInt32();
    const Offset txn_first_offset(reader.ReadInt64());
    if (!reader.ok()) break;
    if (last.last_offset >= Offset(0)) {
      entry.batches[0] = last;
      entry.batch_count = 1;
    }
    if (txn_first_offset >= Offset(0)) {
      entry.txn_first_offset = txn_first_offset;
      open_.emplace(txn_first_offset, entry.producer_id);
    }
    producers_[entry.producer_id] = entry;
  }
  const Status status = reader.Finish("producer snapshot");
  if (!status.ok()) Clear();
  return status;
}

}  // namespace runnel::log
