// A directory that is gone after the test.
#pragma once

#include <memory>
#include <string>

#include "runnel/file_system.h"

namespace runnel::testing {

// Creates a directory below the system's place for temporary files and removes it with all it
// holds when destroyed.
class TempDir final {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // The directory, opened.
  std::unique_ptr<Directory> Open() const;

 private:
  std::string path_;
};

}  // namespace runnel::testing
