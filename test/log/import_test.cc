#include "log/import.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "base/files.h"
#include "log/partition_log.h"
#include "log_harness.h"
#include "runnel/testing/manual_executor.h"
#include "support/shared_files.h"
#include "support/status.h"

namespace runnel::log {
namespace {

using testing::SimFileSystem;

const TopicPartition kTarget{"copied", 2};

struct World {
  World() { Open(); }
  LogDirectory& Open() {
    directory.reset();
    auto opened = LogDirectory::Open({.files = &files,
                                      .clock = &clock,
                                      .executor = &executor,
                                      .random = random.get(),
                                      .logger = &Logger::None()},
                                     {.path = "/data"});
    REQUIRE_OK(opened);
    directory = *std::move(opened);
    return *directory;
  }
  testing::ManualClock clock;
  testing::ManualExecutor executor{clock};
  SimFileSystem files{clock};
  std::unique_ptr<Random> random = Random::Seeded(5);
  std::unique_ptr<LogDirectory> directory;
};

// A folder of five records in /from/orders-0 of the same file system.
void MakeSource(SimFileSystem& files, const Uuid& topic_id = {}) {
  const auto from = files.OpenDirectory("/from", DirectoryMode::kCreate).value();
  testing::ManualClock clock;
  const auto random = Random::Seeded(1);
  auto log =
      PartitionLog::Open({.directory = from.get(), .clock = &clock, .random = random.get()},
                         {.name = "orders-0", .topic_id = topic_id, .config = SmallConfig()});
  REQUIRE_OK(log);
  for (int i = 0; i < 30; ++i) {
    REQUIRE_OK(
        (*log)->AppendRecord({.timestamp = At(i), .key = "k", .value = "value"}, {.now = At(i)}));
  }
  REQUIRE_OK((*log)->Close());
  REQUIRE_OK(base::WriteWhole(*from, "orders-0/notes.txt", "hello"));
}

int64_t EndOf(LogDirectory& directory, const TopicPartition& partition) {
  const auto log = directory.OpenLog(partition, {.config = SmallConfig()});
  REQUIRE_OK(log);
  return (*log)->end_offset().value();
}

TEST_CASE("An imported partition holds the same records and survives a power loss",
          "[log][import]") {
  World world;
  MakeSource(world.files, *ParseUuid("ASNFZ4mrze_-3LqYdlQyEA"));
  const auto result = ImportPartition(world.files, "/from/orders-0", *world.directory, kTarget);
  REQUIRE_OK(result);
  CHECK(result->ignored == std::vector<std::string>{"notes.txt"});
  CHECK(result->file_count > 4);
  CHECK(ToString(result->topic_id) == "ASNFZ4mrze_-3LqYdlQyEA");
  world.directory.reset();
  world.files.Crash();
  world.Open();
  CHECK(EndOf(*world.directory, kTarget) == 30);
  CHECK(world.directory->ReadTopicId(kTarget).value() == result->topic_id);
  CHECK(CodeOf(ImportPartition(world.files, "/from/orders-0", *world.directory, kTarget)) ==
        ErrorCode::kTopicAlreadyExists);
}

TEST_CASE("Bad imports are refused and leave nothing", "[log][import]") {
  World world;
  MakeSource(world.files, *ParseUuid("ASNFZ4mrze_-3LqYdlQyEA"));
  const auto from = world.files.OpenDirectory("/from", DirectoryMode::kMustExist).value();
  REQUIRE_OK(from->CreateDirectory("empty"));
  const auto code = [&](const std::string& path, const TopicPartition& partition) {
    return CodeOf(ImportPartition(world.files, path, *world.directory, partition));
  };
  CHECK(code("/from/empty", kTarget) == ErrorCode::kInvalidRequest);
  CHECK(code("/from/missing", kTarget) == ErrorCode::kKafkaStorageError);
  CHECK(code("/from/orders-0", {"a b", 0}) == ErrorCode::kInvalidTopicException);
  CHECK(code("/from/orders-0", {"a", -1}) == ErrorCode::kInvalidTopicException);
  REQUIRE_OK(
      world.directory->Create({"copied", 0}, {.topic_id = *ParseUuid("sWheAM7QSbyMFKK1Mbxf-g")}));
  CHECK(code("/from/orders-0", kTarget) == ErrorCode::kInconsistentTopicId);
  CHECK_FALSE(world.directory->Contains(kTarget));
}

TEST_CASE("An import that fails or is cut is whole or nothing", "[log][import][fault][crash]") {
  World prepared;
  MakeSource(prepared.files);
  prepared.directory.reset();
  prepared.files.KillProcess();
  const auto start = prepared.files.TakeSnapshot();
  for (int64_t after = 0; after < 400; ++after) {
    World world;
    world.directory.reset();
    world.files.Restore(start);
    world.Open();
    world.files.Inject({.after = after, .kind = testing::FaultKind::kDiskFull, .for_good = true});
    const auto result = ImportPartition(world.files, "/from/orders-0", *world.directory, kTarget);
    const bool struck = world.files.faults_struck() > 0;
    world.files.ClearFaults();
    world.directory.reset();
    world.files.Crash(static_cast<uint64_t>(after));
    world.Open();
    INFO(after);
    if (result.ok()) REQUIRE(world.directory->Contains(kTarget));
    if (world.directory->Contains(kTarget)) CHECK(EndOf(*world.directory, kTarget) == 30);
    if (!struck) return;
  }
  FAIL("the import never got through");
}

TEST_CASE("Every golden folder can be imported and read to its end", "[log][import][golden]") {
  const auto shared = testing::SharedFiles();
  if (!shared.has_value()) return;
  World world;
  int32_t partition = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*shared / "golden")) {
    if (!std::filesystem::exists(entry.path() / "partition.metadata")) continue;
    INFO(entry.path().string());
    const TopicPartition target{entry.path().filename().string(), partition++};
    REQUIRE_OK(
        ImportPartition(FileSystem::System(), entry.path().string(), *world.directory, target));
    const auto log = world.directory->OpenLog(target, {});
    REQUIRE_OK(log);
    LogCursor cursor(**log, ReadBound::kEnd);
    REQUIRE_OK(cursor.Seek((*log)->log_start_offset()));
    while (true) {
      const auto read = cursor.Read(1 << 20);
      REQUIRE_OK(read);
      if (read->empty()) break;
    }
    CHECK(cursor.offset() == (*log)->end_offset());
    CHECK((*log)->end_offset() > Offset(0));
  }
  CHECK(partition >= 20);
}

}  // namespace
}  // namespace runnel::log
