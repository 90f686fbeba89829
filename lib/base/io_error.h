// Errors of file operations.
#pragma once

#include <string_view>

#include "runnel/error.h"

namespace runnel::base {

// A kKafkaStorageError: "write /data/orders-0/00.log: No space left on device". Remembers `error`,
// a value of errno, for IsNotFound, IsDiskFull and ErrnoOf.
Status IoError(std::string_view operation, std::string_view path, int error);

// The errno of a status made by IoError; 0 for any other.
int ErrnoOf(const Status& status);

// Checks that a name is relative, has no empty, "." or ".." part and no zero byte: whatever comes
// after `path` stays below it. Errors: as IoError.
Status CheckRelativeName(std::string_view path, std::string_view name);

}  // namespace runnel::base
