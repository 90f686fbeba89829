#include "log/dump.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "log_harness.h"
#include "support/shared_files.h"
#include "support/status.h"

namespace runnel::log {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

Lines Dump(Dumper& dumper, std::string_view name) {
  Lines lines;
  REQUIRE_OK(dumper.DumpFile(name, [&](std::string_view line) { lines.emplace_back(line); }));
  return lines;
}

Lines ReadLines(const fs::path& path) {
  Lines lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    lines.push_back(line);
  return lines;
}

// Complaints come as a heading and indented lines; the tool of Kafka prints them in the order of a
// hash map, so they are compared as a set of blocks.
struct Sections {
  std::vector<std::pair<std::string, Lines>> files;  // "### name" and what follows
  std::vector<std::string> complaints;               // blocks, sorted
};
Sections Split(const Lines& lines) {
  Sections sections;
  bool in_complaint = false;
  for (const std::string& line : lines) {
    if (line.empty() && (sections.files.empty() || !in_complaint)) continue;
    if (line.starts_with("### ")) {
      sections.files.emplace_back(line.substr(4), Lines());
      in_complaint = false;
    } else if (line.starts_with("Non-consecutive")) {
      sections.complaints.push_back(line);
      in_complaint = true;
    } else if (in_complaint) {
      if (!line.empty()) sections.complaints.back() += "\n" + line;
    } else {
      sections.files.back().second.push_back(line);
    }
  }
  std::sort(sections.complaints.begin(), sections.complaints.end());
  return sections;
}

void CompareWithGolden(const fs::path& folder) {
  INFO(folder.string());
  record::Codecs codecs;
  const auto directory =
      FileSystem::System().OpenDirectory(folder.string(), DirectoryMode::kMustExist).value();
  DumpOptions options;
  options.deep_iteration = true;
  // These two were dumped with decoders that belong to the coordinators.
  const bool decoded =
      folder.filename() == "consumer-offsets" || folder.filename() == "transaction-state";
  options.print_data_log = !decoded;
  Dumper dumper(*directory, options, codecs);
  const Sections expected = Split(ReadLines(folder / "dump.txt"));
  REQUIRE_FALSE(expected.files.empty());
  for (const auto& [name, lines] : expected.files) {
    INFO(name);
    Lines wanted = lines;
    for (std::string& line : wanted) {
      const size_t key = line.find("] key: ");
      if (decoded && line.starts_with("| ") && key != std::string::npos) line.resize(key + 1);
    }
    CHECK(Dump(dumper, name) == wanted);
  }
  Lines complaints;
  CHECK(dumper.PrintComplaints([&](std::string_view line) { complaints.emplace_back(line); }));
  CHECK(Split(complaints).complaints == expected.complaints);
}

TEST_CASE("Each golden folder is dumped line for line as Kafka's tool does",
          "[log][dump][golden]") {
  const auto shared = testing::SharedFiles();
  if (!shared.has_value()) return;
  int folders = 0;
  for (const auto& entry : fs::directory_iterator(*shared / "golden")) {
    if (!fs::exists(entry.path() / "dump.txt")) continue;
    CompareWithGolden(entry.path());
    ++folders;
  }
  CHECK(folders >= 20);
}

constexpr const char* kLog = "orders-0/00000000000000000000.log";
constexpr const char* kIndex = "orders-0/00000000000000000000.index";
constexpr const char* kTimeIndex = "orders-0/00000000000000000000.timeindex";

// A closed log of ten records, its segment base 0 holding several batches.
struct Sample {
  Sample() {
    harness.Open();
    harness.AppendMany(4);
    REQUIRE_OK(harness.AppendBatch({.values = {"x", "y"},
                                    .producer_id = 5,
                                    .epoch = 1,
                                    .sequence = 0,
                                    .transactional = true,
                                    .time_ms = 9}));
    REQUIRE_OK(harness.log->AppendControl({.producer_id = ProducerId(5),
                                           .producer_epoch = 1,
                                           .commit = false,
                                           .coordinator_epoch = 3},
                                          {.now = At(10)}));
    REQUIRE_OK(harness.log->Close());
  }
  std::string Bytes(std::string_view name) {
    return base::ReadWhole(*harness.directory, name, 1 << 20).value();
  }
  void Replace(std::string_view name, std::string_view bytes) {
    REQUIRE_OK(base::WriteWhole(*harness.directory, name, bytes));
  }
  LogHarness harness;
  record::Codecs codecs;
};

TEST_CASE("A log is dumped by batch, by record and with its data", "[log][dump]") {
  Sample sample;
  DumpOptions options;
  {
    Dumper dumper(*sample.harness.directory, options, sample.codecs);
    const Lines lines = Dump(dumper, kLog);
    REQUIRE(lines.size() == 7);
    CHECK(lines[0] == "Log starting offset: 0");
    CHECK(lines[1].starts_with(
        "baseOffset: 0 lastOffset: 0 count: 1 baseSequence: -1 lastSequence: -1 producerId: -1 "
        "producerEpoch: -1 partitionLeaderEpoch: 0 isTransactional: false isControl: false "
        "deleteHorizonMs: OptionalLong.empty position: 0 CreateTime: 1700000000000 size: "));
    CHECK(lines[1].ends_with(" isvalid: true"));
  }
  options.print_data_log = true;
  Dumper dumper(*sample.harness.directory, options, sample.codecs);
  const Lines lines = Dump(dumper, kLog);
  REQUIRE(lines.size() == 14);
  CHECK(lines[2] ==
        "| offset: 0 CreateTime: 1700000000000 keySize: 1 valueSize: 7 sequence: -1 headerKeys: [] "
        "key: k payload: value-0");
  CHECK(lines[11].find("sequence: 1 ") != std::string::npos);
  CHECK(lines[13] ==
        "| offset: 6 CreateTime: 1700000000010 keySize: 4 valueSize: 6 sequence: -1 headerKeys: [] "
        "endTxnMarker: ABORT coordinatorEpoch: 3");
  const Lines aborted = Dump(dumper, "orders-0/00000000000000000000.txnindex");
  CHECK(aborted ==
        Lines{"version: 0 producerId: 5 firstOffset: 4 lastOffset: 6 lastStableOffset: 7"});
  CHECK(Dump(dumper, "orders-0/00000000000000000007.snapshot").size() == 1);
  CHECK(Dump(dumper, "orders-0/leader-epoch-checkpoint") == Lines{"0", "1", "0 0"});
}

TEST_CASE("A decoder decides what is printed of a record", "[log][dump]") {
  Sample sample;
  DumpOptions options;
  options.print_data_log = true;
  options.decoder = [](const record::RecordView& record) {
    return DecodedRecord{.key = std::nullopt, .payload = "<" + std::string(*record.value) + ">"};
  };
  Dumper dumper(*sample.harness.directory, options, sample.codecs);
  CHECK(Dump(dumper, kLog)[2].ends_with("headerKeys: [] payload: <value-0>"));
}

TEST_CASE("Bytes that are no UTF-8 are replaced as Java replaces them", "[log][dump]") {
  const auto text = [](std::string_view value) {
    record::RecordView record{};
    record.value = value;
    return *DecodeAsText(record).payload;
  };
  CHECK(text("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80") ==
        "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
  CHECK(text("\xff") == "\xef\xbf\xbd");
  CHECK(text("a\xc3") == "a\xef\xbf\xbd");
  CHECK(text("\xe2\x82z") == "\xef\xbf\xbdz");
  CHECK(text("\xc0\x80") == "\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(text("\xed\xa0\x80") == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("Damage in a log is printed", "[log][dump][damage]") {
  Sample sample;
  const std::string good = sample.Bytes(kLog);
  DumpOptions options;
  options.print_data_log = true;
  Dumper dumper(*sample.harness.directory, options, sample.codecs);
  SECTION("flipped") {
    std::string bad = good;
    bad[70] = static_cast<char>(bad[70] ^ 1);
    sample.Replace(kLog, bad);
    CHECK(Dump(dumper, kLog)[1].ends_with("isvalid: false"));
  }
  SECTION("torn") {
    sample.Replace(kLog, good.substr(0, good.size() - 1));
    CHECK(Dump(dumper, kLog).back() ==
          "Found 77 invalid bytes at the end of 00000000000000000000.log");
  }
  SECTION("cut at every byte") {
    for (size_t size = 0; size < good.size(); ++size) {
      sample.Replace(kLog, good.substr(0, size));
      Dump(dumper, kLog);
    }
  }
  SECTION("at most so many bytes") {
    options.max_bytes = 1;
    options.print_data_log = false;
    Dumper limited(*sample.harness.directory, options, sample.codecs);
    CHECK(Dump(limited, kLog).size() == 2);
  }
}

TEST_CASE("Index entries that do not match the log are complained about", "[log][dump][damage]") {
  Sample sample;
  Dumper dumper(*sample.harness.directory, {}, sample.codecs);
  const auto complaints = [&] {
    Lines lines;
    dumper.PrintComplaints([&](std::string_view line) { lines.emplace_back(line); });
    return lines;
  };
  std::string index = sample.Bytes(kIndex);
  REQUIRE(index.size() >= 8);
  Dump(dumper, kIndex);
  Dump(dumper, kTimeIndex);
  CHECK(complaints().empty());
  index[3] = static_cast<char>(index[3] + 1);
  sample.Replace(kIndex, index);
  Dump(dumper, kIndex);
  const Lines lines = complaints();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "Mismatches in :00000000000000000000.index");
  CHECK(lines[1].starts_with("  Index offset: "));

  std::string times = sample.Bytes(kTimeIndex);
  times[7] = static_cast<char>(times[7] + 1);
  sample.Replace(kTimeIndex, times);
  Dump(dumper, kTimeIndex);
  CHECK(complaints()[0] == "Found timestamp mismatch in :00000000000000000000.timeindex");
}

TEST_CASE("Small files cut at every byte are printed without harm", "[log][dump][damage]") {
  Sample sample;
  DumpOptions options;
  options.index_sanity_check = GENERATE(false, true);
  Dumper dumper(*sample.harness.directory, options, sample.codecs);
  for (const char* name :
       {kIndex, kTimeIndex, "orders-0/00000000000000000000.txnindex",
        "orders-0/00000000000000000007.snapshot", "orders-0/leader-epoch-checkpoint"}) {
    const std::string good = sample.Bytes(name);
    for (size_t size = 0; size <= good.size(); ++size) {
      sample.Replace(name, good.substr(0, size));
      Dump(dumper, name);
    }
    for (size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0xff);
      sample.Replace(name, bad);
      Dump(dumper, name);
    }
    sample.Replace(name, good);
  }
}

TEST_CASE("A file that is none of a log's is refused by name", "[log][dump]") {
  Sample sample;
  Dumper dumper(*sample.harness.directory, {}, sample.codecs);
  const auto ignore = [](std::string_view) {};
  CHECK(CodeOf(dumper.DumpFile("orders-0/notes.txt", ignore)) == ErrorCode::kInvalidRequest);
  CHECK(CodeOf(dumper.DumpFile("orders-0/00000000000000000099.log", ignore)) ==
        ErrorCode::kKafkaStorageError);
}

}  // namespace
}  // namespace runnel::log
