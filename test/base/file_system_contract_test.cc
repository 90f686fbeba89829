// What every file system must do: the computer's own and the simulated one pass the same cases.
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>

#include "base/files.h"
#include "runnel/file_system.h"
#include "runnel/testing/sim_file_system.h"
#include "support/status.h"
#include "support/temp_dir.h"

namespace runnel {
namespace {

// The computer's files in a folder that goes away, or simulated ones.
struct PosixWorld {
  testing::TempDir folder;
  std::unique_ptr<Directory> Open() { return folder.Open(); }
  FileSystem& files() { return FileSystem::System(); }
  std::string root() { return folder.path(); }
};
struct SimWorld {
  testing::SimFileSystem sim;
  std::unique_ptr<Directory> Open() {
    return sim.OpenDirectory(root(), DirectoryMode::kCreate).value();
  }
  FileSystem& files() { return sim; }
  std::string root() { return "/data"; }
};

std::string ReadAll(File& file) {
  std::string bytes(static_cast<size_t>(file.Size().value()), '?');
  bytes.resize(static_cast<size_t>(file.Read(0, bytes).value()));
  return bytes;
}

std::string Names(Directory& directory, std::string_view folder) {
  std::string names;
  const auto entries = directory.List(folder).value();
  for (const DirectoryEntry& entry : entries)
    names += entry.name + (entry.is_directory ? "/ " : " ");
  return names;
}

}  // namespace

#define FILE_SYSTEM_TEST(name, tags) TEMPLATE_TEST_CASE(name, tags, PosixWorld, SimWorld)

FILE_SYSTEM_TEST("A file keeps what was written where it was written", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  const auto file = directory->OpenFile("f", OpenMode::kCreateNew).value();
  REQUIRE_OK(file->Write(3, "abc"));
  REQUIRE_OK(file->Write(10'000, "z"));
  CHECK(file->Size().value() == 10'001);
  REQUIRE_OK(file->Write(4, "X"));
  char bytes[8];
  CHECK(file->Read(0, bytes).value() == 8);
  CHECK(std::string_view(bytes, 8) == std::string_view("\0\0\0aXc\0\0", 8));
  CHECK(file->Read(9'999, bytes).value() == 2);
  CHECK(file->Read(20'000, bytes).value() == 0);
  CHECK(file->Read(0, std::span<char>()).value() == 0);
  CHECK_OK(file->Write(50'000, ""));
  CHECK(file->Size().value() == 10'001);
  CHECK_OK(file->Sync());
}

FILE_SYSTEM_TEST("Positions and sizes below zero are refused", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  const auto file = directory->OpenFile("f", OpenMode::kCreate).value();
  char byte[1];
  CHECK(CodeOf(file->Read(-1, byte)) == ErrorCode::kKafkaStorageError);
  CHECK(CodeOf(file->Write(-1, "x")) == ErrorCode::kKafkaStorageError);
  CHECK(CodeOf(file->Truncate(-1)) == ErrorCode::kKafkaStorageError);
  CHECK(CodeOf(file->Allocate(-1)) == ErrorCode::kKafkaStorageError);
  CHECK_FALSE(file->Map(0).ok());
  CHECK_FALSE(file->Map(-1).ok());
}

FILE_SYSTEM_TEST("A file opened for reading cannot be changed", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  REQUIRE_OK(directory->OpenFile("f", OpenMode::kCreate).value()->Write(0, "abc"));
  const auto file = directory->OpenFile("f", OpenMode::kRead).value();
  CHECK_FALSE(file->Write(0, "x").ok());
  CHECK_FALSE(file->Truncate(1).ok());
  CHECK_FALSE(file->Allocate(100).ok());
  CHECK(ReadAll(*file) == "abc");
}

FILE_SYSTEM_TEST("Truncating cuts, and growing again shows zeros", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  const auto file = directory->OpenFile("f", OpenMode::kCreate).value();
  REQUIRE_OK(file->Write(0, std::string(9'000, 'a')));
  REQUIRE_OK(file->Truncate(5'000));
  REQUIRE_OK(file->Truncate(6'000));
  const std::string bytes = ReadAll(*file);
  CHECK(bytes == std::string(5'000, 'a') + std::string(1'000, '\0'));
}

FILE_SYSTEM_TEST("Allocated space reads as zero, is held, and never shrinks", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  const auto file = directory->OpenFile("f", OpenMode::kCreate).value();
  REQUIRE_OK(file->Write(0, "abc"));
  REQUIRE_OK(file->Allocate(100'000));
  CHECK(file->Size().value() == 100'000);
  CHECK(directory->Stat("f").value().allocated_bytes >= 100'000);
  REQUIRE_OK(file->Allocate(10));
  CHECK(file->Size().value() == 100'000);
  CHECK(ReadAll(*file) == "abc" + std::string(99'997, '\0'));
}

FILE_SYSTEM_TEST("Open modes create, refuse or require a file", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  CHECK(IsNotFound(directory->OpenFile("f", OpenMode::kRead).status()));
  const auto missing = directory->OpenFile("f", OpenMode::kReadWrite);
  CHECK(IsNotFound(missing.status()));
  CHECK(CodeOf(missing) == ErrorCode::kKafkaStorageError);
  CHECK_OK(directory->OpenFile("f", OpenMode::kCreateNew));
  CHECK_FALSE(directory->OpenFile("f", OpenMode::kCreateNew).ok());
  CHECK_OK(directory->OpenFile("f", OpenMode::kCreate));
  CHECK(IsNotFound(directory->OpenFile("none/f", OpenMode::kCreate).status()));
  CHECK_FALSE(directory->OpenFile("f/g", OpenMode::kCreate).ok());
  REQUIRE_OK(directory->CreateDirectory("d"));
  CHECK_FALSE(directory->OpenFile("d", OpenMode::kReadWrite).ok());
}

FILE_SYSTEM_TEST("Names that lead elsewhere are refused", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  for (const std::string_view name :
       {std::string_view(""), std::string_view("/etc"), std::string_view(".."),
        std::string_view("a/../b"), std::string_view("a//b"), std::string_view("a/"),
        std::string_view("."), std::string_view("a\0b", 3)}) {
    CHECK_FALSE(directory->OpenFile(name, OpenMode::kCreate).ok());
    CHECK_FALSE(directory->CreateDirectory(name).ok());
    CHECK_FALSE(directory->Remove(name).ok());
    CHECK_FALSE(directory->Rename(name, "x").ok());
    CHECK_FALSE(directory->Lock(name).ok());
  }
}

FILE_SYSTEM_TEST("A rename moves and replaces", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  REQUIRE_OK(base::WriteWhole(*directory, "a", "new"));
  REQUIRE_OK(base::WriteWhole(*directory, "b", "old"));
  REQUIRE_OK(directory->Rename("a", "b"));
  CHECK(base::ReadWhole(*directory, "b", 100).value() == "new");
  CHECK(Names(*directory, "") == "b ");
  CHECK(IsNotFound(directory->Rename("a", "c")));

  REQUIRE_OK(directory->CreateDirectory("d"));
  REQUIRE_OK(directory->Rename("b", "d/b"));
  REQUIRE_OK(directory->Rename("d", "e"));
  CHECK(Names(*directory, "") == "e/ ");
  CHECK(Names(*directory, "e") == "b ");
  CHECK_FALSE(directory->Rename("e", "e/f").ok());
  CHECK_FALSE(directory->Rename("e/b", "e").ok());
}

FILE_SYSTEM_TEST("Removing takes files and empty directories", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  REQUIRE_OK(directory->CreateDirectory("d"));
  REQUIRE_OK(base::WriteWhole(*directory, "d/f", "x"));
  CHECK_FALSE(directory->Remove("d").ok());
  CHECK_OK(directory->Remove("d/f"));
  CHECK(IsNotFound(directory->Remove("d/f")));
  CHECK_OK(directory->Remove("d"));
  CHECK(Names(*directory, "").empty());
}

FILE_SYSTEM_TEST("A removed file lives on while it is open", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  const auto file = directory->OpenFile("f", OpenMode::kCreate).value();
  REQUIRE_OK(file->Write(0, "abc"));
  REQUIRE_OK(directory->Remove("f"));
  CHECK(ReadAll(*file) == "abc");
  CHECK(IsNotFound(directory->Stat("f").status()));
}

FILE_SYSTEM_TEST("A tree is removed with all it holds", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  REQUIRE_OK(directory->CreateDirectory("d"));
  REQUIRE_OK(directory->CreateDirectory("d/e"));
  REQUIRE_OK(base::WriteWhole(*directory, "d/e/f", "x"));
  REQUIRE_OK(base::WriteWhole(*directory, "d/g", "x"));
  CHECK_OK(base::RemoveTree(*directory, "d"));
  CHECK_OK(base::RemoveTree(*directory, "d"));
  CHECK(Names(*directory, "").empty());
}

FILE_SYSTEM_TEST("A listing is sorted and tells folders from files", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  for (const char* name : {"c", "a", "b"})
    REQUIRE_OK(base::WriteWhole(*directory, name, ""));
  REQUIRE_OK(directory->CreateDirectory("bb"));
  CHECK(Names(*directory, "") == "a b bb/ c ");
  CHECK(Names(*directory, "") == "a b bb/ c ");
  CHECK(Names(*directory, "bb").empty());
  CHECK(IsNotFound(directory->List("none").status()));
  CHECK_FALSE(directory->List("a").ok());
  CHECK_OK(directory->Sync(""));
  CHECK_OK(directory->Sync("bb"));
  CHECK_FALSE(directory->Sync("none").ok());
}

FILE_SYSTEM_TEST("Stat tells size, kind and time", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  REQUIRE_OK(base::WriteWhole(*directory, "f", "abc"));
  const Timestamp time{std::chrono::milliseconds(1'700'000'000'123)};
  REQUIRE_OK(directory->SetModified("f", time));
  const FileInfo info = directory->Stat("f").value();
  CHECK(info.size_bytes == 3);
  CHECK_FALSE(info.is_directory);
  CHECK(info.modified == time);
  CHECK(directory->Stat("").value().is_directory);
  CHECK(IsNotFound(directory->Stat("none").status()));
}

FILE_SYSTEM_TEST("What is stored in a mapped region is in the file", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  const auto file = directory->OpenFile("f", OpenMode::kCreate).value();
  REQUIRE_OK(file->Write(0, "abc"));
  const auto region = file->Map(1 << 20).value();  // far past the end
  CHECK(region->size_bytes() == 1 << 20);
  CHECK(std::string_view(region->data(), 3) == "abc");
  REQUIRE_OK(file->Allocate(20'000));
  region->Populate(0, 20'000);
  std::memcpy(region->data() + 5'000, "stored", 6);
  char bytes[6];
  REQUIRE(file->Read(5'000, bytes).value() == 6);
  CHECK(std::string_view(bytes, 6) == "stored");
  REQUIRE_OK(file->Write(5'000, "S"));
  CHECK(region->data()[5'000] == 'S');
  region->Release(0, 20'000);
  CHECK(region->data()[5'001] == 't');
  REQUIRE_OK(file->Sync());
}

FILE_SYSTEM_TEST("A region outlives its file object", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  auto file = directory->OpenFile("f", OpenMode::kCreate).value();
  REQUIRE_OK(file->Allocate(8'192));
  auto region = file->Map(8'192).value();
  file.reset();
  region->data()[8'191] = 'z';
  region.reset();
  CHECK(base::ReadWhole(*directory, "f", 10'000).value().back() == 'z');
}

FILE_SYSTEM_TEST("Cutting a mapped file and growing it again shows zeros", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  const auto file = directory->OpenFile("f", OpenMode::kCreate).value();
  REQUIRE_OK(file->Allocate(12'000));
  const auto region = file->Map(12'000).value();
  std::memset(region->data(), 'a', 12'000);
  REQUIRE_OK(file->Truncate(5'000));
  REQUIRE_OK(file->Allocate(12'000));
  CHECK(region->data()[4'999] == 'a');
  CHECK(region->data()[5'000] == '\0');
  CHECK(region->data()[11'999] == '\0');
  CHECK(ReadAll(*file) == std::string(5'000, 'a') + std::string(7'000, '\0'));
}

FILE_SYSTEM_TEST("A lock excludes others and names its holder", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  auto lock = directory->Lock(".lock").value();
  const auto other = world.Open()->Lock(".lock");
  REQUIRE_FALSE(other.ok());
  CHECK(CodeOf(other) == ErrorCode::kKafkaStorageError);
  CHECK(ToString(other.status()).find("held by process " + std::to_string(::getpid())) !=
        std::string::npos);
  lock.reset();
  CHECK_OK(directory->Lock(".lock"));
}

FILE_SYSTEM_TEST("Directories are opened, and created on the way when asked", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  const std::string path = world.root() + "/x/y/z/";
  const auto missing = world.files().OpenDirectory(path, DirectoryMode::kMustExist);
  CHECK(IsNotFound(missing.status()));
  const auto created = world.files().OpenDirectory(path, DirectoryMode::kCreate);
  REQUIRE_OK(created);
  CHECK((*created)->path() == world.root() + "/x/y/z");
  CHECK_OK(world.files().OpenDirectory(path, DirectoryMode::kCreate));
  CHECK(Names(*directory, "x/y") == "z/ ");
  REQUIRE_OK(base::WriteWhole(*directory, "f", ""));
  CHECK_FALSE(world.files().OpenDirectory(world.root() + "/f", DirectoryMode::kMustExist).ok());
  CHECK_FALSE(world.files().OpenDirectory(world.root() + "/f", DirectoryMode::kCreate).ok());
  CHECK_FALSE(world.files().OpenDirectory(world.root() + "/f/g", DirectoryMode::kCreate).ok());
  CHECK_FALSE(world.files().OpenDirectory("", DirectoryMode::kCreate).ok());
  CHECK(directory->FreeBytes().value() > 0);
}

FILE_SYSTEM_TEST("A whole file is replaced, and read within its bound", "[base][files]") {
  TestType world;
  const auto directory = world.Open();
  REQUIRE_OK(base::WriteWhole(*directory, "f", "a longer text"));
  REQUIRE_OK(base::WriteWhole(*directory, "f", "short"));
  CHECK(base::ReadWhole(*directory, "f", 5).value() == "short");
  CHECK_FALSE(base::ReadWhole(*directory, "f", 4).ok());
  CHECK(IsNotFound(base::ReadWhole(*directory, "g", 4).status()));
  CHECK(Names(*directory, "") == "f ");
}

}  // namespace runnel
