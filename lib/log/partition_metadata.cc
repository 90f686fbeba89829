#include "log/partition_metadata.h"

#include "base/strings.h"

namespace runnel::log {
namespace {

constexpr std::string_view kVersionLine = "version: 0\n";
constexpr std::string_view kTopicId = "topic_id: ";

}  // namespace

std::string EncodePartitionMetadata(const Uuid& topic_id) {
  return base::StrCat(kVersionLine, kTopicId, ToString(topic_id));
}

StatusOr<Uuid> DecodePartitionMetadata(std::string_view text, std::string_view path) {
  const std::string_view whole = text;
  while (text.ends_with('\n'))
    text.remove_suffix(1);
  if (text.starts_with(kVersionLine)) {
    text.remove_prefix(kVersionLine.size());
    if (text.starts_with(kTopicId)) {
      text.remove_prefix(kTopicId.size());
      if (const std::optional<Uuid> id = ParseUuid(text); id.has_value()) return *id;
    }
  }
  return Error(
      ErrorCode::kCorruptMessage,
      base::StrCat(path, ": not a partition.metadata of version 0 (", whole.size(), " bytes)"));
}

}  // namespace runnel::log
