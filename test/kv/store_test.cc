// One contract for all stores; what only one of them can do follows below.
#include "kv/store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/files.h"
#include "base/strings.h"
#include "runnel/random.h"
#include "runnel/testing/sim_file_system.h"
#include "support/status.h"
#include "support/temp_dir.h"

namespace runnel::kv {
namespace {

using base::StrCat;
using testing::SimFileSystem;
using testing::TempDir;
using Entries = std::vector<std::pair<std::string, std::string>>;

// Opens stores of one kind, again and again in the same place.
class Place {
 public:
  explicit Place(StoreKind kind) : kind_(kind) {
    directory_ = kind == StoreKind::kRocksDb
                     ? temporary_.Open()
                     : files_.OpenDirectory("/data", DirectoryMode::kCreate).value();
  }

  std::unique_ptr<Store> Open() { return Open(kind_); }
  std::unique_ptr<Store> Open(StoreKind kind) {
    auto store = OpenStore(Options(kind), Logger::None());
    REQUIRE_OK(store);
    return *std::move(store);
  }
  StoreOptions Options(StoreKind kind) {
    return {.kind = kind, .directory = directory_.get(), .name = "view"};
  }
  void Crash() {
    files_.Crash();
    if (kind_ != StoreKind::kRocksDb) {
      directory_ = files_.OpenDirectory("/data", DirectoryMode::kMustExist).value();
    }
  }
  bool durable() const { return kind_ != StoreKind::kMemory; }
  StoreKind kind() const { return kind_; }
  Directory& directory() { return *directory_; }
  SimFileSystem& files() { return files_; }

 private:
  StoreKind kind_;
  TempDir temporary_;
  SimFileSystem files_;
  std::unique_ptr<Directory> directory_;
};

std::vector<StoreKind> Kinds() {
  std::vector<StoreKind> kinds{StoreKind::kMemory, StoreKind::kLogBacked};
  if (IsBuiltIn(StoreKind::kRocksDb)) kinds.push_back(StoreKind::kRocksDb);
  return kinds;
}

Status Put(Store& store, std::string_view key, std::string_view value) {
  WriteBatch batch;
  batch.Put(key, value);
  return store.Write(batch);
}

Entries Scan(Store& store, const KeyRange& range) {
  Entries entries;
  REQUIRE_OK(store.Scan(range, [&](std::string_view key, std::string_view value) {
    entries.emplace_back(key, value);
    return true;
  }));
  return entries;
}

std::string Get(Store& store, std::string_view key) {
  auto value = store.Get(key);
  REQUIRE_OK(value);
  return value->value_or("(none)");
}

TEST_CASE("A store gives back what was put, and nothing after a delete", "[kv]") {
  Place place(GENERATE_REF(from_range(Kinds())));
  auto store = place.Open();
  CHECK(Get(*store, "a") == "(none)");
  WriteBatch batch;
  batch.Put("a", "1");
  batch.Put("b", "");
  batch.Put("a", "2");
  batch.Put("c", "3");
  batch.Delete("c");
  REQUIRE_OK(store->Write(batch));
  CHECK(Get(*store, "a") == "2");
  CHECK(Get(*store, "b").empty());
  CHECK(Get(*store, "c") == "(none)");
  batch.Clear();
  batch.Delete("a");
  batch.Delete("never there");
  REQUIRE_OK(store->Write(batch));
  CHECK(Scan(*store, KeyRange::All()) == Entries{{"b", ""}});
  CHECK(store->Stats().memory_bytes > 0);
}

TEST_CASE("A scan is ordered by bytes and keeps to its range", "[kv]") {
  Place place(GENERATE_REF(from_range(Kinds())));
  auto store = place.Open();
  for (const char* key : {"b", "a", "ab", "ab\xff", "ac", "\x01", "\xff", "\xff\xff"}) {
    REQUIRE_OK(Put(*store, key, "v"));
  }
  WriteBatch applied;
  applied.SetApplied("log-0", Offset(7));
  REQUIRE_OK(store->Write(applied));

  const Entries all{{"\x01", "v"}, {"a", "v"}, {"ab", "v"},   {"ab\xff", "v"},
                    {"ac", "v"},   {"b", "v"}, {"\xff", "v"}, {"\xff\xff", "v"}};
  CHECK(Scan(*store, KeyRange::All()) == all);
  CHECK(Scan(*store, KeyRange::Prefix("")) == all);
  CHECK(Scan(*store, KeyRange::Prefix("ab")) == Entries{{"ab", "v"}, {"ab\xff", "v"}});
  CHECK(Scan(*store, KeyRange::Prefix("\xff")) == Entries{{"\xff", "v"}, {"\xff\xff", "v"}});
  CHECK(Scan(*store, {.begin = "ab", .end = "b"}).size() == 3);
  CHECK(Scan(*store, {.begin = "b", .end = "a"}).empty());

  int visits = 0;
  REQUIRE_OK(store->Scan(KeyRange::All(), [&](auto, auto) { return ++visits < 2; }));
  CHECK(visits == 2);
}

TEST_CASE("A scan of many pages sees each entry once while the visitor writes", "[kv]") {
  Place place(GENERATE_REF(from_range(Kinds())));
  auto store = place.Open();
  constexpr int kCount = 1000;
  WriteBatch batch;
  for (int i = 0; i < kCount; ++i)
    batch.Put(StrCat("k", 10000 + i), "v");
  REQUIRE_OK(store->Write(batch));
  int seen = 0;
  REQUIRE_OK(store->Scan(KeyRange::Prefix("k"), [&](std::string_view key, std::string_view) {
    CHECK(key == StrCat("k", 10000 + seen++));
    return Put(*store, StrCat("j", seen), "other").ok();
  }));
  CHECK(seen == kCount);
  CHECK(Scan(*store, KeyRange::Prefix("j")).size() == kCount);
}

TEST_CASE("Large values and odd keys survive a reopening", "[kv]") {
  Place place(GENERATE_REF(from_range(Kinds())));
  const std::string large(3 << 20, 'x');
  const std::string odd("a\0b\n\xff", 5);
  {
    auto store = place.Open();
    REQUIRE_OK(Put(*store, "large", large));
    REQUIRE_OK(Put(*store, odd, std::string(2, '\0')));
    CHECK(Get(*store, "large") == large);
    REQUIRE_OK(store->Close());
    CHECK_FALSE(store->Write(WriteBatch()).ok());
    CHECK_FALSE(store->Get("large").ok());
    CHECK_OK(store->Close());
  }
  if (!place.durable()) return;
  auto store = place.Open();
  CHECK_FALSE(store->open_report().damaged);
  CHECK(Get(*store, "large") == large);
  CHECK(Get(*store, odd) == std::string(2, '\0'));
}

TEST_CASE("Keys and values outside the limits are refused and nothing is applied", "[kv]") {
  Place place(GENERATE_REF(from_range(Kinds())));
  auto store = place.Open();
  WriteBatch batch;
  batch.Put("good", "1");
  SECTION("empty key") {
    batch.Put("", "x");
  }
  SECTION("reserved key") {
    batch.Put(std::string("\0alog", 5), "x");
  }
  SECTION("reserved delete") {
    batch.Delete(std::string("\0", 1));
  }
  SECTION("long key") {
    batch.Put(std::string(kMaxKeyBytes + 1, 'k'), "x");
  }
  SECTION("empty log name") {
    batch.SetApplied("", Offset(1));
  }
  CHECK(CodeOf(store->Write(batch)) == ErrorCode::kInvalidRequest);
  CHECK(Get(*store, "good") == "(none)");
  CHECK_OK(Put(*store, std::string(kMaxKeyBytes, 'k'), "x"));
}

TEST_CASE("Applied offsets travel with the batch and are kept per log", "[kv]") {
  Place place(GENERATE_REF(from_range(Kinds())));
  auto store = place.Open();
  CHECK(store->AppliedOffset("log-0") == kNoOffset);
  WriteBatch batch;
  batch.Put("k", "v");
  batch.SetApplied("log-0", Offset(41));
  batch.SetApplied("log-1", Offset(0));
  REQUIRE_OK(store->Write(batch));
  CHECK(store->AppliedOffset("log-0") == Offset(41));
  CHECK(store->AppliedOffset("log-1") == Offset(0));
  CHECK(store->AppliedOffset("log-") == kNoOffset);
  CHECK(store->Stats().entry_count >= 1);
  REQUIRE_OK(store->Clear());
  CHECK(store->AppliedOffset("log-0") == kNoOffset);
  CHECK(Scan(*store, KeyRange::All()).empty());
  REQUIRE_OK(Put(*store, "after", "clear"));
  CHECK(Get(*store, "after") == "clear");
}

// Writes batches 0, 1, 2, ...: batch i puts "left" and "right" to i and applies offset i.
Status WriteNumbered(Store& store, int number) {
  WriteBatch batch;
  batch.Put("left", std::to_string(number));
  batch.Put(StrCat("fill-", number % 50), std::string(1000, 'f'));
  batch.Put("right", std::to_string(number));
  batch.SetApplied("log", Offset(number));
  return store.Write(batch);
}

// After a crash the view must be the state after some batch, at least `at_least`.
void CheckNumbered(Store& store, int at_least) {
  const int64_t applied = store.AppliedOffset("log").value();
  CHECK(applied >= at_least);
  const std::string expected = applied < 0 ? "(none)" : std::to_string(applied);
  CHECK(Get(store, "left") == expected);
  CHECK(Get(store, "right") == expected);
}

TEST_CASE("A crash takes the log-backed store back to a checkpoint, between batches",
          "[kv][crash]") {
  Place place(StoreKind::kLogBacked);
  {
    auto store = place.Open();
    for (int i = 0; i < 10; ++i)
      REQUIRE_OK(WriteNumbered(*store, i));
    REQUIRE_OK(store->Checkpoint());
    for (int i = 10; i < 20; ++i)
      REQUIRE_OK(WriteNumbered(*store, i));
    place.Crash();
  }
  auto store = place.Open();
  CHECK_FALSE(store->open_report().damaged);
  CHECK(store->AppliedOffset("log") == Offset(9));
  CheckNumbered(*store, 9);
}

TEST_CASE("A crash at any step of a checkpoint leaves the old or the new one", "[kv][crash]") {
  Place place(StoreKind::kLogBacked);
  auto store = place.Open();
  REQUIRE_OK(WriteNumbered(*store, 0));
  REQUIRE_OK(store->Checkpoint());
  std::vector<std::shared_ptr<const SimFileSystem::Snapshot>> states;
  place.files().set_hook([&](const auto&) { states.push_back(place.files().TakeSnapshot()); });
  REQUIRE_OK(WriteNumbered(*store, 1));
  REQUIRE_OK(store->Close());
  place.files().set_hook(nullptr);
  REQUIRE(states.size() >= 5);
  for (size_t i = 0; i < states.size(); ++i) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      INFO("state " << i << " seed " << seed);
      SimFileSystem files;
      files.Restore(states[i]);
      files.Crash(seed);
      const auto directory = files.OpenDirectory("/data", DirectoryMode::kMustExist).value();
      auto reopened =
          OpenStore({.kind = StoreKind::kLogBacked, .directory = directory.get(), .name = "view"},
                    Logger::None());
      REQUIRE_OK(reopened);
      CHECK_FALSE((*reopened)->open_report().damaged);
      CheckNumbered(**reopened, 0);
    }
  }
}

TEST_CASE("A failed checkpoint keeps the old snapshot, and the next one works", "[kv][fault]") {
  Place place(StoreKind::kLogBacked);
  auto store = place.Open();
  REQUIRE_OK(WriteNumbered(*store, 0));
  REQUIRE_OK(store->Checkpoint());
  REQUIRE_OK(WriteNumbered(*store, 1));
  const int64_t after = GENERATE(0, 1, 2, 3, 4, 5);
  place.files().Inject({.after = after, .kind = testing::FaultKind::kDiskFull, .only_path = ""});
  const Status failed = store->Checkpoint();
  const bool struck = place.files().faults_struck() > 0;
  place.files().ClearFaults();
  CHECK(failed.ok() == !struck);
  CHECK(Get(*store, "left") == "1");
  CHECK_OK(store->Checkpoint());
  place.Crash();
  CheckNumbered(*place.Open(), 1);
}

TEST_CASE("A damaged snapshot is an empty store that says so", "[kv][damage]") {
  Place place(StoreKind::kLogBacked);
  {
    auto store = place.Open();
    for (int i = 0; i < 3; ++i)
      REQUIRE_OK(WriteNumbered(*store, i));
    REQUIRE_OK(store->Close());
  }
  const std::string good = base::ReadWhole(place.directory(), "view.kv", 1 << 20).value();
  const auto reopen = [&](const std::string& bytes) {
    REQUIRE_OK(base::WriteWhole(place.directory(), "view.kv", bytes));
    auto store = place.Open();
    CHECK(store->open_report().damaged);
    CHECK_FALSE(store->open_report().reason.empty());
    CHECK(store->AppliedOffset("log") == kNoOffset);
    CHECK(Scan(*store, KeyRange::All()).empty());
    return store;
  };
  SECTION("cut anywhere") {
    for (size_t size = 0; size < good.size(); size += size < 80 ? 1 : 37) {
      INFO(size);
      reopen(good.substr(0, size));
    }
  }
  SECTION("longer") {
    reopen(good + "x");
  }
  SECTION("any byte changed") {
    for (size_t at = 0; at < good.size(); at += at < 80 ? 1 : 37) {
      INFO(at);
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0x40);
      reopen(bad);
    }
  }
  SECTION("each length field wild") {
    for (const size_t at : {size_t{16}, size_t{24}, size_t{32}}) {
      for (const int64_t value : {int64_t{-1}, int64_t{0}, INT64_MAX}) {
        std::string bad = good;
        base::StoreBigEndian(bad.data() + at, value);
        reopen(bad);
      }
    }
  }
  SECTION("the next checkpoint replaces it") {
    auto store = reopen("RNLK");
    REQUIRE_OK(store->Close());
    CHECK_FALSE(place.Open()->open_report().damaged);
  }
}

TEST_CASE("An I/O error while reading a snapshot is an error, not an empty store", "[kv][fault]") {
  Place place(StoreKind::kLogBacked);
  {
    auto store = place.Open();
    REQUIRE_OK(WriteNumbered(*store, 1));
    REQUIRE_OK(store->Close());
  }
  place.files().Inject({.only_operation = testing::FileOperation::kRead, .only_path = ""});
  const auto store = OpenStore(place.Options(StoreKind::kLogBacked), Logger::None());
  CHECK(CodeOf(store) == ErrorCode::kKafkaStorageError);
}

TEST_CASE("Opening with another kind begins empty, so that the owner rebuilds", "[kv]") {
  if (!IsBuiltIn(StoreKind::kRocksDb)) return;
  Place place(StoreKind::kRocksDb);  // its directory is on the real file system
  REQUIRE_OK(WriteNumbered(*place.Open(StoreKind::kLogBacked), 5));
  {
    auto store = place.Open(StoreKind::kLogBacked);
    CHECK(store->AppliedOffset("log") == kNoOffset);  // it was not closed
    REQUIRE_OK(WriteNumbered(*store, 6));
    REQUIRE_OK(store->Close());
  }
  {
    auto store = place.Open(StoreKind::kRocksDb);
    CHECK_FALSE(store->open_report().damaged);
    CHECK(store->AppliedOffset("log") == kNoOffset);
    REQUIRE_OK(WriteNumbered(*store, 7));
    REQUIRE_OK(store->Close());
  }
  CHECK(place.Open(StoreKind::kLogBacked)->AppliedOffset("log") == Offset(6));
  CHECK(place.Open(StoreKind::kRocksDb)->AppliedOffset("log") == Offset(7));
  REQUIRE_OK(DestroyStore(place.Options(StoreKind::kRocksDb)));
  CHECK(place.directory().List("").value().empty());
  CHECK(place.Open(StoreKind::kRocksDb)->AppliedOffset("log") == kNoOffset);
}

constexpr int kFlushed = 100;
constexpr const char* kChildPath = "RUNNEL_KV_TEST_PATH";

// Runs in a process of its own, started by the case below: RocksDB's threads do not survive a fork.
TEST_CASE("child: writes numbered batches and ends without closing", "[.child]") {
  const char* path = std::getenv(kChildPath);
  if (path == nullptr) return;
  const auto directory = FileSystem::System().OpenDirectory(path, DirectoryMode::kMustExist);
  if (!directory.ok()) _exit(1);
  auto store = OpenStore({.kind = StoreKind::kRocksDb,
                          .directory = directory->get(),
                          .name = "view",
                          .write_buffer_bytes = 65536},  // flushed at arbitrary batches
                         Logger::None());
  if (!store.ok()) _exit(1);
  for (int i = 0; i < 3000; ++i) {
    if (!WriteNumbered(**store, i).ok()) _exit(2);
    if (i == kFlushed && !(*store)->Checkpoint().ok()) _exit(3);
  }
  _exit(0);
}

TEST_CASE("A killed process leaves RocksDB between two batches", "[kv][crash][rocksdb]") {
  if (!IsBuiltIn(StoreKind::kRocksDb)) return;
  Place place(StoreKind::kRocksDb);
  REQUIRE(setenv(kChildPath, place.directory().path().c_str(), 1) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    execl("/proc/self/exe", "kv_test", "[.child]", static_cast<char*>(nullptr));
    _exit(9);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  auto store = place.Open();
  CHECK_FALSE(store->open_report().damaged);
  CheckNumbered(*store, kFlushed);
}

TEST_CASE("A damaged RocksDB folder is rebuilt empty", "[kv][damage][rocksdb]") {
  if (!IsBuiltIn(StoreKind::kRocksDb)) return;
  Place place(StoreKind::kRocksDb);
  {
    auto store = place.Open();
    REQUIRE_OK(WriteNumbered(*store, 3));
    REQUIRE_OK(store->Close());
  }
  const auto each_file = [&](const std::function<bool(const std::string&)>& act) {
    int acted = 0;
    const auto entries = place.directory().List("view.rocksdb").value();
    for (const DirectoryEntry& entry : entries) {
      acted += act("view.rocksdb/" + entry.name) ? 1 : 0;
    }
    CHECK(acted > 0);
  };
  const auto overwrite = [&](const std::string& name, std::string_view part) {
    if (name.find(part) == std::string::npos) return false;
    REQUIRE_OK(base::WriteWhole(place.directory(), name, "garbage"));
    return true;
  };
  SECTION("manifest") {
    each_file([&](const std::string& name) { return overwrite(name, "MANIFEST"); });
  }
  SECTION("current") {
    each_file([&](const std::string& name) { return overwrite(name, "CURRENT"); });
  }
  SECTION("table") {
    each_file([&](const std::string& name) { return overwrite(name, ".sst"); });
  }
  SECTION("manifest missing") {
    each_file([&](const std::string& name) {
      return name.find("MANIFEST") != std::string::npos && place.directory().Remove(name).ok();
    });
  }
  auto store = place.Open();
  CHECK(store->open_report().damaged);
  CHECK_FALSE(store->open_report().reason.empty());
  CHECK(store->AppliedOffset("log") == kNoOffset);
  CHECK_OK(WriteNumbered(*store, 4));
  REQUIRE_OK(store->Close());
  CheckNumbered(*place.Open(), 4);
}

TEST_CASE("RocksDB held by somebody else is an error and is not dropped", "[kv][rocksdb]") {
  if (!IsBuiltIn(StoreKind::kRocksDb)) return;
  Place place(StoreKind::kRocksDb);
  auto store = place.Open();
  REQUIRE_OK(WriteNumbered(*store, 1));
  const auto second = OpenStore(place.Options(StoreKind::kRocksDb), Logger::None());
  CHECK(CodeOf(second) == ErrorCode::kKafkaStorageError);
  CheckNumbered(*store, 1);
}

TEST_CASE("Bad store options are refused with the reason", "[kv]") {
  CHECK(CodeOf(OpenStore({.kind = StoreKind::kLogBacked}, Logger::None())) ==
        ErrorCode::kInvalidConfig);
  CHECK(CodeOf(OpenStore({.name = "../x"}, Logger::None())) == ErrorCode::kInvalidConfig);
  CHECK(CodeOf(OpenStore({.block_cache_bytes = 1}, Logger::None())) == ErrorCode::kInvalidConfig);
  if (!IsBuiltIn(StoreKind::kRocksDb)) {
    Place place(StoreKind::kLogBacked);
    const auto store = OpenStore(place.Options(StoreKind::kRocksDb), Logger::None());
    CHECK(CodeOf(store) == ErrorCode::kInvalidConfig);
    CHECK(ToString(store.status()).find("RUNNEL_WITH_ROCKSDB") != std::string::npos);
  }
  for (const StoreKind kind : Kinds())
    CHECK(ParseStoreKind(NameOf(kind)) == kind);
  CHECK(ParseStoreKind("leveldb") == std::nullopt);
}

TEST_CASE("Random batches, checkpoints, crashes and reopenings match a model", "[kv][model]") {
  const StoreKind kind = GENERATE_REF(from_range(Kinds()));
  const uint64_t seed = 20260101;
  INFO("seed " << seed);
  const auto random = Random::Seeded(seed);
  Place place(kind);
  auto store = place.Open();
  std::map<std::string, std::string> model;
  int64_t applied = -1;
  const int steps = kind == StoreKind::kRocksDb ? 600 : 3000;
  for (int step = 0; step < steps; ++step) {
    const int64_t dice = random->Below(100);
    if (dice < 90) {
      WriteBatch batch;
      for (int64_t i = random->Below(5); i >= 0; --i) {
        const std::string key = StrCat("key-", random->Below(200));
        if (random->Below(4) == 0) {
          batch.Delete(key);
          model.erase(key);
        } else {
          model[key] = std::string(static_cast<size_t>(random->Below(300)), 'v') + key;
          batch.Put(key, model[key]);
        }
      }
      batch.SetApplied("log", Offset(++applied));
      REQUIRE_OK(store->Write(batch));
    } else if (dice < 97) {
      REQUIRE_OK(store->Checkpoint());
    } else if (place.durable()) {
      REQUIRE_OK(store->Close());
      store.reset();
      if (kind == StoreKind::kLogBacked) place.Crash();
      store = place.Open();
    }
    if (step % 50 != 0) continue;
    REQUIRE(store->AppliedOffset("log") == Offset(applied));
    REQUIRE(Scan(*store, KeyRange::All()) == Entries(model.begin(), model.end()));
    if (kind != StoreKind::kRocksDb) {
      REQUIRE(store->Stats().entry_count == static_cast<int64_t>(model.size()));
    }
  }
}

}  // namespace
}  // namespace runnel::kv
