// Many groups, little memory: group offsets live in RocksDB, so that opening does not replay them
// and they need not fit in memory. The log stays the truth: any store can be chosen at any opening.
#include <runnel/runnel.h>

#include <filesystem>
#include <iostream>
#include <string>

// Opens the directory with `store` and returns the number of groups, or -1.
int OpenAndCount(const std::string& dir, runnel::StoreKind store, bool write) {
  auto broker = runnel::Broker::Open({.data_dir = dir, .offsets_store = store});
  if (!broker.ok()) {
    std::cerr << runnel::ToString(broker.status()) << '\n';
    return runnel::CodeOf(broker) == runnel::ErrorCode::kInvalidConfig ? 0 : -1;
  }
  auto admin = (*broker)->NewAdmin().value();
  if (write) {
    if (!admin->CreateTopic("orders").ok()) return -1;
    for (int i = 0; i < 100; ++i) {
      const auto set = admin->AlterGroupOffsets("group-" + std::to_string(i),
                                                {{{"orders", 0}, {.offset = runnel::Offset(0)}}});
      for (const auto& [partition, status] : set) {
        if (!status.ok()) return -1;
      }
    }
  }
  return static_cast<int>(admin->ListGroups().value().size());
}

int main() {
  const auto dir = std::filesystem::temp_directory_path() / "runnel-rocksdb";
  std::filesystem::remove_all(dir);
  const int written = OpenAndCount(dir.string(), runnel::StoreKind::kRocksDb, true);
  if (written == 0) {
    std::cout << "built without RocksDB\n";
    return 0;
  }
  const int again = OpenAndCount(dir.string(), runnel::StoreKind::kRocksDb, false);
  const int with_log = OpenAndCount(dir.string(), runnel::StoreKind::kLogBacked, false);
  std::cout << written << " groups written, " << again << " read with RocksDB, " << with_log
            << " without\n";
  return again == 100 && with_log == 100 ? 0 : 1;
}
