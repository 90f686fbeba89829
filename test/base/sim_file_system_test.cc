#include "runnel/testing/sim_file_system.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "runnel/random.h"
#include "support/status.h"

namespace runnel::testing {
namespace {

constexpr CrashStyle kKeepAll{.names = CrashStyle::Names::kKept,
                              .content = CrashStyle::Content::kKept};

std::unique_ptr<Directory> Root(SimFileSystem& files) {
  return files.OpenDirectory("/", DirectoryMode::kMustExist).value();
}

std::unique_ptr<File> Create(Directory& directory, std::string_view name) {
  return directory.OpenFile(name, OpenMode::kCreate).value();
}

// The whole content, or "none".
std::string Content(SimFileSystem& files, std::string_view name) {
  const auto bytes = base::ReadWhole(*Root(files), name, 1 << 20);
  return bytes.ok() ? *bytes : "none";
}

// A durable file.
void Store(SimFileSystem& files, std::string_view name, std::string_view bytes) {
  REQUIRE_OK(base::WriteWhole(*Root(files), name, bytes));
}

}  // namespace

TEST_CASE("A power loss keeps what was synced and loses the rest", "[base][sim]") {
  SimFileSystem files;
  Store(files, "f", "synced");
  const auto root = Root(files);
  const auto file = root->OpenFile("f", OpenMode::kReadWrite).value();
  REQUIRE_OK(file->Write(6, " lost"));
  REQUIRE_OK(file->Write(0, "S"));
  CHECK_FALSE(files.all_synced());
  files.Crash();
  CHECK(Content(files, "f") == "synced");
  CHECK(files.all_synced());
}

TEST_CASE("A file whose name was not synced is lost, though its bytes were", "[base][sim]") {
  SimFileSystem files;
  const auto root = Root(files);
  const auto file = Create(*root, "f");
  REQUIRE_OK(file->Write(0, "abc"));
  REQUIRE_OK(file->Sync());
  SECTION("without a sync of the folder") {
    files.Crash();
    CHECK(Content(files, "f") == "none");
  }
  SECTION("with one") {
    REQUIRE_OK(root->Sync(""));
    files.Crash();
    CHECK(Content(files, "f") == "abc");
  }
}

TEST_CASE("A name in a folder that was lost is lost", "[base][sim]") {
  SimFileSystem files;
  const auto root = Root(files);
  REQUIRE_OK(root->CreateDirectory("d"));
  Store(files, "d/f", "abc");
  SECTION("without a sync of the outer folder") {
    files.Crash();
    CHECK(Root(files)->List("").value().empty());
  }
  SECTION("with one") {
    REQUIRE_OK(root->Sync(""));
    files.Crash();
    CHECK(Content(files, "d/f") == "abc");
  }
}

TEST_CASE("Renames and removals become durable with their folder", "[base][sim]") {
  SimFileSystem files;
  Store(files, "a", "new");
  Store(files, "b", "old");
  Store(files, "c", "gone");
  const auto root = Root(files);
  REQUIRE_OK(root->Rename("a", "b"));
  REQUIRE_OK(root->Remove("c"));
  SECTION("lost") {
    files.Crash();
    CHECK(Content(files, "a") == "new");
    CHECK(Content(files, "b") == "old");
    CHECK(Content(files, "c") == "gone");
  }
  SECTION("synced") {
    REQUIRE_OK(root->Sync(""));
    files.Crash();
    CHECK(Content(files, "a") == "none");
    CHECK(Content(files, "b") == "new");
    CHECK(Content(files, "c") == "none");
  }
}

TEST_CASE("Stores to a mapped region are lost unless the file was synced", "[base][sim]") {
  SimFileSystem files;
  const auto root = Root(files);
  const auto file = Create(*root, "f");
  REQUIRE_OK(file->Allocate(10'000));
  REQUIRE_OK(root->Sync(""));
  const auto region = file->Map(10'000).value();
  std::memcpy(region->data() + 5'000, "kept", 4);
  REQUIRE_OK(file->Sync());
  std::memcpy(region->data() + 5'000, "LOST", 4);
  std::memcpy(region->data() + 9'000, "LOST", 4);
  files.Crash();
  const std::string bytes = Content(files, "f");
  CHECK(bytes.substr(5'000, 4) == "kept");
  CHECK(bytes.substr(9'000, 4) == std::string(4, '\0'));

  std::memcpy(region->data(), "detached", 8);  // valid memory that belongs to no file
  CHECK(Content(files, "f").substr(0, 8) == std::string(8, '\0'));
}

TEST_CASE("What was open before the crash fails afterwards", "[base][sim]") {
  SimFileSystem files;
  Store(files, "f", "abc");
  const auto root = Root(files);
  const auto file = root->OpenFile("f", OpenMode::kReadWrite).value();
  const auto lock = root->Lock(".lock").value();
  const bool power_loss = GENERATE(true, false);
  if (power_loss) {
    files.Crash();
  } else {
    files.KillProcess();
  }
  char byte[1];
  CHECK(CodeOf(file->Read(0, byte)) == ErrorCode::kKafkaStorageError);
  CHECK_FALSE(file->Write(0, "x").ok());
  CHECK_FALSE(file->Sync().ok());
  CHECK_FALSE(file->Size().ok());
  CHECK_FALSE(root->List("").ok());
  CHECK_FALSE(root->Sync("").ok());
  CHECK(Content(files, "f") == "abc");
  CHECK_OK(Root(files)->Lock(".lock"));  // the holder is gone
}

TEST_CASE("The end of the process alone loses nothing", "[base][sim]") {
  SimFileSystem files;
  {
    const auto root = Root(files);
    const auto file = Create(*root, "f");
    REQUIRE_OK(file->Allocate(100));
    const auto region = file->Map(100).value();
    REQUIRE_OK(file->Write(0, "written "));
    std::memcpy(region->data() + 8, "stored", 6);
    files.KillProcess();
  }
  CHECK(Content(files, "f").substr(0, 14) == "written stored");
  CHECK_FALSE(files.all_synced());
  files.Crash();
  CHECK(Content(files, "f") == "none");
}

TEST_CASE("A partial crash keeps old or new bytes, sector by sector", "[base][sim]") {
  constexpr size_t kSector = 512;
  const std::string old_bytes(8 * kSector, 'o');
  const std::string new_bytes(8 * kSector, 'n');
  std::set<std::string> shapes;  // per sector: o, n or m (mixed)
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SimFileSystem files;
    Store(files, "f", old_bytes);
    const auto root = Root(files);
    REQUIRE_OK(root->OpenFile("f", OpenMode::kReadWrite).value()->Write(0, new_bytes));
    files.Crash(seed);
    const std::string bytes = Content(files, "f");
    REQUIRE(bytes.size() == old_bytes.size());
    std::string shape;
    for (size_t at = 0; at < bytes.size(); at += kSector) {
      const std::string sector = bytes.substr(at, kSector);
      const size_t cut = std::min(sector.find('o'), kSector);
      REQUIRE(sector == std::string(cut, 'n') + std::string(kSector - cut, 'o'));
      shape += cut == 0 ? 'o' : cut == kSector ? 'n' : 'm';
    }
    shapes.insert(shape);
  }
  CHECK(shapes.count("oooooooo") == 1);
  CHECK(shapes.count("nnnnnnnn") == 1);
  CHECK(shapes.count("nnnooooo") == 1);
  CHECK(shapes.size() > 60);
}

TEST_CASE("The same seed leaves the same state behind", "[base][sim]") {
  const auto run = [](uint64_t seed) {
    SimFileSystem files;
    const auto root = Root(files);
    for (const char* name : {"a", "b", "c", "d"}) {
      REQUIRE_OK(Create(*root, name)->Write(0, std::string(5'000, name[0])));
    }
    files.Crash(seed, {.names = CrashStyle::Names::kAnySubset});
    std::string state;
    for (const char* name : {"a", "b", "c", "d"})
      state += Content(files, name) + "|";
    return state;
  };
  std::set<std::string> states;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    REQUIRE(run(seed) == run(seed));
    states.insert(run(seed));
  }
  CHECK(states.size() > 20);
}

TEST_CASE("A crash may keep a longer size with zeros where bytes were lost", "[base][sim]") {
  bool zeros_seen = false;
  bool short_seen = false;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SimFileSystem files;
    Store(files, "f", "");
    REQUIRE_OK(Root(files)->OpenFile("f", OpenMode::kReadWrite).value()->Write(0, "abcdef"));
    files.Crash(seed, {.content = CrashStyle::Content::kAnySubset});
    const std::string bytes = Content(files, "f");
    if (bytes == std::string(6, '\0')) zeros_seen = true;
    if (bytes.empty()) short_seen = true;
  }
  CHECK(zeros_seen);
  CHECK(short_seen);
}

TEST_CASE("Names survive as a prefix, or as any subset", "[base][sim]") {
  const auto surviving = [](uint64_t seed, CrashStyle::Names style) {
    SimFileSystem files;
    const auto root = Root(files);
    for (const char* name : {"a", "b", "c"})
      Create(*root, name);
    files.Crash(seed, {.names = style});
    std::string names;
    const auto entries = Root(files)->List("").value();
    for (const DirectoryEntry& entry : entries)
      names += entry.name;
    return names;
  };
  std::set<std::string> prefixes;
  std::set<std::string> subsets;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    prefixes.insert(surviving(seed, CrashStyle::Names::kPrefix));
    subsets.insert(surviving(seed, CrashStyle::Names::kAnySubset));
  }
  CHECK(prefixes == std::set<std::string>{"", "a", "ab", "abc"});
  CHECK(subsets.size() == 8);
}

TEST_CASE("A whole file is old or new after any crash", "[base][sim]") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SimFileSystem files;
    Store(files, "f", std::string(1'000, 'o'));
    int64_t left = static_cast<int64_t>(seed % 12);
    std::shared_ptr<const SimFileSystem::Snapshot> snapshot;
    files.set_hook([&](const OperationInfo&) {
      if (left-- == 0) snapshot = files.TakeSnapshot();
    });
    REQUIRE_OK(base::WriteWhole(*Root(files), "f", std::string(1'000, 'n')));
    files.set_hook(nullptr);
    if (snapshot != nullptr) files.Restore(snapshot);
    files.Crash(seed, {.names = CrashStyle::Names::kAnySubset});
    const std::string bytes = Content(files, "f");
    const bool whole = bytes == std::string(1'000, 'o') || bytes == std::string(1'000, 'n');
    REQUIRE(whole);
    if (snapshot == nullptr) REQUIRE(bytes[0] == 'n');
  }
}

TEST_CASE("A snapshot can be explored again and again, also elsewhere", "[base][sim]") {
  SimFileSystem files;
  Store(files, "f", "durable");
  const auto root = Root(files);
  auto file = root->OpenFile("f", OpenMode::kReadWrite).value();
  const auto region = file->Map(4'096).value();
  std::memcpy(region->data(), "LIVE", 4);
  const auto snapshot = files.TakeSnapshot();
  REQUIRE_OK(file->Write(0, "later"));

  SimFileSystem other;
  other.Restore(snapshot);
  CHECK(Content(other, "f") == "LIVEble");
  other.Crash();
  CHECK(Content(other, "f") == "durable");
  other.Restore(snapshot);
  CHECK(Content(other, "f") == "LIVEble");
  Store(other, "f", "changed");
  CHECK(Content(files, "f") == "laterle");
  files.Restore(snapshot);
  CHECK(Content(files, "f") == "LIVEble");
  CHECK_FALSE(file->Write(0, "x").ok());
}

TEST_CASE("The chosen operation fails, once or for good", "[base][sim]") {
  SimFileSystem files;
  const auto root = Root(files);
  const auto file = Create(*root, "f");
  files.Inject({.after = 1, .for_good = GENERATE(true, false)});
  CHECK_OK(file->Write(0, "ab"));
  CHECK(CodeOf(file->Write(2, "cdef")) == ErrorCode::kKafkaStorageError);
  CHECK(files.faults_struck() == 1);
  const bool still_failing = !file->Size().ok();
  CHECK(files.faults_struck() == (still_failing ? 2 : 1));
  files.ClearFaults();
  CHECK(file->Size().value() == 4);  // a failed write has stored a part
}

TEST_CASE("Faults can be narrowed to an operation and a path", "[base][sim]") {
  SimFileSystem files;
  const auto root = Root(files);
  const auto a = Create(*root, "a.log");
  const auto b = Create(*root, "b.log");
  files.Inject({.only_operation = FileOperation::kSync, .only_path = "b.log"});
  CHECK_OK(a->Sync());
  CHECK_OK(b->Write(0, "x"));
  CHECK_FALSE(b->Sync().ok());
}

TEST_CASE("Interrupted and short calls are repeated inside", "[base][sim]") {
  SimFileSystem files;
  const auto root = Root(files);
  const auto file = Create(*root, "f");
  files.Inject({.kind = FaultKind::kInterrupted});
  files.Inject({.kind = FaultKind::kShort});
  files.ResetCounters();
  CHECK_OK(file->Write(0, "abc"));
  CHECK(files.faults_struck() == 2);
  CHECK(files.count(FileOperation::kWrite) == 3);
  CHECK(Content(files, "f") == "abc");
}

TEST_CASE("Running out of descriptors strikes where one is needed", "[base][sim]") {
  SimFileSystem files;
  const auto root = Root(files);
  const auto file = Create(*root, "f");
  files.Inject({.kind = FaultKind::kTooManyFiles});
  CHECK_OK(file->Write(0, "abc"));
  CHECK_FALSE(root->OpenFile("f", OpenMode::kRead).ok());
  CHECK_OK(root->OpenFile("f", OpenMode::kRead));
}

TEST_CASE("What a failed sync should have written stays lost", "[base][sim]") {
  SimFileSystem files;
  Store(files, "f", "old");
  const auto root = Root(files);
  const auto file = root->OpenFile("f", OpenMode::kReadWrite).value();
  REQUIRE_OK(file->Write(0, "new"));
  files.Inject({.only_operation = FileOperation::kSync});
  CHECK_FALSE(file->Sync().ok());
  CHECK_OK(file->Sync());  // says that all is well, as Linux does
  SECTION("at a power loss") {
    files.Crash();
    CHECK(Content(files, "f") == "old");
  }
  SECTION("unless it is written again") {
    REQUIRE_OK(file->Write(0, "new"));
    REQUIRE_OK(file->Sync());
    files.Crash();
    CHECK(Content(files, "f") == "new");
  }
  SECTION("though it can still be read until then") {
    files.KillProcess();
    CHECK(Content(files, "f") == "new");
  }
}

TEST_CASE("A full disk refuses to grow files, and nothing else", "[base][sim]") {
  SimFileSystem files;
  files.set_capacity_bytes(3 * 4'096);
  const auto root = Root(files);
  const auto file = Create(*root, "f");
  CHECK(root->FreeBytes().value() == 3 * 4'096);
  REQUIRE_OK(file->Allocate(2 * 4'096));
  CHECK(files.used_bytes() == 2 * 4'096);
  CHECK(IsDiskFull(file->Allocate(4 * 4'096)));
  CHECK(file->Size().value() == 2 * 4'096);
  REQUIRE_OK(file->Write(0, std::string(2 * 4'096, 'x')));  // reserved
  const auto other = Create(*root, "g");
  CHECK(IsDiskFull(other->Write(0, std::string(5'000, 'y'))));
  CHECK(other->Size().value() == 4'096);  // what fitted
  REQUIRE_OK(root->Remove("f"));
  CHECK_OK(other->Write(4'096, std::string(904, 'y')));
}

TEST_CASE("Operations, handles and regions are counted", "[base][sim]") {
  SimFileSystem files;
  {
    const auto root = Root(files);
    const auto file = Create(*root, "f");
    CHECK(files.open_handles() == 2);
    REQUIRE_OK(file->Write(0, "x"));
    const auto region = file->Map(10).value();
    CHECK(files.open_regions() == 1);
    REQUIRE_OK(root->Sync(""));
    CHECK(files.count(FileOperation::kWrite) == 1);
    CHECK(files.count(FileOperation::kSync) == 0);
    CHECK(files.count(FileOperation::kSyncDirectory) == 1);
    CHECK(files.count() == 5);
  }
  CHECK(files.open_handles() == 0);
  CHECK(files.open_regions() == 0);
  files.ResetCounters();
  CHECK(files.count() == 0);
}

TEST_CASE("The hook sees each operation before it happens", "[base][sim]") {
  SimFileSystem files;
  std::string seen;
  files.set_hook([&](const OperationInfo& info) {
    seen += std::string(ToString(info.operation)) + " " + std::string(info.path) + "; ";
  });
  const auto root = Root(files);
  REQUIRE_OK(Create(*root, "f")->Sync());
  REQUIRE_OK(root->Sync(""));
  CHECK(seen == "open directory /; open /f; sync /f; sync directory /; ");
}

TEST_CASE("Stores past the end of a file are noticed", "[base][sim]") {
  SimFileSystem files;
  const auto root = Root(files);
  const auto file = Create(*root, "f");
  REQUIRE_OK(file->Allocate(4'096));
  const auto region = file->Map(100'000).value();
  region->data()[4'095] = 'x';
  CHECK(files.stray_stores() == 0);
  region->data()[4'096] = 'x';
  CHECK(files.stray_stores() > 0);
}

TEST_CASE("Where mapping is refused, reading and writing go on", "[base][sim]") {
  SimFileSystem files;
  files.set_mappable(false);
  const auto root = Root(files);
  const auto file = Create(*root, "f");
  CHECK(CodeOf(file->Map(10)) == ErrorCode::kUnsupportedVersion);
  CHECK_OK(file->Write(0, "x"));
}

TEST_CASE("Large files take memory only where they were touched", "[base][sim]") {
  SimFileSystem files;
  const auto root = Root(files);
  const auto file = Create(*root, "f");
  REQUIRE_OK(file->Allocate(int64_t{1} << 36));
  const auto region = file->Map(int64_t{1} << 30).value();
  std::memcpy(region->data() + 500'000'000, "abc", 3);
  REQUIRE_OK(file->Sync());
  REQUIRE_OK(root->Sync(""));
  files.Crash();
  const auto reopened = Root(files)->OpenFile("f", OpenMode::kRead).value();
  char bytes[3];
  REQUIRE(reopened->Read(500'000'000, bytes).value() == 3);
  CHECK(std::string_view(bytes, 3) == "abc");
}

TEST_CASE("A mapped file can be synced while another thread stores to it", "[base][sim]") {
  SimFileSystem files;
  const auto root = Root(files);
  const auto file = Create(*root, "f");
  REQUIRE_OK(file->Allocate(64'000));
  REQUIRE_OK(root->Sync(""));
  const auto region = file->Map(64'000).value();
  std::thread writer([&] {
    for (size_t i = 0; i < 64'000; ++i)
      region->data()[i] = 'x';
  });
  for (int i = 0; i < 50; ++i)
    REQUIRE_OK(file->Sync());
  writer.join();
  REQUIRE_OK(file->Sync());
  files.Crash();
  CHECK(Content(files, "f") == std::string(64'000, 'x'));
}

TEST_CASE("Random work loses at most what was not synced", "[base][sim]") {
  // A model beside the real thing: per file the content at its last sync, and the newest content.
  for (uint64_t seed = 0; seed < 100; ++seed) {
    INFO("seed " << seed);
    const auto random = Random::Seeded(seed);
    SimFileSystem files;
    std::map<std::string, std::string> synced;
    std::map<std::string, std::string> live;
    const auto root = Root(files);
    for (const char* name : {"a", "b", "c"}) {
      Create(*root, name);
      synced[name] = live[name] = "";
    }
    REQUIRE_OK(root->Sync(""));
    for (int step = 0; step < 60; ++step) {
      const std::string name(1, static_cast<char>('a' + random->Below(3)));
      const auto file = root->OpenFile(name, OpenMode::kReadWrite).value();
      std::string& model = live[name];
      const auto position = static_cast<size_t>(random->Below(9'000));
      const std::string bytes(static_cast<size_t>(1 + random->Below(3'000)),
                              static_cast<char>('A' + step % 26));
      switch (random->Below(4)) {
        case 0:
          REQUIRE_OK(file->Sync());
          synced[name] = model;
          break;
        case 1:
          REQUIRE_OK(file->Truncate(static_cast<int64_t>(position)));
          model.resize(position, '\0');
          break;
        default:
          REQUIRE_OK(file->Write(static_cast<int64_t>(position), bytes));
          model.resize(std::max(model.size(), position + bytes.size()), '\0');
          model.replace(position, bytes.size(), bytes);
      }
      REQUIRE(Content(files, name) == model);
    }
    const auto before = files.TakeSnapshot();
    files.Crash();
    for (const auto& [name, bytes] : synced)
      REQUIRE(Content(files, name) == bytes);
    files.Restore(before);
    files.Crash(seed, kKeepAll);
    for (const auto& [name, bytes] : live)
      REQUIRE(Content(files, name) == bytes);
  }
}

}  // namespace runnel::testing
