// What the log's methods take and return.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/log_config.h"
#include "runnel/clock.h"
#include "runnel/error.h"
#include "runnel/executor.h"
#include "runnel/file_system.h"
#include "runnel/logger.h"
#include "runnel/random.h"
#include "runnel/types.h"

namespace runnel::record {
class Codecs;
}

namespace runnel::log {

class ReadBufferPool;

// The outside world of one log. Everything outlives the log.
struct LogDeps {
  Directory* directory = nullptr;     // the data directory; null keeps the log in memory
  Clock* clock = nullptr;             // segment creation times only; appends are told the time
  Executor* executor = nullptr;       // optional: populates memory ahead of the tail
  Random* random = nullptr;           // segment jitter
  Logger* logger = nullptr;           // null: silent
  ReadBufferPool* buffers = nullptr;  // recycles buffers of reads from disk; null: its own
  record::Codecs* codecs = nullptr;   // compresses and decompresses; null: its own
};

// When a record becomes visible to readers.
enum class Visibility : uint8_t {
  kOnAppend,   // as soon as it is appended (memory, kOs, kInterval)
  kOnAdvance,  // when AdvanceHighWatermark() passes it (kFsync, replication)
};

struct LogOpenOptions {
  std::string name = {};  // "orders-0": the folder below the data directory
  // Stored in partition.metadata when the folder has none. A folder with another id is refused
  // with kInconsistentTopicId, unless this is zero.
  Uuid topic_id = {};
  LogConfig config = {};
  Visibility visibility = Visibility::kOnAppend;
  // True when `.kafka_cleanshutdown` was found: files are trusted and data is not read.
  bool clean_shutdown = false;
  // From the checkpoint files of the data directory.
  Offset recovery_point{0};
  std::optional<Offset> log_start_offset = {};
  std::optional<Offset> high_watermark = {};
};

// What opening one log found and did. All counts are of this log.
struct LogRecovery {
  int64_t segments = 0;
  int64_t scanned_bytes = 0;     // record bytes read and checked
  int64_t truncated_bytes = 0;   // cut off a torn tail, without the zeros allocated ahead
  int64_t deleted_segments = 0;  // after a bad batch, or half-finished deletions
  int64_t rebuilt_indexes = 0;
  int64_t replayed_batches = 0;    // for producer state
  std::vector<std::string> notes = {};  // one sentence each, for what was cut or rebuilt
};

enum class AppendOrigin : uint8_t {
  kClient,       // all checks
  kCoordinator,  // group and transaction coordinators: no idempotence checks
};
enum class Trust : uint8_t {
  kUntrusted,  // came from outside: checksum, structure and records are checked
  kTrusted,    // built by this process with record::BatchBuilder a moment ago
};
// Whether the transaction coordinator has confirmed that the partition is part of the
// transaction (KIP-890). Asked only when the producer has no transaction open here.
enum class TxnVerification : uint8_t { kUnverified, kVerified };

struct AppendOptions {
  AppendOrigin origin = AppendOrigin::kClient;
  Trust trust = Trust::kUntrusted;
  TxnVerification verification = TxnVerification::kVerified;
  LeaderEpoch leader_epoch{0};
  // Wall time: for LogAppendTime, timestamp limits and rolling by age. Read the clock at most
  // once per batch. kNoTimestamp is allowed when the topic needs none of them.
  Timestamp now = kNoTimestamp;
};

struct AppendResult {
  Offset base_offset{-1};
  Offset last_offset{-1};
  // Set when the topic uses LogAppendTime, else kNoTimestamp.
  Timestamp append_time = kNoTimestamp;
  // Readers see it on return. False: after the high watermark passes last_offset.
  bool visible = false;
  // A repeat of one of the producer's last five batches: nothing was appended, the offsets are
  // those of the original.
  bool duplicate = false;
};

// COMMIT or ABORT of a transaction.
struct ControlMarker {
  ProducerId producer_id = kNoProducerId;
  int16_t producer_epoch = -1;
  bool commit = false;
  int32_t coordinator_epoch = 0;
  // transaction.version of the request: with 2 a marker of the known epoch is fenced as well.
  int16_t transaction_version = 0;
};

// Whole record batches, with what keeps them alive.
// Lifetime: `bytes` is valid while `pin`, or a copy of it, lives; longer than the log itself.
struct RecordBytes {
  std::string_view bytes = {};
  std::shared_ptr<const void> pin = {};

  bool empty() const { return bytes.empty(); }
};

// An aborted transaction as a fetch response lists it.
struct AbortedTxn {
  ProducerId producer_id = kNoProducerId;
  Offset first_offset{0};
  Offset last_offset{0};         // of the ABORT marker
  Offset last_stable_offset{0};  // at the time of the marker

  friend bool operator==(const AbortedTxn&, const AbortedTxn&) = default;
};

// How far a reader may see.
enum class ReadBound : uint8_t { kEnd, kHighWatermark, kLastStable };

struct ReadOptions {
  Offset offset{0};
  int64_t max_bytes = 1 << 20;  // the first batch is returned even when it is larger (KIP-74)
  ReadBound bound = ReadBound::kHighWatermark;
};

struct ReadResult {
  // Starts with the batch that holds the offset; empty when there is nothing below the bound.
  RecordBytes records = {};
  Offset next_offset{0};  // after the last batch returned; the offset asked for when empty
  Offset high_watermark{0};
  Offset last_stable_offset{0};
  Offset log_start_offset{0};
  Offset end_offset{0};
  std::vector<AbortedTxn> aborted = {};  // with kLastStable only, in the order of their markers
};

// A record found by time or by epoch.
struct OffsetAndTimestamp {
  Offset offset = kNoOffset;  // kNoOffset: none
  Timestamp timestamp = kNoTimestamp;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
};
struct EpochEndOffset {
  LeaderEpoch epoch = kNoLeaderEpoch;  // kNoLeaderEpoch: undefined
  Offset end_offset = kNoOffset;

  friend bool operator==(const EpochEndOffset&, const EpochEndOffset&) = default;
};

}  // namespace runnel::log
