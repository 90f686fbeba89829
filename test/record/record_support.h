// Small verbs for the tests of record batches.
#pragma once

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "record/batch_builder.h"
#include "record/batch_header.h"
#include "record/compression.h"
#include "record/record_iterator.h"
#include "runnel/error.h"

namespace runnel::record {

inline Timestamp At(int64_t ms) {
  return Timestamp(std::chrono::milliseconds(ms));
}

// A record that owns its bytes, for comparing.
struct OwnedRecord {
  int64_t offset = 0;
  int64_t timestamp = 0;
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};

  friend bool operator==(const OwnedRecord&, const OwnedRecord&) = default;
  friend std::ostream& operator<<(std::ostream& out, const OwnedRecord& r) {
    return out << "offset " << r.offset << " ts " << r.timestamp << " key "
               << r.key.value_or("<null>") << " value " << r.value.value_or("<null>") << " headers "
               << r.headers.size();
  }
};

inline OwnedRecord Own(const RecordView& record) {
  OwnedRecord own{.offset = record.offset.value(),
                  .timestamp = record.timestamp.time_since_epoch().count()};
  if (record.key.has_value()) own.key.emplace(*record.key);
  if (record.value.has_value()) own.value.emplace(*record.value);
  for (const Header& header : record.headers) {
    own.headers.emplace_back(header.key, header.value);
  }
  return own;
}

// All records of a batch, or the first error.
inline StatusOr<std::vector<OwnedRecord>> ReadAll(const BatchView& batch, Codecs& codecs) {
  Buffer buffer;
  const StatusOr<std::string_view> bytes = InflateRecords(batch, &codecs, buffer);
  if (!bytes.ok()) return bytes.status();
  RecordIterator iterator(batch, *bytes);
  std::vector<OwnedRecord> records;
  for (RecordView record; iterator.Next(record);) {
    records.push_back(Own(record));
  }
  if (!iterator.status().ok()) return iterator.status();
  return records;
}

inline StatusOr<std::vector<OwnedRecord>> ReadAll(std::string_view bytes, Codecs& codecs) {
  const StatusOr<BatchView> batch = BatchView::Parse(bytes);
  if (!batch.ok()) return batch.status();
  if (const Status status = batch->VerifyCrc(); !status.ok()) return status;
  return ReadAll(*batch, codecs);
}

// Appends an owned record; its offset is ignored.
inline bool Append(BatchBuilder& builder, const OwnedRecord& record) {
  std::vector<Header> headers;
  for (const auto& [key, value] : record.headers) {
    headers.push_back({key, value});
  }
  return builder.TryAppend({.timestamp = At(record.timestamp),
                            .key = record.key,
                            .value = record.value,
                            .headers = headers});
}

// The three records of the batches in vectors.h.
inline std::vector<OwnedRecord> VectorRecords() {
  return {{100, 1700000000000, "key1", "value1", {}},
          {101, 1700000000005, std::nullopt, "v2", {{"h1", "x"}, {"h2", std::nullopt}}},
          {102, 1700000000003, "key3", std::nullopt, {}}};
}

inline std::string BuildBatch(const BatchOptions& options, const std::vector<OwnedRecord>& records,
                              Codecs& codecs) {
  BatchBuilder builder(options, &codecs);
  for (const OwnedRecord& record : records) {
    REQUIRE(Append(builder, record));
  }
  const StatusOr<std::string_view> batch = builder.Finish();
  REQUIRE(batch.ok());
  return std::string(*batch);
}

// Makes the CRC right again after bytes have been changed.
inline void FixCrc(std::string& batch) {
  UpdateCrc({batch.data(), batch.size()});
}

}  // namespace runnel::record
