// The settings of one partition's log, already parsed and validated.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "runnel/types.h"

namespace runnel::log {

// Plain values; names in comments are Kafka's topic configs. Copied by value: changing a topic's
// config hands the log a new one (PartitionLog::SetConfig).
struct LogConfig {
  using Milliseconds = std::chrono::milliseconds;

  // segment.bytes: a segment is closed before it would grow past this. At most 2^31 - 1.
  int64_t segment_bytes = int64_t{1} << 30;
  // segment.ms: age by record time at which a segment is closed.
  Milliseconds segment_age = std::chrono::hours(24 * 7);
  // segment.jitter.ms: up to this much is taken off segment_age, drawn once per segment.
  Milliseconds segment_jitter{0};
  // segment.index.bytes: size at which an index is full and the segment is closed.
  int32_t index_bytes = 10 << 20;
  // index.interval.bytes: an index entry is added when more than this was appended since the last.
  int32_t index_interval_bytes = 4096;

  // max.message.bytes: largest batch accepted, header included.
  int32_t max_message_bytes = 1'048'588;
  // message.timestamp.type, and how far a producer's timestamp may lie from now (nullopt: any).
  TimestampType timestamp_type = TimestampType::kCreateTime;
  std::optional<Milliseconds> timestamp_before_max;
  std::optional<Milliseconds> timestamp_after_max = std::chrono::hours(1);

  // compression.type: nullopt keeps what the producer chose ("producer").
  std::optional<CompressionType> compression;
  int gzip_level = -1;
  int lz4_level = 9;
  int zstd_level = 3;

  // retention.ms and retention.bytes; nullopt keeps for ever.
  std::optional<Milliseconds> retention_age = std::chrono::hours(24 * 7);
  std::optional<int64_t> retention_bytes;
  // cleanup.policy: both may hold. With neither, only DeleteRecords removes segments.
  bool cleanup_delete = true;
  bool cleanup_compact = false;
  // file.delete.delay.ms: how long a removed file stays as `.deleted`.
  Milliseconds delete_delay = std::chrono::minutes(1);

  // Compaction: delete.retention.ms, min.compaction.lag.ms, max.compaction.lag.ms (nullopt: no
  // limit), min.cleanable.dirty.ratio.
  Milliseconds tombstone_retention = std::chrono::hours(24);
  Milliseconds min_compaction_lag{0};
  std::optional<Milliseconds> max_compaction_lag;
  double min_cleanable_dirty_ratio = 0.5;

  // producer.id.expiration.ms: an idle producer id is forgotten after this.
  Milliseconds producer_id_expiration = std::chrono::hours(24);

  // The active file is grown ahead of its end by its own size, within these two (bytes). Small
  // values keep small logs small; large ones make allocation rare. Not Kafka's.
  int64_t allocate_step_min = 64 << 10;
  int64_t allocate_step_max = 16 << 20;
};

}  // namespace runnel::log
