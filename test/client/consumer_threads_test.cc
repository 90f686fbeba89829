// Consumers and real threads.
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "runnel/runnel.h"

namespace runnel {
namespace {

using namespace std::chrono_literals;

// How often each value was read.
struct Tally {
  void Add(const Records& records) {
    const std::lock_guard<std::mutex> lock(mutex);
    for (const RecordView& record : records)
      ++seen[std::string(record.value())];
    count.store(seen.size());
  }
  std::mutex mutex;
  std::map<std::string, int> seen;
  std::atomic<size_t> count{0};
};

TEST_CASE("Members in threads read every record exactly once", "[client][consumer][threads]") {
  constexpr int kMembers = 3;
  constexpr int kProducers = 2;
  constexpr int kRecords = 500;
  const std::string assignor = GENERATE("range", "cooperative-sticky");
  auto broker = Broker::Open().value();
  REQUIRE(broker->NewAdmin().value()->CreateTopic("t", {.partition_count = 4}).ok());
  Tally tally;
  std::atomic<int> wrong{0};
  std::vector<std::unique_ptr<Consumer>> members;
  std::vector<std::jthread> readers;
  for (int i = 0; i < kMembers; ++i) {
    // Commits before each handover, so that nothing is read twice.
    members.push_back(broker
                          ->NewConsumer({.group_id = "g",
                                         .offset_reset = OffsetReset::kEarliest,
                                         .auto_commit = true,
                                         .heartbeat_interval = 20ms,
                                         .assignors = {assignor}})
                          .value());
    readers.emplace_back([&, consumer = members.back().get()](std::stop_token stop) {
      if (!consumer->Subscribe({"t"}).ok()) ++wrong;
      while (!stop.stop_requested()) {
        const Records records = consumer->Poll(stop, 60s);
        if (!records.ok()) ++wrong;
        tally.Add(records);
        if (tally.count == kProducers * kRecords) return;
      }
    });
  }
  std::vector<std::jthread> writers;
  for (int i = 0; i < kProducers; ++i) {
    writers.emplace_back([&, i] {
      auto producer = broker->NewProducer().value();
      for (int record = 0; record < kRecords; ++record) {
        const std::string value = std::to_string(i) + "-" + std::to_string(record);
        if (!producer->Send({.topic = "t", .value = value, .partition = record % 4}).ok()) ++wrong;
      }
    });
  }
  writers.clear();
  const auto give_up = std::chrono::steady_clock::now() + 60s;
  while (tally.count < kProducers * kRecords && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
  }
  for (std::jthread& reader : readers)
    reader.request_stop();
  readers.clear();
  for (const auto& member : members)
    CHECK(member->Close().ok());
  CHECK(wrong == 0);
  CHECK(tally.seen.size() == kProducers * kRecords);
  for (const auto& [value, times] : tally.seen) {
    INFO(value);
    CHECK(times == 1);
  }
}

TEST_CASE("Another thread wakes a poll", "[client][consumer][threads]") {
  auto broker = Broker::Open().value();
  REQUIRE(broker->NewAdmin().value()->CreateTopic("t").ok());
  auto consumer = broker->NewConsumer().value();
  REQUIRE(consumer->Assign({{"t", 0}}).ok());
  for (int i = 0; i < 50; ++i) {
    const std::jthread waker([&] { consumer->Wakeup(); });
    const Records records = consumer->Poll(1h);
    CHECK(records.ok());
    CHECK(records.empty());
  }
}

TEST_CASE("Another thread stops a poll of a member", "[client][consumer][threads]") {
  auto broker = Broker::Open().value();
  auto consumer = broker->NewConsumer({.group_id = "g"}).value();
  REQUIRE(consumer->Subscribe({"t"}).ok());
  for (int i = 0; i < 20; ++i) {
    std::stop_source stop;
    const std::jthread stopper([&] { stop.request_stop(); });
    CHECK(consumer->Poll(stop.get_token(), 1h).ok());
  }
  CHECK(consumer->Close().ok());
}

TEST_CASE("Closing the broker ends a poll", "[client][consumer][threads]") {
  const bool member = GENERATE(true, false);
  auto broker = Broker::Open().value();
  REQUIRE(broker->NewAdmin().value()->CreateTopic("t").ok());
  auto consumer = broker->NewConsumer({.group_id = "g"}).value();
  REQUIRE((member ? consumer->Subscribe({"t"}) : consumer->Assign({{"t", 0}})).ok());
  ErrorCode code = ErrorCode::kNone;
  std::jthread reader([&] { code = CodeOf(consumer->Poll(1h).status()); });
  CHECK(broker->Close().ok());
  reader.join();
  CHECK(code == ErrorCode::kBrokerNotAvailable);
}

}  // namespace
}  // namespace runnel
