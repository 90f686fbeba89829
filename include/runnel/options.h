// Options of brokers, topics, producers and consumers. Names and defaults are Kafka's, except
// where the comment says otherwise; Kafka's string names stand beside each field.
#pragma once

#include <absl/functional/any_invocable.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runnel/environment.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel {

class Assignor;
class Partitioner;

// When an append counts as done, and so what survives (see README, "What is kept when").
enum class Durability {
  kMemory,    // it is in memory
  kOs,        // the operating system has it: survives the process, not a power failure
  kInterval,  // as kOs, and a sync follows within flush_interval or flush_messages
  kFsync,     // a sync that covers it has returned: survives a power failure
};
// "memory", "os", "interval", "fsync".
std::string_view ToString(Durability durability);
std::optional<Durability> ParseDurability(std::string_view name);

// Where a durable broker keeps what its internal logs add up to.
enum class StoreKind {
  kDefault,  // memory brokers: kMemory; durable ones: kLogBacked
  kMemory,
  kLogBacked,  // in memory, from a snapshot file plus the log behind it
  kRocksDb,    // on disk; needs Runnel built with RocksDB
};

// What to do when a bound on bytes is reached.
enum class FullPolicy { kDropOldest, kReject, kBlock };

struct BrokerOptions {
  // Directory of all data, created when missing. Empty: everything is kept in memory.
  std::string data_dir = {};
  // Opens a data directory for reading only, also beside a process that writes it.
  bool read_only = false;
  // For topics that do not say otherwise. nullopt: kFsync with a data directory, else kMemory.
  std::optional<Durability> durability = {};
  // Make a topic at its first use by a producer or a subscription to its name, with
  // `default_partitions` (auto.create.topics.enable).
  bool auto_create_topics = true;
  // num.partitions; at least 1.
  int32_t default_partitions = 1;
  // Configs for topics that do not set them, by Kafka's broker names, e.g. {"log.retention.ms",
  // "60000"}, and any other broker property, e.g. {"offsets.retention.minutes", "60"}.
  // An unknown key or bad value fails Broker::Open with the nearest valid one.
  std::map<std::string, std::string> properties = {};
  // Stores for topics and configs, and for group offsets.
  StoreKind metadata_store = StoreKind::kDefault;
  StoreKind offsets_store = StoreKind::kDefault;
  // Drop what the stores hold and build them again from the internal logs.
  bool rebuild_stores = false;
  // Bytes the records of memory topics may take together; senders then meet `memory_full`.
  // nullopt: no bound.
  std::optional<int64_t> memory_budget_bytes = {};
  FullPolicy memory_full = FullPolicy::kReject;
  // Files kept open at once; idle partitions hold none. At least 16.
  int32_t max_open_files = 512;
  // How long a waiting call spins before it parks its thread. 0 saves power.
  std::chrono::nanoseconds spin = std::chrono::microseconds(20);
  // node.id, as written to meta.properties and shown to clients.
  int32_t node_id = 1;
  // The outside world; null members mean the real one.
  Environment environment = {};
};
Status Validate(const BrokerOptions& options);

enum class CleanupPolicy { kDelete, kCompact, kCompactAndDelete, kNone };

// How a topic keeps its records.
struct TopicOptions {
  // Number of partitions, at least 1. It can grow later but never shrink. nullopt: the broker's
  // default_partitions.
  std::optional<int32_t> partition_count = {};
  // nullopt: the broker's default. kMemory keeps the topic's records in memory, also in a durable
  // broker.
  std::optional<Durability> durability = {};
  // kDelete drops old segments; kCompact keeps the newest record of each key (cleanup.policy).
  std::optional<CleanupPolicy> cleanup_policy = {};
  // Age at which a closed segment is deleted, from its newest record; -1: kept for ever
  // (retention.ms, default 7 days).
  std::optional<std::chrono::milliseconds> retention = {};
  // Size of a partition above which its oldest segments are deleted; -1: no bound
  // (retention.bytes, default -1).
  std::optional<int64_t> retention_bytes = {};
  // Size at which a segment is closed and a new one begun, 1 MiB to 2^31 - 1 (segment.bytes,
  // default 1 GiB). Smaller segments free space sooner and open more files.
  std::optional<int64_t> segment_bytes = {};
  // Age at which a segment is closed (segment.ms, default 7 days).
  std::optional<std::chrono::milliseconds> segment_age = {};
  // Largest batch accepted, compressed (max.message.bytes, default 1,048,588).
  std::optional<int32_t> max_message_bytes = {};
  // Who sets record timestamps (message.timestamp.type, default kCreateTime).
  std::optional<TimestampType> timestamp_type = {};
  // Any topic config by Kafka's name; wins over the fields above.
  std::map<std::string, std::string> configs = {};
};
// The same as Kafka's string configs. Errors: kInvalidConfig.
StatusOr<std::map<std::string, std::string>> ToConfigs(const TopicOptions& options);

// Who must have a record before Send is acknowledged (acks). One broker has one replica, so that
// kLeader and kAll mean the topic's durability, and kNone does not wait for a sync.
enum class Acks : int8_t { kNone = 0, kLeader = 1, kAll = -1 };

struct ProducerOptions {
  // client.id, for logs and metrics.
  std::string client_id = {};
  Acks acks = Acks::kAll;
  // compression.type. With compression, set linger or send spans: one record compresses badly.
  CompressionType compression = CompressionType::kNone;
  // Codec's own level; nullopt: its default (compression.gzip.level, .lz4.level, .zstd.level).
  std::optional<int32_t> compression_level = {};
  // How long a record waits for others to share its batch (linger.ms). 0 appends at once on the
  // caller's thread. Kafka's default is 5 ms; there is no network to save here.
  std::chrono::microseconds linger{0};
  // Bytes of a batch at which it is appended without waiting for linger (batch.size).
  int32_t batch_bytes = 16384;
  // Bytes of batches not acknowledged yet, over all partitions (buffer.memory).
  int64_t buffer_bytes = 33554432;
  // When the buffer is full: kBlock waits up to max_block, kReject fails at once.
  FullPolicy buffer_full = FullPolicy::kBlock;
  // Longest wait for buffer space or for topic metadata (max.block.ms).
  std::chrono::milliseconds max_block = std::chrono::seconds(60);
  // Upper bound from Send to its outcome (delivery.timeout.ms).
  std::chrono::milliseconds delivery_timeout = std::chrono::seconds(120);
  // Largest record accepted, uncompressed (max.request.size).
  int32_t max_record_bytes = 1048576;
  // Chooses partitions; null: Kafka's (murmur2 of the key, sticky without one).
  std::shared_ptr<Partitioner> partitioner = {};
};
Status Validate(const ProducerOptions& options);

// Where a consumer starts when its group has no committed offset, or the offset is gone
// (auto.offset.reset).
struct OffsetReset {
  enum class Kind { kLatest, kEarliest, kByDuration, kNone };
  Kind kind = Kind::kLatest;
  // For kByDuration: starts at the first record not older than this (by_duration:PnDTnHnMn.nS).
  std::chrono::milliseconds duration{0};

  static const OffsetReset kEarliest;
  static const OffsetReset kLatest;
  // Poll fails with kOffsetOutOfRange instead.
  static const OffsetReset kNone;
  static OffsetReset ByDuration(std::chrono::milliseconds duration);
};

struct ConsumerOptions {
  // Group to join with Subscribe, and to commit offsets for. Empty: no group.
  std::string group_id = {};
  OffsetReset offset_reset = {};
  // Commit the positions of delivered records in the background and at closing
  // (enable.auto.commit). Kafka's default is true; a library that promises no loss does not
  // commit what may not be processed yet.
  bool auto_commit = false;
  std::chrono::milliseconds auto_commit_interval = std::chrono::seconds(5);
  // client.id; part of generated member ids.
  std::string client_id = {};
  // Static membership: a fixed name for this member; a restart within session_timeout causes no
  // rebalance (group.instance.id). Empty: dynamic.
  std::string group_instance_id = {};
  // Most records one Poll returns, at least 1 (max.poll.records).
  int32_t max_poll_records = 500;
  // Bytes of one fetch, over all partitions and per partition (fetch.max.bytes,
  // max.partition.fetch.bytes). One batch is always returned.
  int32_t max_fetch_bytes = 52428800;
  int32_t max_partition_fetch_bytes = 1048576;
  IsolationLevel isolation_level = IsolationLevel::kReadUncommitted;
  // A member that sends no heartbeat for this long is removed (session.timeout.ms).
  std::chrono::milliseconds session_timeout = std::chrono::seconds(45);
  std::chrono::milliseconds heartbeat_interval = std::chrono::seconds(3);
  // A member that does not poll for this long leaves its group (max.poll.interval.ms).
  std::chrono::milliseconds max_poll_interval = std::chrono::minutes(5);
  // Assignors this member supports, most wanted first: "range", "roundrobin", "sticky",
  // "cooperative-sticky" or the name of one of `custom_assignors`
  // (partition.assignment.strategy).
  std::vector<std::string> assignors = {"range", "cooperative-sticky"};
  std::vector<std::shared_ptr<Assignor>> custom_assignors = {};
  // Check the CRC of batches that come from disk (check.crcs).
  bool check_crcs = true;
  // Let a subscription by pattern match internal topics (exclude.internal.topics, inverted).
  bool include_internal_topics = false;
  // client.rack, for rack-aware assignors.
  std::string rack = {};
};
Status Validate(const ConsumerOptions& options);

}  // namespace runnel
