#include "metadata/topic_name.h"

#include <algorithm>

#include "base/strings.h"

namespace runnel::metadata {
namespace {

constexpr size_t kMaxNameBytes = 249;  // leaves room for "-<partition>" in a folder's name

bool IsLegal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

Status ValidateTopicName(std::string_view name) {
  const auto invalid = [](const std::string& why) {
    return Error(ErrorCode::kInvalidTopicException, why);
  };
  if (name.empty()) return invalid("a topic name must not be empty");
  if (name == "." || name == "..") return invalid("a topic name must not be \".\" or \"..\"");
  if (name.size() > kMaxNameBytes) {
    return invalid(
        base::StrCat("topic name of ", name.size(), " characters is longer than ", kMaxNameBytes));
  }
  if (!std::all_of(name.begin(), name.end(), IsLegal)) {
    return invalid(base::StrCat("topic name \"", name,
                                "\" has characters other than letters, digits, '.', '_' and '-'"));
  }
  return OkStatus();
}

std::string CollisionKey(std::string_view name) {
  std::string key(name);
  std::replace(key.begin(), key.end(), '.', '_');
  return key;
}

bool IsInternalTopic(std::string_view name) {
  return name == "__consumer_offsets" || name == "__transaction_state" ||
         name == "__share_group_state";
}

}  // namespace runnel::metadata
