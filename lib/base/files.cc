#include "base/files.h"

#include <cerrno>

#include "base/io_error.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::base {
namespace {

// The file at the temporary name, closed again before it is renamed.
Status WriteAndSync(Directory& directory, std::string_view name, std::string_view bytes) {
  RUNNEL_ASSIGN_OR_RETURN(const auto file, directory.OpenFile(name, OpenMode::kCreate));
  RUNNEL_RETURN_IF_ERROR(file->Truncate(0));
  RUNNEL_RETURN_IF_ERROR(file->Write(0, bytes));
  return file->Sync();
}

}  // namespace

std::string_view FolderOf(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

StatusOr<std::string> ReadWhole(Directory& directory, std::string_view name, int64_t max_bytes) {
  RUNNEL_ASSIGN_OR_RETURN(const auto file, directory.OpenFile(name, OpenMode::kRead));
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size_bytes, file->Size());
  if (size_bytes > max_bytes) {
    return Error(ErrorCode::kKafkaStorageError,
                 StrCat("read ", directory.path(), "/", name, ": it has ", size_bytes,
                        " bytes, more than the ", max_bytes, " such a file can have"));
  }
  std::string bytes(static_cast<size_t>(size_bytes), '\0');
  RUNNEL_ASSIGN_OR_RETURN(const int64_t read_bytes, file->Read(0, bytes));
  bytes.resize(static_cast<size_t>(read_bytes));  // it may have shrunk meanwhile
  return bytes;
}

Status WriteWhole(Directory& directory, std::string_view name, std::string_view bytes) {
  const std::string temporary = StrCat(name, ".tmp");
  Status status = WriteAndSync(directory, temporary, bytes);
  if (status.ok()) status = directory.Rename(temporary, name);
  if (!status.ok()) {
    IgnoreError(directory.Remove(temporary), "the first error is the one to report");
    return status;
  }
  return directory.Sync(FolderOf(name));
}

Status RemoveTree(Directory& directory, std::string_view name) {
  const Status status = directory.Remove(name);  // a link goes, what it points to stays
  if (status.ok() || IsNotFound(status)) return OkStatus();
  if (const int error = ErrnoOf(status); error != ENOTEMPTY && error != EEXIST) return status;
  RUNNEL_ASSIGN_OR_RETURN(const auto entries, directory.List(name));
  for (const DirectoryEntry& entry : entries) {
    RUNNEL_RETURN_IF_ERROR(RemoveTree(directory, StrCat(name, "/", entry.name)));
  }
  return directory.Remove(name);
}

}  // namespace runnel::base
