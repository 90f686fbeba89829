// What a partition knows about its idempotent and transactional producers.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/log_types.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::log {

// A batch with a producer id, as far as its producer's state is concerned.
struct ProducerAppend {
  ProducerId producer_id = kNoProducerId;
  int16_t producer_epoch = -1;
  int32_t base_sequence = -1;
  int32_t last_offset_delta = 0;
  Offset base_offset{0};
  Timestamp timestamp = kNoTimestamp;  // the batch's largest
  bool transactional = false;

  Offset last_offset() const { return base_offset + last_offset_delta; }
};

// One of the last batches of a producer.
struct ProducerBatch {
  int32_t last_sequence = -1;
  Offset last_offset{-1};
  int32_t offset_delta = 0;  // last offset minus first offset
  Timestamp timestamp = kNoTimestamp;

  int32_t first_sequence() const;
  Offset first_offset() const { return last_offset - offset_delta; }
  friend bool operator==(const ProducerBatch&, const ProducerBatch&) = default;
};

struct ProducerEntry {
  static constexpr int kCachedBatches = 5;  // as many as a producer may have in flight

  ProducerId producer_id = kNoProducerId;
  int16_t epoch = -1;
  int32_t coordinator_epoch = -1;
  std::optional<Offset> txn_first_offset;  // of the open transaction
  Timestamp last_timestamp = kNoTimestamp;
  int batch_count = 0;
  std::array<ProducerBatch, kCachedBatches> batches{};  // oldest first

  const ProducerBatch* last_batch() const {
    return batch_count == 0 ? nullptr : &batches[static_cast<size_t>(batch_count - 1)];
  }
};

// A transaction that a marker has ended.
struct CompletedTxn {
  ProducerId producer_id = kNoProducerId;
  Offset first_offset{0};
  Offset last_offset{0};  // of the marker
  bool aborted = false;
};

// Per producer id: its epoch, its last five batches and its open transaction. Checks are separate
// from changes, so that recovery and followers apply without checking.
//
// Snapshot file, big-endian (Kafka's, version 1):
//   [version: 2][CRC-32C of all after it: 4][count: 4], then per producer
//   [producer id: 8][epoch: 2][last sequence: 4][last offset: 8][offset delta: 4][timestamp: 8]
//   [coordinator epoch: 4][first offset of the open transaction, -1 none: 8]
//
// Thread safety: thread-compatible; guarded by the log's append mutex.
class ProducerState {
 public:
  // Checks a client's batch. Returns the original when it repeats a cached batch.
  // Errors: kInvalidProducerEpoch, kOutOfOrderSequenceNumber, kInvalidTxnState;
  // kTransactionAbortable when a transaction would begin unverified.
  StatusOr<std::optional<ProducerBatch>> Check(const ProducerAppend& batch,
                                               TxnVerification verification) const;
  // The only check of a coordinator's batch. Errors: kInvalidProducerEpoch.
  Status CheckEpoch(const ProducerAppend& batch) const;
  // Errors: kInvalidProducerEpoch, kTransactionCoordinatorFenced.
  Status CheckMarker(const ControlMarker& marker) const;

  // Notes an appended batch: of a client, of a leader, or read in recovery.
  void Apply(const ProducerAppend& batch);
  // Notes a marker at `offset`; returns the transaction it ended, if one was open.
  std::optional<CompletedTxn> ApplyMarker(const ControlMarker& marker, Offset offset,
                                          Timestamp timestamp);
  // The last stable offset right after `completed`: the start of the next open transaction of
  // another producer, else one past the marker.
  Offset LastStableAfter(const CompletedTxn& completed) const;

  // Markers below the high watermark no longer hold the last stable offset back.
  void OnHighWatermark(Offset high_watermark);
  // Start of the earliest transaction that is open, or whose marker is not yet below the high
  // watermark.
  std::optional<Offset> first_unstable_offset() const;
  bool HasOpenTransaction(ProducerId id, int16_t epoch) const;
  const ProducerEntry* Find(ProducerId id) const;
  // Sorted by producer id.
  std::vector<ProducerEntry> entries() const;
  bool empty() const { return producers_.empty(); }

  // Forgets producers idle since before `now - expiration` without an open transaction.
  void Expire(Timestamp now, std::chrono::milliseconds expiration);
  // Completed transactions below the log start no longer hold the last stable offset back.
  void OnLogStart(Offset log_start);
  void Clear();

  std::string EncodeSnapshot() const;
  // Replaces the content. Errors: kCorruptMessage; the state is then empty.
  Status DecodeSnapshot(std::string_view bytes);

 private:
  ProducerEntry& Touch(ProducerId id, int16_t epoch, Timestamp timestamp);

  absl::flat_hash_map<ProducerId, ProducerEntry> producers_;
  absl::btree_map<Offset, ProducerId> open_;      // by first offset
  absl::btree_map<Offset, Offset> unreplicated_;  // first offset -> marker not below the HW
};

}  // namespace runnel::log
