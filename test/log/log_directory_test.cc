#include "log/log_directory.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/partition_log.h"
#include "log_harness.h"
#include "runnel/testing/manual_executor.h"
#include "support/shared_files.h"
#include "support/status.h"
#include "support/temp_dir.h"

namespace runnel::log {
namespace {

using base::StrCat;
using testing::FileOperation;
using testing::SimFileSystem;

const TopicPartition kOrders0{"orders", 0};
const TopicPartition kOrders1{"orders", 1};

class World {
 public:
  explicit World(FileSystem* files = nullptr, std::string path = "/data") : path_(path) {
    deps_ = {.files = files == nullptr ? &sim : files,
             .clock = &clock,
             .executor = &executor,
             .random = random_.get(),
             .logger = &Logger::None()};
  }

  StatusOr<std::unique_ptr<LogDirectory>> TryOpen(LogDirectoryOptions options = {}) {
    options.path = path_;
    report = LogDirectoryReport();
    return LogDirectory::Open(deps_, options, &report);
  }
  LogDirectory& Open(LogDirectoryOptions options = {}) {
    directory.reset();
    auto opened = TryOpen(options);
    REQUIRE_OK(opened);
    directory = *std::move(opened);
    return *directory;
  }
  LogDirectory& Reopen() {
    REQUIRE_OK(directory->Close());
    return Open();
  }
  LogDirectory& ReopenCrashed() {
    directory.reset();
    sim.Crash();
    return Open();
  }
  std::shared_ptr<PartitionLog> Create(const TopicPartition& partition) {
    auto log = directory->Create(partition, {.topic_id = kId, .config = SmallConfig()});
    REQUIRE_OK(log);
    return *log;
  }
  std::shared_ptr<PartitionLog> OpenLog(const TopicPartition& partition) {
    recovery = LogRecovery();
    auto log = directory->OpenLog(partition, {.config = SmallConfig()}, &recovery);
    REQUIRE_OK(log);
    return *log;
  }
  static void Append(PartitionLog& log, int count) {
    for (int i = 0; i < count; ++i) {
      REQUIRE_OK(
          log.AppendRecord({.timestamp = At(i), .key = "k", .value = "value"}, {.now = At(i)}));
    }
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    const auto entries = directory->directory().List("").value();
    for (const DirectoryEntry& entry : entries)
      names.push_back(entry.name);
    return names;
  }
  bool Has(std::string_view name) {
    const auto names = Names();
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  static inline const Uuid kId = *ParseUuid("ASNFZ4mrze_-3LqYdlQyEA");
  testing::ManualClock clock;
  testing::ManualExecutor executor{clock};
  SimFileSystem sim{clock};
  LogDirectoryReport report;
  LogRecovery recovery;
  std::unique_ptr<LogDirectory> directory;

 private:
  std::unique_ptr<Random> random_ = Random::Seeded(5);
  std::string path_;
  LogDirectoryDeps deps_;
};

TEST_CASE("Names of partition folders are read as Kafka writes them", "[log][directory]") {
  CHECK(ParsePartitionFolder("orders-0") == kOrders0);
  CHECK(ParsePartitionFolder("a-b-12") == TopicPartition{"a-b", 12});
  CHECK(ParsePartitionFolder("__consumer_offsets-49") == TopicPartition{"__consumer_offsets", 49});
  for (const char* name : {"", "orders", "orders-", "-0", "orders-01", "orders-x",
                           "orders-2147483648", "or ders-0", "..-0", "orders-0.abc-delete"}) {
    INFO(name);
    CHECK(ParsePartitionFolder(name) == std::nullopt);
  }
  CHECK(IsValidTopicName(std::string(249, 'x')));
  CHECK_FALSE(IsValidTopicName(std::string(250, 'x')));
  const std::string deleted = DeletedFolder({std::string(249, 'x'), 12}, World::kId);
  CHECK(deleted.size() == 255);
  CHECK(deleted.ends_with("-12.0123456789abcdeffedcba9876543210-delete"));
}

TEST_CASE("A new data directory gets an identity and keeps it", "[log][directory]") {
  World world;
  world.Open({.node_id = 4});
  CHECK(world.report.created);
  const MetaProperties meta = world.directory->meta();
  CHECK(meta.node_id == 4);
  CHECK_FALSE(meta.cluster_id.empty());
  CHECK_FALSE(meta.directory_id.is_zero());
  world.ReopenCrashed();
  CHECK_FALSE(world.report.created);
  CHECK(world.directory->meta() == meta);
  world.directory.reset();
  CHECK(CodeOf(world.TryOpen({.node_id = 5})) == ErrorCode::kInvalidConfig);
  CHECK(CodeOf(world.TryOpen({.cluster_id = "other"})) == ErrorCode::kInconsistentClusterId);
  CHECK_OK(world.TryOpen({.node_id = 4, .cluster_id = meta.cluster_id}));
}

TEST_CASE("Only one process writes a directory, and readers run beside it", "[log][directory]") {
  World world;
  world.Open();
  world.Create(kOrders0);
  const auto second = world.TryOpen();
  CHECK(CodeOf(second) == ErrorCode::kKafkaStorageError);
  const auto reader = world.TryOpen({.access = Access::kReadOnly});
  REQUIRE_OK(reader);
  CHECK((*reader)->Partitions() == std::vector<TopicPartition>{kOrders0});
  CHECK((*reader)->ReadTopicId(kOrders0).value() == World::kId);
  CHECK(CodeOf((*reader)->OpenLog(kOrders0, {})) == ErrorCode::kInvalidRequest);
  CHECK(CodeOf((*reader)->Delete(kOrders0)) == ErrorCode::kInvalidRequest);
  CHECK_OK((*reader)->Close());
  REQUIRE_OK(world.directory->Close());
  CHECK_OK(world.TryOpen());
}

TEST_CASE("A missing directory is made only when asked", "[log][directory]") {
  World world;
  CHECK_FALSE(world.TryOpen({.mode = DirectoryMode::kMustExist}).ok());
  CHECK_FALSE(world.TryOpen({.access = Access::kReadOnly}).ok());
  CHECK_OK(world.TryOpen());
}

TEST_CASE("Partitions are created once, found again and opened on first use", "[log][directory]") {
  World world;
  world.Open();
  const auto log = world.Create(kOrders0);
  World::Append(*log, 5);
  CHECK(world.directory->Find(kOrders0) == log);
  CHECK(CodeOf(world.directory->Create(kOrders0, {})) == ErrorCode::kTopicAlreadyExists);
  CHECK(CodeOf(world.directory->Create({"a b", 0}, {})) == ErrorCode::kInvalidTopicException);
  CHECK(CodeOf(world.directory->Create({"a", -1}, {})) == ErrorCode::kInvalidPartitions);
  CHECK(CodeOf(world.directory->OpenLog(kOrders1, {})) == ErrorCode::kUnknownTopicOrPartition);
  world.Reopen();
  CHECK(world.report.clean_shutdown);
  CHECK(world.report.partition_count == 1);
  CHECK(world.directory->Find(kOrders0) == nullptr);
  CHECK(world.directory->OpenLogs().empty());
  const auto again = world.OpenLog(kOrders0);
  CHECK(again->end_offset() == Offset(5));
  CHECK(again->topic_id() == World::kId);
  CHECK(world.recovery.scanned_bytes == 0);
  CHECK(world.OpenLog(kOrders0) == again);
}

TEST_CASE("A created partition survives a power loss at once", "[log][directory][crash]") {
  World world;
  world.Open();
  world.Create(kOrders0);
  world.ReopenCrashed();
  CHECK_FALSE(world.report.clean_shutdown);
  CHECK(world.directory->Contains(kOrders0));
  CHECK(world.directory->ReadTopicId(kOrders0).value() == World::kId);
}

TEST_CASE("A partition that cannot be made leaves nothing behind", "[log][directory][fault]") {
  for (int64_t after = 0; after < 40; ++after) {
    World world;
    world.Open();
    world.sim.ClearFaults();
    world.sim.Inject({.after = after, .kind = testing::FaultKind::kDiskFull});
    const auto log = world.directory->Create(kOrders0, {.config = SmallConfig()});
    const bool struck = world.sim.faults_struck() > 0;
    world.sim.ClearFaults();
    if (!log.ok()) {
      CHECK_FALSE(world.directory->Contains(kOrders0));
      CHECK_FALSE(world.Has("orders-0"));
      CHECK_OK(world.directory->Create(kOrders0, {.config = SmallConfig()}));
    }
    if (!struck) break;
  }
}

TEST_CASE("Deleting renames at once and removes after the delay", "[log][directory]") {
  World world;
  world.Open({.delete_delay = std::chrono::milliseconds(100)});
  const auto log = world.Create(kOrders0);
  World::Append(*log, 3);
  REQUIRE_OK(world.directory->Delete(kOrders0));
  CHECK_FALSE(world.directory->Contains(kOrders0));
  CHECK_FALSE(world.Has("orders-0"));
  CHECK(CodeOf(world.directory->Delete(kOrders0)) == ErrorCode::kUnknownTopicOrPartition);
  CHECK_FALSE(log->AppendRecord({.key = "k", .value = "v"}, {.now = At(0)}).ok());
  CHECK(world.directory->RemoveDeleted().value() == 0);
  world.Create(kOrders0);  // the name is free
  world.clock.Advance(std::chrono::milliseconds(100));
  CHECK(world.directory->RemoveDeleted().value() == 1);
  const auto names = world.Names();
  CHECK(std::none_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.ends_with("-delete"); }));
  CHECK(world.directory->OpenLog(kOrders0, {})->get()->end_offset() == Offset(0));
}

TEST_CASE("A deleted partition stays deleted after a power loss", "[log][directory][crash]") {
  World world;
  world.Open();
  World::Append(*world.Create(kOrders0), 3);
  world.Create(kOrders1);
  REQUIRE_OK(world.directory->Delete(kOrders0));
  world.ReopenCrashed();
  CHECK(world.report.removed_folders == 1);
  CHECK(world.directory->Partitions() == std::vector<TopicPartition>{kOrders1});
}

TEST_CASE("Checkpoints follow the logs and are written only when something moved",
          "[log][directory]") {
  World world;
  world.Open();
  const auto log = world.Create(kOrders0);
  World::Append(*log, 4);
  REQUIRE_OK(log->Flush());
  REQUIRE_OK(world.directory->WriteCheckpoints());
  Directory& files = world.directory->directory();
  CHECK(ReadOffsetCheckpoint(files, kRecoveryPointFile)->at(kOrders0) == Offset(4));
  CHECK(ReadOffsetCheckpoint(files, kHighWatermarkFile)->at(kOrders0) == Offset(4));
  CHECK(ReadOffsetCheckpoint(files, kLogStartFile)->empty());
  world.sim.ResetCounters();
  REQUIRE_OK(world.directory->WriteCheckpoints());
  CHECK(world.sim.count() == 0);
  REQUIRE_OK(log->DeleteRecordsBefore(Offset(2)));
  world.directory->SetCleanerOffset(kOrders0, Offset(3));
  REQUIRE_OK(world.directory->WriteCheckpoints());
  CHECK(ReadOffsetCheckpoint(files, kLogStartFile)->at(kOrders0) == Offset(2));
  CHECK(ReadOffsetCheckpoint(files, kCleanerFile)->at(kOrders0) == Offset(3));
  world.ReopenCrashed();
  CHECK(world.directory->CheckpointOf(kOrders0).cleaner_offset == Offset(3));
  CHECK(world.OpenLog(kOrders0)->log_start_offset() == Offset(2));
}

TEST_CASE("A checkpoint that could not be written is written the next time",
          "[log][directory][fault]") {
  World world;
  world.Open();
  World::Append(*world.Create(kOrders0), 1);
  world.sim.Inject({.kind = testing::FaultKind::kDiskFull,
                    .only_operation = FileOperation::kWrite,
                    .only_path = "checkpoint"});
  CHECK_FALSE(world.directory->WriteCheckpoints().ok());
  world.sim.ClearFaults();
  CHECK_OK(world.directory->WriteCheckpoints());
  CHECK(ReadOffsetCheckpoint(world.directory->directory(), kHighWatermarkFile)->at(kOrders0) ==
        Offset(1));
}

TEST_CASE("What checkpoints say of logs that nobody opens is kept", "[log][directory]") {
  World world;
  world.Open();
  World::Append(*world.Create(kOrders0), 4);
  World::Append(*world.Create(kOrders1), 7);
  world.Reopen();
  World::Append(*world.OpenLog(kOrders0), 1);
  world.Reopen();
  CHECK(world.report.clean_shutdown);
  CHECK(world.directory->CheckpointOf(kOrders0).recovery_point == Offset(5));
  CHECK(world.directory->CheckpointOf(kOrders1).recovery_point == Offset(7));
  CHECK(world.OpenLog(kOrders1)->end_offset() == Offset(7));
}

TEST_CASE("The mark is left out while a log of an unclean start was not recovered",
          "[log][directory][crash]") {
  World world;
  world.Open();
  World::Append(*world.Create(kOrders0), 4);
  World::Append(*world.Create(kOrders1), 4);
  world.directory.reset();
  world.sim.KillProcess();
  world.Open();
  world.OpenLog(kOrders0);
  world.Reopen();
  CHECK_FALSE(world.report.clean_shutdown);
  CHECK(world.OpenLog(kOrders1)->end_offset() == Offset(4));
  world.OpenLog(kOrders0);
  world.Reopen();
  CHECK(world.report.clean_shutdown);
}

TEST_CASE("Damaged checkpoints are reported and the logs recovered without them",
          "[log][directory][damage]") {
  World world;
  world.Open();
  World::Append(*world.Create(kOrders0), 4);
  REQUIRE_OK(world.directory->Close());
  for (const auto name : {kRecoveryPointFile, kHighWatermarkFile, kLogStartFile, kCleanerFile}) {
    REQUIRE_OK(base::WriteWhole(world.directory->directory(), name, "garbage"));
  }
  world.Open();
  CHECK(world.report.notes.size() == 4);
  CHECK(world.OpenLog(kOrders0)->end_offset() == Offset(4));
  world.Reopen();
  CHECK(world.report.notes.empty());
}

TEST_CASE("A damaged meta.properties is an error at every cut", "[log][directory][damage]") {
  World world;
  world.Open({.node_id = 4});
  REQUIRE_OK(world.directory->Close());
  Directory& files = world.directory->directory();
  REQUIRE_OK(base::WriteWhole(files, kMetaPropertiesFile, "version=1\nnode.id=x\n"));
  CHECK(CodeOf(world.TryOpen()) == ErrorCode::kCorruptMessage);
  REQUIRE_OK(base::WriteWhole(files, kMetaPropertiesFile, ""));
  CHECK(CodeOf(world.TryOpen()) == ErrorCode::kCorruptMessage);
}

TEST_CASE("Folders that are no partitions are left alone and told of", "[log][directory]") {
  World world;
  world.Open();
  Directory& files = world.directory->directory();
  for (const char* name :
       {"or ders-0", "orders-0.0123456789abcdef0123456789abcdef-future", "__cluster_metadata-0",
        "plain", "orders-3.0123456789abcdef0123456789abcdef-delete"}) {
    REQUIRE_OK(files.CreateDirectory(name));
  }
  REQUIRE_OK(base::WriteWhole(files, "notes-1", "a file"));
  world.Reopen();
  CHECK(world.directory->Partitions() ==
        std::vector<TopicPartition>{{.topic = "__cluster_metadata", .partition = 0}});
  CHECK(world.report.notes.size() == 2);
  CHECK(world.report.removed_folders == 1);
  CHECK(world.Has("or ders-0"));
  CHECK(world.Has("plain"));
  CHECK_FALSE(world.Has("orders-3.0123456789abcdef0123456789abcdef-delete"));
}

TEST_CASE("Opening many partitions costs no call per partition", "[log][directory]") {
  World world;
  world.Open();
  constexpr int kCount = 300;
  for (int i = 0; i < kCount; ++i) {
    REQUIRE_OK(world.directory->directory().CreateDirectory(StrCat("many-", i)));
  }
  REQUIRE_OK(world.directory->Close());
  world.directory.reset();
  world.sim.ResetCounters();
  world.Open();
  CHECK(world.report.partition_count == kCount);
  CHECK(world.sim.count() < 40);
}

TEST_CASE("A failed log keeps the clean-shutdown mark away", "[log][directory][fault]") {
  World world;
  world.Open();
  const auto log = world.Create(kOrders0);
  World::Append(*log, 1);
  world.sim.Inject({.only_operation = FileOperation::kSync, .only_path = ".log"});
  CHECK_FALSE(log->Flush().ok());
  world.sim.ClearFaults();
  CHECK_FALSE(world.directory->Close().ok());
  world.Open();
  CHECK_FALSE(world.report.clean_shutdown);
}

TEST_CASE("A closed directory refuses work and closes twice", "[log][directory]") {
  World world;
  world.Open();
  world.Create(kOrders0);
  REQUIRE_OK(world.directory->Close());
  CHECK_OK(world.directory->Close());
  CHECK(CodeOf(world.directory->Create(kOrders1, {})) == ErrorCode::kKafkaStorageError);
  CHECK(CodeOf(world.directory->OpenLog(kOrders0, {})) == ErrorCode::kKafkaStorageError);
  CHECK(CodeOf(world.directory->WriteCheckpoints()) == ErrorCode::kKafkaStorageError);
}

TEST_CASE("Threads that create, open and delete one partition meet in one log or an error",
          "[log][directory][threads]") {
  World world;
  world.Open({.delete_delay = std::chrono::milliseconds(0)});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&world, t] {
      for (int i = 0; i < 100; ++i) {
        LogDirectory& directory = *world.directory;
        if (t == 0) {
          base::IgnoreError(directory.Create(kOrders0, {.config = SmallConfig()}).status(), "race");
        } else if (t == 1) {
          base::IgnoreError(directory.Delete(kOrders0), "race");
          base::IgnoreError(directory.RemoveDeleted().status(), "race");
        } else if (t == 2) {
          base::IgnoreError(directory.OpenLog(kOrders0, {.config = SmallConfig()}).status(),
                            "race");
        } else {
          base::IgnoreError(directory.WriteCheckpoints(), "race");
        }
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  base::IgnoreError(world.directory->Create(kOrders0, {.config = SmallConfig()}).status(),
                    "it may be there");
  const auto log = world.OpenLog(kOrders0);
  World::Append(*log, 1);
  REQUIRE_OK(world.directory->Close());
}

TEST_CASE("A data directory works on real files", "[log][directory]") {
  testing::TempDir temporary;
  World world(&FileSystem::System(), temporary / "data");
  world.Open();
  World::Append(*world.Create(kOrders0), 5);
  const auto second = world.TryOpen();
  CHECK(CodeOf(second) == ErrorCode::kKafkaStorageError);
  world.Reopen();
  CHECK(world.report.clean_shutdown);
  CHECK(world.OpenLog(kOrders0)->end_offset() == Offset(5));
}

}  // namespace
}  // namespace runnel::log
