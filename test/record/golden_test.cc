// Decodes the segments of a real broker (Apache Kafka 4.3.1) when the reference data is there.
#include <catch2/catch.hpp>

#include <map>
#include <sstream>

#include "base/encoding.h"
#include "record/batch_reader.h"
#include "record/control.h"
#include "record_support.h"
#include "support/golden.h"

namespace runnel::record {
namespace {

using base::Base64;
using nlohmann::json;
using testing::GoldenFolder;

// The line Kafka's dump tool prints for a batch.
std::string DumpLine(const BatchView& batch, int64_t position) {
  std::ostringstream line;
  line << std::boolalpha << "baseOffset: " << batch.base_offset()
       << " lastOffset: " << batch.last_offset() << " count: " << batch.record_count()
       << " baseSequence: " << batch.base_sequence() << " lastSequence: " << batch.last_sequence()
       << " producerId: " << batch.producer_id() << " producerEpoch: " << batch.producer_epoch()
       << " partitionLeaderEpoch: " << batch.leader_epoch()
       << " isTransactional: " << batch.is_transactional() << " isControl: " << batch.is_control();
  line << " deleteHorizonMs: OptionalLong";
  if (batch.has_delete_horizon()) {
    line << '[' << batch.delete_horizon().time_since_epoch().count() << ']';
  } else {
    line << ".empty";
  }
  line << " position: " << position << ' ' << ToString(batch.timestamp_type()) << ": "
       << batch.max_timestamp().time_since_epoch().count() << " size: " << batch.size_bytes()
       << " magic: " << int{batch.magic()} << " compresscodec: " << ToString(batch.compression())
       << " crc: " << batch.crc() << " isvalid: " << batch.IsCrcValid();
  return line.str();
}

json Base64OrNull(const std::optional<std::string>& bytes) {
  return bytes.has_value() ? json(Base64(*bytes)) : json(nullptr);
}

json AsExpected(const OwnedRecord& record, const BatchView& batch) {
  json headers = json::array();
  for (const auto& [key, value] : record.headers) {
    headers.push_back({Base64(key), Base64OrNull(value)});
  }
  return {{"iso", "read_uncommitted"},
          {"o", record.offset},
          {"ts", record.timestamp},
          {"tt", std::string(ToString(batch.timestamp_type()))},
          {"le", batch.leader_epoch().value()},
          {"k", Base64OrNull(record.key)},
          {"v", Base64OrNull(record.value)},
          {"h", headers}};
}

// What is in a folder's segments.
struct Decoded {
  std::vector<std::string> batch_lines;
  std::map<int64_t, json> records;  // by offset, without markers
  std::vector<std::string> markers;
};

void DecodeMarker(const BatchView& batch, Decoded& decoded) {
  const auto record = ReadControlRecord(batch);
  REQUIRE(record.ok());
  const auto marker = ParseEndTxnMarker(*record);
  REQUIRE(marker.ok());
  decoded.markers.push_back(std::string(NameOf(marker->type)));
}

Decoded Decode(const GoldenFolder& folder) {
  Codecs codecs;
  Decoded decoded;
  for (const std::string& name : folder.Logs()) {
    const std::string log = folder.ReadFile(name);
    BatchReader reader(log, CrcCheck::kVerify);
    while (reader.Next()) {
      const BatchView& batch = reader.batch();
      decoded.batch_lines.push_back(DumpLine(batch, reader.position()));
      if (batch.is_control()) {
        DecodeMarker(batch, decoded);
        continue;
      }
      const auto records = ReadAll(batch, codecs);
      REQUIRE(ToString(records.status()) == "OK");
      for (const OwnedRecord& record : *records) {
        decoded.records[record.offset] = AsExpected(record, batch);
      }
    }
    CHECK(reader.end() == BatchReader::End::kComplete);
    CHECK(reader.position() == static_cast<int64_t>(log.size()));
  }
  return decoded;
}

TEST_CASE("Segments of a real broker are decoded as Kafka decodes them", "[record][golden]") {
  for (const GoldenFolder& folder : testing::GoldenFolders()) {
    CAPTURE(folder.name());
    const Decoded decoded = Decode(folder);
    CHECK(decoded.batch_lines == folder.DumpLines("baseOffset:"));
    size_t uncommitted = 0;
    for (json expected : folder.Expected()) {
      if (expected["iso"] == "read_uncommitted") ++uncommitted;
      expected["iso"] = "read_uncommitted";
      expected.erase("p");  // the folder, not the record, knows its partition
      const auto found = decoded.records.find(expected["o"].get<int64_t>());
      REQUIRE(found != decoded.records.end());
      CHECK(found->second == expected);
    }
    // The consumer of delete-records starts at offset 7; internal topics have no expectation.
    if (uncommitted > 0 && folder.name() != "delete-records") {
      CHECK(decoded.records.size() == uncommitted);
    }
    if (folder.name() == "txn") {
      CHECK(decoded.markers ==
            std::vector<std::string>{"COMMIT", "ABORT", "COMMIT", "ABORT", "COMMIT"});
    }
  }
}

}  // namespace
}  // namespace runnel::record
