// The broker's own properties, by Kafka's names: one table, one struct.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "metadata/topic_config.h"
#include "runnel/error.h"

namespace runnel::broker {

// The properties that mean something here; initialisers are Kafka's defaults, except where the
// comment says otherwise. Defaults of topics ("log.retention.ms") are metadata's: they stay text in
// `topic_defaults` and are resolved per topic.
struct BrokerConfig {
  using Milliseconds = std::chrono::milliseconds;

  // Topics.
  bool auto_create_topics = true;   // auto.create.topics.enable
  bool delete_topics = true;        // delete.topic.enable
  int64_t default_partitions = 1;   // num.partitions
  int64_t default_replication = 1;  // default.replication.factor; 1 is all there is
  // Fetch.
  int64_t fetch_max_bytes = 57671680;  // fetch.max.bytes
  // Retention, flushing, checkpoints.
  Milliseconds retention_check_interval{300000};  // log.retention.check.interval.ms
  Milliseconds checkpoint_interval{60000};        // log.flush.offset.checkpoint.interval.ms
  Milliseconds producer_id_expiration{86400000};  // producer.id.expiration.ms
  // Compaction.
  bool cleaner_enable = true;                       // log.cleaner.enable
  int64_t cleaner_threads = 1;                      // log.cleaner.threads; 0 turns it off
  int64_t cleaner_dedupe_buffer_bytes = 134217728;  // log.cleaner.dedupe.buffer.size
  int64_t cleaner_io_buffer_bytes = 524288;         // log.cleaner.io.buffer.size
  Milliseconds cleaner_backoff{15000};              // log.cleaner.backoff.ms
  // Groups.
  int64_t offsets_partitions = 50;                        // offsets.topic.num.partitions
  int64_t offsets_segment_bytes = 104857600;              // offsets.topic.segment.bytes
  int64_t offset_metadata_max_bytes = 4096;               // offset.metadata.max.bytes
  int64_t offsets_retention_minutes = 10080;              // offsets.retention.minutes
  Milliseconds offsets_retention_check_interval{600000};  // offsets.retention.check.interval.ms
  Milliseconds min_session_timeout{6000};                 // group.min.session.timeout.ms
  Milliseconds max_session_timeout{1800000};              // group.max.session.timeout.ms
  // group.initial.rebalance.delay.ms; Kafka waits 3000 for members that start one by one over a
  // network, members in one process need no such wait.
  Milliseconds initial_rebalance_delay{0};
  int64_t group_max_size = std::numeric_limits<int32_t>::max();  // group.max.size
  // Runnel's own.
  // runnel.idle.release.ms: a partition that was not used for this long lets go of its files.
  Milliseconds idle_release{60000};
  // runnel.interval.flush.ms: with durability "interval", the time to the sync of topics that set
  // neither flush.ms nor flush.messages.
  Milliseconds interval_flush{1000};

  // Defaults of topics by broker names, as they were given.
  metadata::ConfigMap topic_defaults = {};
};

// One row of the table: name, default, range and the member that takes the value.
struct BrokerConfigKey {
  using Member = std::variant<bool BrokerConfig::*, int64_t BrokerConfig::*,
                              std::chrono::milliseconds BrokerConfig::*>;
  std::string_view name = {};
  Member member = {};
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max();
  std::string_view doc = {};
};

// All rows, sorted by name.
std::span<const BrokerConfigKey> BrokerConfigKeys();

// Parses and checks properties.
// Errors: kInvalidConfig naming key, value and range, or the nearest valid key.
StatusOr<BrokerConfig> ParseBrokerConfig(const std::map<std::string, std::string>& properties);

// Every property with its value, sorted by name: the table's and those of topic defaults.
std::vector<metadata::DescribedConfig> DescribeBrokerConfig(
    const BrokerConfig& config, const std::map<std::string, std::string>& given,
    const metadata::ConfigMap& dynamic);

}  // namespace runnel::broker
