// What sending costs a program, through the public Producer: one record at a time, spans, with
// linger and compression; in memory, through the page cache, with a sync each. Records are 100
// bytes of value without a key. Not measured: reading, several partitions.
// Yardsticks beside them: memcpy, and write(2) of the same bytes with nothing around them.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runnel/runnel.h"

namespace runnel {
namespace {

constexpr size_t kValueBytes = 100;

// A folder in the place for temporary files (TMPDIR), gone at the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "runnel-bench-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A broker with one topic "t" that keeps about 256 MiB, so that long runs do not fill the disk.
class Setup {
 public:
  Setup(Durability durability, ProducerOptions options) {
    BrokerOptions broker_options;
    if (durability != Durability::kMemory) broker_options.data_dir = folder_.path();
    broker_options.properties = {{"log.retention.check.interval.ms", "500"}};
    broker = Broker::Open(broker_options).value();
    TopicOptions topic;
    topic.durability = durability;
    topic.retention_bytes = int64_t{256} << 20;
    topic.segment_bytes = int64_t{64} << 20;
    const Status created = broker->NewAdmin().value()->CreateTopic("t", topic);
    if (!created.ok()) std::abort();
    producer = broker->NewProducer(std::move(options)).value();
  }

 private:
  Folder folder_;

 public:
  std::unique_ptr<Broker> broker;
  std::unique_ptr<Producer> producer;
};

void Count(benchmark::State& state, int64_t records) {
  state.SetItemsProcessed(records);
  state.SetBytesProcessed(records * static_cast<int64_t>(kValueBytes));
}

void BM_Memcpy(benchmark::State& state) {
  const std::string value(kValueBytes, 'x');
  std::vector<char> target(1 << 20);
  size_t position = 0;
  for (auto _ : state) {
    std::memcpy(&target[position], value.data(), value.size());
    position = (position + value.size()) % (target.size() - value.size());
    benchmark::ClobberMemory();
  }
  Count(state, state.iterations());
}
BENCHMARK(BM_Memcpy);

// One write(2) per `records` records, into the page cache.
void BM_RawWrite(benchmark::State& state) {
  const Folder folder;
  const std::string bytes(kValueBytes * static_cast<size_t>(state.range(0)), 'x');
  const int file = open((folder.path() + "/raw").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  int64_t size = 0;
  for (auto _ : state) {
    if (write(file, bytes.data(), bytes.size()) < 0) state.SkipWithError("write failed");
    size += static_cast<int64_t>(bytes.size());
    if (size < (int64_t{256} << 20)) continue;
    size = lseek(file, 0, SEEK_SET);
  }
  close(file);
  Count(state, state.iterations() * state.range(0));
}
BENCHMARK(BM_RawWrite)->ArgName("records")->Arg(1)->Arg(100);

void BM_RawWriteAndSync(benchmark::State& state) {
  const Folder folder;
  const std::string bytes(kValueBytes, 'x');
  const int file = open((folder.path() + "/raw").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  for (auto _ : state) {
    const bool is_done = write(file, bytes.data(), bytes.size()) > 0 && fdatasync(file) == 0;
    if (!is_done) state.SkipWithError("write failed");
  }
  close(file);
  Count(state, state.iterations());
}
BENCHMARK(BM_RawWriteAndSync)->UseRealTime();

// Durability: 0 memory, 1 page cache, 3 sync each.
void BM_Send(benchmark::State& state) {
  Setup setup(static_cast<Durability>(state.range(0)), {});
  const std::string value(kValueBytes, 'x');
  for (auto _ : state) {
    if (const auto sent = setup.producer->Send({.topic = "t", .value = value}); !sent.ok()) {
      state.SkipWithError(ToString(sent.status()).c_str());
      break;
    }
  }
  Count(state, state.iterations());
}
BENCHMARK(BM_Send)->ArgName("durability")->Arg(0)->Arg(1)->Arg(3)->UseRealTime();

// The same with a timestamp of the caller's, which saves reading the clock.
void BM_SendWithTimestamp(benchmark::State& state) {
  Setup setup(static_cast<Durability>(state.range(0)), {});
  const std::string value(kValueBytes, 'x');
  const Timestamp now = Clock::System().Now();
  for (auto _ : state) {
    const auto sent = setup.producer->Send({.topic = "t", .value = value, .timestamp = now});
    if (!sent.ok()) {
      state.SkipWithError(ToString(sent.status()).c_str());
      break;
    }
  }
  Count(state, state.iterations());
}
BENCHMARK(BM_SendWithTimestamp)->ArgName("durability")->Arg(0)->Arg(1);

// Spans of 100 records.
void BM_SendAll(benchmark::State& state) {
  Setup setup(static_cast<Durability>(state.range(0)), {});
  const std::string value(kValueBytes, 'x');
  const std::vector<ProducerRecord> records(100, ProducerRecord{.topic = "t", .value = value});
  for (auto _ : state) {
    if (const Status sent = setup.producer->SendAll(records); !sent.ok()) {
      state.SkipWithError(ToString(sent).c_str());
      break;
    }
  }
  Count(state, state.iterations() * 100);
}
BENCHMARK(BM_SendAll)->ArgName("durability")->Arg(0)->Arg(1)->Arg(3)->UseRealTime();

// Enqueue with batches of `batch_bytes`; codec: 0 none, 3 lz4. The last Flush is included.
void BM_Enqueue(benchmark::State& state) {
  ProducerOptions options;
  options.linger = std::chrono::milliseconds(5);
  options.compression = static_cast<CompressionType>(state.range(1));
  options.batch_bytes = 65536;
  Setup setup(static_cast<Durability>(state.range(0)), std::move(options));
  const std::string value = R"({"order":12345,"customer":"c-778","item":"apples","count":3,)"
                            R"("price":"1.99","currency":"EUR","ok":1})";
  for (auto _ : state) {
    if (const Status sent = setup.producer->Enqueue({.topic = "t", .value = value}); !sent.ok()) {
      state.SkipWithError(ToString(sent).c_str());
      break;
    }
  }
  if (!setup.producer->Flush().ok()) state.SkipWithError("flush failed");
  Count(state, state.iterations());
}
BENCHMARK(BM_Enqueue)
    ->ArgNames({"durability", "codec"})
    ->Args({0, 0})
    ->Args({1, 0})
    ->Args({1, 3})
    ->Args({3, 0})
    ->UseRealTime();

}  // namespace
}  // namespace runnel
