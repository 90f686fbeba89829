// Reading and writing small files as a whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runnel/file_system.h"

namespace runnel::base {

// Reads a whole file. Errors: kKafkaStorageError, also when it is larger than `max_bytes`; nothing
// is allocated then. IsNotFound() when there is none.
StatusOr<std::string> ReadWhole(Directory& directory, std::string_view name, int64_t max_bytes);

// Replaces a file as a whole: after a crash it holds the old or the new bytes, never a part.
// Writes NAME.tmp, syncs it, renames it, syncs the folder.
// Errors: as File; the old file is then untouched, or, when only the last step failed, either.
Status WriteWhole(Directory& directory, std::string_view name, std::string_view bytes);

// The folder of a name: "orders-0" for "orders-0/partition.metadata", "" for a name without one.
std::string_view FolderOf(std::string_view name);

// Removes `name` and everything below it; nothing there is no error. Not synced.
Status RemoveTree(Directory& directory, std::string_view name);

}  // namespace runnel::base
