#include "runnel/options.h"

#include <absl/strings/numbers.h>

#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace runnel {
namespace {

using base::StrCat;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
constexpr std::string_view kDurabilityConfig = "runnel.durability";

// The text of a bound: "-1", or "2^31 - 1" and "no limit" where digits hide the meaning.
std::string BoundText(int64_t bound) {
  if (bound == kNoLimit) return "no limit";
  return std::to_string(bound);
}

Status CheckRange(std::string_view option, int64_t value, int64_t first, int64_t last,
                  std::string_view unit = "") {
  if (value >= first && value <= last) return OkStatus();
  return Error(ErrorCode::kInvalidConfig,
               StrCat(option, " is ", value, unit, ", outside [", first, ", ", BoundText(last), "]",
                      unit.empty() ? "" : " in", unit));
}

template <class Enum>
Status CheckEnum(std::string_view option, Enum value, Enum first, Enum last) {
  return CheckRange(option, static_cast<int64_t>(value), static_cast<int64_t>(first),
                    static_cast<int64_t>(last));
}

Status CheckMilliseconds(std::string_view option, std::chrono::milliseconds value, int64_t first,
                         int64_t last = kNoLimit) {
  return CheckRange(option, value.count(), first, last, " ms");
}

constexpr int64_t kMaxInt32 = std::numeric_limits<int32_t>::max();

// Codec levels as Kafka bounds them (compression.<codec>.level).
Status CheckLevel(CompressionType compression, int32_t level) {
  switch (compression) {
    case CompressionType::kGzip:
      return level == -1 ? OkStatus() : CheckRange("compression_level (gzip)", level, 1, 9);
    case CompressionType::kLz4:
      return CheckRange("compression_level (lz4)", level, 1, 17);
    case CompressionType::kZstd:
      return CheckRange("compression_level (zstd)", level, -131072, 22);
    case CompressionType::kNone:
    case CompressionType::kSnappy:
      return Error(ErrorCode::kInvalidConfig, StrCat("compression_level is ", level, ", but ",
                                                     ToString(compression), " has no levels"));
  }
  return OkStatus();  // CheckEnum has refused other numbers
}

Status CheckAssignors(const ConsumerOptions& options) {
  if (options.assignors.empty()) {
    return Error(ErrorCode::kInvalidConfig, "assignors is empty: name at least one");
  }
  std::set<std::string_view> seen;
  for (const std::string& name : options.assignors) {
    if (name.empty()) return Error(ErrorCode::kInvalidConfig, "assignors holds an empty name");
    if (!seen.insert(name).second) {
      return Error(ErrorCode::kInvalidConfig, StrCat("assignors names \"", name, "\" twice"));
    }
  }
  for (const auto& custom : options.custom_assignors) {
    if (custom == nullptr) {
      return Error(ErrorCode::kInvalidConfig, "custom_assignors holds a null pointer");
    }
  }
  return OkStatus();
}

std::string_view TextOf(CleanupPolicy policy) {
  switch (policy) {
    case CleanupPolicy::kDelete:
      return "delete";
    case CleanupPolicy::kCompact:
      return "compact";
    case CleanupPolicy::kCompactAndDelete:
      return "compact,delete";
    case CleanupPolicy::kNone:
      return "";
  }
  return "";
}

}  // namespace

std::string_view ToString(Durability durability) {
  switch (durability) {
    case Durability::kMemory:
      return "memory";
    case Durability::kOs:
      return "os";
    case Durability::kInterval:
      return "interval";
    case Durability::kFsync:
      return "fsync";
  }
  return "unknown";
}

std::optional<Durability> ParseDurability(std::string_view name) {
  for (const Durability durability :
       {Durability::kMemory, Durability::kOs, Durability::kInterval, Durability::kFsync}) {
    if (name == ToString(durability)) return durability;
  }
  return std::nullopt;
}

Status Validate(const BrokerOptions& options) {
  RUNNEL_RETURN_IF_ERROR(
      CheckRange("default_partitions", options.default_partitions, 1, kMaxInt32));
  RUNNEL_RETURN_IF_ERROR(CheckRange("max_open_files", options.max_open_files, 16, kMaxInt32));
  RUNNEL_RETURN_IF_ERROR(CheckRange("node_id", options.node_id, 0, kMaxInt32));
  RUNNEL_RETURN_IF_ERROR(CheckRange("spin", options.spin.count(), 0, kNoLimit, " ns"));
  if (options.memory_budget_bytes.has_value()) {
    RUNNEL_RETURN_IF_ERROR(
        CheckRange("memory_budget_bytes", *options.memory_budget_bytes, 1, kNoLimit));
  }
  RUNNEL_RETURN_IF_ERROR(
      CheckEnum("memory_full", options.memory_full, FullPolicy::kDropOldest, FullPolicy::kBlock));
  RUNNEL_RETURN_IF_ERROR(CheckEnum("metadata_store", options.metadata_store, StoreKind::kDefault,
                                   StoreKind::kRocksDb));
  RUNNEL_RETURN_IF_ERROR(
      CheckEnum("offsets_store", options.offsets_store, StoreKind::kDefault, StoreKind::kRocksDb));
  if (options.durability.has_value()) {
    RUNNEL_RETURN_IF_ERROR(
        CheckEnum("durability", *options.durability, Durability::kMemory, Durability::kFsync));
  }
  if (!options.data_dir.empty()) return OkStatus();
  if (options.read_only) {
    return Error(ErrorCode::kInvalidConfig, "read_only is set, but data_dir is empty");
  }
  if (options.durability.value_or(Durability::kMemory) != Durability::kMemory) {
    return Error(ErrorCode::kInvalidConfig,
                 StrCat("durability is ", ToString(*options.durability),
                        ", but data_dir is empty: only memory is there"));
  }
  return OkStatus();
}

StatusOr<std::map<std::string, std::string>> ToConfigs(const TopicOptions& options) {
  if (options.partition_count.has_value() && *options.partition_count < 1) {
    return Error(ErrorCode::kInvalidPartitions,
                 StrCat("partition_count is ", *options.partition_count, ", less than 1"));
  }
  std::map<std::string, std::string> configs;
  if (options.durability.has_value()) {
    RUNNEL_RETURN_IF_ERROR(
        CheckEnum("durability", *options.durability, Durability::kMemory, Durability::kFsync));
    configs.emplace(kDurabilityConfig, ToString(*options.durability));
  }
  if (options.cleanup_policy.has_value()) {
    RUNNEL_RETURN_IF_ERROR(CheckEnum("cleanup_policy", *options.cleanup_policy,
                                     CleanupPolicy::kDelete, CleanupPolicy::kNone));
    configs.emplace("cleanup.policy", TextOf(*options.cleanup_policy));
  }
  if (options.retention.has_value()) {
    RUNNEL_RETURN_IF_ERROR(CheckMilliseconds("retention", *options.retention, -1));
    configs.emplace("retention.ms", std::to_string(options.retention->count()));
  }
  if (options.retention_bytes.has_value()) {
    RUNNEL_RETURN_IF_ERROR(CheckRange("retention_bytes", *options.retention_bytes, -1, kNoLimit));
    configs.emplace("retention.bytes", std::to_string(*options.retention_bytes));
  }
  if (options.segment_bytes.has_value()) {
    RUNNEL_RETURN_IF_ERROR(
        CheckRange("segment_bytes", *options.segment_bytes, int64_t{1} << 20, kMaxInt32));
    configs.emplace("segment.bytes", std::to_string(*options.segment_bytes));
  }
  if (options.segment_age.has_value()) {
    RUNNEL_RETURN_IF_ERROR(CheckMilliseconds("segment_age", *options.segment_age, 1));
    configs.emplace("segment.ms", std::to_string(options.segment_age->count()));
  }
  if (options.max_message_bytes.has_value()) {
    RUNNEL_RETURN_IF_ERROR(
        CheckRange("max_message_bytes", *options.max_message_bytes, 0, kMaxInt32));
    configs.emplace("max.message.bytes", std::to_string(*options.max_message_bytes));
  }
  if (options.timestamp_type.has_value()) {
    RUNNEL_RETURN_IF_ERROR(CheckEnum("timestamp_type", *options.timestamp_type,
                                     TimestampType::kCreateTime, TimestampType::kLogAppendTime));
    configs.emplace("message.timestamp.type", ToString(*options.timestamp_type));
  }
  for (const auto& [name, value] : options.configs)
    configs.insert_or_assign(name, value);
  return configs;
}

Status Validate(const ProducerOptions& options) {
  if (options.acks != Acks::kNone && options.acks != Acks::kLeader && options.acks != Acks::kAll) {
    return Error(ErrorCode::kInvalidRequiredAcks,
                 StrCat("acks is ", static_cast<int>(options.acks), ", not one of [-1, 0, 1]"));
  }
  RUNNEL_RETURN_IF_ERROR(CheckEnum("compression", options.compression, CompressionType::kNone,
                                   CompressionType::kZstd));
  if (options.compression_level.has_value()) {
    RUNNEL_RETURN_IF_ERROR(CheckLevel(options.compression, *options.compression_level));
  }
  // Deadlines are added to a monotonic time in nanoseconds, so that a day count must not overflow.
  constexpr int64_t kMaxMilliseconds = kMaxInt32;
  RUNNEL_RETURN_IF_ERROR(
      CheckRange("linger", options.linger.count(), 0, kMaxMilliseconds * 1000, " us"));
  RUNNEL_RETURN_IF_ERROR(CheckRange("batch_bytes", options.batch_bytes, 0, kMaxInt32));
  RUNNEL_RETURN_IF_ERROR(CheckRange("buffer_bytes", options.buffer_bytes, 0, kNoLimit));
  if (options.buffer_full == FullPolicy::kDropOldest) {
    return Error(ErrorCode::kInvalidConfig,
                 "buffer_full is kDropOldest, but a producer can only kReject or kBlock");
  }
  RUNNEL_RETURN_IF_ERROR(
      CheckEnum("buffer_full", options.buffer_full, FullPolicy::kReject, FullPolicy::kBlock));
  RUNNEL_RETURN_IF_ERROR(CheckMilliseconds("max_block", options.max_block, 0, kMaxMilliseconds));
  RUNNEL_RETURN_IF_ERROR(CheckRange("max_record_bytes", options.max_record_bytes, 0, kMaxInt32));
  RUNNEL_RETURN_IF_ERROR(
      CheckMilliseconds("delivery_timeout", options.delivery_timeout, 1, kMaxMilliseconds));
  if (options.delivery_timeout < options.linger) {
    return Error(ErrorCode::kInvalidConfig,
                 StrCat("delivery_timeout is ", options.delivery_timeout.count(),
                        " ms, less than linger, which is ", options.linger.count(), " us"));
  }
  return OkStatus();
}

Status Validate(const ConsumerOptions& options) {
  constexpr int64_t kMaxMilliseconds = kMaxInt32;
  RUNNEL_RETURN_IF_ERROR(
      CheckMilliseconds("auto_commit_interval", options.auto_commit_interval, 0, kMaxMilliseconds));
  RUNNEL_RETURN_IF_ERROR(CheckEnum("offset_reset", options.offset_reset.kind,
                                   OffsetReset::Kind::kLatest, OffsetReset::Kind::kNone));
  RUNNEL_RETURN_IF_ERROR(
      CheckMilliseconds("offset_reset duration", options.offset_reset.duration, 0));
  RUNNEL_RETURN_IF_ERROR(CheckRange("max_poll_records", options.max_poll_records, 1, kMaxInt32));
  RUNNEL_RETURN_IF_ERROR(CheckRange("max_fetch_bytes", options.max_fetch_bytes, 0, kMaxInt32));
  RUNNEL_RETURN_IF_ERROR(
      CheckRange("max_partition_fetch_bytes", options.max_partition_fetch_bytes, 0, kMaxInt32));
  RUNNEL_RETURN_IF_ERROR(CheckEnum("isolation_level", options.isolation_level,
                                   IsolationLevel::kReadUncommitted,
                                   IsolationLevel::kReadCommitted));
  RUNNEL_RETURN_IF_ERROR(
      CheckMilliseconds("session_timeout", options.session_timeout, 1, kMaxMilliseconds));
  RUNNEL_RETURN_IF_ERROR(
      CheckMilliseconds("heartbeat_interval", options.heartbeat_interval, 1, kMaxMilliseconds));
  RUNNEL_RETURN_IF_ERROR(
      CheckMilliseconds("max_poll_interval", options.max_poll_interval, 1, kMaxMilliseconds));
  if (options.heartbeat_interval >= options.session_timeout) {
    return Error(ErrorCode::kInvalidConfig,
                 StrCat("heartbeat_interval is ", options.heartbeat_interval.count(),
                        " ms, not less than session_timeout, which is ",
                        options.session_timeout.count(), " ms"));
  }
  if (options.auto_commit && options.group_id.empty()) {
    return Error(ErrorCode::kInvalidConfig,
                 "auto_commit is set, but group_id is empty: offsets are committed for a group");
  }
  if (!options.group_instance_id.empty() && options.group_id.empty()) {
    return Error(
        ErrorCode::kInvalidConfig,
        StrCat("group_instance_id is \"", options.group_instance_id, "\", but group_id is empty"));
  }
  return CheckAssignors(options);
}

const OffsetReset OffsetReset::kEarliest{OffsetReset::Kind::kEarliest, {}};
const OffsetReset OffsetReset::kLatest{OffsetReset::Kind::kLatest, {}};
const OffsetReset OffsetReset::kNone{OffsetReset::Kind::kNone, {}};

OffsetReset OffsetReset::ByDuration(std::chrono::milliseconds duration) {
  return {Kind::kByDuration, duration};
}

}  // namespace runnel
