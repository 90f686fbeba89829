// A broker in a simulated world: one thread, a disk that can crash, a clock that is told the time.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "record/batch_reader.h"
#include "record/compression.h"
#include "record/record_iterator.h"
#include "runnel/logger.h"
#include "runnel/random.h"
#include "runnel/testing/manual_clock.h"
#include "runnel/testing/manual_executor.h"
#include "runnel/testing/sim_file_system.h"
#include "support/status.h"

namespace runnel::testing {

// Opens, crashes and reopens a broker. Everything runs on the calling thread.
class BrokerFixture {
 public:
  explicit BrokerFixture(uint64_t seed = 1) : random(Random::Seeded(seed)) {
    options.data_dir = "data";
    options.environment = {.clock = &clock,
                           .files = &files,
                           .executor = &executor,
                           .random = random.get(),
                           .logger = &Logger::None()};
  }

  // Opens with `options`; closes an open one first.
  broker::Broker& Open() {
    Close();
    StatusOr<std::unique_ptr<broker::Broker>> opened = broker::Broker::Open(options);
    INFO(runnel::ToString(opened.status()));
    REQUIRE(opened.ok());
    broker_ = *std::move(opened);
    return *broker_;
  }
  void Close() {
    if (broker_ == nullptr) return;
    const Status status = broker_->Close();
    INFO(runnel::ToString(status));
    CHECK(status.ok());
    broker_.reset();
  }
  // Power loss. What was open is destroyed afterwards, so that its closing writes nothing.
  void Crash() {
    files.Crash();
    broker_.reset();
  }
  void Crash(uint64_t seed) {
    files.Crash(seed);
    broker_.reset();
  }
  // End of the process: the operating system keeps what it was given.
  void Kill() {
    files.KillProcess();
    broker_.reset();
  }

  broker::Broker& operator*() { return *broker_; }
  broker::Broker* operator->() { return broker_.get(); }
  bool is_open() const { return broker_ != nullptr; }

  ManualClock clock;
  ManualExecutor executor{clock};
  SimFileSystem files{clock};
  std::unique_ptr<Random> random;
  BrokerOptions options;

 private:
  std::unique_ptr<broker::Broker> broker_;
};

// Creates a topic; the code that creation answered.
inline ErrorCode MakeTopic(broker::Broker& broker, std::string_view name, int32_t partitions = 1,
                           const std::map<std::string, std::string>& configs = {}) {
  broker::CreateTopicsRequest request;
  broker::CreatableTopic& topic = request.topics.emplace_back();
  topic.name = std::string(name);
  topic.num_partitions = partitions;
  for (const auto& [key, value] : configs)
    topic.configs.push_back({key, value});
  return broker.CreateTopics(request).topics.at(0).error_code;
}

inline ErrorCode DropTopic(broker::Broker& broker, std::string_view name) {
  broker::DeleteTopicsRequest request;
  request.topics.push_back({.name = std::string(name)});
  return broker.DeleteTopics(request).responses.at(0).error_code;
}

inline std::shared_ptr<broker::Partition> PartitionOf(broker::Broker& broker,
                                                      std::string_view topic, int32_t index = 0) {
  auto found = broker.FindPartition({std::string(topic), index});
  INFO(runnel::ToString(found.status()));
  REQUIRE(found.ok());
  return *std::move(found);
}

// Appends without waiting for acknowledgement.
inline StatusOr<broker::Appended> AppendText(broker::Partition& partition, std::string_view value,
                                             std::string_view key = "") {
  record::RecordFields fields;
  fields.value = value;
  if (!key.empty()) fields.key = key;
  return partition.AppendRecord(fields);
}

// Appends and waits until it is acknowledged.
inline Status SendText(broker::Partition& partition, std::string_view value,
                       std::string_view key = "") {
  const auto appended = AppendText(partition, value, key);
  if (!appended.ok()) return appended.status();
  return partition.AwaitAcknowledged(appended->last_offset, kForever);
}

// Values of all records in `bytes`.
inline std::vector<std::string> ValuesOf(std::string_view bytes) {
  std::vector<std::string> values;
  record::Codecs codecs;
  record::Buffer buffer;
  record::BatchReader reader(bytes, record::CrcCheck::kVerify);
  while (reader.Next()) {
    const auto records = record::InflateRecords(reader.batch(), &codecs, buffer);
    REQUIRE(records.ok());
    record::RecordIterator iterator(reader.batch(), *records);
    for (record::RecordView record; iterator.Next(record);) {
      values.emplace_back(record.value.value_or("(null)"));
    }
    REQUIRE(iterator.status().ok());
  }
  return values;
}

// Values of all visible records of a partition.
inline std::vector<std::string> ReadValues(broker::Partition& partition) {
  std::vector<std::string> values;
  auto reader = partition.NewReader(IsolationLevel::kReadUncommitted);
  REQUIRE(reader.ok());
  const auto offsets = partition.Offsets();
  REQUIRE(offsets.ok());
  REQUIRE(reader->Seek(offsets->log_start).ok());
  for (;;) {
    const auto bytes = reader->Read(1 << 20);
    INFO(runnel::ToString(bytes.status()));
    REQUIRE(bytes.ok());
    if (bytes->empty()) return values;
    for (std::string& value : ValuesOf(bytes->bytes))
      values.push_back(std::move(value));
  }
}

}  // namespace runnel::testing
