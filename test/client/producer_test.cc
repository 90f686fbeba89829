#include "runnel/producer.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runnel/runnel.h"
#include "runnel/testing/manual_clock.h"
#include "runnel/testing/manual_executor.h"
#include "runnel/testing/sim_file_system.h"
#include "support/temp_dir.h"

namespace runnel {
namespace {

using namespace std::chrono_literals;
using testing::ManualClock;
using testing::ManualExecutor;

// A broker in memory on a clock that stands still.
struct World {
  explicit World(BrokerOptions options = {}) {
    options.environment.clock = &clock;
    options.environment.executor = &executor;
    auto opened = Broker::Open(std::move(options));
    INFO(ToString(opened.status()));
    REQUIRE(opened.ok());
    broker = *std::move(opened);
    admin = broker->NewAdmin().value();
  }
  std::unique_ptr<Producer> NewProducer(ProducerOptions options = {}) {
    auto producer = broker->NewProducer(std::move(options));
    INFO(ToString(producer.status()));
    REQUIRE(producer.ok());
    return *std::move(producer);
  }
  void CreateTopic(std::string_view name, TopicOptions options = {}) {
    const Status created = admin->CreateTopic(name, options);
    INFO(ToString(created));
    REQUIRE(created.ok());
  }

  ManualClock clock;
  ManualExecutor executor{clock};
  std::unique_ptr<Broker> broker;
  std::unique_ptr<Admin> admin;
};

// Everything in one partition, through the engine: these tests are about producers.
std::vector<std::string> ValuesOf(Broker& broker, const TopicPartition& partition) {
  auto consumer = broker.NewConsumer({}).value();
  REQUIRE(consumer->Assign({partition}).ok());
  REQUIRE(consumer->SeekToBeginning().ok());
  const auto ends = consumer->EndOffsets({&partition, 1});
  REQUIRE(ends.ok());
  std::vector<std::string> values;
  while (consumer->Position(partition).value() < ends->at(partition)) {
    const Records records = consumer->Poll(0ms);
    INFO(ToString(records.status()));
    REQUIRE(records.ok());
    for (const RecordView& record : records)
      values.emplace_back(record.value());
  }
  return values;
}

TEST_CASE("A record is at its offset when Send returns", "[client][producer]") {
  World world;
  auto producer = world.NewProducer();
  for (int64_t i = 0; i < 3; ++i) {
    const auto sent = producer->Send({.topic = "orders", .value = "v" + std::to_string(i)});
    REQUIRE(sent.ok());
    CHECK(sent->partition == 0);
    CHECK(sent->offset == Offset(i));
    CHECK(sent->timestamp == world.clock.Now());
  }
  CHECK(ValuesOf(*world.broker, {"orders", 0}) == std::vector<std::string>{"v0", "v1", "v2"});
}

TEST_CASE("Keys, explicit partitions and timestamps are kept", "[client][producer]") {
  World world;
  world.CreateTopic("orders", {.partition_count = 10});
  auto producer = world.NewProducer();
  CHECK(producer->PartitionCount("orders").value() == 10);
  CHECK(producer->Send({.topic = "orders", .key = "abc"})->partition == 7);  // as Java
  CHECK(producer->Send({.topic = "orders", .key = "abc", .partition = 2})->partition == 2);
  const Timestamp time{1234567ms};
  CHECK(producer->Send({.topic = "orders", .value = "v", .timestamp = time})->timestamp == time);
  const auto outside = producer->Send({.topic = "orders", .partition = 10});
  CHECK(CodeOf(outside) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(ToString(outside.status()).find("partition 10 is outside [0, 10)") != std::string::npos);
}

TEST_CASE("With LogAppendTime the metadata carries the broker's time", "[client][producer]") {
  World world;
  world.CreateTopic("t", {.timestamp_type = TimestampType::kLogAppendTime});
  const ProducerRecord record{.topic = "t", .value = "v", .timestamp = Timestamp(5ms)};
  CHECK(world.NewProducer()->Send(record)->timestamp == world.clock.Now());
  ProducerOptions lingering{.linger = 1ms};
  CHECK(world.NewProducer(lingering)->Send(record)->timestamp == world.clock.Now());
}

TEST_CASE("A custom partitioner is asked, and held to its range", "[client][producer]") {
  struct Last final : Partitioner {
    int32_t Partition(std::string_view, std::optional<std::string_view> key,
                      std::optional<std::string_view>, int64_t, int32_t count) override {
      return key.has_value() ? count - 1 : count;
    }
  };
  World world;
  world.CreateTopic("t", {.partition_count = 4});
  auto producer = world.NewProducer({.partitioner = std::make_shared<Last>()});
  CHECK(producer->Send({.topic = "t", .key = "k"})->partition == 3);
  const auto bad = producer->Send({.topic = "t"});
  CHECK(CodeOf(bad) == ErrorCode::kInvalidPartitions);
  CHECK(ToString(bad.status()).find("chose 4, outside [0, 4)") != std::string::npos);
}

TEST_CASE("Callbacks and futures tell the place of a record", "[client][producer]") {
  const auto linger = GENERATE(std::chrono::microseconds(0), std::chrono::microseconds(5000));
  World world;
  auto producer = world.NewProducer({.linger = linger});
  std::vector<int64_t> told;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(producer
                ->Send({.topic = "t", .value = "v"},
                       [&](const StatusOr<RecordMetadata>& result) {
                         REQUIRE(result.ok());
                         told.push_back(result->offset.value());
                       })
                .ok());
  }
  auto future = producer->SendFuture({.topic = "t", .value = "w"});
  if (linger.count() > 0) {
    CHECK(told.empty());
    world.executor.Advance(4999us);
    CHECK(told.empty());
    world.executor.Advance(1us);
  }
  CHECK(told == std::vector<int64_t>{0, 1, 2, 3, 4});
  CHECK(future.get()->offset == Offset(5));
}

TEST_CASE("A callback may send again", "[client][producer]") {
  World world;
  auto producer = world.NewProducer();
  std::vector<int64_t> told;
  std::function<void(int)> send = [&](int left) {
    const Status accepted = producer->Send({.topic = "t", .value = "v"},
                                           [&, left](const StatusOr<RecordMetadata>& result) {
                                             told.push_back(result->offset.value());
                                             if (left > 0) send(left - 1);
                                           });
    REQUIRE(accepted.ok());
  };
  send(3);
  CHECK(told == std::vector<int64_t>{0, 1, 2, 3});
}

TEST_CASE("A full batch is appended before linger has passed", "[client][producer][linger]") {
  World world;
  auto producer = world.NewProducer({.linger = 1min, .batch_bytes = 1000});
  int told = 0;
  const std::string value(300, 'x');
  for (int i = 0; i < 3; ++i) {
    REQUIRE(
        producer
            ->Send({.topic = "t", .value = value}, [&](const StatusOr<RecordMetadata>&) { ++told; })
            .ok());
  }
  CHECK(told == 0);
  REQUIRE(producer->Enqueue({.topic = "t", .value = value}).ok());
  CHECK(told == 3);
  CHECK(producer->Flush().ok());
  CHECK(ValuesOf(*world.broker, {"t", 0}).size() == 4);
}

TEST_CASE("A blocking send takes what lingers with it, in order", "[client][producer][linger]") {
  World world;
  auto producer = world.NewProducer({.linger = 1min});
  REQUIRE(producer->Enqueue({.topic = "t", .value = "a"}).ok());
  const Elapsed before = world.clock.ElapsedTime();
  CHECK(producer->Send({.topic = "t", .value = "b"})->offset == Offset(1));
  const std::vector<ProducerRecord> span = {{.topic = "t", .value = "c"},
                                            {.topic = "t", .value = "d"}};
  REQUIRE(producer->Enqueue({.topic = "t", .value = "-"}).ok());
  const auto sent = producer->Send(span);
  REQUIRE(sent.ok());
  CHECK(sent->at(1).offset == Offset(4));
  CHECK(world.clock.ElapsedTime() == before);
  CHECK(ValuesOf(*world.broker, {"t", 0}) == std::vector<std::string>{"a", "b", "-", "c", "d"});
}

TEST_CASE("Each codec is read back", "[client][producer][compression]") {
  const CompressionType compression = GENERATE(CompressionType::kLz4, CompressionType::kZstd,
                                               CompressionType::kSnappy, CompressionType::kGzip);
  const auto linger = GENERATE(std::chrono::microseconds(0), std::chrono::microseconds(1000));
  World world;
  auto made = world.broker->NewProducer({.compression = compression, .linger = linger});
  if (CodeOf(made) == ErrorCode::kUnsupportedCompressionType) return;
  auto producer = *std::move(made);
  std::vector<std::string> values;
  for (int i = 0; i < 500; ++i)
    values.push_back("value number " + std::to_string(i));
  for (const std::string& value : values) {
    REQUIRE(producer->Enqueue({.topic = "t", .value = value}).ok());
  }
  CHECK(producer->Flush().ok());
  CHECK(ValuesOf(*world.broker, {"t", 0}) == values);
}

TEST_CASE("A span is shared out to partitions and keeps its order in each", "[client][producer]") {
  const auto linger = GENERATE(std::chrono::microseconds(0), std::chrono::microseconds(1000));
  World world;
  world.CreateTopic("a", {.partition_count = 3});
  auto producer = world.NewProducer({.linger = linger, .batch_bytes = 2000});
  std::vector<std::string> values;
  for (int i = 0; i < 300; ++i)
    values.push_back(std::to_string(i));
  std::vector<ProducerRecord> records;
  for (int i = 0; i < 300; ++i) {
    records.push_back({.topic = i % 7 == 0 ? "b" : "a", .value = values[i]});
    if (i % 7 != 0) records.back().partition = i % 3;
  }
  const auto sent = producer->Send(records);
  INFO(ToString(sent.status()));
  REQUIRE(sent.ok());
  REQUIRE(sent->size() == 300);
  std::map<TopicPartition, std::vector<std::string>> expected;
  for (int i = 0; i < 300; ++i) {
    const TopicPartition at{std::string(records[i].topic), sent->at(i).partition};
    if (records[i].partition.has_value()) CHECK(at.partition == *records[i].partition);
    CHECK(sent->at(i).offset == Offset(static_cast<int64_t>(expected[at].size())));
    expected[at].push_back(values[i]);
  }
  for (const auto& [partition, wanted] : expected) {
    CHECK(ValuesOf(*world.broker, partition) == wanted);
  }
  CHECK(producer->SendAll({}).ok());
}

TEST_CASE("A span with one bad record stores nothing", "[client][producer]") {
  World world({.auto_create_topics = false});
  world.CreateTopic("t");
  auto producer = world.NewProducer();
  const std::vector<ProducerRecord> records = {{.topic = "t", .value = "v"},
                                               {.topic = "missing", .value = "v"}};
  CHECK(CodeOf(producer->SendAll(records)) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(ValuesOf(*world.broker, {"t", 0}).empty());
}

TEST_CASE("Topics are made at first use only where the broker says so", "[client][producer]") {
  World world({.auto_create_topics = false});
  const auto linger = GENERATE(std::chrono::microseconds(0), std::chrono::microseconds(1000));
  auto producer = world.NewProducer({.linger = linger});
  CHECK(CodeOf(producer->Send({.topic = "t"})) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(CodeOf(producer->Enqueue({.topic = "t"})) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(CodeOf(producer->PartitionCount("t")) == ErrorCode::kUnknownTopicOrPartition);
  world.CreateTopic("t");
  CHECK(producer->Send({.topic = "t"}).ok());
}

TEST_CASE("Illegal names and internal topics are refused", "[client][producer]") {
  World world;
  auto producer = world.NewProducer();
  CHECK(CodeOf(producer->Send({.topic = "a/b"})) == ErrorCode::kInvalidTopicException);
  CHECK(CodeOf(producer->Send({.topic = ""})) == ErrorCode::kInvalidTopicException);
}

TEST_CASE("A topic deleted and made again is found again", "[client][producer]") {
  const auto linger = GENERATE(std::chrono::microseconds(0), std::chrono::microseconds(1000));
  World world({.auto_create_topics = false});
  world.CreateTopic("t", {.partition_count = 3});
  auto producer = world.NewProducer({.linger = linger});
  CHECK(producer->Send({.topic = "t", .value = "old", .partition = 2})->offset == Offset(0));
  REQUIRE(world.admin->DeleteTopic("t").ok());
  CHECK(CodeOf(producer->Send({.topic = "t"})) == ErrorCode::kUnknownTopicOrPartition);
  const std::vector<ProducerRecord> one = {{.topic = "t", .value = "x", .partition = 0}};
  CHECK(CodeOf(producer->SendAll(one)) == ErrorCode::kUnknownTopicOrPartition);
  world.CreateTopic("t", {.partition_count = 2});
  CHECK(producer->SendAll(one).ok());
  CHECK(producer->Send({.topic = "t", .value = "new", .partition = 1})->offset == Offset(0));
  CHECK(CodeOf(producer->Send({.topic = "t", .partition = 2})) ==
        ErrorCode::kUnknownTopicOrPartition);
}

TEST_CASE("Lingering records of a topic that was made again go there", "[client][producer]") {
  World world({.auto_create_topics = false});
  world.CreateTopic("t");
  auto producer = world.NewProducer({.linger = 1s});
  REQUIRE(producer->Enqueue({.topic = "t", .value = "v"}).ok());
  REQUIRE(world.admin->DeleteTopic("t").ok());
  SECTION("made again") {
    world.CreateTopic("t");
    CHECK(producer->Flush().ok());
    CHECK(ValuesOf(*world.broker, {"t", 0}) == std::vector<std::string>{"v"});
  }
  SECTION("gone: the next Flush says so, once") {
    CHECK(CodeOf(producer->Flush()) == ErrorCode::kUnknownTopicOrPartition);
    CHECK(producer->Flush().ok());
  }
}

TEST_CASE("New partitions are used as soon as they are there", "[client][producer]") {
  World world;
  world.CreateTopic("t", {.partition_count = 1});
  auto producer = world.NewProducer({.partitioner = Partitioner::RoundRobin()});
  CHECK(producer->Send({.topic = "t"})->partition == 0);
  REQUIRE(world.admin->CreatePartitions("t", 3).ok());
  CHECK(producer->PartitionCount("t").value() == 3);
  std::vector<int32_t> used;
  for (int i = 0; i < 3; ++i)
    used.push_back(producer->Send({.topic = "t"})->partition);
  std::sort(used.begin(), used.end());
  CHECK(used == std::vector<int32_t>{0, 1, 2});
}

TEST_CASE("Records beyond max_record_bytes or max.message.bytes are refused",
          "[client][producer][bounds]") {
  const auto linger = GENERATE(std::chrono::microseconds(0), std::chrono::microseconds(1000));
  World world;
  world.CreateTopic("small", {.max_message_bytes = 500});
  auto producer = world.NewProducer({.linger = linger, .max_record_bytes = 10'000});
  const std::string big(10'000, 'x');
  const auto refused = producer->Send({.topic = "t", .value = big});
  CHECK(CodeOf(refused) == ErrorCode::kMessageTooLarge);
  CHECK(ToString(refused.status()).find("max_record_bytes, 10000") != std::string::npos);
  const std::string medium(1000, 'x');
  CHECK(CodeOf(producer->Send({.topic = "small", .value = medium})) == ErrorCode::kMessageTooLarge);
  // Together they are larger than the topic takes in one batch; each is not.
  const std::string part(150, 'x');
  const std::vector<ProducerRecord> records(10, {.topic = "small", .value = part});
  const Status sent = producer->SendAll(records);
  INFO(ToString(sent));
  CHECK(sent.ok());
  for (int i = 0; i < 10; ++i)
    REQUIRE(producer->Enqueue(records[0]).ok());
  CHECK(producer->Flush().ok());
  CHECK(ValuesOf(*world.broker, {"small", 0}).size() == 20);
}

TEST_CASE("A full buffer rejects or waits, as it is told", "[client][producer][bounds]") {
  World world;
  const std::string value(1000, 'x');
  SECTION("reject: what lingers is appended first, so that it is rarely full") {
    auto producer = world.NewProducer({.linger = 1min,
                                       .batch_bytes = 100'000,
                                       .buffer_bytes = 3000,
                                       .buffer_full = FullPolicy::kReject});
    for (int i = 0; i < 10; ++i)
      CHECK(producer->Enqueue({.topic = "t", .value = value}).ok());
    CHECK(ValuesOf(*world.broker, {"t", 0}).size() >= 8);
  }
  SECTION("a record larger than the whole buffer never fits") {
    auto producer = world.NewProducer({.linger = 1min, .buffer_bytes = 500});
    CHECK(CodeOf(producer->Enqueue({.topic = "t", .value = value})) == ErrorCode::kMessageTooLarge);
  }
}

TEST_CASE("A closed producer has flushed and refuses", "[client][producer]") {
  World world;
  auto producer = world.NewProducer({.linger = 1min});
  int told = 0;
  REQUIRE(producer->Send({.topic = "t", .value = "v"}, [&](const auto&) { ++told; }).ok());
  CHECK(producer->Close().ok());
  CHECK(told == 1);
  CHECK(producer->Close().ok());
  CHECK(CodeOf(producer->Send({.topic = "t"})) == ErrorCode::kInvalidRequest);
  CHECK(CodeOf(producer->Enqueue({.topic = "t"})) == ErrorCode::kInvalidRequest);
  CHECK(CodeOf(producer->SendAll(std::vector<ProducerRecord>{{.topic = "t"}})) ==
        ErrorCode::kInvalidRequest);
  CHECK(producer->Flush().ok());
}

TEST_CASE("Destroying a producer appends what lingers", "[client][producer]") {
  World world;
  REQUIRE(world.NewProducer({.linger = 1min})->Enqueue({.topic = "t", .value = "v"}).ok());
  CHECK(ValuesOf(*world.broker, {"t", 0}).size() == 1);
}

TEST_CASE("A closed broker fails sends with kBrokerNotAvailable", "[client][producer]") {
  const auto linger = GENERATE(std::chrono::microseconds(0), std::chrono::microseconds(1000));
  World world;
  auto producer = world.NewProducer({.linger = linger});
  REQUIRE(producer->Send({.topic = "t", .value = "v"}).ok());
  REQUIRE(world.broker->Close().ok());
  CHECK(CodeOf(producer->Send({.topic = "t", .value = "v"})) == ErrorCode::kBrokerNotAvailable);
  CHECK(CodeOf(world.broker->NewProducer()) == ErrorCode::kBrokerNotAvailable);
}

TEST_CASE("Options are checked when a producer is made", "[client][producer]") {
  World world;
  CHECK(CodeOf(world.broker->NewProducer({.batch_bytes = -1})) == ErrorCode::kInvalidConfig);
}

}  // namespace
}  // namespace runnel
