// Real threads on a real disk: for the thread sanitizer, and for what only races can break.
#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "broker/broker.h"
#include "support/broker_fixture.h"
#include "support/status.h"
#include "support/temp_dir.h"

namespace runnel::broker {
namespace {

using namespace runnel::testing;

std::unique_ptr<Broker> OpenAt(const std::string& path) {
  BrokerOptions options;
  options.data_dir = path;
  auto broker = Broker::Open(options);
  REQUIRE_OK(broker);
  return *std::move(broker);
}

// Reads until `count` records have been seen, or the partition fails; returns how many.
int64_t ReadUntil(Broker& broker, const std::shared_ptr<Partition>& partition, int64_t count) {
  Waiter waiter(broker);
  waiter.Watch(partition);
  auto reader = partition->NewReader(IsolationLevel::kReadUncommitted);
  if (!reader.ok() || !reader->Seek(Offset(0)).ok()) return 0;
  while (reader->offset().value() < count) {
    const auto result = waiter.Wait(kForever, [&] { return reader->ready(); });
    if (result == Waiter::Result::kClosed || !reader->Read(1 << 16).ok()) break;
  }
  return reader->offset().value();
}

TEST_CASE("Threads append, wait for disk and read side by side", "[broker][threads]") {
  const bool durable = GENERATE(false, true);
  constexpr int kWriters = 4;
  constexpr int kRecords = 300;
  TempDir directory;
  const auto broker = OpenAt(durable ? directory.path() : "");
  REQUIRE(MakeTopic(*broker, "t", 2) == ErrorCode::kNone);
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  std::atomic<int64_t> seen{0};
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&, reader] {
      seen += ReadUntil(*broker, PartitionOf(*broker, "t", reader), kWriters / 2 * kRecords);
    });
  }
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      const auto partition = broker->FindPartition({"t", writer % 2}).value();
      for (int i = 0; i < kRecords; ++i) {
        if (!SendText(*partition, "value").ok()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(failures == 0);
  CHECK(seen == int64_t{kWriters} * kRecords);
  CHECK_OK(broker->Close());
}

TEST_CASE("Callbacks of all senders come, and only once", "[broker][threads]") {
  constexpr int kThreads = 4;
  constexpr int kRecords = 200;
  TempDir directory;
  const auto broker = OpenAt(directory.path());
  REQUIRE(MakeTopic(*broker, "t") == ErrorCode::kNone);
  const auto partition = PartitionOf(*broker, "t");
  std::atomic<int> answered{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRecords; ++i) {
        const auto appended = AppendText(*partition, "value");
        partition->OnAcknowledged(appended->last_offset, [&](const Status& status) {
          ++answered;
          if (!status.ok()) ++failed;
        });
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK_OK(broker->Close());
  CHECK(answered == kThreads * kRecords);
  CHECK(failed == 0);
}

TEST_CASE("A topic may be deleted and the broker closed under its users", "[broker][threads]") {
  const bool durable = GENERATE(false, true);
  TempDir directory;
  for (int round = 0; round < 5; ++round) {
    auto broker = OpenAt(durable ? directory.path() : "");
    REQUIRE(MakeTopic(*broker, "t") == ErrorCode::kNone);
    const auto partition = PartitionOf(*broker, "t");
    std::atomic<bool> started{false};
    std::vector<std::thread> threads;
    for (int writer = 0; writer < 2; ++writer) {
      threads.emplace_back([&] {
        while (SendText(*partition, "value").ok())
          started = true;
      });
    }
    threads.emplace_back([&] { ReadUntil(*broker, partition, INT64_MAX); });
    threads.emplace_back([&] {
      group::OffsetCommitRequest request{.group_id = "g"};
      request.topics.push_back({.name = "t", .partitions = {{.committed_offset = Offset(1)}}});
      while (broker->OffsetCommit(request).topics.at(0).partitions.at(0).error_code ==
             ErrorCode::kNone) {
      }
    });
    while (!started)
      std::this_thread::yield();
    if (round % 2 == 0) CHECK(DropTopic(*broker, "t") == ErrorCode::kNone);
    if (round % 2 == 1) CHECK_OK(broker->Close());
    for (std::thread& thread : threads)
      thread.join();
    broker.reset();
    const Status status = SendText(*partition, "late").ok() ? OkStatus() : partition->status();
    CHECK_FALSE(status.ok());
    broker = OpenAt(durable ? directory.path() : "");
    if (DropTopic(*broker, "t") == ErrorCode::kNone) CHECK_OK(broker->Close());
  }
}

TEST_CASE("Long polls and produces from many threads all get one answer", "[broker][threads]") {
  const auto broker = OpenAt("");
  REQUIRE(MakeTopic(*broker, "t") == ErrorCode::kNone);
  const auto partition = PartitionOf(*broker, "t");
  std::atomic<int> answers{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        FetchRequest request{.max_wait = std::chrono::milliseconds(2)};
        request.partitions = {{.topic = {.name = "t"}, .fetch_offset = partition->Offsets()->end}};
        broker->Fetch(request, [&](const FetchResponse&) { ++answers; });
        if (i % 2 == 0 && !SendText(*partition, "value").ok()) return;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK_OK(broker->Close());
  CHECK(answers == 400);
}

}  // namespace
}  // namespace runnel::broker
