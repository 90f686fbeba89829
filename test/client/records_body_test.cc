#include "client/records_body.h"

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "record/batch_builder.h"
#include "record/control.h"

namespace runnel::client {
namespace {

using record::BatchOptions;

// Batches of one partition, one after the other.
class BatchList {
 public:
  struct Batch {
    int32_t records = 1;
    CompressionType compression = CompressionType::kNone;
    ProducerId producer = kNoProducerId;
    std::vector<int32_t> deltas = {};  // when compaction left gaps
  };

  explicit BatchList(int64_t first_offset = 0) : next_(first_offset) {}

  BatchList& Add(Batch batch) {
    BatchOptions options{.compression = batch.compression, .base_offset = Offset(next_)};
    options.leader_epoch = LeaderEpoch(3);
    if (batch.producer != kNoProducerId) {
      options.producer_id = batch.producer;
      options.producer_epoch = 0;
      options.base_sequence = 0;
      options.is_transactional = true;
    }
    if (batch.deltas.empty()) {
      for (int32_t i = 0; i < batch.records; ++i)
        batch.deltas.push_back(i);
    }
    record::BatchBuilder builder(options, &codecs_);
    for (const int32_t delta : batch.deltas) {
      const std::string value = "v" + std::to_string(next_ + delta);
      const record::RecordFields fields{
          .timestamp = Timestamp(std::chrono::milliseconds(delta)), .key = "k", .value = value};
      REQUIRE(builder.TryAppendAt(delta, fields));
    }
    next_ += batch.deltas.back() + 1;
    bytes_ += builder.Finish().value();
    return *this;
  }
  BatchList& AddMarker(ProducerId producer, record::ControlType type) {
    std::array<char, record::kMaxMarkerBatchBytes> marker{};
    const auto size = record::EncodeMarkerBatch(marker.data(), {.offset = Offset(next_++),
                                                                .producer_id = producer,
                                                                .producer_epoch = 0,
                                                                .marker = {type}});
    bytes_.append(marker.data(), static_cast<size_t>(size));
    return *this;
  }
  std::string& bytes() { return bytes_; }

  PartitionFetch::Options Fetch(int64_t start) const {
    auto pin = std::make_shared<const std::string>(bytes_);
    return {.partition = std::make_shared<const TopicPartition>(TopicPartition{"orders", 2}),
            .bytes = *pin,
            .pin = pin,
            .start = Offset(start)};
  }

 private:
  record::Codecs codecs_;
  int64_t next_;
  std::string bytes_;
};

class Poller {
 public:
  RecordsBuilder NewBuilder() { return RecordsBuilder(pool_, codecs_); }

  Records Take(PartitionFetch& fetch, int64_t max_records) {
    RecordsBuilder builder(pool_, codecs_);
    const auto taken = builder.Take(fetch, max_records);
    if (!taken.ok()) return Records(nullptr, 0, taken.status());
    return builder.Finish();
  }

 private:
  std::shared_ptr<record::BufferPool> pool_ = std::make_shared<record::BoundedBufferPool>();
  record::Codecs codecs_;
};

std::vector<int64_t> OffsetsOf(const Records& records) {
  std::vector<int64_t> offsets;
  for (const RecordView& record : records) {
    CHECK(record.value() == "v" + std::to_string(record.offset().value()));
    offsets.push_back(record.offset().value());
  }
  CHECK(static_cast<int64_t>(offsets.size()) == records.count());
  return offsets;
}

std::vector<int64_t> Range(int64_t first, int64_t last) {
  std::vector<int64_t> offsets;
  for (int64_t offset = first; offset <= last; ++offset)
    offsets.push_back(offset);
  return offsets;
}

TEST_CASE("Records of several batches are walked in order, once and again", "[client][records]") {
  BatchList batches;
  batches.Add({.records = 40}).Add({.records = 1}).Add({.records = 100});
  Poller poller;
  PartitionFetch fetch(batches.Fetch(0));
  const Records records = poller.Take(fetch, 1000);
  CHECK(OffsetsOf(records) == Range(0, 140));
  CHECK(OffsetsOf(records) == Range(0, 140));
  CHECK(fetch.exhausted());
  CHECK(fetch.next_offset() == Offset(141));
  const auto first = records.begin();
  CHECK(first->topic() == "orders");
  CHECK(first->partition() == 2);
  CHECK(first->leader_epoch() == LeaderEpoch(3));
  CHECK(first->key() == "k");
  CHECK(first->timestamp_type() == TimestampType::kCreateTime);
}

TEST_CASE("A poll begins and ends within batches", "[client][records]") {
  const CompressionType compression =
      GENERATE(CompressionType::kNone, CompressionType::kLz4, CompressionType::kGzip,
               CompressionType::kSnappy, CompressionType::kZstd);
  if (!record::IsSupported(compression)) return;
  BatchList batches(100);
  batches.Add({.records = 70, .compression = compression}).Add({.records = 5});
  batches.Add({.records = 30, .compression = compression});
  for (const int64_t step : {1, 3, 33, 64, 1000}) {
    Poller poller;
    PartitionFetch fetch(batches.Fetch(110));
    std::vector<int64_t> seen;
    while (!fetch.exhausted()) {
      const Records records = poller.Take(fetch, step);
      REQUIRE(records.ok());
      REQUIRE(records.count() > 0);
      REQUIRE(records.count() <= step);
      for (const int64_t offset : OffsetsOf(records))
        seen.push_back(offset);
      CHECK(fetch.next_offset() == Offset(seen.back() + 1));
    }
    CHECK(seen == Range(110, 204));
  }
}

TEST_CASE("Gaps that compaction left are no obstacle", "[client][records]") {
  BatchList batches;
  batches.Add({.deltas = {0, 3, 9}}).Add({.deltas = {2, 4}});  // offsets 0 3 9, then 12 14
  const auto read = [&](int64_t start, int64_t max) {
    Poller poller;
    PartitionFetch fetch(batches.Fetch(start));
    return OffsetsOf(poller.Take(fetch, max));
  };
  CHECK(read(0, 100) == std::vector<int64_t>{0, 3, 9, 12, 14});
  CHECK(read(1, 100) == std::vector<int64_t>{3, 9, 12, 14});
  CHECK(read(4, 2) == std::vector<int64_t>{9, 12});
  CHECK(read(10, 100) == std::vector<int64_t>{12, 14});
  CHECK(read(13, 1) == std::vector<int64_t>{14});
}

TEST_CASE("Markers are never handed out; aborted records only to read_uncommitted",
          "[client][records][transactions]") {
  const ProducerId good(7);
  const ProducerId bad(8);
  BatchList batches;
  batches.Add({.records = 2, .producer = bad});           // 0 1
  batches.Add({.records = 2, .producer = good});          // 2 3
  batches.Add({.records = 1});                            // 4
  batches.AddMarker(bad, record::ControlType::kAbort);    // 5
  batches.Add({.records = 1, .producer = bad});           // 6: its next transaction
  batches.AddMarker(good, record::ControlType::kCommit);  // 7
  batches.AddMarker(bad, record::ControlType::kCommit);   // 8
  Poller poller;
  SECTION("read_uncommitted") {
    PartitionFetch fetch(batches.Fetch(0));
    CHECK(OffsetsOf(poller.Take(fetch, 100)) == std::vector<int64_t>{0, 1, 2, 3, 4, 6});
    CHECK(fetch.next_offset() == Offset(9));
  }
  SECTION("read_committed") {
    auto options = batches.Fetch(0);
    options.isolation = IsolationLevel::kReadCommitted;
    options.aborted = {{bad, Offset(0)}};
    for (const int64_t step : {1, 2, 100}) {
      PartitionFetch fetch(options);
      std::vector<int64_t> seen;
      while (!fetch.exhausted()) {
        for (const int64_t offset : OffsetsOf(poller.Take(fetch, step)))
          seen.push_back(offset);
      }
      CHECK(seen == std::vector<int64_t>{2, 3, 4, 6});
      CHECK(fetch.next_offset() == Offset(9));
    }
  }
  SECTION("read_committed from the middle of the transaction") {
    auto options = batches.Fetch(1);
    options.isolation = IsolationLevel::kReadCommitted;
    options.aborted = {{bad, Offset(0)}};
    PartitionFetch fetch(options);
    CHECK(OffsetsOf(poller.Take(fetch, 100)) == std::vector<int64_t>{2, 3, 4, 6});
  }
}

TEST_CASE("Records outlive the fetch, the builder and the pool", "[client][records]") {
  BatchList batches;
  batches.Add({.records = 50, .compression = CompressionType::kLz4}).Add({.records = 3});
  Records records;
  {
    Poller poller;
    PartitionFetch fetch(batches.Fetch(0));
    records = poller.Take(fetch, 60);
    batches.bytes().clear();
  }
  CHECK(OffsetsOf(records) == Range(0, 52));
}

TEST_CASE("One Records holds several partitions", "[client][records]") {
  BatchList a;
  BatchList b(1000);
  a.Add({.records = 3});
  b.Add({.records = 2});
  Poller poller;
  RecordsBuilder builder = poller.NewBuilder();
  PartitionFetch fetch_a(a.Fetch(0));
  PartitionFetch fetch_b(b.Fetch(1000));
  CHECK(builder.Take(fetch_a, 10).value() == 3);
  CHECK(builder.Take(fetch_b, 10).value() == 2);
  CHECK(builder.count() == 5);
  CHECK(OffsetsOf(builder.Finish()) == std::vector<int64_t>{0, 1, 2, 1000, 1001});
  CHECK(builder.count() == 0);
  CHECK(builder.Finish().empty());
}

TEST_CASE("A damaged batch is named; what stands before it is handed out", "[client][records]") {
  BatchList batches;
  batches.Add({.records = 3});
  const size_t second = batches.bytes().size();
  batches.Add({.records = 2}).Add({.records = 1});
  Poller poller;
  SECTION("wrong checksum") {
    batches.bytes()[second + 70] ^= 1;
    auto options = batches.Fetch(0);
    options.check_crcs = true;
    PartitionFetch fetch(options);
    CHECK(OffsetsOf(poller.Take(fetch, 100)) == Range(0, 2));
    for (int again = 0; again < 2; ++again) {
      const Records records = poller.Take(fetch, 100);
      CHECK(CodeOf(records.status()) == ErrorCode::kCorruptMessage);
      CHECK(ToString(records.status()).find("offset 3 of orders-2") != std::string::npos);
      CHECK(fetch.next_offset() == Offset(3));
    }
  }
  SECTION("cut at every byte") {
    const std::string whole = batches.bytes();
    for (size_t size = second + 1; size < whole.size(); ++size) {
      batches.bytes() = whole.substr(0, size);
      PartitionFetch fetch(batches.Fetch(0));
      int64_t count = 0;
      while (!fetch.exhausted()) {
        const Records records = poller.Take(fetch, 100);
        count += static_cast<int64_t>(OffsetsOf(records).size());
        if (!records.ok()) break;
      }
      CHECK((count == 3 || count == 5));
    }
  }
  SECTION("compressed bytes that do not inflate") {
    BatchList bad;
    bad.Add({.records = 10, .compression = CompressionType::kLz4});
    bad.bytes()[63] ^= 0x55;
    PartitionFetch fetch(bad.Fetch(0));
    CHECK(CodeOf(poller.Take(fetch, 100).status()) == ErrorCode::kCorruptMessage);
  }
}

TEST_CASE("Headers are read one by one", "[client][records]") {
  record::BatchBuilder builder(BatchOptions{});
  const std::vector<Header> headers = {{"a", "1"}, {"b", std::nullopt}, {"a", "2"}, {"", ""}};
  REQUIRE(builder.TryAppend({.value = "v0", .headers = headers}));
  REQUIRE(builder.TryAppend({.value = std::nullopt}));
  const std::string bytes(builder.Finish().value());
  PartitionFetch fetch({.partition = std::make_shared<const TopicPartition>(), .bytes = bytes});
  Poller poller;
  const Records records = poller.Take(fetch, 10);
  auto record = records.begin();
  CHECK(record->headers().size() == 4);
  CHECK(std::vector<Header>(record->headers().begin(), record->headers().end()) == headers);
  CHECK(record->headers().Last("a")->value == "2");
  CHECK_FALSE(record->headers().Last("b")->value.has_value());
  CHECK_FALSE(record->headers().Last("c").has_value());
  CHECK_FALSE(record->has_key());
  ++record;
  CHECK(record->headers().empty());
  CHECK_FALSE(record->has_value());
  CHECK_FALSE(record->nullable_value().has_value());
  ++record;
  CHECK(record == records.end());
}

}  // namespace
}  // namespace runnel::client
