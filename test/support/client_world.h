// A broker behind the public API in a simulated world: one thread, a clock that is told the time.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runnel/runnel.h"
#include "runnel/testing/manual_clock.h"
#include "runnel/testing/manual_executor.h"
#include "runnel/testing/sim_file_system.h"
#include "support/status.h"

namespace runnel::testing {

// Durable with kFsync, its disk in memory. What calls wait for happens on the calling thread.
struct ClientWorld {
  ClientWorld() { Open(); }
  explicit ClientWorld(std::map<std::string, std::string> properties)
      : properties(std::move(properties)) {
    Open();
  }

  void Open() {
    BrokerOptions options;
    options.data_dir = "/data";
    options.properties = properties;
    options.environment = {
        .clock = &clock, .files = &files, .executor = &executor, .logger = &Logger::None()};
    auto opened = Broker::Open(options);
    REQUIRE_OK(opened);
    broker = *std::move(opened);
    producer = broker->NewProducer().value();
    admin = broker->NewAdmin().value();
  }
  // Consumers must be gone.
  void Close() {
    producer.reset();
    admin.reset();
    CHECK_OK(broker->Close());
    broker.reset();
  }
  // Power loss; consumers must be gone.
  void Crash() {
    producer.reset();
    admin.reset();
    files.Crash();
    broker.reset();
  }

  void MakeTopic(std::string_view name, int32_t partitions = 1) {
    REQUIRE_OK(admin->CreateTopic(name, {.partition_count = partitions}));
  }
  // Sends "0", "1", ... to one partition.
  void Fill(std::string_view topic, int count, int32_t partition = 0) {
    for (int i = 0; i < count; ++i)
      Put(topic, std::to_string(i), partition);
  }
  void Put(std::string_view topic, std::string_view value, int32_t partition = 0) {
    REQUIRE_OK(producer->Send({.topic = topic, .value = value, .partition = partition}));
  }
  std::unique_ptr<Consumer> NewConsumer(ConsumerOptions options = {}) {
    auto made = broker->NewConsumer(std::move(options));
    REQUIRE_OK(made);
    return *std::move(made);
  }

  std::map<std::string, std::string> properties;
  ManualClock clock;
  SimFileSystem files{clock};
  ManualExecutor executor{clock};
  std::unique_ptr<Broker> broker;
  std::unique_ptr<Producer> producer;
  std::unique_ptr<Admin> admin;
};

inline std::vector<std::string> ValuesOf(const Records& records) {
  std::vector<std::string> values;
  for (const RecordView& record : records)
    values.emplace_back(record.value());
  return values;
}

// The values of one poll that must not fail.
inline std::vector<std::string> PollValues(Consumer& consumer,
                                           std::chrono::nanoseconds timeout = {}) {
  const Records records = consumer.Poll(timeout);
  REQUIRE_OK(records.status());
  return ValuesOf(records);
}

inline OffsetAndMetadata At(int64_t offset, std::string metadata = {}) {
  return {.offset = Offset(offset), .metadata = std::move(metadata)};
}

}  // namespace runnel::testing
