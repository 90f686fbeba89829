#include "base/io_error.h"

#include <absl/strings/cord.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>

#include "base/strings.h"
#include "runnel/file_system.h"

namespace runnel {
namespace base {
namespace {

// Where a status carries its errno, as decimal text.
constexpr absl::string_view kErrnoUrl = "runnel.dev/errno";

// The same status with another canonical code.
Status WithCode(absl::StatusCode code, const Status& status) {
  Status result(code, status.message());
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

}  // namespace

Status IoError(std::string_view operation, std::string_view path, int error) {
  Status status = Error(ErrorCode::kKafkaStorageError,
                        StrCat(operation, " ", path, ": ", std::generic_category().message(error)));
  if (error == ENOENT) status = WithCode(absl::StatusCode::kNotFound, status);
  status.SetPayload(kErrnoUrl, absl::Cord(absl::StrCat(error)));
  return status;
}

int ErrnoOf(const Status& status) {
  const auto payload = status.GetPayload(kErrnoUrl);
  if (!payload.has_value()) return 0;
  const std::string text(*payload);
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Status CheckRelativeName(std::string_view path, std::string_view name) {
  const auto bad = [&] {
    return IoError("use the name \"" + std::string(name) + "\" in", path, EINVAL);
  };
  if (name.empty() || name.find('\0') != std::string_view::npos) return bad();
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return bad();
    begin = end + 1;
  }
  return OkStatus();
}

}  // namespace base

bool IsDiskFull(const Status& status) {
  const int error = base::ErrnoOf(status);
  return error == ENOSPC || error == EDQUOT;
}

}  // namespace runnel
