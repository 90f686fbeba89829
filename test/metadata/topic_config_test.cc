#include "metadata/topic_config.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "support/status.h"

namespace runnel::metadata {

using namespace std::chrono_literals;

TEST_CASE("A topic without settings has Kafka's defaults", "[metadata][config]") {
  const auto config = ResolveTopicConfig({}, {});
  REQUIRE_OK(config);
  CHECK(*config == TopicConfig{});  // the table and the initialisers agree
}

TEST_CASE("Settings of the topic win over the broker's, and those over the defaults",
          "[metadata][config]") {
  const ConfigMap broker = {{"log.retention.hours", "2"},
                            {"log.retention.minutes", "30"},
                            {"log.segment.bytes", "2000000"},
                            {"offsets.retention.minutes", "1"}};
  const auto config = ResolveTopicConfig({{"segment.bytes", "3000000"}}, broker);
  REQUIRE_OK(config);
  CHECK(config->segment_bytes == 3000000);
  CHECK(config->retention == 30min);  // minutes win over hours
  CHECK(ResolveTopicConfig({}, {{"log.retention.hours", "-1"}})->retention == -1ms);
  CHECK(ResolveTopicConfig({}, {{"log.retention.hours", "2"}})->retention == 2h);
}

TEST_CASE("Words and lists become flags and enumerators", "[metadata][config]") {
  const auto config = ResolveTopicConfig({{"cleanup.policy", "compact, delete"},
                                          {"compression.type", "zstd"},
                                          {"message.timestamp.type", "LogAppendTime"},
                                          {"preallocate", "true"},
                                          {"compression.gzip.level", "-1"},
                                          {"min.cleanable.dirty.ratio", "0.25"},
                                          {"runnel.durability", "fsync"},
                                          {"runnel.storage", "memory"},
                                          {"runnel.full.policy", "reject"}},
                                         {});
  REQUIRE_OK(config);
  CHECK(config->cleanup_compact);
  CHECK(config->cleanup_delete);
  CHECK(config->compression == CompressionType::kZstd);
  CHECK(config->timestamp_type == TimestampType::kLogAppendTime);
  CHECK(config->preallocate);
  CHECK(config->min_cleanable_dirty_ratio == 0.25);
  CHECK(config->durability == Durability::kFsync);
  CHECK(config->in_memory);
  CHECK(config->full_policy == FullPolicy::kReject);
  CHECK_FALSE(ResolveTopicConfig({{"cleanup.policy", "compact"}}, {})->cleanup_delete);
  CHECK_FALSE(ResolveTopicConfig({{"cleanup.policy", ""}}, {})->cleanup_delete);
  CHECK(ResolveTopicConfig({{"compression.type", "uncompressed"}}, {})->compression ==
        CompressionType::kNone);
}

TEST_CASE("An unknown key names the nearest one", "[metadata][config][bad-input]") {
  const Status status = ValidateTopicConfig("retention.m", "1");
  CHECK(CodeOf(status) == ErrorCode::kInvalidConfig);
  CHECK(ToString(status).find("retention.ms") != std::string::npos);
  CHECK(CodeOf(ResolveTopicConfig({{"retenton.ms", "1"}}, {})) == ErrorCode::kInvalidConfig);
  CHECK(ToString(ValidateBrokerDefault("log.retention.hour", "1")).find("log.retention.hours") !=
        std::string::npos);
}

TEST_CASE("A value out of range names key, value and range", "[metadata][config][bad-input]") {
  CHECK(ToString(ValidateTopicConfig("segment.bytes", "1000")) ==
        "INVALID_CONFIG: value \"1000\" of segment.bytes is not allowed: must be >= 1048576");
  const std::pair<const char*, const char*> bad[] = {
      {"segment.bytes", "2147483648"},
      {"segment.bytes", ""},
      {"segment.bytes", "1e9"},
      {"segment.bytes", "0x200000"},
      {"retention.ms", "-2"},
      {"retention.ms", "9223372036854775808"},
      {"retention.ms", "7d"},
      {"min.cleanable.dirty.ratio", "1.5"},
      {"min.cleanable.dirty.ratio", "nan"},
      {"cleanup.policy", "shred"},
      {"cleanup.policy", "delete,shred"},
      {"compression.type", "none"},
      {"compression.gzip.level", "0"},
      {"compression.gzip.level", "10"},
      {"compression.lz4.level", "18"},
      {"preallocate", "yes"},
      {"remote.storage.enable", "true"},
      {"runnel.durability", "maybe"},
  };
  for (const auto& [key, value] : bad) {
    INFO(key << "=" << value);
    CHECK(CodeOf(ValidateTopicConfig(key, value)) == ErrorCode::kInvalidConfig);
  }
  CHECK(CodeOf(ResolveTopicConfig({{"min.compaction.lag.ms", "10"}, {"max.compaction.lag.ms", "5"}},
                                  {})) == ErrorCode::kInvalidConfig);
}

TEST_CASE("The hidden segment size has no lower bound and wins", "[metadata][config]") {
  const auto config =
      ResolveTopicConfig({{"internal.segment.bytes", "100"}, {"segment.bytes", "2000000"}}, {});
  REQUIRE_OK(config);
  CHECK(config->segment_bytes == 100);
}

TEST_CASE("Every row has a valid default and describes itself", "[metadata][config]") {
  for (const TopicConfigKey& key : TopicConfigKeys()) {
    INFO(key.name);
    CHECK_FALSE(key.doc.empty());
    if (!key.default_value.empty()) CHECK_OK(ValidateTopicConfig(key.name, key.default_value));
    REQUIRE(FindTopicConfigKey(key.name) != nullptr);
  }
  CHECK(FindTopicConfigKey("nonsense") == nullptr);
}

TEST_CASE("Describing shows each value with its source", "[metadata][config]") {
  const auto all = DescribeTopicConfigs({{"retention.ms", "5"}}, {{"log.roll.hours", "1"}});
  const auto find = [&](std::string_view name) {
    return *std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.name == name; });
  };
  CHECK(find("retention.ms").value == "5");
  CHECK(find("retention.ms").source == ConfigSource::kTopic);
  CHECK(find("segment.ms").value == "3600000");
  CHECK(find("segment.ms").source == ConfigSource::kStaticBroker);
  CHECK(find("max.message.bytes").value == "1048588");
  CHECK(find("max.message.bytes").source == ConfigSource::kDefault);
  CHECK(find("max.message.bytes").type == ConfigType::kInt);
  CHECK(find("runnel.durability").value == std::nullopt);
  CHECK(std::none_of(all.begin(), all.end(),
                     [](const auto& c) { return c.name == "internal.segment.bytes"; }));
}

}  // namespace runnel::metadata
