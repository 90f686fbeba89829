#include "broker/broker_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "base/nearest.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::broker {
namespace {

using base::StrCat;
using B = BrokerConfig;
constexpr int64_t kInt = std::numeric_limits<int32_t>::max();
constexpr int64_t kLong = std::numeric_limits<int64_t>::max();
// Milliseconds that still fit a count of nanoseconds.
constexpr int64_t kMs = kLong / 1'000'000 - 1;

constexpr std::array kKeys = {
    BrokerConfigKey{"auto.create.topics.enable", &B::auto_create_topics, 0, 1,
                    "Make a topic at its first use."},
    BrokerConfigKey{"default.replication.factor", &B::default_replication, 1, 1,
                    "Replicas of a new topic."},
    BrokerConfigKey{"delete.topic.enable", &B::delete_topics, 0, 1,
                    "Whether topics can be deleted."},
    BrokerConfigKey{"fetch.max.bytes", &B::fetch_max_bytes, 1024, kInt,
                    "Most bytes of one fetch response."},
    BrokerConfigKey{"group.initial.rebalance.delay.ms", &B::initial_rebalance_delay, 0, kInt,
                    "How long the first join of an empty group waits for more members."},
    BrokerConfigKey{"group.max.session.timeout.ms", &B::max_session_timeout, 0, kInt,
                    "Longest session timeout a member may ask for."},
    BrokerConfigKey{"group.max.size", &B::group_max_size, 1, kInt, "Most members of one group."},
    BrokerConfigKey{"group.min.session.timeout.ms", &B::min_session_timeout, 0, kInt,
                    "Shortest session timeout a member may ask for."},
    BrokerConfigKey{"log.cleaner.backoff.ms", &B::cleaner_backoff, 0, kMs,
                    "Time between looks for logs to compact."},
    BrokerConfigKey{"log.cleaner.dedupe.buffer.size", &B::cleaner_dedupe_buffer_bytes, 1 << 16,
                    kLong, "Most memory compaction uses for its map of keys."},
    BrokerConfigKey{"log.cleaner.enable", &B::cleaner_enable, 0, 1, "Whether logs are compacted."},
    BrokerConfigKey{"log.cleaner.io.buffer.size", &B::cleaner_io_buffer_bytes, 1 << 10, kInt,
                    "Bytes compaction reads at once."},
    BrokerConfigKey{"log.cleaner.threads", &B::cleaner_threads, 0, 1,
                    "0 turns compaction off; there is one thread for it."},
    BrokerConfigKey{"log.flush.offset.checkpoint.interval.ms", &B::checkpoint_interval, 0, kInt,
                    "Time between checkpoints of recovery points, start offsets and stores."},
    BrokerConfigKey{"log.retention.check.interval.ms", &B::retention_check_interval, 1, kMs,
                    "Time between looks for segments to delete."},
    BrokerConfigKey{"num.partitions", &B::default_partitions, 1, kInt,
                    "Partitions of topics that do not say how many."},
    BrokerConfigKey{"offset.metadata.max.bytes", &B::offset_metadata_max_bytes, 0, kInt,
                    "Longest text stored with an offset."},
    BrokerConfigKey{"offsets.retention.check.interval.ms", &B::offsets_retention_check_interval, 1,
                    kMs, "Time between looks for offsets to drop."},
    BrokerConfigKey{"offsets.retention.minutes", &B::offsets_retention_minutes, 1, kInt,
                    "Age at which offsets of a group without members are dropped."},
    BrokerConfigKey{"offsets.topic.num.partitions", &B::offsets_partitions, 1, 10000,
                    "Partitions of __consumer_offsets, fixed when it is made."},
    BrokerConfigKey{"offsets.topic.segment.bytes", &B::offsets_segment_bytes, 1 << 20, kInt,
                    "segment.bytes of __consumer_offsets."},
    BrokerConfigKey{"producer.id.expiration.ms", &B::producer_id_expiration, 1, kInt,
                    "Age at which an idle producer id is forgotten."},
    BrokerConfigKey{"runnel.idle.release.ms", &B::idle_release, 1, kMs,
                    "Idle time after which a partition lets go of its files."},
    BrokerConfigKey{"runnel.interval.flush.ms", &B::interval_flush, 1, kMs,
                    "Time to the sync of topics with durability interval and no flush configs."},
};

std::string KindOf(const BrokerConfigKey& key) {
  if (std::holds_alternative<bool BrokerConfig::*>(key.member)) return "true or false";
  return StrCat("a whole number from ", key.min, " to ", key.max);
}

Status Invalid(const BrokerConfigKey& key, std::string_view value) {
  return Error(ErrorCode::kInvalidConfig,
               StrCat("property ", key.name, " is \"", value, "\": must be ", KindOf(key)));
}

std::optional<bool> ParseBool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Status Set(BrokerConfig& config, const BrokerConfigKey& key, std::string_view value) {
  if (const auto* flag = std::get_if<bool BrokerConfig::*>(&key.member)) {
    const std::optional<bool> parsed = ParseBool(value);
    if (!parsed.has_value()) return Invalid(key, value);
    config.*(*flag) = *parsed;
    return OkStatus();
  }
  const std::optional<int64_t> number = ParseNumber(value);
  if (!number.has_value() || *number < key.min || *number > key.max) return Invalid(key, value);
  if (const auto* count = std::get_if<int64_t BrokerConfig::*>(&key.member)) {
    config.*(*count) = *number;
  } else {
    config.*std::get<std::chrono::milliseconds BrokerConfig::*>(key.member) =
        std::chrono::milliseconds(*number);
  }
  return OkStatus();
}

std::string TextOf(const BrokerConfig& config, const BrokerConfigKey& key) {
  if (const auto* flag = std::get_if<bool BrokerConfig::*>(&key.member)) {
    return config.*(*flag) ? "true" : "false";
  }
  if (const auto* count = std::get_if<int64_t BrokerConfig::*>(&key.member)) {
    return std::to_string(config.*(*count));
  }
  return std::to_string(
      (config.*std::get<std::chrono::milliseconds BrokerConfig::*>(key.member)).count());
}

// Names of all properties, for suggestions.
std::vector<std::string_view> AllNames() {
  std::set<std::string_view> names;
  for (const BrokerConfigKey& key : kKeys)
    names.insert(key.name);
  for (const metadata::TopicConfigKey& key : metadata::TopicConfigKeys()) {
    for (const metadata::BrokerSynonym& synonym : key.synonyms)
      names.insert(synonym.name);
  }
  return {names.begin(), names.end()};
}

const BrokerConfigKey* FindKey(std::string_view name) {
  const auto* at = std::lower_bound(
      kKeys.begin(), kKeys.end(), name,
      [](const BrokerConfigKey& key, std::string_view wanted) { return key.name < wanted; });
  return at != kKeys.end() && at->name == name ? at : nullptr;
}

}  // namespace

std::span<const BrokerConfigKey> BrokerConfigKeys() {
  return kKeys;
}

StatusOr<BrokerConfig> ParseBrokerConfig(const std::map<std::string, std::string>& properties) {
  BrokerConfig config;
  for (const auto& [name, value] : properties) {
    if (const BrokerConfigKey* key = FindKey(name); key != nullptr) {
      RUNNEL_RETURN_IF_ERROR(Set(config, *key, value));
    } else if (metadata::IsBrokerDefault(name)) {
      RUNNEL_RETURN_IF_ERROR(metadata::ValidateBrokerDefault(name, value));
      config.topic_defaults.emplace(name, value);
    } else {
      return Error(ErrorCode::kInvalidConfig, StrCat("unknown broker property \"", name, "\"",
                                                     base::DidYouMean(name, AllNames())));
    }
  }
  if (config.min_session_timeout > config.max_session_timeout) {
    return Error(ErrorCode::kInvalidConfig,
                 StrCat("group.min.session.timeout.ms (", config.min_session_timeout.count(),
                        ") is above group.max.session.timeout.ms (",
                        config.max_session_timeout.count(), ")"));
  }
  // A combination of defaults that no topic could have is found here, not at the first topic.
  RUNNEL_RETURN_IF_ERROR(metadata::ResolveTopicConfig({}, config.topic_defaults).status());
  return config;
}

std::vector<metadata::DescribedConfig> DescribeBrokerConfig(
    const BrokerConfig& config, const std::map<std::string, std::string>& given,
    const metadata::ConfigMap& dynamic) {
  using metadata::ConfigSource;
  std::map<std::string, metadata::DescribedConfig, std::less<>> all;
  for (const BrokerConfigKey& key : kKeys) {
    const bool is_bool = std::holds_alternative<bool BrokerConfig::*>(key.member);
    all[std::string(key.name)] = {
        .name = std::string(key.name),
        .value = TextOf(config, key),
        .source = given.contains(std::string(key.name)) ? ConfigSource::kStaticBroker
                                                        : ConfigSource::kDefault,
        .type = is_bool ? metadata::ConfigType::kBoolean : metadata::ConfigType::kLong,
        .documentation = std::string(key.doc)};
  }
  for (const metadata::TopicConfigKey& key : metadata::TopicConfigKeys()) {
    for (const metadata::BrokerSynonym& synonym : key.synonyms) {
      metadata::DescribedConfig& entry = all[std::string(synonym.name)];
      entry = {.name = std::string(synonym.name),
               .value = std::nullopt,
               .source = ConfigSource::kDefault,
               .type = key.type,
               .documentation = StrCat("Default of the topic config ", key.name, ".")};
      if (&synonym == &key.synonyms.front() && synonym.unit == 1 && !key.default_value.empty()) {
        entry.value = std::string(key.default_value);
      }
      if (const auto at = given.find(entry.name); at != given.end()) {
        entry.value = at->second;
        entry.source = ConfigSource::kStaticBroker;
      }
      if (const auto at = dynamic.find(entry.name); at != dynamic.end()) {
        entry.value = at->second;
        entry.source = ConfigSource::kDynamicBroker;
      }
    }
  }
  std::vector<metadata::DescribedConfig> result;
  for (auto& [name, entry] : all)
    result.push_back(std::move(entry));
  return result;
}

}  // namespace runnel::broker
