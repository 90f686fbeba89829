// The configs of topics: one table of names, types, defaults and valid values, and the struct they
// add up to.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/types.h"

namespace runnel::metadata {

// Values by Kafka's name, as text.
using ConfigMap = std::map<std::string, std::string, std::less<>>;

// Kafka's numbers, as DescribeConfigs answers them.
enum class ConfigType : int8_t {
  kBoolean = 1,
  kString = 2,
  kInt = 3,
  kShort = 4,
  kLong = 5,
  kDouble = 6,
  kList = 7,
};
enum class ConfigSource : int8_t {
  kTopic = 1,
  kDynamicBroker = 2,
  kStaticBroker = 4,
  kDefault = 5
};

// A topic's configs, parsed. Initialisers are the defaults of the table. -1 means "no limit" where
// the table allows it.
struct TopicConfig {
  // Segments and indexes.
  int64_t segment_bytes = int64_t{1} << 30;
  std::chrono::milliseconds segment_age = std::chrono::hours(24 * 7);
  std::chrono::milliseconds segment_jitter{0};
  int64_t segment_index_bytes = 10485760;
  int64_t index_interval_bytes = 4096;
  bool preallocate = false;
  std::chrono::milliseconds file_delete_delay{60000};
  // Retention.
  bool cleanup_delete = true;    // cleanup.policy holds "delete"
  bool cleanup_compact = false;  // cleanup.policy holds "compact"
  int64_t retention_bytes = -1;
  std::chrono::milliseconds retention = std::chrono::hours(24 * 7);
  // Compaction.
  std::chrono::milliseconds delete_retention = std::chrono::hours(24);
  std::chrono::milliseconds min_compaction_lag{0};
  std::chrono::milliseconds max_compaction_lag = std::chrono::milliseconds::max();
  double min_cleanable_dirty_ratio = 0.5;
  // Appends.
  int64_t max_message_bytes = 1048588;
  std::optional<CompressionType> compression = {};  // nullopt: as the producer sent it
  int32_t compression_gzip_level = -1;
  int32_t compression_lz4_level = 9;
  int32_t compression_zstd_level = 3;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  std::chrono::milliseconds timestamp_before_max = std::chrono::milliseconds::max();
  std::chrono::milliseconds timestamp_after_max{3600000};
  int64_t flush_messages = std::numeric_limits<int64_t>::max();
  std::chrono::milliseconds flush_interval = std::chrono::milliseconds::max();
  // Replication.
  int32_t min_insync_replicas = 1;
  bool unclean_leader_election = false;
  // Runnel's own.
  std::optional<Durability> durability = {};   // runnel.durability; nullopt: the broker's
  bool in_memory = false;                      // runnel.storage=memory
  std::optional<FullPolicy> full_policy = {};  // runnel.full.policy

  friend bool operator==(const TopicConfig&, const TopicConfig&) = default;
};

// A broker config that sets the default of a topic config, in units of `unit` of the topic's.
struct BrokerSynonym {
  std::string_view name = {};
  int64_t unit = 1;  // 60000 for minutes where the topic config counts milliseconds
};

// One row of the table.
struct TopicConfigKey {
  std::string_view name = {};
  ConfigType type = ConfigType::kString;
  std::string_view default_value = {};         // "" of a key without default: unset
  std::string_view valid = {};                 // for people: ">= 1", "[compact, delete]"
  std::array<BrokerSynonym, 3> synonyms = {};  // the first one set wins; "": none
  std::string_view doc = {};
  bool hidden = false;  // not shown by describe
};

// All rows, sorted by name.
std::span<const TopicConfigKey> TopicConfigKeys();
// Null when there is no such key.
const TopicConfigKey* FindTopicConfigKey(std::string_view name);

// Checks one setting. Errors: kInvalidConfig naming key, value and what is allowed; for an unknown
// key, the nearest valid one.
Status ValidateTopicConfig(std::string_view name, std::string_view value);
// The same for a broker config that is the synonym of a topic config. Null range checks only.
Status ValidateBrokerDefault(std::string_view name, std::string_view value);
// True for names that ValidateBrokerDefault knows.
bool IsBrokerDefault(std::string_view name);

// Adds up a topic's own settings, the broker's defaults for topics (by broker names such as
// "log.retention.hours"; other broker keys are ignored) and the built-in ones, in this order.
// Errors: kInvalidConfig, also for a combination that cannot work.
StatusOr<TopicConfig> ResolveTopicConfig(const ConfigMap& topic, const ConfigMap& broker);

// One setting as DescribeConfigs shows it.
struct DescribedConfig {
  std::string name = {};
  std::optional<std::string> value = {};
  ConfigSource source = ConfigSource::kDefault;
  ConfigType type = ConfigType::kString;
  std::string documentation = {};
};
// Every visible config of a topic with its effective value, sorted by name.
std::vector<DescribedConfig> DescribeTopicConfigs(const ConfigMap& topic, const ConfigMap& broker);

}  // namespace runnel::metadata
