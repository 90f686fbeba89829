// Control batches (transaction markers) and the empty batches compaction leaves behind.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "record/batch_header.h"
#include "record/record.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::record {

// What a control record means. The numbers are those of its key:
//   [version: int16 = 0][type: int16]
enum class ControlType : int16_t {
  kAbort = 0,
  kCommit = 1,
  kLeaderChange = 2,  // this and the following only in KRaft metadata logs
  kSnapshotHeader = 3,
  kSnapshotFooter = 4,
  kKraftVersion = 5,
  kKraftVoters = 6,
  kUnknown = -1,  // a type from the future: ignored by readers
};
// "ABORT", "COMMIT", ... "UNKNOWN".
std::string_view NameOf(ControlType type);

// Reads the key of a control record. Later key versions are read as version 0.
// Errors: kInvalidRecord when the key is null, cut, or its version is negative.
StatusOr<ControlType> ParseControlType(const RecordView& record);

// The end of a transaction in one partition. The value of its record is
//   [version: int16 = 0][coordinator epoch: int32]
struct EndTxnMarker {
  ControlType type = ControlType::kAbort;  // kAbort or kCommit
  int32_t coordinator_epoch = 0;
};
// Errors: as ParseControlType; kInvalidRecord when the type is another or the value is malformed.
StatusOr<EndTxnMarker> ParseEndTxnMarker(const RecordView& record);

// Reads the only record of a control batch.
// Errors: kInvalidRecord when `batch` is no control batch, is compressed, or does not hold
// exactly one well-formed record; kCorruptMessage never.
StatusOr<RecordView> ReadControlRecord(const BatchView& batch);

// Everything in a marker batch.
struct MarkerBatch {
  Offset offset{0};  // it takes one
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  Timestamp timestamp = kNoTimestamp;  // the coordinator's clock
  ProducerId producer_id = kNoProducerId;
  int16_t producer_epoch = kNoProducerEpoch;
  EndTxnMarker marker;
  // Set when compaction rewrites a marker, see BatchHeader::delete_horizon.
  std::optional<Timestamp> delete_horizon = {};
};
// Size of a marker batch without delete horizon; with one it is up to 9 bytes longer.
inline constexpr int32_t kMarkerBatchBytes = 78;
inline constexpr int32_t kMaxMarkerBatchBytes = kMarkerBatchBytes + 9;
// Writes the batch at `out`, where kMaxMarkerBatchBytes must be writable; returns its size.
int32_t EncodeMarkerBatch(char* out, const MarkerBatch& batch);

// Writes, at `out`, the 61 bytes that are kept of `original` when compaction has dropped all its
// records but its producer's last sequence or its offsets are still needed.
void EncodeEmptyBatch(char* out, const BatchHeader& original);

}  // namespace runnel::record
