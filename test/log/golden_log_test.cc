// Opens the partitions a real broker left behind and reads what its own consumer read.
#include "base/encoding.h"
#include "log/log_harness.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace runnel::log {
namespace {

std::string CopyOf(const testing::GoldenFolder& golden, const testing::TempDir& temp) {
  const std::filesystem::path folder = std::filesystem::path(temp.path()) / golden.name();
  std::filesystem::create_directories(folder);
  for (const auto& entry : std::filesystem::directory_iterator(golden.path)) {
    std::filesystem::copy_file(entry.path(), folder / entry.path().filename());
  }
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_all);
  }
  return golden.name();
}

// Offsets of all records that are no markers.
std::vector<int64_t> OffsetsOf(PartitionLog& log) {
  std::vector<int64_t> out;
  for (const Seen& seen : ReadAll(log))
    out.push_back(seen.offset);
  return out;
}

}  // namespace

TEST_CASE("Partitions of a real broker open without a scan, and after a crash the same",
          "[log][golden]") {
  for (const testing::GoldenFolder& golden : testing::GoldenFolders()) {
    INFO(golden.name());
    testing::TempDir temp;
    const std::string name = CopyOf(golden, temp);
    const auto directory = temp.Open();
    testing::ManualClock clock;
    const LogDeps deps{.directory = directory.get(), .clock = &clock, .random = &Random::System()};
    LogRecovery clean;
    auto log = PartitionLog::Open(deps, {.name = name, .clean_shutdown = true}, &clean);
    REQUIRE(ToString(log.status()) == "OK");
    CHECK(clean.notes.empty());
    CHECK(clean.scanned_bytes == 0);
    const auto offsets = OffsetsOf(**log);
    CHECK_FALSE(offsets.empty());
    const Offset end = (*log)->end_offset();
    const auto producers = (*log)->Producers().size();
    std::vector<std::string> indexes;
    for (const auto& entry : std::filesystem::directory_iterator(golden.path)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".index" || extension == ".timeindex" || extension == ".txnindex") {
        indexes.push_back(entry.path().filename().string());
      }
    }
    log->reset();

    LogRecovery recovered;
    LogConfig config;
    config.cleanup_compact = name == "compacted";
    config.index_interval_bytes = name == "segments" ? 4096 : config.index_interval_bytes;
    log = PartitionLog::Open(deps, {.name = name, .config = config}, &recovered);
    REQUIRE(ToString(log.status()) == "OK");
    CHECK(recovered.truncated_bytes == 0);
    CHECK((*log)->end_offset() == end);
    CHECK((*log)->Producers().size() == producers);
    CHECK(OffsetsOf(**log) == offsets);
    log->reset();
    for (const std::string& index : indexes) {
      if (!index.ends_with(".txnindex")) continue;
      std::ifstream in(std::filesystem::path(temp.path()) / name / index, std::ios::binary);
      const std::string rebuilt{std::istreambuf_iterator<char>(in), {}};
      CHECK(rebuilt == golden.ReadFile(index));
    }
  }
}

TEST_CASE("The aborted transactions of a real broker are listed as it lists them",
          "[log][golden][txn]") {
  for (const testing::GoldenFolder& golden : testing::GoldenFolders()) {
    if (golden.name() != "txn") continue;
    testing::TempDir temp;
    const std::string name = CopyOf(golden, temp);
    const auto directory = temp.Open();
    testing::ManualClock clock;
    const auto log = *PartitionLog::Open(
        {.directory = directory.get(), .clock = &clock, .random = &Random::System()},
        {.name = name, .clean_shutdown = true});
    CHECK(log->last_stable_offset() == log->end_offset());
    const auto aborted = log->AbortedTransactions(Offset(0), log->end_offset());
    REQUIRE(aborted->size() == 2);
    CHECK(aborted->at(0).first_offset == Offset(7));
    CHECK(aborted->at(0).last_offset == Offset(13));
    CHECK(aborted->at(1).first_offset == Offset(17));
    CHECK(aborted->at(1).last_offset == Offset(25));
  }
}

}  // namespace runnel::log
