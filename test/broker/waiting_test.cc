#include "broker/waiting.h"

#include <catch2/catch.hpp>

#include <optional>

#include "broker/broker.h"
#include "record/batch_builder.h"
#include "support/broker_fixture.h"
#include "support/status.h"

namespace runnel::broker {
namespace {

using namespace runnel::testing;
using Values = std::vector<std::string>;
using std::chrono::milliseconds;

FetchRequest FetchOf(int64_t offset, milliseconds max_wait, int32_t min_bytes = 1) {
  FetchRequest request{.max_wait = max_wait, .min_bytes = min_bytes};
  request.partitions = {{.topic = {.name = "t"}, .partition = 0, .fetch_offset = Offset(offset)}};
  return request;
}

struct FetchFixture : BrokerFixture {
  FetchFixture() {
    options.data_dir = "";
    Open();
    REQUIRE(MakeTopic(**this, "t") == ErrorCode::kNone);
    partition = PartitionOf(**this, "t");
  }
  void Start(FetchRequest request) {
    answer.reset();
    (*this)->Fetch(std::move(request), [this](FetchResponse response) {
      REQUIRE_FALSE(answer.has_value());
      answer = std::move(response);
    });
  }
  std::shared_ptr<Partition> partition;
  std::optional<FetchResponse> answer;
};

TEST_CASE("A fetch answers at once when there is enough", "[broker][fetch]") {
  FetchFixture fixture;
  REQUIRE_OK(SendText(*fixture.partition, "a"));
  fixture.Start(FetchOf(0, milliseconds(1000)));
  REQUIRE(fixture.answer.has_value());
  CHECK(ValuesOf(fixture.answer->partitions[0].records.bytes) == Values{"a"});
  CHECK(fixture.answer->partitions[0].high_watermark == Offset(1));
  fixture.Start(FetchOf(1, milliseconds(0)));
  REQUIRE(fixture.answer.has_value());
  CHECK(fixture.answer->partitions[0].records.empty());
  fixture.Start(FetchOf(2, milliseconds(1000)));
  REQUIRE(fixture.answer.has_value());
  CHECK(CodeOf(fixture.answer->partitions[0].status) == ErrorCode::kOffsetOutOfRange);
}

TEST_CASE("A long poll ends with the record, the deadline or the topic", "[broker][fetch]") {
  FetchFixture fixture;
  fixture.Start(FetchOf(0, milliseconds(1000)));
  CHECK_FALSE(fixture.answer.has_value());
  SECTION("record") {
    REQUIRE_OK(SendText(*fixture.partition, "a"));
    fixture.executor.RunUntilIdle();
    REQUIRE(fixture.answer.has_value());
    CHECK(ValuesOf(fixture.answer->partitions[0].records.bytes) == Values{"a"});
  }
  SECTION("deadline") {
    fixture.executor.Advance(milliseconds(999));
    CHECK_FALSE(fixture.answer.has_value());
    fixture.executor.Advance(milliseconds(2));
    REQUIRE(fixture.answer.has_value());
    CHECK(fixture.answer->partitions[0].records.empty());
    CHECK(fixture.answer->partitions[0].status.ok());
  }
  SECTION("topic") {
    REQUIRE(DropTopic(*fixture, "t") == ErrorCode::kNone);
    fixture.executor.RunUntilIdle();
    REQUIRE(fixture.answer.has_value());
    CHECK(CodeOf(fixture.answer->partitions[0].status) == ErrorCode::kUnknownTopicOrPartition);
  }
}

TEST_CASE("A long poll waits until min bytes are there", "[broker][fetch]") {
  FetchFixture fixture;
  fixture.Start(FetchOf(0, milliseconds(1000), 200));
  REQUIRE_OK(SendText(*fixture.partition, "a"));
  fixture.executor.RunUntilIdle();
  CHECK_FALSE(fixture.answer.has_value());
  REQUIRE_OK(SendText(*fixture.partition, std::string(200, 'b')));
  fixture.executor.RunUntilIdle();
  REQUIRE(fixture.answer.has_value());
  CHECK(ValuesOf(fixture.answer->partitions[0].records.bytes).size() == 2);
}

TEST_CASE("A waiter is woken by records, wake-ups, topics and the deadline", "[broker][waiting]") {
  FetchFixture fixture;
  Waiter waiter(*fixture);
  waiter.Watch(fixture.partition);
  auto reader = fixture.partition->NewReader(IsolationLevel::kReadUncommitted);
  REQUIRE_OK(reader);
  REQUIRE_OK(reader->Seek(Offset(0)));
  const auto ready = [&] { return reader->ready(); };
  const auto in = [&](int ms) { return fixture->DeadlineAfter(milliseconds(ms)); };
  CHECK(waiter.Wait(in(100), ready) == Waiter::Result::kDeadline);
  CHECK(fixture.clock.ElapsedTime() == milliseconds(100));
  fixture.executor.PostAt(in(50), [&] { CHECK_OK(SendText(*fixture.partition, "a")); });
  CHECK(waiter.Wait(in(100), ready) == Waiter::Result::kReady);
  CHECK(fixture.clock.ElapsedTime() == milliseconds(150));
  REQUIRE_OK(reader->Read(1000));
  fixture.executor.PostAt(in(50), [&] { waiter.Wake(); });
  CHECK(waiter.Wait(in(100), ready) == Waiter::Result::kWoken);
  CHECK(waiter.Wait(in(0), ready) == Waiter::Result::kDeadline);
  const uint64_t version = fixture->topics_version();
  fixture.executor.PostAt(in(50), [&] { CHECK(MakeTopic(*fixture, "u") == ErrorCode::kNone); });
  const auto changed = [&] { return fixture->topics_version() != version; };
  CHECK(waiter.Wait(in(100), changed) == Waiter::Result::kReady);
}

TEST_CASE("Produce answers with offsets, each partition for itself", "[broker][produce]") {
  BrokerFixture fixture;
  fixture.Open();
  REQUIRE(MakeTopic(*fixture, "t") == ErrorCode::kNone);
  record::BatchBuilder builder({});
  REQUIRE(builder.TryAppend({.timestamp = fixture.clock.Now(), .value = "a"}));
  const std::string batch(builder.Finish().value());
  ProduceRequest request;
  request.partitions = {{{.name = "t"}, 0, batch},
                        {{.name = "t"}, 7, batch},
                        {{.name = "none"}, 0, batch},
                        {{.name = "t"}, 0, "garbage"}};
  std::optional<ProduceResponse> answer;
  fixture->Produce(request, [&](ProduceResponse response) { answer = std::move(response); });
  CHECK_FALSE(answer.has_value());  // it waits for the sync
  fixture.executor.RunUntilIdle();
  REQUIRE(answer.has_value());
  CHECK_OK(answer->partitions[0].status);
  CHECK(answer->partitions[0].base_offset == Offset(0));
  CHECK(CodeOf(answer->partitions[1].status) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(CodeOf(answer->partitions[2].status) == ErrorCode::kUnknownTopicOrPartition);
  CHECK_FALSE(answer->partitions[3].status.ok());
  CHECK(ReadValues(*PartitionOf(*fixture, "t")) == Values{"a"});
}

}  // namespace
}  // namespace runnel::broker
