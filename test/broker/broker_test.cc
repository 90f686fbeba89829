#include "broker/broker.h"

#include <catch2/catch.hpp>

#include "support/broker_fixture.h"
#include "support/status.h"

namespace runnel::broker {
namespace {

using namespace runnel::testing;
using Values = std::vector<std::string>;

TEST_CASE("A memory broker keeps what it is given until it is closed", "[broker]") {
  BrokerFixture fixture;
  fixture.options.data_dir = "";
  Broker& broker = fixture.Open();
  REQUIRE(MakeTopic(broker, "orders") == ErrorCode::kNone);
  const auto partition = PartitionOf(broker, "orders");
  CHECK_OK(SendText(*partition, "apples"));
  CHECK_OK(SendText(*partition, "pears"));
  CHECK(ReadValues(*partition) == Values{"apples", "pears"});
  CHECK(partition->durability() == Durability::kMemory);
  fixture.Close();
  CHECK(CodeOf(SendText(*partition, "plums")) == ErrorCode::kBrokerNotAvailable);
  CHECK(CodeOf(partition->Offsets()) == ErrorCode::kBrokerNotAvailable);
}

TEST_CASE("A durable broker finds its topics and records again", "[broker]") {
  const StoreKind store = GENERATE(StoreKind::kMemory, StoreKind::kLogBacked);
  BrokerFixture fixture;
  fixture.options.metadata_store = store;
  {
    Broker& broker = fixture.Open();
    REQUIRE(MakeTopic(broker, "orders", 3, {{"retention.ms", "1000"}}) == ErrorCode::kNone);
    CHECK_OK(SendText(*PartitionOf(broker, "orders", 2), "apples"));
  }
  SECTION("after closing") {
    fixture.Close();
    fixture.Open();
    CHECK(fixture->recovery_report().clean_shutdown);
  }
  SECTION("after the end of the process") {
    fixture.Kill();
    fixture.Open();
    CHECK_FALSE(fixture->recovery_report().clean_shutdown);
  }
  SECTION("after a power failure") {
    fixture.Crash();
    fixture.Open();
  }
  SECTION("with another store") {
    fixture.Close();
    fixture.options.metadata_store =
        store == StoreKind::kMemory ? StoreKind::kLogBacked : StoreKind::kMemory;
    fixture.Open();
  }
  const auto topic = fixture->FindTopic("orders");
  REQUIRE_OK(topic);
  CHECK((*topic)->partition_count() == 3);
  CHECK((*topic)->configs().at("retention.ms") == "1000");
  CHECK(ReadValues(*(*topic)->partition(2)) == Values{"apples"});
  CHECK(ReadValues(*(*topic)->partition(0)).empty());
}

TEST_CASE("What each durability acknowledges survives as promised", "[broker][durability]") {
  const auto [durability, kept_by_kill, kept_by_crash] = GENERATE(table<std::string, bool, bool>({
      {"memory", false, false},
      {"os", true, false},
      {"interval", true, false},
      {"fsync", true, true},
  }));
  CAPTURE(durability);
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t", 1, {{"runnel.durability", durability}}) == ErrorCode::kNone);
  CHECK_OK(SendText(*PartitionOf(*fixture, "t"), "kept"));
  const bool crash = GENERATE(false, true);
  if (crash) {
    fixture.Crash();
  } else {
    fixture.Kill();
  }
  fixture.Open();
  const Values values = ReadValues(*PartitionOf(*fixture, "t"));
  const bool promised = crash ? kept_by_crash : kept_by_kill;
  if (promised) CHECK(values == Values{"kept"});
  if (durability == "memory") CHECK(values.empty());
  if (!values.empty()) CHECK(values == Values{"kept"});
}

TEST_CASE("With durability interval a sync follows in time", "[broker][durability]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t", 1, {{"flush.ms", "100"}}) == ErrorCode::kNone);
  CHECK(PartitionOf(*fixture, "t")->durability() == Durability::kInterval);
  CHECK_OK(SendText(*PartitionOf(*fixture, "t"), "kept"));
  fixture.executor.Advance(std::chrono::milliseconds(150));
  CHECK_OK(SendText(*PartitionOf(*fixture, "t"), "perhaps lost"));
  fixture.Crash();
  fixture.Open();
  const Values values = ReadValues(*PartitionOf(*fixture, "t"));
  REQUIRE_FALSE(values.empty());
  CHECK(values[0] == "kept");
}

TEST_CASE("A record of an fsync topic is visible once it is synced", "[broker][durability]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  const auto partition = PartitionOf(*fixture, "t");
  const auto appended = AppendText(*partition, "a");
  REQUIRE_OK(appended);
  CHECK_FALSE(partition->IsAcknowledged(appended->last_offset));
  CHECK(ReadValues(*partition).empty());
  SECTION("by waiting for it") {
    CHECK_OK(partition->AwaitAcknowledged(appended->last_offset, kForever));
  }
  SECTION("by callback, from a task") {
    Status outcome = Error(ErrorCode::kUnknownServerError, "not called");
    partition->OnAcknowledged(appended->last_offset,
                              [&](const Status& status) { outcome = status; });
    CHECK_FALSE(outcome.ok());
    fixture.executor.RunUntilIdle();
    CHECK_OK(outcome);
  }
  SECTION("by asking for a sync") {
    partition->SyncSoon();
    fixture.executor.RunUntilIdle();
  }
  CHECK(partition->IsAcknowledged(appended->last_offset));
  CHECK(ReadValues(*partition) == Values{"a"});
}

TEST_CASE("A failed sync makes the partition read-only and tells everyone who waits",
          "[broker][durability]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  const auto partition = PartitionOf(*fixture, "t");
  REQUIRE_OK(SendText(*partition, "kept"));
  Status asynchronous;
  const auto appended = AppendText(*partition, "lost");
  REQUIRE_OK(appended);
  partition->OnAcknowledged(appended->last_offset,
                            [&](const Status& status) { asynchronous = status; });
  fixture.files.Inject({.for_good = true, .only_operation = FileOperation::kSync});
  CHECK(CodeOf(SendText(*partition, "lost too")) == ErrorCode::kKafkaStorageError);
  CHECK(CodeOf(asynchronous) == ErrorCode::kKafkaStorageError);
  fixture.files.ClearFaults();
  CHECK(CodeOf(SendText(*partition, "refused")) == ErrorCode::kKafkaStorageError);
  CHECK(ReadValues(*partition) == Values{"kept"});
  fixture.Kill();
  fixture.Open();
  CHECK(ReadValues(*PartitionOf(*fixture, "t")).at(0) == "kept");
  CHECK_OK(SendText(*PartitionOf(*fixture, "t"), "works again"));
}

TEST_CASE("Opening names the property that is wrong", "[broker][config]") {
  BrokerFixture fixture;
  fixture.options.properties = {{"log.retention.mz", "1"}};
  const auto unknown = Broker::Open(fixture.options);
  REQUIRE(CodeOf(unknown) == ErrorCode::kInvalidConfig);
  CHECK(ToString(unknown.status()).find("log.retention.ms") != std::string::npos);
  fixture.options.properties = {{"offsets.topic.num.partitions", "0"}};
  CHECK(CodeOf(Broker::Open(fixture.options)) == ErrorCode::kInvalidConfig);
  fixture.options.properties = {{"group.max.size", "many"}};
  CHECK(CodeOf(Broker::Open(fixture.options)) == ErrorCode::kInvalidConfig);
}

TEST_CASE("A directory has one owner", "[broker]") {
  BrokerFixture fixture;
  fixture.Open();
  CHECK(CodeOf(Broker::Open(fixture.options)) == ErrorCode::kKafkaStorageError);
}

TEST_CASE("A directory can be read beside its owner, and only read", "[broker][read-only]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t", 2) == ErrorCode::kNone);
  const auto partition = PartitionOf(*fixture, "t");
  CHECK_OK(SendText(*partition, "a"));
  CHECK_OK(SendText(*partition, "b"));
  BrokerOptions options = fixture.options;
  options.read_only = true;
  const auto opened = Broker::Open(options);
  REQUIRE_OK(opened);
  Broker& reader = **opened;
  CHECK(ReadValues(*PartitionOf(reader, "t")) == Values{"a", "b"});
  CHECK(ReadValues(*PartitionOf(reader, "t", 1)).empty());
  CHECK(CodeOf(SendText(*PartitionOf(reader, "t"), "c")) == ErrorCode::kPolicyViolation);
  CHECK(MakeTopic(reader, "u") == ErrorCode::kPolicyViolation);
  CHECK(DropTopic(reader, "t") == ErrorCode::kPolicyViolation);
  CHECK_OK(SendText(*partition, "c"));
  CHECK_OK(reader.Close());
  CHECK_OK(SendText(*partition, "d"));
  fixture.Close();
  fixture.Open();
  CHECK(fixture->recovery_report().clean_shutdown);
  CHECK(ReadValues(*PartitionOf(*fixture, "t")) == Values{"a", "b", "c", "d"});
}

TEST_CASE("Memory has a bound, and what happens there is a choice", "[broker][memory]") {
  BrokerFixture fixture;
  fixture.options.data_dir = "";
  fixture.options.memory_budget_bytes = 1 << 20;
  fixture.options.memory_full =
      GENERATE(FullPolicy::kReject, FullPolicy::kDropOldest, FullPolicy::kBlock);
  const FullPolicy policy = fixture.options.memory_full;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  REQUIRE(MakeTopic(*fixture, "u") == ErrorCode::kNone);
  const auto partition = PartitionOf(*fixture, "t");
  const std::string value(10'000, 'x');
  Status status;
  int sent = 0;
  for (; sent < 500 && status.ok(); ++sent)
    status = SendText(*partition, value);
  const auto offsets = partition->Offsets();
  REQUIRE_OK(offsets);
  if (policy == FullPolicy::kDropOldest) {
    CHECK_OK(status);
    CHECK(offsets->log_start > Offset(350));
    CHECK((*partition->Log())->size_bytes() <= 1 << 20);
  } else {
    CHECK(CodeOf(status) == ErrorCode::kKafkaStorageError);
    CHECK(sent > 90);
    CHECK(offsets->log_start == Offset(0));
    CHECK(fixture.clock.ElapsedTime() >=
          (policy == FullPolicy::kBlock ? std::chrono::seconds(60) : std::chrono::seconds(0)));
    // Deleting makes room.
    REQUIRE(DropTopic(*fixture, "t") == ErrorCode::kNone);
    REQUIRE_OK(fixture->RunMaintenance());
    CHECK_OK(SendText(*PartitionOf(*fixture, "u"), value));
  }
}

TEST_CASE("Producer ids are never given out twice", "[broker]") {
  BrokerFixture fixture;
  fixture.Open();
  const auto first = fixture->InitProducerId();
  const auto second = fixture->InitProducerId();
  REQUIRE_OK(first);
  REQUIRE_OK(second);
  CHECK(second->producer_id > first->producer_id);
  fixture.Crash();
  fixture.Open();
  const auto third = fixture->InitProducerId();
  REQUIRE_OK(third);
  CHECK(third->producer_id > second->producer_id);
}

TEST_CASE("Closing answers everyone who waits", "[broker][close]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  Status fetched;
  fixture->Fetch({.max_wait = std::chrono::hours(1), .partitions = {{{"t"}, 0, Offset(0)}}},
                 [&](const FetchResponse& response) { fetched = response.partitions[0].status; });
  ErrorCode joined = ErrorCode::kNone;
  group::JoinGroupRequest join{.group_id = "g"};
  join.protocols = {{"range", ""}};
  fixture->JoinGroup(join, {}, [&](const group::JoinGroupResponse& response) {
    joined = response.error_code;  // at first: come again with this id
  });
  const auto partition = PartitionOf(*fixture, "t");
  const auto appended = AppendText(*partition, "a");
  Status acknowledged = Error(ErrorCode::kUnknownServerError, "not called");
  partition->OnAcknowledged(appended->last_offset, [&](const Status& s) { acknowledged = s; });
  Waiter waiter(*fixture);
  fixture.Close();
  CHECK(CodeOf(fetched) == ErrorCode::kBrokerNotAvailable);
  CHECK_OK(acknowledged);
  CHECK(waiter.Wait(kForever, [] { return false; }) == Waiter::Result::kClosed);
}

TEST_CASE("A thousand partitions are made, used and found again", "[broker]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "many", 1000) == ErrorCode::kNone);
  for (int32_t i = 0; i < 1000; i += 10) {
    CHECK_OK(SendText(*PartitionOf(*fixture, "many", i), std::to_string(i)));
  }
  fixture.Close();
  fixture.Open();
  CHECK(fixture->FindTopic("many").value()->partition_count() == 1000);
  for (int32_t i = 0; i < 1000; i += 100) {
    CHECK(ReadValues(*PartitionOf(*fixture, "many", i)) == Values{std::to_string(i)});
  }
  fixture.executor.Advance(std::chrono::minutes(5));
  // Everything is idle: what is held open are the directory and the lock.
  CHECK(fixture.files.open_regions() == 0);
}

}  // namespace
}  // namespace runnel::broker
