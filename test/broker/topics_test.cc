#include "broker/topics.h"

#include <catch2/catch.hpp>

#include "broker/broker.h"
#include "support/broker_fixture.h"
#include "support/status.h"

namespace runnel::broker {
namespace {

using namespace runnel::testing;
using Values = std::vector<std::string>;

std::vector<std::string> NamesOf(Broker& broker) {
  std::vector<std::string> names;
  for (const auto& topic : broker.ListTopics(Admin::Internal::kExclude)) {
    names.push_back(topic->name());
  }
  return names;
}

ErrorCode Alter(Broker& broker, const std::string& topic, const std::string& key,
                const std::string& value) {
  AlterConfigsRequest request;
  AlterConfigsResource& resource = request.resources.emplace_back();
  resource.resource_name = topic;
  resource.configs = {{.name = key, .value = value}};
  return broker.IncrementalAlterConfigs(request).responses.at(0).error_code;
}

TEST_CASE("Topics are listed by name and described", "[broker][topics]") {
  BrokerFixture fixture;
  fixture.Open();
  CHECK(MakeTopic(*fixture, "b", 2) == ErrorCode::kNone);
  CHECK(MakeTopic(*fixture, "a") == ErrorCode::kNone);
  CHECK(NamesOf(*fixture) == std::vector<std::string>{"a", "b"});
  const MetadataResponse all = fixture->Metadata({});
  REQUIRE(all.topics.size() == 2);
  CHECK(all.topics[1].topic.partitions.size() == 2);
  const Uuid id = all.topics[1].topic.id;
  CHECK(fixture->FindTopic(TopicKey{.id = id}).value()->name() == "b");
  const MetadataResponse unknown = fixture->Metadata({.topics = {{{.name = "x"}}}});
  CHECK(CodeOf(unknown.topics.at(0).status) == ErrorCode::kUnknownTopicOrPartition);
}

TEST_CASE("Bad topics are refused and leave nothing behind", "[broker][topics]") {
  BrokerFixture fixture;
  fixture.Open();
  CHECK(MakeTopic(*fixture, "a.b") == ErrorCode::kNone);
  CHECK(MakeTopic(*fixture, "a.b") == ErrorCode::kTopicAlreadyExists);
  CHECK(MakeTopic(*fixture, "a_b") == ErrorCode::kInvalidTopicException);
  CHECK(MakeTopic(*fixture, "..") == ErrorCode::kInvalidTopicException);
  CHECK(MakeTopic(*fixture, "no/slash") == ErrorCode::kInvalidTopicException);
  CHECK(MakeTopic(*fixture, "none", 0) == ErrorCode::kInvalidPartitions);
  CHECK(MakeTopic(*fixture, "bad", 1, {{"retention.mss", "1"}}) == ErrorCode::kInvalidConfig);
  CHECK(DropTopic(*fixture, "never") == ErrorCode::kUnknownTopicOrPartition);
  CHECK(NamesOf(*fixture) == std::vector<std::string>{"a.b"});
}

TEST_CASE("A topic is made at its first use, if that is allowed", "[broker][topics]") {
  BrokerFixture fixture;
  fixture.options.auto_create_topics = GENERATE(true, false);
  fixture.options.default_partitions = 3;
  fixture.Open();
  CHECK(CodeOf(fixture->FindTopic("t")) == ErrorCode::kUnknownTopicOrPartition);
  const auto topic = fixture->FindTopic("t", AutoCreate::kYes);
  if (fixture.options.auto_create_topics) {
    REQUIRE_OK(topic);
    CHECK((*topic)->partition_count() == 3);
  } else {
    CHECK(CodeOf(topic) == ErrorCode::kUnknownTopicOrPartition);
  }
}

TEST_CASE("Partitions can be added, and are there after a crash", "[broker][topics]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t", 2) == ErrorCode::kNone);
  const auto topic = fixture->FindTopic("t").value();
  CHECK(topic->partition(2) == nullptr);
  const uint64_t version = fixture->topics_version();
  CreatePartitionsRequest request{.topics = {{.name = "t", .count = 4}}};
  CHECK(fixture->CreatePartitions(request).results.at(0).error_code == ErrorCode::kNone);
  CHECK(fixture->CreatePartitions(request).results.at(0).error_code ==
        ErrorCode::kInvalidPartitions);
  CHECK(topic->partition_count() == 4);
  CHECK(fixture->topics_version() > version);
  CHECK_OK(SendText(*topic->partition(3), "a"));
  fixture.Crash();
  fixture.Open();
  CHECK(ReadValues(*PartitionOf(*fixture, "t", 3)) == Values{"a"});
}

TEST_CASE("A deleted topic fails its users at once and is gone", "[broker][topics]") {
  BrokerFixture fixture;
  if (GENERATE(false, true)) fixture.options.data_dir = "";
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  const auto partition = PartitionOf(*fixture, "t");
  CHECK_OK(SendText(*partition, "old"));
  auto reader = partition->NewReader(IsolationLevel::kReadUncommitted);
  REQUIRE_OK(reader);
  REQUIRE_OK(reader->Seek(Offset(1)));
  CHECK_FALSE(reader->ready());
  CHECK(DropTopic(*fixture, "t") == ErrorCode::kNone);
  CHECK(reader->ready());
  CHECK(CodeOf(reader->Read(1000)) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(CodeOf(SendText(*partition, "lost")) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(CodeOf(fixture->FindTopic("t")) == ErrorCode::kUnknownTopicOrPartition);
  // The same name is another topic.
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  CHECK(ReadValues(*PartitionOf(*fixture, "t")).empty());
  CHECK_OK(SendText(*PartitionOf(*fixture, "t"), "new"));
  CHECK(CodeOf(SendText(*partition, "lost")) == ErrorCode::kUnknownTopicOrPartition);
}

TEST_CASE("Changed configs reach the logs in use and survive", "[broker][topics][config]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  const auto partition = PartitionOf(*fixture, "t");
  CHECK_OK(SendText(*partition, "a"));
  CHECK(Alter(*fixture, "t", "max.message.bytes", "100") == ErrorCode::kNone);
  CHECK(CodeOf(SendText(*partition, std::string(200, 'x'))) == ErrorCode::kMessageTooLarge);
  CHECK(Alter(*fixture, "t", "max.message.bytez", "100") == ErrorCode::kInvalidConfig);
  CHECK(Alter(*fixture, "t", "runnel.durability", "os") == ErrorCode::kNone);
  CHECK(partition->durability() == Durability::kOs);
  CHECK(Alter(*fixture, "t", "runnel.durability", "memory") == ErrorCode::kInvalidConfig);
  fixture.Crash();
  fixture.Open();
  CHECK(PartitionOf(*fixture, "t")->durability() == Durability::kOs);
  const auto configs = fixture->DescribeConfigs(ResourceType::kTopic, "t");
  REQUIRE_OK(configs);
  for (const DescribedConfig& config : *configs) {
    if (config.name == "max.message.bytes") CHECK(config.value == "100");
  }
}

TEST_CASE("Defaults of topics are the broker's, which can be changed", "[broker][config]") {
  BrokerFixture fixture;
  fixture.options.properties = {{"log.segment.bytes", "2097152"}};
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  const auto topic = fixture->FindTopic("t").value();
  CHECK(topic->settings()->log.segment_bytes == 2097152);
  AlterConfigsRequest request;
  request.resources.push_back({.resource_type = ResourceType::kBroker,
                               .resource_name = "1",
                               .configs = {{.name = "log.segment.bytes", .value = "3145728"}}});
  CHECK(fixture->IncrementalAlterConfigs(request).responses.at(0).error_code == ErrorCode::kNone);
  CHECK(topic->settings()->log.segment_bytes == 3145728);
  const auto configs = fixture->DescribeConfigs(ResourceType::kBroker, "");
  REQUIRE_OK(configs);
  for (const DescribedConfig& config : *configs) {
    if (config.name == "log.segment.bytes") CHECK(config.value == "3145728");
  }
}

TEST_CASE("Folders of no topic are reported and left alone", "[broker][topics]") {
  BrokerFixture fixture;
  fixture.Open();
  fixture.Close();
  {
    auto root = fixture.files.OpenDirectory("data", DirectoryMode::kMustExist).value();
    REQUIRE_OK(root->CreateDirectory("stranger-0"));
  }
  fixture.Open();
  const RecoveryReport report = fixture->recovery_report();
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].kind == RecoveryFinding::Kind::kUnknownFolder);
  CHECK(report.findings[0].file == "stranger-0");
}

// What a directory may hold after a crash while the topic "t" was being created, used or deleted.
void CheckConsistent(BrokerFixture& fixture) {
  Broker& broker = fixture.Open();
  const auto topic = broker.FindTopic("t");
  if (topic.ok()) {
    CHECK((*topic)->partition_count() == 2);
    CHECK((*topic)->configs().at("retention.ms") == "1000");
  } else {
    CHECK(MakeTopic(broker, "t", 2, {{"retention.ms", "1000"}}) == ErrorCode::kNone);
  }
  CHECK_OK(SendText(*PartitionOf(broker, "t", 1), "works"));
  CHECK(ReadValues(*PartitionOf(broker, "keep")) == Values{"kept"});
}

TEST_CASE("A crash at any moment leaves a topic whole or not at all", "[broker][topics][crash]") {
  // Snapshots before every file operation of a life in which a topic is made, used and deleted.
  BrokerFixture life;
  life.Open();
  REQUIRE(MakeTopic(*life, "keep") == ErrorCode::kNone);
  REQUIRE_OK(SendText(*PartitionOf(*life, "keep"), "kept"));
  std::vector<std::shared_ptr<const SimFileSystem::Snapshot>> states;
  life.files.set_hook([&](const OperationInfo&) { states.push_back(life.files.TakeSnapshot()); });
  REQUIRE(MakeTopic(*life, "t", 2, {{"retention.ms", "1000"}}) == ErrorCode::kNone);
  REQUIRE_OK(SendText(*PartitionOf(*life, "t", 0), "a"));
  REQUIRE(DropTopic(*life, "t") == ErrorCode::kNone);
  life.files.set_hook(nullptr);
  REQUIRE(states.size() > 10);
  uint64_t seed = 1;
  for (const auto& state : states) {
    for (int style = 0; style < 3; ++style, ++seed) {
      CAPTURE(seed);
      BrokerFixture after(seed);
      after.files.Restore(state);
      if (style == 0) after.files.Crash();
      if (style > 0) after.files.Crash(seed);
      CheckConsistent(after);
      after.Crash(seed);  // and once more, right after recovery
      CheckConsistent(after);
    }
  }
}

TEST_CASE("An acknowledged topic and its records survive any crash", "[broker][topics][crash]") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    BrokerFixture fixture(seed);
    fixture.Open();
    Values sent;
    for (int round = 0; round < 3; ++round) {
      const std::string name = "t" + std::to_string(round);
      REQUIRE(MakeTopic(*fixture, name) == ErrorCode::kNone);
      REQUIRE_OK(SendText(*PartitionOf(*fixture, name), name));
      fixture.Crash(seed * 10 + static_cast<uint64_t>(round));
      fixture.Open();
      sent.push_back(name);
      CHECK(NamesOf(*fixture) == sent);
      for (const std::string& topic : sent) {
        CHECK(ReadValues(*PartitionOf(*fixture, topic)) == Values{topic});
      }
    }
  }
}

}  // namespace
}  // namespace runnel::broker
