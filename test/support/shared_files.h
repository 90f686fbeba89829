// Finds the reference data of real Kafka, which is not part of the repository.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace runnel::testing {

// The folder named by the environment variable RUNNEL_SHARED, or "shared" next to a folder above
// the current one; nullopt when there is none: the test is then skipped.
inline std::optional<std::filesystem::path> SharedFiles() {
  std::error_code error;
  if (const char* named = std::getenv("RUNNEL_SHARED"); named != nullptr) {
    if (std::filesystem::is_directory(named, error)) return named;
    return std::nullopt;
  }
  auto folder = std::filesystem::path(RUNNEL_SOURCE_DIR);
  for (; folder.has_relative_path(); folder = folder.parent_path()) {
    const auto candidate = folder / "shared";
    if (std::filesystem::is_directory(candidate / "golden", error)) return candidate;
  }
  return std::nullopt;
}

}  // namespace runnel::testing
