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

// Stores all but length and CRC. The fields below the CRC go out as five words, at the places
// where the CRC loads them again: a load that spans several smaller stores would stall.
inline void StoreHeaderFields(char* out, const HeaderValues& values) {
  base::StoreBigEndian<int64_t>(out + field::kBaseOffset, values.base_offset.value());
  base::StoreBigEndian<int32_t>(out + field::kLeaderEpoch, values.leader_epoch.value());
  base::StoreBigEndian<int8_t>(out + field::kMagic, kMagicV2);
  const auto attributes = static_cast<uint16_t>(values.attributes);
  const auto last_delta = static_cast<uint32_t>(values.last_offset_delta);
  const auto base_time = static_cast<uint64_t>(values.base_timestamp.time_since_epoch().count());
  const auto max_time = static_cast<uint64_t>(values.max_timestamp.time_since_epoch().count());
  const auto producer = static_cast<uint64_t>(values.producer_id.value());
  const auto epoch = static_cast<uint16_t>(values.producer_epoch);
  const auto sequence = static_cast<uint32_t>(values.base_sequence);
  const auto count = static_cast<uint32_t>(values.record_count);
  const uint64_t words[] = {
      (uint64_t{attributes} << 48) | (uint64_t{last_delta} << 16) | (base_time >> 48),
      (base_time << 16) | (max_time >> 48),
      (max_time << 16) | (producer >> 48),
      (producer << 16) | epoch,
      (uint64_t{sequence} << 32) | count,
  };
  static_assert(field::kAttributes + sizeof words == kBatchHeaderBytes);
  char* at = out + field::kAttributes;
  for (const uint64_t word : words) {
    base::StoreBigEndian<uint64_t>(at, word);
    at += sizeof word;
  }
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
