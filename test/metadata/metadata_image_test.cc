#include "metadata/metadata_image.h"

#include <catch2/catch.hpp>

#include <map>

#include "metadata/topic_name.h"
#include "support/status.h"

namespace runnel::metadata {
namespace {

// An image with the log behind it and the view before it.
struct World {
  MetadataImage image;
  std::unique_ptr<Random> random = Random::Seeded(1);
  PlanContext context;
  std::vector<std::string> log;
  std::map<std::string, std::string> view;

  void Apply(const std::vector<std::string>& records) {
    for (const std::string& record : records) {
      std::vector<ViewChange> changes;
      REQUIRE_OK(image.Apply(record, &changes));
      log.push_back(record);
      for (const ViewChange& change : changes)
        Change(change);
    }
  }
  void Change(const ViewChange& change) {
    if (change.kind == ViewChange::Kind::kPut) {
      view[change.key] = change.value;
    } else if (change.kind == ViewChange::Kind::kDelete) {
      view.erase(change.key);
    } else {
      std::erase_if(view, [&](const auto& entry) { return entry.first.starts_with(change.key); });
    }
  }
  CreatableTopicResult Create(CreatableTopic topic) {
    const auto plan = image.PlanCreateTopics({.topics = {std::move(topic)}}, context, *random);
    Apply(plan.records);
    return plan.response.topics.at(0);
  }
  ErrorCode Delete(const std::string& name) {
    const auto plan = image.PlanDeleteTopics({.topics = {{.name = name}}});
    Apply(plan.records);
    return plan.response.responses.at(0).error_code;
  }
  ErrorCode Grow(const std::string& name, int32_t count) {
    const auto plan =
        image.PlanCreatePartitions({.topics = {{.name = name, .count = count}}}, context);
    Apply(plan.records);
    return plan.response.results.at(0).error_code;
  }
  AlterConfigsResourceResponse Alter(const std::string& name,
                                     std::vector<AlterableConfig> configs) {
    const auto plan = image.PlanIncrementalAlterConfigs(
        {.resources = {{.resource_name = name, .configs = std::move(configs)}}}, context);
    Apply(plan.records);
    return plan.response.responses.at(0);
  }
};

bool SameTopics(const MetadataImage& a, const MetadataImage& b) {
  if (a.topics().size() != b.topics().size()) return false;
  for (const auto& [name, topic] : a.topics()) {
    const TopicState* other = b.FindTopic(name);
    if (other == nullptr || !(*other == *topic)) return false;
  }
  return a.partition_count() == b.partition_count() && a.next_producer_id() == b.next_producer_id();
}

}  // namespace

TEST_CASE("A created topic has an id, partitions and configs", "[metadata][image]") {
  World world;
  const auto result = world.Create(
      {.name = "orders", .num_partitions = 3, .configs = {{.name = "retention.ms", .value = "5"}}});
  CHECK(result.error_code == ErrorCode::kNone);
  CHECK(result.num_partitions == 3);
  const TopicState* topic = world.image.FindTopic("orders");
  REQUIRE(topic != nullptr);
  CHECK(topic->id == result.topic_id);
  CHECK(world.image.FindTopic(result.topic_id) == topic);
  REQUIRE(topic->partitions.size() == 3);
  CHECK(topic->partitions[2].leader == world.context.node_id);
  CHECK(topic->partitions[2].leader_epoch == LeaderEpoch(0));
  CHECK(topic->configs.at("retention.ms") == "5");
  CHECK(world.image.partition_count() == 3);
}

TEST_CASE("The broker's default counts partitions", "[metadata][image]") {
  World world;
  world.context.default_partitions = 4;
  CHECK(world.Create({.name = "orders"}).num_partitions == 4);
}

TEST_CASE("Bad topics are refused one by one and leave nothing", "[metadata][image][bad-input]") {
  World world;
  REQUIRE(world.Create({.name = "a.b"}).error_code == ErrorCode::kNone);
  const size_t before = world.log.size();
  const auto code = [&](CreatableTopic topic) { return world.Create(std::move(topic)).error_code; };
  CHECK(code({.name = "a.b"}) == ErrorCode::kTopicAlreadyExists);
  CHECK(code({.name = "a_b"}) == ErrorCode::kInvalidTopicException);
  CHECK(code({.name = ""}) == ErrorCode::kInvalidTopicException);
  CHECK(code({.name = ".."}) == ErrorCode::kInvalidTopicException);
  CHECK(code({.name = "a/b"}) == ErrorCode::kInvalidTopicException);
  CHECK(code({.name = std::string(250, 'x')}) == ErrorCode::kInvalidTopicException);
  CHECK(code({.name = "t", .num_partitions = 0}) == ErrorCode::kInvalidPartitions);
  CHECK(code({.name = "t", .num_partitions = -2}) == ErrorCode::kInvalidPartitions);
  CHECK(code({.name = "t", .num_partitions = 10001}) == ErrorCode::kPolicyViolation);
  CHECK(code({.name = "t", .replication_factor = 2}) == ErrorCode::kInvalidReplicationFactor);
  CHECK(code({.name = "t", .replication_factor = 0}) == ErrorCode::kInvalidReplicationFactor);
  CHECK(code({.name = "t", .assignments = {{.broker_ids = {2}}}}) ==
        ErrorCode::kInvalidReplicaAssignment);
  CHECK(code({.name = "t", .assignments = {{.partition_index = 1, .broker_ids = {1}}}}) ==
        ErrorCode::kInvalidReplicaAssignment);
  CHECK(code({.name = "t", .num_partitions = 1, .assignments = {{.broker_ids = {1}}}}) ==
        ErrorCode::kInvalidRequest);
  CHECK(code({.name = "t", .configs = {{.name = "retention.m", .value = "1"}}}) ==
        ErrorCode::kInvalidConfig);
  CHECK(code({.name = "t", .configs = {{.name = "retention.ms"}}}) == ErrorCode::kInvalidConfig);
  CHECK(world.log.size() == before);
  CHECK(code({.name = std::string(249, 'x')}) == ErrorCode::kNone);
  CHECK(code({.name = "t", .assignments = {{.broker_ids = {1}}}}) == ErrorCode::kNone);
}

TEST_CASE("Topics named twice or colliding in one request are refused", "[metadata][image]") {
  World world;
  const auto plan = world.image.PlanCreateTopics(
      {.topics = {{.name = "x"}, {.name = "x"}, {.name = "p.q"}, {.name = "p_q"}}}, world.context,
      *world.random);
  CHECK(plan.response.topics[0].error_code == ErrorCode::kInvalidRequest);
  CHECK(plan.response.topics[1].error_code == ErrorCode::kInvalidRequest);
  CHECK(plan.response.topics[2].error_code == ErrorCode::kNone);
  CHECK(plan.response.topics[3].error_code == ErrorCode::kInvalidTopicException);
}

TEST_CASE("Validation alone writes nothing", "[metadata][image]") {
  World world;
  const auto plan = world.image.PlanCreateTopics(
      {.topics = {{.name = "x", .num_partitions = 2}}, .validate_only = true}, world.context,
      *world.random);
  CHECK(plan.response.topics[0].num_partitions == 2);
  CHECK(plan.records.empty());
}

TEST_CASE("A deleted topic takes partitions and configs along, and its name is free",
          "[metadata][image]") {
  World world;
  const auto first = world.Create(
      {.name = "a.b", .num_partitions = 3, .configs = {{.name = "retention.ms", .value = "5"}}});
  CHECK(world.Delete("a.b") == ErrorCode::kNone);
  CHECK(world.image.topics().empty());
  CHECK(world.image.partition_count() == 0);
  CHECK(world.view.empty());
  CHECK(world.Delete("a.b") == ErrorCode::kUnknownTopicOrPartition);
  const auto by_id = world.image.PlanDeleteTopics({.topics = {{.topic_id = first.topic_id}}});
  CHECK(by_id.response.responses[0].error_code == ErrorCode::kUnknownTopicId);
  const auto second = world.Create({.name = "a_b"});
  CHECK(second.error_code == ErrorCode::kNone);
  CHECK(second.topic_id != first.topic_id);
}

TEST_CASE("Partitions grow and never shrink", "[metadata][image]") {
  World world;
  world.Create({.name = "t", .num_partitions = 2});
  CHECK(world.Grow("t", 5) == ErrorCode::kNone);
  CHECK(world.image.FindTopic("t")->partitions.size() == 5);
  CHECK(world.Grow("t", 5) == ErrorCode::kInvalidPartitions);
  CHECK(world.Grow("t", 1) == ErrorCode::kInvalidPartitions);
  CHECK(world.Grow("u", 1) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(world.Grow("t", 2000000000) == ErrorCode::kPolicyViolation);
}

TEST_CASE("Configs are set, removed, and edited as lists", "[metadata][image][config]") {
  World world;
  world.Create({.name = "t"});
  const auto configs = [&] { return world.image.FindTopic("t")->configs; };
  CHECK(world.Alter("t", {{.name = "retention.ms", .value = "7"}}).error_code == ErrorCode::kNone);
  CHECK(configs().at("retention.ms") == "7");
  world.Alter("t", {{.name = "cleanup.policy",
                     .config_operation = ConfigOperation::kAppend,
                     .value = "compact"}});
  CHECK(configs().at("cleanup.policy") == "delete,compact");
  world.Alter("t", {{.name = "cleanup.policy",
                     .config_operation = ConfigOperation::kSubtract,
                     .value = "delete"}});
  CHECK(configs().at("cleanup.policy") == "compact");
  world.Alter("t", {{.name = "retention.ms", .config_operation = ConfigOperation::kDelete}});
  CHECK_FALSE(configs().contains("retention.ms"));

  const size_t before = world.log.size();
  CHECK(world
            .Alter("t", {{.name = "retention.bytes", .value = "1"},
                         {.name = "retention.ms", .value = "soon"}})
            .error_code == ErrorCode::kInvalidConfig);
  CHECK(world
            .Alter("t", {{.name = "retention.ms",
                          .config_operation = ConfigOperation::kAppend,
                          .value = "1"}})
            .error_code == ErrorCode::kInvalidConfig);
  CHECK(world.Alter("nope", {}).error_code == ErrorCode::kUnknownTopicOrPartition);
  CHECK(world.log.size() == before);
}

TEST_CASE("Replacing configs drops those not named", "[metadata][image][config]") {
  World world;
  world.Create({.name = "t", .configs = {{.name = "retention.ms", .value = "5"}}});
  const auto plan = world.image.PlanAlterConfigs(
      {.resources = {{.resource_name = "t", .configs = {{.name = "segment.ms", .value = "9"}}}}},
      world.context);
  world.Apply(plan.records);
  CHECK(world.image.FindTopic("t")->configs == ConfigMap{{"segment.ms", "9"}});
}

TEST_CASE("Broker configs are kept by node and checked", "[metadata][image][config]") {
  World world;
  const auto alter = [&](const std::string& node, const std::string& name) {
    const auto plan = world.image.PlanIncrementalAlterConfigs(
        {.resources = {{.resource_type = ResourceType::kBroker,
                        .resource_name = node,
                        .configs = {{.name = name, .value = "60000"}}}}},
        world.context);
    world.Apply(plan.records);
    return plan.response.responses[0].error_code;
  };
  CHECK(alter("", "log.retention.ms") == ErrorCode::kNone);
  CHECK(alter("9", "log.retention.ms") == ErrorCode::kInvalidRequest);
  CHECK(alter("1", "log.retentino.ms") == ErrorCode::kInvalidConfig);
  REQUIRE(world.image.FindBrokerConfigs("") != nullptr);
  CHECK(world.image.FindBrokerConfigs("")->at("log.retention.ms") == "60000");
}

TEST_CASE("Log and view rebuild the same image", "[metadata][image]") {
  World world;
  world.Create({.name = "a", .num_partitions = 3});
  world.Create({.name = "b", .configs = {{.name = "retention.ms", .value = "5"}}});
  world.Create({.name = "c", .num_partitions = 12});
  world.Grow("a", 300);
  world.Alter("b", {{.name = "segment.ms", .value = "77"}});
  world.Delete("c");
  world.Apply({EncodeRecord(PartitionChangeRecord{
      .partition_id = 1, .topic_id = world.image.FindTopic("a")->id, .leader = 1})});
  world.Apply({world.image.PlanAllocateProducerIds(1000, world.context)});
  CHECK(world.image.FindTopic("a")->partitions[1].leader_epoch == LeaderEpoch(1));
  CHECK(world.image.next_producer_id() == 1000);

  MetadataImage from_log;
  for (const std::string& record : world.log)
    CHECK_OK(from_log.Apply(record));
  CHECK(SameTopics(from_log, world.image));
  MetadataImage from_view;
  for (const auto& [key, value] : world.view)
    CHECK_OK(from_view.Apply(value));
  CHECK(SameTopics(from_view, world.image));
}

TEST_CASE("Damaged records change nothing", "[metadata][image][bad-input]") {
  World world;
  world.Create({.name = "t", .num_partitions = 2});
  const auto corrupt = [&](const std::string& record) {
    return CodeOf(world.image.Apply(record)) == ErrorCode::kCorruptMessage;
  };
  for (const std::string& record : world.log) {
    for (size_t size = 0; size < record.size(); ++size)
      CHECK(corrupt(record.substr(0, size)));
  }
  const Uuid id = world.image.FindTopic("t")->id;
  CHECK(corrupt(EncodeRecord(TopicRecord{.name = "t", .topic_id = Uuid{{1}}})));
  CHECK(corrupt(EncodeRecord(TopicRecord{.name = "u", .topic_id = id})));
  CHECK(corrupt(EncodeRecord(TopicRecord{.name = "../etc", .topic_id = Uuid{{1}}})));
  CHECK(corrupt(EncodeRecord(PartitionRecord{.partition_id = 7, .topic_id = id}, 1)));
  CHECK(corrupt(EncodeRecord(PartitionRecord{.partition_id = -1, .topic_id = id}, 1)));
  CHECK(corrupt(EncodeRecord(PartitionRecord{.partition_id = 0, .topic_id = Uuid{{1}}}, 1)));
  CHECK(corrupt(EncodeRecord(PartitionChangeRecord{.partition_id = 2, .topic_id = id})));
  CHECK(corrupt(EncodeRecord(ConfigRecord{.resource_type = 2, .resource_name = "u"})));
  CHECK(world.image.partition_count() == 2);
}

TEST_CASE("Internal topics are known by name", "[metadata]") {
  CHECK(IsInternalTopic("__consumer_offsets"));
  CHECK_FALSE(IsInternalTopic("orders"));
}

}  // namespace runnel::metadata
