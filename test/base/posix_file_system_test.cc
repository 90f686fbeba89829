// What only the computer's own file system can show; the rest is in file_system_contract_test.cc.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "base/io_error.h"
#include "runnel/file_system.h"
#include "support/status.h"
#include "support/temp_dir.h"

namespace runnel {

TEST_CASE("A lock held by another process names it, and goes with it", "[base][files]") {
  const testing::TempDir folder;
  const auto directory = folder.Open();
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t holder = ::fork();
  REQUIRE(holder >= 0);
  if (holder == 0) {
    const auto lock = directory->Lock(".lock");
    const char byte = lock.ok() ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) == 1) ::pause();
    ::_exit(0);
  }
  char byte = '?';
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(byte == 'y');
  const auto refused = directory->Lock(".lock");
  CHECK(ToString(refused.status()).find("held by process " + std::to_string(holder)) !=
        std::string::npos);
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  CHECK_OK(directory->Lock(".lock"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("A file size limit is an error, not the end of the process", "[base][files]") {
  const testing::TempDir folder;
  const auto directory = folder.Open();
  rlimit before;
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit limited = before;
  limited.rlim_cur = 10'000;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limited) == 0);
  const auto file = directory->OpenFile("f", OpenMode::kCreate).value();
  const Status write = file->Write(9'999, "ab");
  const Status truncate = file->Truncate(10'001);
  const Status allocate = file->Allocate(10'001);
  const Status fits = file->Write(9'998, "ab");
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(base::ErrnoOf(write) == EFBIG);
  CHECK(base::ErrnoOf(truncate) == EFBIG);
  CHECK(base::ErrnoOf(allocate) == EFBIG);
  CHECK_OK(fits);
}

TEST_CASE("An open directory follows its folder and not the working directory", "[base][files]") {
  const testing::TempDir folder;
  REQUIRE_OK(folder.Open()->CreateDirectory("a"));
  const auto directory =
      FileSystem::System().OpenDirectory(folder / "a", DirectoryMode::kMustExist).value();
  std::filesystem::rename(folder / "a", folder / "b");
  CHECK_OK(directory->OpenFile("f", OpenMode::kCreate));
  CHECK(std::filesystem::exists(folder / "b/f"));
}

TEST_CASE("Files are closed in programs the host starts", "[base][files]") {
  const testing::TempDir folder;
  const auto directory = folder.Open();
  const auto file = directory->OpenFile("f", OpenMode::kCreate).value();
  // The shell lists its descriptors; none may lead into the folder.
  const std::string command = "! ls -l /proc/self/fd | grep -q " + folder.path();
  CHECK(std::system(command.c_str()) == 0);
}

}  // namespace runnel
