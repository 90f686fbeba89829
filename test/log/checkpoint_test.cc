#include "log/checkpoint_file.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/files.h"
#include "runnel/testing/sim_file_system.h"
#include "support/shared_files.h"
#include "support/status.h"

namespace runnel::log {
namespace {

using testing::SimFileSystem;

OffsetMap SomeOffsets() {
  return {{{"orders", 1}, Offset(17)}, {{"orders", 0}, Offset(42)}, {{"a.b_c-1", 12}, Offset(0)}};
}
constexpr std::string_view kSomeText = "0\n3\na.b_c-1 12 0\norders 0 42\norders 1 17\n";

struct Place {
  SimFileSystem files;
  std::unique_ptr<Directory> directory =
      files.OpenDirectory("/data", DirectoryMode::kCreate).value();
};

TEST_CASE("An offset checkpoint is written as Kafka writes it and read back", "[log][checkpoint]") {
  CHECK(EncodeOffsetCheckpoint(SomeOffsets()) == kSomeText);
  CHECK(DecodeOffsetCheckpoint(kSomeText, "f").value() == SomeOffsets());
  CHECK(EncodeOffsetCheckpoint({}) == "0\n0\n");
  CHECK(DecodeOffsetCheckpoint("0\n0\n", "f").value().empty());
  CHECK(DecodeOffsetCheckpoint("", "f").value().empty());
  CHECK(DecodeOffsetCheckpoint("0\r\n1\r\nt 0 5\r\n", "f").value().size() == 1);
  CHECK(DecodeOffsetCheckpoint("0\n1\nt  0\t5", "f").value().size() == 1);
}

TEST_CASE("A checkpoint that cannot be read exactly is an error with its line",
          "[log][checkpoint][damage]") {
  const auto [text, line] = GENERATE(table<std::string, std::string>({
      {"1\n0\n", "line 1"},
      {"x\n0\n", "line 1"},
      {"0\n", "line 2"},
      {"0\n\n", "line 2"},
      {"0\n2\nt 0 5\n", "line 3"},
      {"0\n0\nt 0 5\n", "line 3"},
      {"0\n1\nt 0\n", "line 3"},
      {"0\n1\nt 0 5 6\n", "line 3"},
      {"0\n1\nt x 5\n", "line 3"},
      {"0\n1\nt 0 5x\n", "line 3"},
      {"0\n1\nt 0 -5\n", "line 3"},
      {"0\n1\nt -1 5\n", "line 3"},
      {"0\n1\nt 0 99999999999999999999\n", "line 3"},
      {"0\n2\nt 0 5\nt 0 6\n", "line 4"},
      {"0\n1\n\nt 0 5\n", "line 3"},
  }));
  INFO(text);
  const auto result = DecodeOffsetCheckpoint(text, "/data/the-file");
  CHECK(CodeOf(result) == ErrorCode::kCorruptMessage);
  CHECK(ToString(result.status()).find("/data/the-file " + line) != std::string::npos);
}

TEST_CASE("A checkpoint cut anywhere is an error or lacks its last line end",
          "[log][checkpoint][damage]") {
  for (size_t size = 1; size < kSomeText.size(); ++size) {
    INFO(size);
    const auto result = DecodeOffsetCheckpoint(kSomeText.substr(0, size), "f");
    // Without checksum two cuts go unnoticed: of the line end, and of a digit before it.
    CHECK(result.ok() == (size + 2 >= kSomeText.size()));
  }
}

TEST_CASE("A crash while a checkpoint is replaced leaves the old or the new one",
          "[log][checkpoint][crash]") {
  Place place;
  REQUIRE_OK(WriteOffsetCheckpoint(*place.directory, kRecoveryPointFile, {{{"t", 0}, Offset(1)}}));
  std::vector<std::shared_ptr<const SimFileSystem::Snapshot>> states;
  place.files.set_hook([&](const auto&) { states.push_back(place.files.TakeSnapshot()); });
  REQUIRE_OK(WriteOffsetCheckpoint(*place.directory, kRecoveryPointFile, SomeOffsets()));
  place.files.set_hook(nullptr);
  REQUIRE(states.size() >= 4);
  for (const auto& state : states) {
    for (uint64_t seed = 0; seed < 30; ++seed) {
      SimFileSystem files;
      files.Restore(state);
      files.Crash(seed);
      const auto directory = files.OpenDirectory("/data", DirectoryMode::kMustExist).value();
      const auto offsets = ReadOffsetCheckpoint(*directory, kRecoveryPointFile);
      REQUIRE_OK(offsets);
      CHECK((offsets->size() == 1 || *offsets == SomeOffsets()));
    }
  }
}

TEST_CASE("A missing checkpoint is an empty map and a failing disk is an error",
          "[log][checkpoint]") {
  Place place;
  CHECK(ReadOffsetCheckpoint(*place.directory, kRecoveryPointFile).value().empty());
  REQUIRE_OK(WriteOffsetCheckpoint(*place.directory, kRecoveryPointFile, SomeOffsets()));
  place.files.Inject({.only_operation = testing::FileOperation::kRead});
  CHECK(CodeOf(ReadOffsetCheckpoint(*place.directory, kRecoveryPointFile)) ==
        ErrorCode::kKafkaStorageError);
}

TEST_CASE("meta.properties is written as version 1 and read in both versions", "[log][meta]") {
  const MetaProperties meta{.version = 1,
                            .node_id = 7,
                            .cluster_id = "cnVubmVsLWFuY2hvci0wMQ",
                            .directory_id = *ParseUuid("K4R5NY5dGvzaPsPmf9FWjQ")};
  const std::string text = EncodeMetaProperties(meta);
  CHECK(text ==
        "#\nversion=1\nnode.id=7\ncluster.id=cnVubmVsLWFuY2hvci0wMQ\n"
        "directory.id=K4R5NY5dGvzaPsPmf9FWjQ\n");
  CHECK(DecodeMetaProperties(text, "f").value() == meta);

  const auto old = DecodeMetaProperties("#c\n!c\n version = 0\nbroker.id:3\ncluster.id x\\=y", "f");
  REQUIRE_OK(old);
  CHECK(old->version == 0);
  CHECK(old->node_id == 3);
  CHECK(old->cluster_id == "x=y");
  CHECK(old->directory_id.is_zero());
}

TEST_CASE("A damaged meta.properties names the key", "[log][meta][damage]") {
  const auto [text, word] = GENERATE(table<std::string, std::string>({
      {"", "version"},
      {"version=x\n", "version"},
      {"version=2\n", "version"},
      {"version=1\nnode.id=one\n", "node.id"},
      {"version=1\ndirectory.id=short\n", "directory.id"},
  }));
  const auto result = DecodeMetaProperties(text, "/data/meta.properties");
  CHECK(CodeOf(result) == ErrorCode::kCorruptMessage);
  CHECK(ToString(result.status()).find(word) != std::string::npos);
  CHECK(ToString(result.status()).find("/data/meta.properties") != std::string::npos);
}

TEST_CASE("Values with odd characters survive meta.properties", "[log][meta]") {
  for (const std::string odd : {"a b", " x", "a=b:c", "#x", "back\\slash", "line\nend"}) {
    const MetaProperties meta{.node_id = 1, .cluster_id = odd, .directory_id = {}};
    CHECK(DecodeMetaProperties(EncodeMetaProperties(meta), "f").value().cluster_id == odd);
  }
}

TEST_CASE("The clean-shutdown mark is there until it is removed", "[log][checkpoint]") {
  Place place;
  CHECK_FALSE(HasCleanShutdownMark(*place.directory).value());
  CHECK_OK(RemoveCleanShutdownMark(*place.directory));
  REQUIRE_OK(WriteCleanShutdownMark(*place.directory));
  place.files.Crash();
  place.directory = place.files.OpenDirectory("/data", DirectoryMode::kMustExist).value();
  CHECK(HasCleanShutdownMark(*place.directory).value());
  CHECK_OK(RemoveCleanShutdownMark(*place.directory));
  place.files.Crash();
  place.directory = place.files.OpenDirectory("/data", DirectoryMode::kMustExist).value();
  CHECK_FALSE(HasCleanShutdownMark(*place.directory).value());
}

TEST_CASE("The files at the top of a real data directory are read", "[log][checkpoint][golden]") {
  const auto shared = testing::SharedFiles();
  if (!shared.has_value()) return;
  const auto directory =
      FileSystem::System()
          .OpenDirectory((*shared / "golden/log-dir-root").string(), DirectoryMode::kMustExist)
          .value();
  CHECK(ReadOffsetCheckpoint(*directory, kRecoveryPointFile).value().size() == 27);
  CHECK(ReadOffsetCheckpoint(*directory, kHighWatermarkFile).value().at({"segments", 0}) ==
        Offset(60));
  CHECK(ReadOffsetCheckpoint(*directory, kLogStartFile).value() ==
        OffsetMap{{{"delete-records", 0}, Offset(7)}});
  CHECK(ReadOffsetCheckpoint(*directory, kCleanerFile).value().at({"compacted", 0}) == Offset(97));
  const auto meta = ReadMetaProperties(*directory).value();
  REQUIRE(meta.has_value());
  CHECK(meta->node_id == 1);
  CHECK(meta->cluster_id == "cnVubmVsLWFuY2hvci0wMQ");
  CHECK(ToString(meta->directory_id) == "K4R5NY5dGvzaPsPmf9FWjQ");
  CHECK(HasCleanShutdownMark(*directory).value());
}

}  // namespace
}  // namespace runnel::log
