// Producers whose records wait for a sync, on a simulated disk and with real threads.
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "runnel/runnel.h"
#include "runnel/testing/manual_clock.h"
#include "runnel/testing/manual_executor.h"
#include "runnel/testing/sim_file_system.h"
#include "support/temp_dir.h"

namespace runnel {
namespace {

using namespace std::chrono_literals;
using testing::Fault;
using testing::FaultKind;
using testing::FileOperation;

// A durable broker on one thread, its disk in memory.
struct DurableWorld {
  DurableWorld() { Open(); }
  void Open() {
    BrokerOptions options;
    options.data_dir = "/data";
    options.environment = {
        .clock = &clock, .files = &files, .executor = &executor, .logger = &Logger::None()};
    auto opened = Broker::Open(options);
    INFO(ToString(opened.status()));
    REQUIRE(opened.ok());
    broker = *std::move(opened);
  }
  int64_t EndOf(const TopicPartition& partition) {
    const auto ends = broker->NewAdmin().value()->ListOffsets({{partition, OffsetSpec::Latest()}});
    return ends.at(partition).ok() ? ends.at(partition)->offset.value() : -1;
  }

  testing::ManualClock clock;
  testing::SimFileSystem files{clock};
  testing::ManualExecutor executor{clock};
  std::unique_ptr<Broker> broker;
};

TEST_CASE("What Send acknowledged survives a power loss", "[client][producer][durability]") {
  DurableWorld world;
  auto producer = world.broker->NewProducer().value();
  for (int i = 0; i < 3; ++i)
    REQUIRE(producer->Send({.topic = "t", .value = "v"}).ok());
  producer.reset();
  world.files.Crash();
  world.broker.reset();
  world.Open();
  CHECK(world.EndOf({"t", 0}) == 3);
}

TEST_CASE("Without acknowledgement a record becomes visible all the same",
          "[client][producer][durability]") {
  const auto linger = GENERATE(std::chrono::microseconds(0), std::chrono::microseconds(1000));
  DurableWorld world;
  auto producer = world.broker->NewProducer({.acks = Acks::kNone, .linger = linger}).value();
  REQUIRE(producer->Enqueue({.topic = "t", .value = "v"}).ok());
  world.executor.Advance(10ms);
  CHECK(world.EndOf({"t", 0}) == 1);
}

TEST_CASE("Callbacks come once, in order, after the sync", "[client][producer][durability]") {
  const auto linger = GENERATE(std::chrono::microseconds(0), std::chrono::microseconds(1000));
  DurableWorld world;
  auto producer = world.broker->NewProducer({.linger = linger, .batch_bytes = 500}).value();
  REQUIRE(producer->PartitionCount("t").ok());
  std::vector<int64_t> told;
  for (int i = 0; i < 50; ++i) {
    const Status accepted =
        producer->Send({.topic = "t", .value = "v"}, [&](const StatusOr<RecordMetadata>& result) {
          REQUIRE(result.ok());
          told.push_back(result->offset.value());
        });
    REQUIRE(accepted.ok());
    if (i % 7 == 0) REQUIRE(producer->Enqueue({.topic = "t", .value = "w"}).ok());
  }
  REQUIRE(producer->Flush().ok());
  CHECK(told.size() == 50);
  CHECK(std::is_sorted(told.begin(), told.end()));
  CHECK(world.EndOf({"t", 0}) == 58);
}

TEST_CASE("A failed sync fails the callbacks, once, and Flush", "[client][producer][faults]") {
  DurableWorld world;
  auto producer = world.broker->NewProducer().value();
  REQUIRE(producer->Send({.topic = "t", .value = "v"}).ok());
  world.files.Inject({.for_good = true, .only_operation = FileOperation::kSync});
  int failed = 0;
  REQUIRE(producer
              ->Send({.topic = "t", .value = "v"},
                     [&](const StatusOr<RecordMetadata>& result) {
                       CHECK(CodeOf(result) == ErrorCode::kKafkaStorageError);
                       ++failed;
                     })
              .ok());
  REQUIRE(producer->Enqueue({.topic = "t", .value = "v"}).ok());
  CHECK(CodeOf(producer->Flush()) == ErrorCode::kKafkaStorageError);
  CHECK(failed == 1);
  CHECK(CodeOf(producer->Send({.topic = "t", .value = "v"})) == ErrorCode::kKafkaStorageError);
}

TEST_CASE("A full disk is an error of the send, and nothing is lost",
          "[client][producer][faults]") {
  const auto linger = GENERATE(std::chrono::microseconds(0), std::chrono::microseconds(1000));
  DurableWorld world;
  auto producer = world.broker->NewProducer({.linger = linger}).value();
  const std::string value(100'000, 'x');
  REQUIRE(producer->Send({.topic = "t", .value = value}).ok());
  world.files.set_capacity_bytes(world.files.used_bytes() + 1'000'000);
  int64_t acknowledged = 1;
  Status failure;
  for (int i = 0; i < 1000 && failure.ok(); ++i) {
    failure = producer->Send({.topic = "t", .value = value}).status();
    if (failure.ok()) ++acknowledged;
  }
  INFO(ToString(failure));
  CHECK(CodeOf(failure) == ErrorCode::kKafkaStorageError);
  CHECK(world.EndOf({"t", 0}) == acknowledged);
  producer.reset();
  world.files.set_capacity_bytes(INT64_MAX);
  world.files.Crash();
  world.broker.reset();
  world.Open();
  CHECK(world.EndOf({"t", 0}) == acknowledged);
}

TEST_CASE("Threads share a producer: every record once, callbacks in order",
          "[client][producer][threads]") {
  const auto durability = GENERATE(Durability::kMemory, Durability::kFsync);
  const auto linger = GENERATE(std::chrono::microseconds(0), std::chrono::microseconds(500));
  constexpr int kThreads = 4;
  const int sends = durability == Durability::kFsync ? 200 : 2000;
  const testing::TempDir directory;
  BrokerOptions options;
  if (durability == Durability::kFsync) options.data_dir = directory / "data";
  auto broker = Broker::Open(options).value();
  REQUIRE(broker->NewAdmin().value()->CreateTopic("t", {.partition_count = 2}).ok());
  auto producer =
      broker->NewProducer({.linger = linger, .batch_bytes = 2000, .buffer_bytes = 20'000}).value();

  // Written by callbacks: one at a time per partition, so that no lock is needed for `last`.
  int64_t last[2] = {-1, -1};
  std::atomic<int> told{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < sends; ++i) {
        const ProducerRecord record{.topic = "t", .value = "value", .partition = (i + thread) % 2};
        if (i % 50 == 0) {
          if (!producer->Send(record).ok()) ++wrong;
          continue;
        }
        const Status accepted = producer->Send(record, [&](const StatusOr<RecordMetadata>& result) {
          if (!result.ok() || result->offset.value() <= last[result->partition]) ++wrong;
          if (result.ok()) last[result->partition] = result->offset.value();
          ++told;
        });
        if (!accepted.ok()) ++wrong;
        if (i % 97 == 0 && !producer->Flush().ok()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(producer->Close().ok());
  CHECK(wrong == 0);
  CHECK(told == kThreads * (sends - (sends + 49) / 50));
  const auto ends = broker->NewAdmin().value()->ListOffsets(
      {{{"t", 0}, OffsetSpec::Latest()}, {{"t", 1}, OffsetSpec::Latest()}});
  CHECK(ends.at({"t", 0})->offset.value() + ends.at({"t", 1})->offset.value() == kThreads * sends);
}

TEST_CASE("Closing a producer while others send refuses them and returns",
          "[client][producer][threads]") {
  auto broker = Broker::Open().value();
  auto producer = broker->NewProducer({.linger = 100us}).value();
  std::atomic<int> accepted{0};
  std::atomic<int> told{0};
  std::atomic<bool> is_refused{false};
  std::thread sender([&] {
    while (true) {
      const Status status =
          producer->Send({.topic = "t", .value = "v"}, [&](const auto&) { ++told; });
      if (!status.ok()) {
        is_refused = CodeOf(status) == ErrorCode::kInvalidRequest;
        return;
      }
      ++accepted;
    }
  });
  while (accepted < 100)
    std::this_thread::yield();
  const Status closed = producer->Close();
  sender.join();
  INFO(ToString(closed));
  CHECK(closed.ok());
  CHECK(is_refused);
  CHECK(told == accepted);
}

}  // namespace
}  // namespace runnel
