#include "support/temp_dir.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

namespace runnel::testing {

TempDir::TempDir() {
  path_ = (std::filesystem::temp_directory_path() / "runnel-test-XXXXXX").native();
  REQUIRE(::mkdtemp(path_.data()) != nullptr);
}

TempDir::~TempDir() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::unique_ptr<Directory> TempDir::Open() const {
  return FileSystem::System().OpenDirectory(path_, DirectoryMode::kMustExist).value();
}

}  // namespace runnel::testing
