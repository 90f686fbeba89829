#include "log/verify.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/files.h"
#include "base/strings.h"
#include "log/checkpoint_file.h"
#include "log_harness.h"
#include "support/shared_files.h"
#include "support/status.h"

namespace runnel::log {
namespace {

using base::StrCat;

struct Outcome {
  VerifySummary summary;
  std::vector<Finding> findings;
};

Outcome Verify(Directory& directory, const VerifyOptions& options = {}) {
  record::Codecs codecs;
  Outcome outcome;
  const auto summary = VerifyDirectory(directory, options, codecs, [&](const Finding& finding) {
    outcome.findings.push_back(finding);
  });
  REQUIRE_OK(summary);
  outcome.summary = *summary;
  return outcome;
}

// A closed log with several segments, an aborted transaction and all kinds of files.
struct Sample {
  Sample() {
    harness.Open();
    harness.AppendMany(30);
    REQUIRE_OK(harness.AppendBatch({.values = {"x", "y"},
                                    .producer_id = 5,
                                    .epoch = 1,
                                    .sequence = 0,
                                    .transactional = true,
                                    .time_ms = 40}));
    REQUIRE_OK(harness.log->AppendControl(
        {.producer_id = ProducerId(5), .producer_epoch = 1, .commit = false}, {.now = At(41)}));
    harness.AppendMany(5, 50);
    REQUIRE_OK(harness.log->Close());
    REQUIRE_OK(
        WriteOffsetCheckpoint(directory(), kRecoveryPointFile, {{{"orders", 0}, Offset(1)}}));
    REQUIRE_OK(WriteMetaProperties(directory(), {.node_id = 1, .cluster_id = "c"}));
    const auto entries = directory().List("orders-0").value();
    for (const DirectoryEntry& entry : entries)
      names.push_back("orders-0/" + entry.name);
  }
  Directory& directory() { return *harness.directory; }
  std::string Bytes(std::string_view name) {
    return base::ReadWhole(directory(), name, 1 << 20).value();
  }
  void Replace(std::string_view name, std::string_view bytes) {
    REQUIRE_OK(base::WriteWhole(directory(), name, bytes));
  }
  std::string First(std::string_view suffix) const {
    for (const std::string& name : names) {
      if (name.ends_with(suffix)) return name;
    }
    FAIL("no file " << suffix);
    return "";
  }
  std::string Last(std::string_view suffix) const {
    std::string last;
    for (const std::string& name : names) {
      if (name.ends_with(suffix)) last = name;
    }
    return last;
  }
  LogHarness harness;
  std::vector<std::string> names;
};

TEST_CASE("A healthy directory has no findings", "[log][verify]") {
  Sample sample;
  const Outcome outcome = Verify(sample.directory());
  for (const Finding& finding : outcome.findings)
    FAIL_CHECK(finding.file << ": " << finding.text);
  CHECK(outcome.summary.ok());
  CHECK(outcome.summary.partitions == 1);
  CHECK(outcome.summary.records == 38);
  CHECK(outcome.summary.batches == 37);
  CHECK(outcome.summary.index_entries > 5);
  CHECK(outcome.summary.files == static_cast<int64_t>(sample.names.size()) + 2);
}

TEST_CASE("Every golden folder verifies", "[log][verify][golden]") {
  const auto shared = testing::SharedFiles();
  if (!shared.has_value()) return;
  record::Codecs codecs;
  const auto golden = FileSystem::System()
                          .OpenDirectory((*shared / "golden").string(), DirectoryMode::kMustExist)
                          .value();
  int folders = 0;
  const auto entries = golden->List("").value();
  for (const DirectoryEntry& entry : entries) {
    if (!entry.is_directory || entry.name == "log-dir-root") continue;
    const auto summary = VerifyPartition(
        *golden, entry.name, {}, codecs,
        [&](const Finding& finding) { FAIL_CHECK(finding.file << ": " << finding.text); });
    REQUIRE_OK(summary);
    CHECK(summary->records > 0);
    ++folders;
  }
  CHECK(folders >= 20);
}

TEST_CASE("Any flipped bit in a log file is found", "[log][verify][damage]") {
  Sample sample;
  const std::string name = sample.First(".log");
  const std::string good = sample.Bytes(name);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    sample.Replace(name, bad);
    // The leader epoch stands outside the checksum, and nothing else says what it should be.
    const size_t in_first_batch = at;
    if (in_first_batch >= 12 && in_first_batch < 16) continue;
    INFO(at);
    const Outcome outcome = Verify(sample.directory());
    const bool may_be_epoch = outcome.findings.empty();
    if (may_be_epoch) {
      const record::BatchView clean = record::BatchView::FromTrusted(good.data());
      bool is_epoch = false;
      for (int64_t start = 0; start < static_cast<int64_t>(good.size());) {
        const auto batch = record::BatchView::FromTrusted(good.data() + start);
        const int64_t within = static_cast<int64_t>(at) - start;
        is_epoch = is_epoch || (within >= 12 && within < 16);
        start += batch.size_bytes();
      }
      CHECK(clean.size_bytes() > 0);
      CHECK(is_epoch);
    }
  }
}

TEST_CASE("A bad batch is reported with file, position and offsets", "[log][verify][damage]") {
  Sample sample;
  const std::string name = sample.First(".log");
  std::string bad = sample.Bytes(name);
  const auto first = record::BatchView::FromTrusted(bad.data());
  const auto position = static_cast<size_t>(first.size_bytes());
  bad[position + 70] = static_cast<char>(bad[position + 70] ^ 1);
  sample.Replace(name, bad);
  const Outcome outcome = Verify(sample.directory());
  REQUIRE(outcome.findings.size() == 1);
  const Finding& finding = outcome.findings[0];
  CHECK(finding.severity == Severity::kError);
  CHECK(finding.file == name);
  CHECK(finding.position == static_cast<int64_t>(position));
  CHECK(finding.first_offset == Offset(1));
  CHECK(finding.last_offset == Offset(1));
  CHECK_FALSE(outcome.summary.ok());
}

TEST_CASE("A torn tail is a note in the last segment and an error before",
          "[log][verify][damage]") {
  Sample sample;
  const auto severity = [&](const std::string& name) {
    const std::string good = sample.Bytes(name);
    sample.Replace(name, good.substr(0, good.size() - 3));
    const Outcome outcome = Verify(sample.directory());
    sample.Replace(name, good);
    for (const Finding& finding : outcome.findings) {
      if (finding.file == name) return finding.severity;
    }
    return Severity::kWarning;
  };
  CHECK(severity(sample.Last(".log")) == Severity::kNote);
  CHECK(severity(sample.First(".log")) == Severity::kError);
  const std::string last = sample.Last(".log");
  sample.Replace(last, sample.Bytes(last) + std::string(5000, '\0'));
  CHECK(Verify(sample.directory()).findings.empty());  // space allocated ahead
}

TEST_CASE("Each small file cut at every byte is survived", "[log][verify][damage]") {
  Sample sample;
  std::vector<std::string> names = sample.names;
  names.emplace_back(kRecoveryPointFile);
  names.emplace_back(kMetaPropertiesFile);
  for (const std::string& name : names) {
    const std::string good = sample.Bytes(name);
    for (size_t size = 0; size < good.size(); size += name.ends_with(".log") ? 17 : 1) {
      sample.Replace(name, good.substr(0, size));
      Verify(sample.directory());
    }
    sample.Replace(name, good);
  }
  CHECK(Verify(sample.directory()).summary.ok());
}

TEST_CASE("Index entries that lie are found", "[log][verify][damage]") {
  Sample sample;
  const auto [suffix, entry_bytes] =
      GENERATE(table<std::string, size_t>({{".index", 8}, {".timeindex", 12}, {".txnindex", 34}}));
  const std::string name = sample.First(suffix);
  const std::string good = sample.Bytes(name);
  REQUIRE(good.size() >= entry_bytes);
  for (size_t at = 0; at < entry_bytes; ++at) {
    // Which last stable offset was true at the time cannot be known.
    if (suffix == ".txnindex" && at >= 10) continue;
    INFO(name << " byte " << at);
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x01);
    sample.Replace(name, bad);
    CHECK_FALSE(Verify(sample.directory()).summary.ok());
  }
  sample.Replace(name, good + std::string(entry_bytes * 100, '\0'));  // preallocated
  CHECK(Verify(sample.directory()).summary.ok());
  sample.Replace(name, good + "x");
  CHECK_FALSE(Verify(sample.directory()).summary.ok());
}

TEST_CASE("Damaged snapshots, checkpoints and leftovers are told apart", "[log][verify][damage]") {
  Sample sample;
  const auto severity_after = [&](const std::string& name, std::string_view bytes) {
    sample.Replace(name, bytes);
    const Outcome outcome = Verify(sample.directory());
    REQUIRE(outcome.findings.size() == 1);
    CHECK(outcome.findings[0].file == name);
    return outcome.findings[0].severity;
  };
  SECTION("snapshot") {
    CHECK(severity_after(sample.Last(".snapshot"), "garbage") == Severity::kWarning);
  }
  SECTION("epochs") {
    CHECK(severity_after("orders-0/leader-epoch-checkpoint", "0\n1\nx y\n") == Severity::kWarning);
  }
  SECTION("topic id") {
    CHECK(severity_after("orders-0/partition.metadata", "version: 7") == Severity::kWarning);
  }
  SECTION("checkpoint") {
    CHECK(severity_after(std::string(kHighWatermarkFile), "0\n1\n") == Severity::kWarning);
  }
  SECTION("meta") {
    CHECK(severity_after(std::string(kMetaPropertiesFile), "version=9") == Severity::kError);
  }
  SECTION("half-written") {
    CHECK(severity_after("orders-0/leader-epoch-checkpoint.tmp2.tmp", "0") == Severity::kNote);
  }
  SECTION("deleted") {
    CHECK(severity_after("orders-0/00000000000000000000.log.deleted", "x") == Severity::kNote);
  }
  SECTION("index alone") {
    CHECK(severity_after("orders-0/00000000000000009999.index", "") == Severity::kWarning);
  }
}

TEST_CASE("A flood of findings is counted and cut off", "[log][verify][damage]") {
  Sample sample;
  const std::string name = sample.First(".index");
  std::string junk(8000, '\1');
  sample.Replace(name, junk);
  VerifyOptions options;
  options.max_findings_per_file = 3;
  const Outcome outcome = Verify(sample.directory(), options);
  CHECK(outcome.findings.size() <= 6);
  CHECK(outcome.summary.warnings > 100);
}

TEST_CASE("Garbage in every file harms nobody", "[log][verify][damage]") {
  Sample sample;
  const auto random = Random::Seeded(7);
  for (int round = 0; round < 30; ++round) {
    for (const std::string& name : sample.names) {
      std::string junk(static_cast<size_t>(random->Below(3000)), '\0');
      for (char& c : junk)
        c = static_cast<char>(random->Below(256));
      sample.Replace(name, junk);
    }
    CHECK_FALSE(Verify(sample.directory()).summary.ok());
  }
}

}  // namespace
}  // namespace runnel::log
