// Consumers that read partitions of their choice, without a group's sharing.
#include <catch2/catch.hpp>

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "support/client_world.h"

namespace runnel {
namespace {

using namespace std::chrono_literals;
using testing::At;
using testing::ClientWorld;
using testing::PollValues;
using testing::ValuesOf;
using Strings = std::vector<std::string>;

const TopicPartition kT0{"t", 0};
const TopicPartition kT1{"t", 1};
constexpr ErrorCode kUnknownPartition = ErrorCode::kUnknownTopicOrPartition;

TEST_CASE("A consumer reads what is assigned, in order, and keeps its position",
          "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t", 2);
  world.Fill("t", 3, 0);
  world.Put("t", "other", 1);
  auto consumer = world.NewConsumer({.offset_reset = OffsetReset::kEarliest});
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(consumer->Assignment() == std::vector{kT0});
  CHECK(PollValues(*consumer) == Strings{"0", "1", "2"});
  CHECK(consumer->Position(kT0).value() == Offset(3));
  CHECK(PollValues(*consumer, 10ms).empty());
  world.Put("t", "3");
  CHECK(PollValues(*consumer) == Strings{"3"});

  REQUIRE_OK(consumer->Assign({kT1, kT0}));  // partitions that stay keep their positions
  CHECK(PollValues(*consumer) == Strings{"other"});
  CHECK(consumer->Position(kT0).value() == Offset(4));
}

TEST_CASE("A poll waits for its timeout, and not longer than for the first record",
          "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  auto consumer = world.NewConsumer();
  REQUIRE_OK(consumer->Assign({kT0}));
  const auto begin = world.clock.ElapsedTime();
  CHECK(PollValues(*consumer, 2s).empty());
  CHECK(world.clock.ElapsedTime() - begin == 2s);
  world.executor.PostAt(begin + 5s, [&] { world.Put("t", "late"); });
  CHECK(PollValues(*consumer, 1h) == Strings{"late"});
  CHECK(world.clock.ElapsedTime() - begin < 6s);
}

TEST_CASE("max_poll_records keeps the rest for the next polls", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t", 2);
  world.Fill("t", 5, 0);
  world.Fill("t", 5, 1);
  auto consumer =
      world.NewConsumer({.offset_reset = OffsetReset::kEarliest, .max_poll_records = 3});
  REQUIRE_OK(consumer->Assign({kT0, kT1}));
  Strings all;
  for (int polls = 0; polls < 4; ++polls) {
    const Records records = consumer->Poll(0ns);
    CHECK(records.count() == (polls < 3 ? 3 : 1));
    for (std::string& value : ValuesOf(records))
      all.push_back(std::move(value));
    for (const TopicPartition& partition : {kT0, kT1}) {
      CHECK(consumer->Position(partition).value() <= Offset(5));
    }
  }
  CHECK(all.size() == 10);
  CHECK(PollValues(*consumer).empty());
}

TEST_CASE("Seeking moves the next poll", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  const Timestamp start = world.clock.Now();
  for (int i = 0; i < 5; ++i) {
    world.Put("t", std::to_string(i));
    world.executor.Advance(1s);
  }
  auto consumer = world.NewConsumer();
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(consumer->Position(kT0).value() == Offset(5));  // latest
  REQUIRE_OK(consumer->Seek(kT0, Offset(3)));
  CHECK(PollValues(*consumer) == Strings{"3", "4"});
  REQUIRE_OK(consumer->SeekToBeginning());
  CHECK(PollValues(*consumer) == Strings{"0", "1", "2", "3", "4"});
  REQUIRE_OK(consumer->SeekToTime(start + 3s));
  CHECK(PollValues(*consumer) == Strings{"3", "4"});
  REQUIRE_OK(consumer->SeekToTime(start + 1h));
  CHECK(consumer->Position(kT0).value() == Offset(5));
  REQUIRE_OK(consumer->Seek(kT0, Offset(1)));
  REQUIRE_OK(consumer->SeekToEnd());
  CHECK(PollValues(*consumer).empty());
  CHECK(CodeOf(consumer->Seek(kT1, Offset(0))) == kUnknownPartition);
  CHECK(CodeOf(consumer->SeekToEnd(std::vector{kT1})) == kUnknownPartition);
  CHECK(CodeOf(consumer->Position(kT1)) == kUnknownPartition);
}

TEST_CASE("Beginning, end and times of partitions that are not assigned", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t", 2);
  const Timestamp start = world.clock.Now();
  world.Fill("t", 2);
  world.executor.Advance(10s);
  world.Fill("t", 2);
  REQUIRE_OK(world.admin->DeleteRecords({{kT0, Offset(1)}}).at(kT0));
  auto consumer = world.NewConsumer();
  CHECK(consumer->BeginningOffsets(std::vector{kT0, kT1}).value() ==
        std::map<TopicPartition, Offset>{{kT0, Offset(1)}, {kT1, Offset(0)}});
  CHECK(consumer->EndOffsets(std::vector{kT0, kT1}).value() ==
        std::map<TopicPartition, Offset>{{kT0, Offset(4)}, {kT1, Offset(0)}});
  const auto times = consumer->OffsetsForTimes({{kT0, start + 5s}, {kT1, start}});
  REQUIRE_OK(times);
  REQUIRE(times->size() == 1);
  CHECK(times->at(kT0).offset == Offset(2));
  CHECK(times->at(kT0).timestamp == start + 10s);
  CHECK(CodeOf(consumer->EndOffsets(std::vector{TopicPartition{"none", 0}})) == kUnknownPartition);
}

TEST_CASE("Paused partitions bring nothing and keep their position", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t", 2);
  world.Put("t", "a", 0);
  world.Put("t", "b", 1);
  auto consumer = world.NewConsumer({.offset_reset = OffsetReset::kEarliest});
  REQUIRE_OK(consumer->Assign({kT0, kT1}));
  REQUIRE_OK(consumer->Pause(std::vector{kT0}));
  CHECK(consumer->Paused() == std::vector{kT0});
  CHECK(PollValues(*consumer) == Strings{"b"});
  CHECK(PollValues(*consumer, 1s).empty());
  CHECK(consumer->Position(kT0).value() == Offset(0));
  CHECK(consumer->Lag(kT0).value() == 1);
  REQUIRE_OK(consumer->Resume(std::vector{kT0}));
  CHECK(consumer->Paused().empty());
  CHECK(PollValues(*consumer) == Strings{"a"});
  CHECK(consumer->Lag(kT0).value() == 0);
  CHECK(CodeOf(consumer->Pause(std::vector{TopicPartition{"none", 0}})) == kUnknownPartition);
}

TEST_CASE("A pause holds back records that were fetched but not handed out", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 3);
  auto consumer =
      world.NewConsumer({.offset_reset = OffsetReset::kEarliest, .max_poll_records = 1});
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(PollValues(*consumer) == Strings{"0"});
  REQUIRE_OK(consumer->Pause(std::vector{kT0}));
  CHECK(PollValues(*consumer).empty());
  REQUIRE_OK(consumer->Resume(std::vector{kT0}));
  CHECK(PollValues(*consumer) == Strings{"1"});
}

TEST_CASE("The reset policy decides where a consumer without an offset starts",
          "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Put("t", "old");
  world.executor.Advance(60s);
  world.Put("t", "new");
  world.executor.Advance(1s);
  const auto first = [&](OffsetReset reset) {
    auto consumer = world.NewConsumer({.offset_reset = reset});
    REQUIRE_OK(consumer->Assign({kT0}));
    return PollValues(*consumer);
  };
  CHECK(first(OffsetReset::kEarliest) == Strings{"old", "new"});
  CHECK(first(OffsetReset::kLatest).empty());
  CHECK(first(OffsetReset::ByDuration(30s)) == Strings{"new"});
  CHECK(first(OffsetReset::ByDuration(500ms)).empty());

  auto consumer = world.NewConsumer({.offset_reset = OffsetReset::kNone});
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(CodeOf(consumer->Poll(0ns).status()) == ErrorCode::kOffsetOutOfRange);
  CHECK(CodeOf(consumer->Poll(0ns).status()) == ErrorCode::kOffsetOutOfRange);
  REQUIRE_OK(consumer->Seek(kT0, Offset(1)));
  CHECK(PollValues(*consumer) == Strings{"new"});
}

TEST_CASE("A position that is out of range is reset", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 5);
  const auto [reset, values] =
      GENERATE(table<OffsetReset, Strings>({{OffsetReset::kEarliest, {"3", "4"}},
                                            {OffsetReset::kLatest, {}},
                                            {OffsetReset::kNone, {}}}));
  auto consumer = world.NewConsumer({.offset_reset = reset});
  REQUIRE_OK(consumer->Assign({kT0}));
  REQUIRE_OK(consumer->Seek(kT0, Offset(1)));
  REQUIRE_OK(world.admin->DeleteRecords({{kT0, Offset(3)}}).at(kT0));
  const Records records = consumer->Poll(10ms);
  if (reset.kind == OffsetReset::Kind::kNone) {
    CHECK(CodeOf(records.status()) == ErrorCode::kOffsetOutOfRange);
    REQUIRE_OK(consumer->SeekToBeginning());
    CHECK(PollValues(*consumer) == Strings{"3", "4"});
    return;
  }
  REQUIRE_OK(records.status());
  CHECK(ValuesOf(records) == values);
  CHECK(consumer->Position(kT0).value() == Offset(5));
}

TEST_CASE("An offset beyond the end is out of range", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 2);
  auto consumer = world.NewConsumer({.offset_reset = OffsetReset::kNone});
  REQUIRE_OK(consumer->Assign({kT0}));
  REQUIRE_OK(consumer->Seek(kT0, Offset(7)));
  CHECK(CodeOf(consumer->Poll(0ns).status()) == ErrorCode::kOffsetOutOfRange);
}

TEST_CASE("Records deleted while a consumer reads them", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 3);
  auto consumer =
      world.NewConsumer({.offset_reset = OffsetReset::kEarliest, .max_poll_records = 1});
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(PollValues(*consumer) == Strings{"0"});
  REQUIRE_OK(world.admin->DeleteRecords({{kT0, kNoOffset}}).at(kT0));
  world.Put("t", "3");
  Strings values;  // those fetched before the deletion may still come
  for (int polls = 0; polls < 4; ++polls) {
    for (std::string& value : PollValues(*consumer))
      values.push_back(std::move(value));
  }
  REQUIRE_FALSE(values.empty());
  CHECK(values.back() == "3");
}

TEST_CASE("What does not exist cannot be assigned", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  auto consumer = world.NewConsumer();
  CHECK(CodeOf(consumer->Assign({{"none", 0}})) == kUnknownPartition);
  CHECK(CodeOf(consumer->Assign({kT1})) == kUnknownPartition);
  CHECK(CodeOf(consumer->Poll(0ns).status()) == ErrorCode::kInvalidRequest);
  CHECK(CodeOf(consumer->Subscribe({"t"})) == ErrorCode::kInvalidGroupId);
  CHECK(CodeOf(consumer->Commit()) == ErrorCode::kInvalidGroupId);
  CHECK(CodeOf(consumer->Committed(kT0)) == ErrorCode::kInvalidGroupId);
}

TEST_CASE("A topic that is deleted is an error, and one made again starts anew",
          "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 3);
  auto consumer = world.NewConsumer({.offset_reset = OffsetReset::kEarliest});
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(PollValues(*consumer).size() == 3);
  REQUIRE_OK(world.admin->DeleteTopic("t"));
  CHECK(CodeOf(consumer->Poll(10ms).status()) == kUnknownPartition);
  CHECK(CodeOf(consumer->Poll(10ms).status()) == kUnknownPartition);
  world.MakeTopic("t");
  world.Put("t", "again");
  CHECK(PollValues(*consumer, 10ms) == Strings{"again"});
}

TEST_CASE("A topic deleted and made again between polls starts anew", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 3);
  auto consumer =
      world.NewConsumer({.offset_reset = OffsetReset::kEarliest, .max_poll_records = 1});
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(PollValues(*consumer) == Strings{"0"});
  REQUIRE_OK(world.admin->DeleteTopic("t"));
  world.MakeTopic("t");
  world.Put("t", "again");
  CHECK(PollValues(*consumer, 10ms) == Strings{"again"});
}

TEST_CASE("Partitions added later can be assigned", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Put("t", "a");
  auto consumer = world.NewConsumer({.offset_reset = OffsetReset::kEarliest});
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(PollValues(*consumer) == Strings{"a"});
  REQUIRE_OK(world.admin->CreatePartitions("t", 2));
  world.Put("t", "b", 1);
  REQUIRE_OK(consumer->Assign({kT0, kT1}));
  CHECK(PollValues(*consumer) == Strings{"b"});
}

TEST_CASE("A wakeup ends one poll", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  auto consumer = world.NewConsumer();
  REQUIRE_OK(consumer->Assign({kT0}));
  const auto begin = world.clock.ElapsedTime();
  consumer->Wakeup();
  CHECK(PollValues(*consumer, 1h).empty());
  CHECK(world.clock.ElapsedTime() == begin);
  world.executor.PostAt(begin + 1s, [&] { consumer->Wakeup(); });
  CHECK(PollValues(*consumer, 1h).empty());
  CHECK(world.clock.ElapsedTime() - begin == 1s);
  world.Put("t", "x");
  CHECK(PollValues(*consumer, 1h) == Strings{"x"});
}

TEST_CASE("A stop request ends a poll", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  auto consumer = world.NewConsumer();
  REQUIRE_OK(consumer->Assign({kT0}));
  std::stop_source stop;
  const auto begin = world.clock.ElapsedTime();
  world.executor.PostAt(begin + 1s, [&] { stop.request_stop(); });
  CHECK(consumer->Poll(stop.get_token(), 1h).empty());
  CHECK(world.clock.ElapsedTime() - begin == 1s);
  CHECK(consumer->Poll(stop.get_token(), 1h).empty());
  CHECK(world.clock.ElapsedTime() - begin == 1s);
}

TEST_CASE("read_committed is accepted and reads records of no transaction", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 2);
  auto consumer = world.NewConsumer(
      {.offset_reset = OffsetReset::kEarliest, .isolation_level = IsolationLevel::kReadCommitted});
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(PollValues(*consumer) == Strings{"0", "1"});
  CHECK(consumer->Lag(kT0).value() == 0);
}

// Changes one byte of a file.
void Damage(ClientWorld& world, std::string_view name, int64_t position) {
  auto directory = world.files.OpenDirectory("/data", DirectoryMode::kMustExist).value();
  auto file = directory->OpenFile(name, OpenMode::kReadWrite).value();
  char byte = 0;
  REQUIRE(file->Read(position, {&byte, 1}).value() == 1);
  byte = static_cast<char>(byte ^ 0x20);
  REQUIRE_OK(file->Write(position, {&byte, 1}));
  REQUIRE_OK(file->Sync());
}

TEST_CASE("A corrupt batch is an error until the user seeks past it", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 4);
  world.Close();
  const std::string log = "t-0/00000000000000000000.log";
  auto directory = world.files.OpenDirectory("/data", DirectoryMode::kMustExist).value();
  const int64_t size = directory->OpenFile(log, OpenMode::kRead).value()->Size().value();
  REQUIRE(size % 4 == 0);            // four batches of one record
  Damage(world, log, size / 2 - 2);  // the end of the second, its record's value
  world.Open();
  auto consumer = world.NewConsumer({.offset_reset = OffsetReset::kEarliest});
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(PollValues(*consumer) == Strings{"0"});
  for (int polls = 0; polls < 2; ++polls) {
    const Records records = consumer->Poll(10ms);
    INFO(ToString(records.status()));
    CHECK(CodeOf(records.status()) == ErrorCode::kCorruptMessage);
    CHECK_THAT(ToString(records.status()), Catch::Contains("00000000000000000000.log"));
    CHECK(consumer->Position(kT0).value() == Offset(1));
  }
  REQUIRE_OK(consumer->Seek(kT0, Offset(2)));
  CHECK(PollValues(*consumer) == Strings{"2", "3"});
}

TEST_CASE("Records outlive the consumer and the broker", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  world.Fill("t", 100);
  auto consumer = world.NewConsumer({.offset_reset = OffsetReset::kEarliest});
  REQUIRE_OK(consumer->Assign({kT0}));
  const Records records = consumer->Poll(0ns);
  CHECK(records.count() == 100);
  REQUIRE_OK(world.admin->DeleteTopic("t"));
  consumer.reset();
  world.Close();
  const Strings values = ValuesOf(records);
  REQUIRE(values.size() == 100);
  CHECK(values.front() == "0");
  CHECK(values.back() == "99");
}

TEST_CASE("A closed consumer says so", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  auto consumer = world.NewConsumer();
  REQUIRE_OK(consumer->Assign({kT0}));
  CHECK(consumer->ok());
  REQUIRE_OK(consumer->Close());
  REQUIRE_OK(consumer->Close());
  CHECK_FALSE(consumer->ok());
  CHECK_FALSE(consumer->Poll(0ns).ok());
  CHECK_FALSE(consumer->Seek(kT0, Offset(0)).ok());
  CHECK(consumer->Assignment().empty());
}

TEST_CASE("A consumer whose broker is closed gets kBrokerNotAvailable", "[client][consumer]") {
  ClientWorld world;
  world.MakeTopic("t");
  auto consumer = world.NewConsumer();
  REQUIRE_OK(consumer->Assign({kT0}));
  REQUIRE_OK(world.broker->Close());
  CHECK(CodeOf(consumer->Poll(1s).status()) == ErrorCode::kBrokerNotAvailable);
}

}  // namespace
}  // namespace runnel
