// Stores a batch header; shared by everything that makes batches.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "record/batch_header.h"

namespace runnel::record::internal {

struct HeaderValues {
  Offset base_offset{0};
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  int16_t attributes = 0;
  int32_t last_offset_delta = 0;
  Timestamp base_timestamp = kNoTimestamp;
  Timestamp max_timestamp = kNoTimestamp;
  ProducerId producer_id = kNoProducerId;
  int16_t producer_epoch = kNoProducerEpoch;
  int32_t base_sequence = kNoSequence;
  int32_t record_count = 0;
};

inline void StoreTime(char* at, Timestamp timestamp) {
  base::StoreBigEndian<int64_t>(at, timestamp.time_since_epoch().count());
}

// Stores all but length and CRC.
inline void StoreHeaderFields(char* out, const HeaderValues& values) {
  base::StoreBigEndian<int64_t>(out + field::kBaseOffset, values.base_offset.value());
  base::StoreBigEndian<int32_t>(out + field::kLeaderEpoch, values.leader_epoch.value());
  base::StoreBigEndian<int8_t>(out + field::kMagic, kMagicV2);
  base::StoreBigEndian<int16_t>(out + field::kAttributes, values.attributes);
  base::StoreBigEndian<int32_t>(out + field::kLastOffsetDelta, values.last_offset_delta);
  StoreTime(out + field::kBaseTimestamp, values.base_timestamp);
  StoreTime(out + field::kMaxTimestamp, values.max_timestamp);
  base::StoreBigEndian<int64_t>(out + field::kProducerId, values.producer_id.value());
  base::StoreBigEndian<int16_t>(out + field::kProducerEpoch, values.producer_epoch);
  base::StoreBigEndian<int32_t>(out + field::kBaseSequence, values.base_sequence);
  base::StoreBigEndian<int32_t>(out + field::kRecordCount, values.record_count);
}

inline void StoreCrc(char* out, int64_t size_bytes) {
  const uint32_t crc = base::Crc32c(
      {out + field::kAttributes, static_cast<size_t>(size_bytes - field::kAttributes)});
  base::StoreBigEndian<uint32_t>(out + field::kCrc, crc);
}

inline void StoreLength(char* out, int64_t size_bytes) {
  base::StoreBigEndian<int32_t>(out + field::kBatchLength,
                                static_cast<int32_t>(size_bytes - kLogOverheadBytes));
}

}  // namespace runnel::record::internal
