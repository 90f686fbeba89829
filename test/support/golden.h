// Reads the partition folders that a real broker wrote, with what its tools and consumer saw.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/shared_files.h"

namespace runnel::testing {

// One folder of shared/golden: a partition.
struct GoldenFolder {
  std::filesystem::path path;

  std::string name() const { return path.filename().string(); }

  std::string ReadFile(std::string_view file) const {
    std::ifstream in(path / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // Names of its .log files, oldest first.
  std::vector<std::string> Logs() const {
    std::vector<std::string> logs;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().extension() == ".log") logs.push_back(entry.path().filename().string());
    }
    std::sort(logs.begin(), logs.end());
    return logs;
  }

  // What the Java consumer read, one object per record: iso, p, o, ts, tt, le, k, v, h; bytes in
  // base64 or null.
  std::vector<nlohmann::json> Expected() const {
    std::vector<nlohmann::json> records;
    std::ifstream in(path / "expected.jsonl");
    for (std::string line; std::getline(in, line);) {
      records.push_back(nlohmann::json::parse(line));
    }
    return records;
  }

  // The lines of dump.txt that start with `start`.
  std::vector<std::string> DumpLines(std::string_view start) const {
    std::vector<std::string> lines;
    std::ifstream in(path / "dump.txt", std::ios::binary);
    for (std::string line; std::getline(in, line);) {
      if (std::string_view(line).starts_with(start)) lines.push_back(line);
    }
    return lines;
  }
};

// All golden partitions by name; none where the reference data is missing.
inline std::vector<GoldenFolder> GoldenFolders() {
  std::vector<GoldenFolder> folders;
  const auto shared = SharedFiles();
  if (!shared.has_value()) return folders;
  for (const auto& entry : std::filesystem::directory_iterator(*shared / "golden")) {
    if (GoldenFolder folder{entry.path()}; entry.is_directory() && !folder.Logs().empty()) {
      folders.push_back(folder);
    }
  }
  std::sort(folders.begin(), folders.end(),
            [](const GoldenFolder& a, const GoldenFolder& b) { return a.path < b.path; });
  return folders;
}

}  // namespace runnel::testing
