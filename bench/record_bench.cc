// Record batches: making, reading and checking them, one thread, everything in the cache.
#include <benchmark/benchmark.h>
#include <lz4.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "record/batch_builder.h"
#include "record/batch_reader.h"
#include "record/record_iterator.h"
#include "record/validate.h"

namespace runnel::record {
namespace {

Timestamp At(int64_t ms) {
  return Timestamp(std::chrono::milliseconds(ms));
}

// Text that compresses like JSON events do: the same fields, changing values.
std::string JsonOf(size_t size_bytes, unsigned seed) {
  std::string text = "{\"events\":[";
  while (text.size() < size_bytes) {
    seed = seed * 1103515245U + 12345U;
    text += "{\"id\":" + std::to_string(seed % 1000000) + ",\"type\":\"" +
            (seed % 3 == 0 ? "click" : "view") + "\",\"user\":\"user-" +
            std::to_string(seed >> 20) + "\",\"price\":" + std::to_string((seed >> 8) % 10000) +
            ".99,\"ok\":true},";
  }
  text.resize(size_bytes);
  return text;
}

std::string MakeBatch(int64_t records, size_t value_bytes, const BatchOptions& options,
                      Codecs& codecs) {
  BatchBuilder builder(options, &codecs);
  for (int64_t i = 0; i < records; ++i) {
    const std::string value = JsonOf(value_bytes, static_cast<unsigned>(i) + 1);
    (void)builder.TryAppend({.timestamp = At(1700000000000 + i), .value = value});
  }
  return std::string(*builder.Finish());
}

void SetRates(benchmark::State& state, int64_t records, int64_t value_bytes) {
  state.SetItemsProcessed(state.iterations() * records);
  state.SetBytesProcessed(state.iterations() * records * value_bytes);
}

// The floor of the encoders below: copies a value. Bytes are value bytes in all of them.
void BM_Memcpy(benchmark::State& state) {
  const std::string value = JsonOf(static_cast<size_t>(state.range(0)), 1);
  std::string out(value.size(), '\0');
  for (auto _ : state) {
    std::memcpy(out.data(), value.data(), value.size());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  SetRates(state, 1, state.range(0));
}
BENCHMARK(BM_Memcpy)->ArgName("value_bytes")->Arg(100)->Arg(1024);

// Encodes one record as a batch of its own, CRC included.
void BM_EncodeSingle(benchmark::State& state) {
  const std::string value = JsonOf(static_cast<size_t>(state.range(0)), 1);
  const RecordFields record{.timestamp = At(1700000000000), .value = value};
  std::vector<char> out(static_cast<size_t>(SizeOfSingleRecordBatch(record)));
  int64_t offset = 0;
  for (auto _ : state) {
    const int64_t size_bytes = SizeOfSingleRecordBatch(record);
    EncodeSingleRecordBatch(out.data(), size_bytes, {.base_offset = Offset(offset++)}, record);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  SetRates(state, 1, state.range(0));
}
BENCHMARK(BM_EncodeSingle)->ArgName("value_bytes")->Arg(0)->Arg(100)->Arg(1024);

// Appends records to a builder and finishes the batch; the CRC is computed once per batch.
void BM_Build(benchmark::State& state) {
  const std::string value = JsonOf(static_cast<size_t>(state.range(1)), 1);
  BatchBuilder builder({});
  for (auto _ : state) {
    builder.Reset({});
    for (int64_t i = 0; i < state.range(0); ++i) {
      builder.TryAppend({.timestamp = At(1700000000000 + i), .value = value});
    }
    benchmark::DoNotOptimize(builder.Finish()->data());
  }
  SetRates(state, state.range(0), state.range(1));
}
BENCHMARK(BM_Build)
    ->ArgNames({"records", "value_bytes"})
    ->Args({100, 100})
    ->Args({1000, 100})
    ->Args({100, 1024});

// The CRC alone, over a batch of that many records.
void BM_Crc(benchmark::State& state) {
  Codecs codecs;
  const std::string bytes = MakeBatch(state.range(0), 100, {}, codecs);
  const BatchView batch = *BatchView::Parse(bytes);
  for (auto _ : state) {
    benchmark::DoNotOptimize(batch.IsCrcValid());
  }
  SetRates(state, state.range(0), 100);
}
BENCHMARK(BM_Crc)->ArgName("records")->Arg(1)->Arg(100)->Arg(1000);

// Walks all records of a batch; touches the length of each value, not its bytes.
void BM_Iterate(benchmark::State& state) {
  Codecs codecs;
  const std::string bytes =
      MakeBatch(state.range(0), static_cast<size_t>(state.range(1)), {}, codecs);
  const auto crc = state.range(2) != 0 ? CrcCheck::kVerify : CrcCheck::kSkip;
  for (auto _ : state) {
    size_t sum = 0;
    for (BatchReader reader(bytes, crc); reader.Next();) {
      RecordIterator iterator(reader.batch(), reader.batch().records());
      for (RecordView record; iterator.Next(record);) {
        sum += record.value->size();
      }
    }
    benchmark::DoNotOptimize(sum);
  }
  SetRates(state, state.range(0), state.range(1));
}
BENCHMARK(BM_Iterate)
    ->ArgNames({"records", "value_bytes", "crc"})
    ->Args({1, 100, 0})
    ->Args({100, 100, 0})
    ->Args({100, 100, 1})
    ->Args({1000, 100, 1});

// A leader's check of a client's batch, nothing to be changed.
void BM_Validate(benchmark::State& state) {
  Codecs codecs;
  std::string bytes =
      MakeBatch(100, 100, {.compression = static_cast<CompressionType>(state.range(0))}, codecs);
  ValidateResult result;
  for (auto _ : state) {
    const Status status =
        ValidateBatches({bytes.data(), bytes.size()}, {.now = At(1700000000000)}, codecs, result);
    if (!status.ok()) state.SkipWithError("refused");
  }
  SetRates(state, 100, 100);
}
BENCHMARK(BM_Validate)->ArgName("codec")->Arg(0)->Arg(3);

// The records of a batch of 16 values of 1 KiB, as the codecs see them.
std::string JsonRecords() {
  Codecs codecs;
  const std::string batch = MakeBatch(16, 1024, {}, codecs);
  return batch.substr(kBatchHeaderBytes);
}

// Bytes are uncompressed bytes in all benchmarks of codecs.
void BM_Compress(benchmark::State& state) {
  const auto type = static_cast<CompressionType>(state.range(0));
  const std::string text = JsonRecords();
  Codecs codecs;
  Buffer out;
  for (auto _ : state) {
    out.clear();
    if (!codecs.Compress(type, {}, text, out).ok()) return state.SkipWithError("not built");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
  state.counters["ratio"] = static_cast<double>(text.size()) / static_cast<double>(out.size());
}
BENCHMARK(BM_Compress)->ArgName("codec")->DenseRange(0, 4);

void BM_Decompress(benchmark::State& state) {
  const auto type = static_cast<CompressionType>(state.range(0));
  const std::string text = JsonRecords();
  Codecs codecs;
  Buffer packed;
  if (!codecs.Compress(type, {}, text, packed).ok()) return state.SkipWithError("not built");
  Buffer out;
  for (auto _ : state) {
    out.clear();
    (void)codecs.Decompress(type, packed, 1 << 20, out).ok();
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(BM_Decompress)->ArgName("codec")->DenseRange(0, 4);

// lz4 without frame, pool and growing buffer: what BM_Compress and BM_BuildLz4 are held against.
void BM_RawLz4Compress(benchmark::State& state) {
  const std::string text = JsonRecords();
  const int text_bytes = static_cast<int>(text.size());
  std::string out(static_cast<size_t>(LZ4_compressBound(text_bytes)), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        LZ4_compress_default(text.data(), out.data(), text_bytes, static_cast<int>(out.size())));
  }
  state.SetBytesProcessed(state.iterations() * text_bytes);
}
BENCHMARK(BM_RawLz4Compress);

void BM_RawLz4Decompress(benchmark::State& state) {
  const std::string text = JsonRecords();
  const int text_bytes = static_cast<int>(text.size());
  std::string packed(static_cast<size_t>(LZ4_compressBound(text_bytes)), '\0');
  const int packed_bytes =
      LZ4_compress_default(text.data(), packed.data(), text_bytes, static_cast<int>(packed.size()));
  std::string out(text.size(), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        LZ4_decompress_safe(packed.data(), out.data(), packed_bytes, text_bytes));
  }
  state.SetBytesProcessed(state.iterations() * text_bytes);
}
BENCHMARK(BM_RawLz4Decompress);

// The whole of a producer's work for an lz4 batch of 16 values of 1 KiB: append, compress, CRC.
void BM_BuildLz4(benchmark::State& state) {
  std::vector<std::string> values;
  for (unsigned i = 1; i <= 16; ++i) {
    values.push_back(JsonOf(1024, i));
  }
  Codecs codecs;
  const BatchOptions options{.compression = CompressionType::kLz4};
  BatchBuilder builder(options, &codecs);
  for (auto _ : state) {
    builder.Reset(options);
    for (const std::string& value : values) {
      builder.TryAppend({.timestamp = At(1700000000000), .value = value});
    }
    benchmark::DoNotOptimize(builder.Finish()->data());
  }
  SetRates(state, 16, 1024);
}
BENCHMARK(BM_BuildLz4);

}  // namespace
}  // namespace runnel::record
