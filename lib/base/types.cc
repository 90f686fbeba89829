#include "runnel/types.h"

#include <cstring>

#include "base/encoding.h"

namespace runnel {
namespace {

constexpr std::array<std::string_view, 5> kCompressionNames = {"none", "gzip", "snappy", "lz4",
                                                               "zstd"};
constexpr size_t kUuidTextSize = 22;

}  // namespace

std::string ToString(const TopicPartition& partition) {
  return partition.topic + "-" + std::to_string(partition.partition);
}

std::string ToString(const Uuid& id) {
  return base::Base64Url({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}

std::optional<Uuid> ParseUuid(std::string_view text) {
  if (text.size() != kUuidTextSize) return std::nullopt;
  const auto bytes = base::ParseBase64Url(text);
  if (!bytes.has_value() || bytes->size() != sizeof(Uuid::bytes)) return std::nullopt;
  Uuid id;
  std::memcpy(id.bytes.data(), bytes->data(), bytes->size());
  return id;
}

std::string_view ToString(TimestampType type) {
  return type == TimestampType::kLogAppendTime ? "LogAppendTime" : "CreateTime";
}

std::string_view ToString(CompressionType type) {
  const auto index = static_cast<size_t>(type);
  return index < kCompressionNames.size() ? kCompressionNames[index] : "unknown";
}

std::optional<CompressionType> ParseCompressionType(std::string_view name) {
  for (size_t i = 0; i < kCompressionNames.size(); ++i) {
    if (kCompressionNames[i] == name) return static_cast<CompressionType>(i);
  }
  return std::nullopt;
}

}  // namespace runnel
