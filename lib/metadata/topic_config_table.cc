#include "metadata/topic_config_table.h"

#include <algorithm>

namespace runnel::metadata {
namespace {

using std::chrono::milliseconds;

using Value = ParsedConfig;
constexpr int64_t kMinute = 60'000;
constexpr int64_t kHour = 60 * kMinute;
constexpr double kMaxInt = std::numeric_limits<int32_t>::max();
constexpr std::string_view kMaxLong = "9223372036854775807";

constexpr std::array<BrokerSynonym, 3> From(BrokerSynonym a, BrokerSynonym b = {},
                                            BrokerSynonym c = {}) {
  return {a, b, c};
}

std::vector<ConfigRow> SegmentRows() {
  return {
      {.key = {"segment.bytes", ConfigType::kInt, "1073741824", ">= 1048576",
               From({"log.segment.bytes"}),
               "Size at which a segment is closed and a new one begun."},
       .min = 1048576,
       .set = [](TopicConfig& c, const Value& v) { c.segment_bytes = v.number; }},
      {.key = {"internal.segment.bytes",
               ConfigType::kInt,
               "",
               ">= 1",
               {},
               "Replaces segment.bytes without its lower bound; for tests.",
               true},
       .min = 1,
       .set = [](TopicConfig& c, const Value& v) { c.segment_bytes = v.number; }},
      {.key = {"segment.ms", ConfigType::kLong, "604800000", ">= 1",
               From({"log.roll.ms"}, {"log.roll.hours", kHour}),
               "Age at which a segment is closed even when it is not full."},
       .min = 1,
       .set = [](TopicConfig& c, const Value& v) { c.segment_age = milliseconds(v.number); }},
      {.key = {"segment.jitter.ms", ConfigType::kLong, "0", ">= 0",
               From({"log.roll.jitter.ms"}, {"log.roll.jitter.hours", kHour}),
               "Random time by which segment.ms is shortened, so that not all segments roll at "
               "once."},
       .min = 0,
       .set = [](TopicConfig& c, const Value& v) { c.segment_jitter = milliseconds(v.number); }},
      {.key = {"segment.index.bytes", ConfigType::kInt, "10485760", ">= 4",
               From({"log.index.size.max.bytes"}),
               "Size of an index at which its segment is closed."},
       .min = 4,
       .set = [](TopicConfig& c, const Value& v) { c.segment_index_bytes = v.number; }},
      {.key = {"index.interval.bytes", ConfigType::kInt, "4096", ">= 0",
               From({"log.index.interval.bytes"}), "Bytes of log per index entry."},
       .min = 0,
       .set = [](TopicConfig& c, const Value& v) { c.index_interval_bytes = v.number; }},
      {.key = {"preallocate", ConfigType::kBoolean, "false", "true or false",
               From({"log.preallocate"}), "Reserve the whole space of a segment when it is begun."},
       .set = [](TopicConfig& c, const Value& v) { c.preallocate = v.flag; }},
      {.key = {"file.delete.delay.ms", ConfigType::kLong, "60000", ">= 0",
               From({"log.segment.delete.delay.ms"}),
               "How long the files of a deleted segment stay on disk."},
       .min = 0,
       .set = [](TopicConfig& c, const Value& v) { c.file_delete_delay = milliseconds(v.number); }},
  };
}

std::vector<ConfigRow> RetentionRows() {
  return {
      {.key = {"cleanup.policy", ConfigType::kList, "delete", "[compact, delete]",
               From({"log.cleanup.policy"}),
               "delete drops old segments, compact keeps the newest record of each key; both, or "
               "neither."},
       .set =
           [](TopicConfig& c, const Value& v) {
             const auto has = [&](std::string_view word) {
               return std::find(v.words.begin(), v.words.end(), word) != v.words.end();
             };
             c.cleanup_delete = has("delete");
             c.cleanup_compact = has("compact");
           }},
      {.key = {"retention.bytes", ConfigType::kLong, "-1", ">= -1", From({"log.retention.bytes"}),
               "Size of a partition above which old segments are dropped; -1: no limit."},
       .min = -1,
       .set = [](TopicConfig& c, const Value& v) { c.retention_bytes = v.number; }},
      {.key = {"retention.ms", ConfigType::kLong, "604800000", ">= -1",
               From({"log.retention.ms"}, {"log.retention.minutes", kMinute},
                    {"log.retention.hours", kHour}),
               "Age of its newest record at which a segment is dropped; -1: no limit."},
       .min = -1,
       .set = [](TopicConfig& c, const Value& v) { c.retention = milliseconds(v.number); }},
      {.key = {"delete.retention.ms", ConfigType::kLong, "86400000", ">= 0",
               From({"log.cleaner.delete.retention.ms"}),
               "How long compaction keeps tombstones, for readers that are behind."},
       .min = 0,
       .set = [](TopicConfig& c, const Value& v) { c.delete_retention = milliseconds(v.number); }},
      {.key = {"min.compaction.lag.ms", ConfigType::kLong, "0", ">= 0",
               From({"log.cleaner.min.compaction.lag.ms"}),
               "Age below which a record is not compacted away."},
       .min = 0,
       .set = [](TopicConfig& c,
                 const Value& v) { c.min_compaction_lag = milliseconds(v.number); }},
      {.key = {"max.compaction.lag.ms", ConfigType::kLong, kMaxLong, ">= 1",
               From({"log.cleaner.max.compaction.lag.ms"}),
               "Age at which a record is due for compaction however clean the log is."},
       .min = 1,
       .set = [](TopicConfig& c,
                 const Value& v) { c.max_compaction_lag = milliseconds(v.number); }},
      {.key = {"min.cleanable.dirty.ratio", ConfigType::kDouble, "0.5", "[0, 1]",
               From({"log.cleaner.min.cleanable.ratio"}),
               "Share of not yet compacted bytes at which a log is compacted."},
       .min = 0,
       .max = 1,
       .set = [](TopicConfig& c, const Value& v) { c.min_cleanable_dirty_ratio = v.real; }},
  };
}

std::vector<ConfigRow> AppendRows() {
  return {
      {.key = {"max.message.bytes", ConfigType::kInt, "1048588", ">= 0",
               From({"message.max.bytes"}), "Largest record batch accepted, after compression."},
       .min = 0,
       .set = [](TopicConfig& c, const Value& v) { c.max_message_bytes = v.number; }},
      {.key = {"compression.type", ConfigType::kString, "producer",
               "[uncompressed, zstd, lz4, snappy, gzip, producer]", From({"compression.type"}),
               "How batches are stored; producer: as they came."},
       .set =
           [](TopicConfig& c, const Value& v) {
             c.compression =
                 v.word == "uncompressed" ? CompressionType::kNone : ParseCompressionType(v.word);
           }},
      {.key = {"compression.gzip.level", ConfigType::kInt, "-1", "[1, 9] or -1",
               From({"compression.gzip.level"}), "Level of gzip; -1: its default."},
       .min = 1,
       .max = 9,
       .also = -1,
       .set = [](TopicConfig& c,
                 const Value& v) { c.compression_gzip_level = static_cast<int32_t>(v.number); }},
      {.key = {"compression.lz4.level", ConfigType::kInt, "9", "[1, 17]",
               From({"compression.lz4.level"}), "Level of lz4."},
       .min = 1,
       .max = 17,
       .set = [](TopicConfig& c,
                 const Value& v) { c.compression_lz4_level = static_cast<int32_t>(v.number); }},
      {.key = {"compression.zstd.level", ConfigType::kInt, "3", "[-131072, 22]",
               From({"compression.zstd.level"}), "Level of zstd."},
       .min = -131072,
       .max = 22,
       .set = [](TopicConfig& c,
                 const Value& v) { c.compression_zstd_level = static_cast<int32_t>(v.number); }},
      {.key = {"message.timestamp.type", ConfigType::kString, "CreateTime",
               "[CreateTime, LogAppendTime]", From({"log.message.timestamp.type"}),
               "Who sets timestamps: the producer, or the log when it appends."},
       .set =
           [](TopicConfig& c, const Value& v) {
             c.timestamp_type = v.word == "CreateTime" ? TimestampType::kCreateTime
                                                       : TimestampType::kLogAppendTime;
           }},
      {.key = {"message.timestamp.before.max.ms", ConfigType::kLong, kMaxLong, ">= 0",
               From({"log.message.timestamp.before.max.ms"}),
               "How far a producer's timestamp may lie in the past."},
       .min = 0,
       .set = [](TopicConfig& c,
                 const Value& v) { c.timestamp_before_max = milliseconds(v.number); }},
      {.key = {"message.timestamp.after.max.ms", ConfigType::kLong, "3600000", ">= 0",
               From({"log.message.timestamp.after.max.ms"}),
               "How far a producer's timestamp may lie in the future."},
       .min = 0,
       .set = [](TopicConfig& c,
                 const Value& v) { c.timestamp_after_max = milliseconds(v.number); }},
      {.key = {"flush.messages", ConfigType::kLong, kMaxLong, ">= 1",
               From({"log.flush.interval.messages"}),
               "Records after which the log is synced; 1: each append."},
       .min = 1,
       .set = [](TopicConfig& c, const Value& v) { c.flush_messages = v.number; }},
      {.key = {"flush.ms", ConfigType::kLong, kMaxLong, ">= 0", From({"log.flush.interval.ms"}),
               "Time after which the log is synced."},
       .min = 0,
       .set = [](TopicConfig& c, const Value& v) { c.flush_interval = milliseconds(v.number); }},
  };
}

void Ignore(TopicConfig&, const ParsedConfig&) {}

// Kept for clients that set them; one replica needs no throttle, and nothing is moved to remote
// storage.
std::vector<ConfigRow> ReplicationRows() {
  return {
      {.key = {"min.insync.replicas", ConfigType::kInt, "1", ">= 1", From({"min.insync.replicas"}),
               "Replicas that must have a record before acks=all is answered."},
       .min = 1,
       .set = [](TopicConfig& c,
                 const Value& v) { c.min_insync_replicas = static_cast<int32_t>(v.number); }},
      {.key = {"unclean.leader.election.enable", ConfigType::kBoolean, "false", "true or false",
               From({"unclean.leader.election.enable"}),
               "Let a replica lead that may lack acknowledged records."},
       .set = [](TopicConfig& c, const Value& v) { c.unclean_leader_election = v.flag; }},
      {.key = {"leader.replication.throttled.replicas",
               ConfigType::kList,
               "",
               "any",
               {},
               "Replicas whose leaders are throttled. No effect."},
       .set = Ignore},
      {.key = {"follower.replication.throttled.replicas",
               ConfigType::kList,
               "",
               "any",
               {},
               "Replicas whose followers are throttled. No effect."},
       .set = Ignore},
      {.key = {"remote.storage.enable",
               ConfigType::kBoolean,
               "false",
               "false",
               {},
               "Remote storage, which Runnel does not have."},
       .set = Ignore},
      {.key = {"remote.log.copy.disable",
               ConfigType::kBoolean,
               "false",
               "true or false",
               {},
               "No effect without remote storage."},
       .set = Ignore},
      {.key = {"remote.log.delete.on.disable",
               ConfigType::kBoolean,
               "false",
               "true or false",
               {},
               "No effect without remote storage."},
       .set = Ignore},
      {.key = {"local.retention.ms", ConfigType::kLong, "-2", ">= -2",
               From({"log.local.retention.ms"}), "No effect without remote storage."},
       .min = -2,
       .set = Ignore},
      {.key = {"local.retention.bytes", ConfigType::kLong, "-2", ">= -2",
               From({"log.local.retention.bytes"}), "No effect without remote storage."},
       .min = -2,
       .set = Ignore},
  };
}

std::vector<ConfigRow> RunnelRows() {
  return {
      {.key = {"runnel.durability", ConfigType::kString, "", "[memory, os, interval, fsync]",
               From({"runnel.durability"}),
               "What an acknowledged record survives; unset: the broker's default."},
       .set =
           [](TopicConfig& c, const Value& v) {
             c.durability = v.word == "memory"     ? Durability::kMemory
                            : v.word == "os"       ? Durability::kOs
                            : v.word == "interval" ? Durability::kInterval
                                                   : Durability::kFsync;
           }},
      {.key = {"runnel.storage",
               ConfigType::kString,
               "default",
               "[default, memory]",
               {},
               "memory keeps the topic's records in memory in a durable broker too."},
       .set = [](TopicConfig& c, const Value& v) { c.in_memory = v.word == "memory"; }},
      {.key = {"runnel.full.policy",
               ConfigType::kString,
               "",
               "[drop_oldest, reject, block]",
               {},
               "What happens at retention.bytes or the broker's memory budget."},
       .set =
           [](TopicConfig& c, const Value& v) {
             c.full_policy = v.word == "drop_oldest" ? FullPolicy::kDropOldest
                             : v.word == "reject"    ? FullPolicy::kReject
                                                     : FullPolicy::kBlock;
           }},
  };
}

std::vector<ConfigRow> MakeRows() {
  std::vector<ConfigRow> rows;
  for (auto part :
       {SegmentRows(), RetentionRows(), AppendRows(), ReplicationRows(), RunnelRows()}) {
    for (ConfigRow& row : part) {
      if (row.key.type == ConfigType::kInt) row.max = std::min(row.max, kMaxInt);
      rows.push_back(std::move(row));
    }
  }
  std::sort(rows.begin(), rows.end(),
            [](const ConfigRow& a, const ConfigRow& b) { return a.key.name < b.key.name; });
  return rows;
}

}  // namespace

const std::vector<ConfigRow>& ConfigRows() {
  static const std::vector<ConfigRow>& rows = *new std::vector<ConfigRow>(MakeRows());
  return rows;
}

}  // namespace runnel::metadata
