#include "runnel/options.h"

#include <catch2/catch.hpp>

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "runnel/admin.h"

namespace runnel {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// A change that makes valid options invalid, and words the error must contain.
template <class Options>
struct BadCase {
  std::function<void(Options&)> change;
  std::vector<std::string> words;
  ErrorCode code = ErrorCode::kInvalidConfig;
};

template <class Options, class Check>
void CheckBad(const std::vector<BadCase<Options>>& cases, const Options& good, Check check) {
  REQUIRE(check(good).ok());
  for (const BadCase<Options>& bad : cases) {
    Options options = good;
    bad.change(options);
    const Status status = check(options);
    const std::string text = ToString(status);
    INFO(text);
    CHECK(CodeOf(status) == bad.code);
    for (const std::string& word : bad.words) {
      INFO("missing: " << word);
      CHECK(text.find(word) != std::string::npos);
    }
  }
}

TEST_CASE("Each bad broker option is named with its value and range", "[client][options]") {
  using O = BrokerOptions;
  const std::vector<BadCase<O>> cases = {
      {[](O& o) { o.default_partitions = 0; }, {"default_partitions is 0", "[1, "}},
      {[](O& o) { o.max_open_files = 15; }, {"max_open_files is 15", "[16, "}},
      {[](O& o) { o.node_id = -1; }, {"node_id is -1", "[0, "}},
      {[](O& o) { o.spin = std::chrono::nanoseconds(-1); }, {"spin is -1 ns", "[0, no limit]"}},
      {[](O& o) { o.memory_budget_bytes = 0; }, {"memory_budget_bytes is 0", "[1, no limit]"}},
      {[](O& o) { o.memory_full = static_cast<FullPolicy>(9); }, {"memory_full is 9"}},
      {[](O& o) { o.metadata_store = static_cast<StoreKind>(9); }, {"metadata_store is 9"}},
      {[](O& o) { o.offsets_store = static_cast<StoreKind>(9); }, {"offsets_store is 9"}},
      {[](O& o) { o.durability = static_cast<Durability>(9); }, {"durability is 9"}},
      {[](O& o) { o.read_only = true; }, {"read_only", "data_dir is empty"}},
      {[](O& o) { o.durability = Durability::kFsync; }, {"durability is fsync", "data_dir"}},
  };
  CheckBad(cases, O(), [](const O& o) { return Validate(o); });
}

TEST_CASE("Each bad producer option is named with its value and range", "[client][options]") {
  using O = ProducerOptions;
  const auto level = [](CompressionType type, int32_t value) {
    return [=](O& o) {
      o.compression = type;
      o.compression_level = value;
    };
  };
  const std::vector<BadCase<O>> cases = {
      {[](O& o) { o.acks = static_cast<Acks>(2); },
       {"acks is 2", "[-1, 0, 1]"},
       ErrorCode::kInvalidRequiredAcks},
      {[](O& o) { o.compression = static_cast<CompressionType>(5); }, {"compression is 5"}},
      {level(CompressionType::kGzip, 0), {"compression_level (gzip) is 0", "[1, 9]"}},
      {level(CompressionType::kLz4, 18), {"compression_level (lz4) is 18", "[1, 17]"}},
      {level(CompressionType::kZstd, 23), {"compression_level (zstd) is 23", "[-131072, 22]"}},
      {level(CompressionType::kSnappy, 1), {"compression_level is 1", "snappy has no levels"}},
      {level(CompressionType::kNone, 1), {"compression_level is 1", "none has no levels"}},
      {[](O& o) { o.linger = microseconds(-1); }, {"linger is -1 us", "[0, "}},
      {[](O& o) { o.linger = microseconds::max(); }, {"linger is ", " us", "[0, "}},
      {[](O& o) { o.batch_bytes = -1; }, {"batch_bytes is -1", "[0, "}},
      {[](O& o) { o.buffer_bytes = -1; }, {"buffer_bytes is -1", "[0, no limit]"}},
      {[](O& o) { o.buffer_full = FullPolicy::kDropOldest; }, {"buffer_full is kDropOldest"}},
      {[](O& o) { o.buffer_full = static_cast<FullPolicy>(7); }, {"buffer_full is 7"}},
      {[](O& o) { o.max_block = milliseconds(-1); }, {"max_block is -1 ms", "[0, "}},
      {[](O& o) { o.max_block = milliseconds::max(); }, {"max_block is "}},
      {[](O& o) { o.delivery_timeout = milliseconds(0); }, {"delivery_timeout is 0 ms", "[1, "}},
      {[](O& o) {
         o.linger = microseconds(5000);
         o.delivery_timeout = milliseconds(4);
       },
       {"delivery_timeout is 4 ms", "linger, which is 5000 us"}},
      {[](O& o) { o.max_record_bytes = -5; }, {"max_record_bytes is -5", "[0, "}},
  };
  CheckBad(cases, O(), [](const O& o) { return Validate(o); });
}

TEST_CASE("Each bad consumer option is named with its value and range", "[client][options]") {
  using O = ConsumerOptions;
  O good;
  good.group_id = "g";
  const std::vector<BadCase<O>> cases = {
      {[](O& o) { o.auto_commit_interval = milliseconds(-1); }, {"auto_commit_interval is -1 ms"}},
      {[](O& o) { o.offset_reset = OffsetReset::ByDuration(milliseconds(-2)); },
       {"offset_reset duration is -2 ms"}},
      {[](O& o) { o.offset_reset.kind = static_cast<OffsetReset::Kind>(8); },
       {"offset_reset is 8"}},
      {[](O& o) { o.max_poll_records = 0; }, {"max_poll_records is 0", "[1, "}},
      {[](O& o) { o.max_fetch_bytes = -1; }, {"max_fetch_bytes is -1", "[0, "}},
      {[](O& o) { o.max_partition_fetch_bytes = -1; }, {"max_partition_fetch_bytes is -1"}},
      {[](O& o) { o.isolation_level = static_cast<IsolationLevel>(2); }, {"isolation_level is 2"}},
      {[](O& o) { o.session_timeout = milliseconds(0); }, {"session_timeout is 0 ms", "[1, "}},
      {[](O& o) { o.heartbeat_interval = milliseconds(0); }, {"heartbeat_interval is 0 ms"}},
      {[](O& o) { o.heartbeat_interval = o.session_timeout; },
       {"heartbeat_interval is 45000 ms", "not less than session_timeout"}},
      {[](O& o) { o.max_poll_interval = milliseconds(0); }, {"max_poll_interval is 0 ms"}},
      {[](O& o) { o.assignors.clear(); }, {"assignors is empty"}},
      {[](O& o) {
         o.assignors = {"range", ""};
       },
       {"assignors holds an empty name"}},
      {[](O& o) {
         o.assignors = {"range", "range"};
       },
       {"\"range\" twice"}},
      {[](O& o) { o.custom_assignors = {nullptr}; }, {"custom_assignors holds a null pointer"}},
      {[](O& o) {
         o.group_id.clear();
         o.auto_commit = true;
       },
       {"auto_commit is set", "group_id is empty"}},
      {[](O& o) {
         o.group_id.clear();
         o.group_instance_id = "i";
       },
       {"group_instance_id is \"i\"", "group_id is empty"}},
  };
  CheckBad(cases, good, [](const O& o) { return Validate(o); });
  CHECK(Validate(ConsumerOptions()).ok());
}

TEST_CASE("Each bad topic option is named with its value and range", "[client][options]") {
  using O = TopicOptions;
  const std::vector<BadCase<O>> cases = {
      {[](O& o) { o.partition_count = 0; },
       {"partition_count is 0"},
       ErrorCode::kInvalidPartitions},
      {[](O& o) { o.durability = static_cast<Durability>(9); }, {"durability is 9"}},
      {[](O& o) { o.cleanup_policy = static_cast<CleanupPolicy>(9); }, {"cleanup_policy is 9"}},
      {[](O& o) { o.retention = milliseconds(-2); }, {"retention is -2 ms", "[-1, no limit]"}},
      {[](O& o) { o.retention_bytes = -2; }, {"retention_bytes is -2", "[-1, no limit]"}},
      {[](O& o) { o.segment_bytes = 1 << 19; }, {"segment_bytes is 524288", "[1048576, "}},
      {[](O& o) { o.segment_bytes = int64_t{1} << 31; }, {"2147483648", "2147483647]"}},
      {[](O& o) { o.segment_age = milliseconds(0); }, {"segment_age is 0 ms", "[1, "}},
      {[](O& o) { o.max_message_bytes = -1; }, {"max_message_bytes is -1", "[0, "}},
      {[](O& o) { o.timestamp_type = static_cast<TimestampType>(4); }, {"timestamp_type is 4"}},
  };
  CheckBad(cases, O(), [](const O& o) { return ToConfigs(o).status(); });
}

TEST_CASE("Topic options become Kafka's configs", "[client][options]") {
  TopicOptions options;
  options.durability = Durability::kInterval;
  options.cleanup_policy = CleanupPolicy::kCompactAndDelete;
  options.retention = milliseconds(-1);
  options.retention_bytes = 1000;
  options.segment_bytes = 1 << 20;
  options.segment_age = std::chrono::hours(1);
  options.max_message_bytes = 7;
  options.timestamp_type = TimestampType::kLogAppendTime;
  options.configs = {{"flush.ms", "9"}, {"retention.bytes", "-1"}};  // wins over the field
  const auto configs = ToConfigs(options);
  REQUIRE(configs.ok());
  CHECK(*configs == std::map<std::string, std::string>{
                        {"runnel.durability", "interval"},
                        {"cleanup.policy", "compact,delete"},
                        {"retention.ms", "-1"},
                        {"retention.bytes", "-1"},
                        {"segment.bytes", "1048576"},
                        {"segment.ms", "3600000"},
                        {"max.message.bytes", "7"},
                        {"message.timestamp.type", "LogAppendTime"},
                        {"flush.ms", "9"},
                    });
  CHECK(ToConfigs(TopicOptions())->empty());
}

TEST_CASE("Words for durability and group states are read back", "[client][options]") {
  for (const auto durability :
       {Durability::kMemory, Durability::kOs, Durability::kInterval, Durability::kFsync}) {
    CHECK(ParseDurability(ToString(durability)) == durability);
  }
  CHECK_FALSE(ParseDurability("disk").has_value());
  CHECK(ToString(GroupState::kPreparingRebalance) == "PreparingRebalance");
  CHECK(ToString(GroupState::kUnknown) == "Unknown");
}

TEST_CASE("Offset resets have Kafka's kinds", "[client][options]") {
  CHECK(OffsetReset().kind == OffsetReset::Kind::kLatest);
  CHECK(OffsetReset::kEarliest.kind == OffsetReset::Kind::kEarliest);
  CHECK(OffsetReset::kNone.kind == OffsetReset::Kind::kNone);
  CHECK(OffsetReset::ByDuration(milliseconds(5)).duration == milliseconds(5));
}

}  // namespace
}  // namespace runnel
