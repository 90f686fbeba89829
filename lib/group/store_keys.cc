#include "group/store_keys.h"

#include "base/check.h"

namespace runnel::group {
namespace {

void AppendBigEndian(std::string& out, uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

void AppendText(std::string& out, std::string_view text) {
  RUNNEL_CHECK(text.size() <= 0xffff);
  AppendBigEndian(out, text.size(), 2);
  out.append(text);
}

std::optional<uint64_t> TakeBigEndian(std::string_view& bytes, size_t size) {
  if (bytes.size() < size) return std::nullopt;
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  bytes.remove_prefix(size);
  return value;
}

std::optional<std::string> TakeText(std::string_view& bytes) {
  const auto size = TakeBigEndian(bytes, 2);
  if (!size || bytes.size() < *size) return std::nullopt;
  std::string text(bytes.substr(0, *size));
  bytes.remove_prefix(*size);
  return text;
}

std::string Prefixed(std::string_view prefix, std::string_view group) {
  std::string key(prefix);
  AppendText(key, group);
  return key;
}

}  // namespace

std::string GroupStoreKey(std::string_view group) {
  return Prefixed(kGroupPrefix, group);
}

std::string OffsetStorePrefix(std::string_view group) {
  return Prefixed(kOffsetPrefix, group);
}

std::string OffsetStoreKey(std::string_view group, std::string_view topic, int32_t partition) {
  std::string key = OffsetStorePrefix(group);
  AppendText(key, topic);
  AppendBigEndian(key, static_cast<uint32_t>(partition), 4);
  return key;
}

std::string TxnStorePrefix(ProducerId producer_id) {
  std::string key(kTxnPrefix);
  AppendBigEndian(key, static_cast<uint64_t>(producer_id.value()), 8);
  return key;
}

std::string OtherStorePrefix(std::string_view group) {
  return Prefixed(kOtherPrefix, group);
}

std::optional<OffsetCommitKey> ParseOffsetStoreKey(std::string_view key) {
  if (!key.starts_with(kOffsetPrefix)) return std::nullopt;
  key.remove_prefix(kOffsetPrefix.size());
  auto group = TakeText(key);
  if (!group) return std::nullopt;
  auto topic = TakeText(key);
  if (!topic) return std::nullopt;
  const auto partition = TakeBigEndian(key, 4);
  if (!partition) return std::nullopt;
  return OffsetCommitKey{.group = *std::move(group),
                         .topic = *std::move(topic),
                         .partition = static_cast<int32_t>(*partition)};
}

std::optional<std::string> GroupOfStoreKey(std::string_view key, std::string_view* rest) {
  if (key.empty()) return std::nullopt;
  key.remove_prefix(1);
  auto group = TakeText(key);
  if (group && rest != nullptr) *rest = key;
  return group;
}

std::optional<ProducerId> ProducerOfTxnKey(std::string_view key, std::string_view* offset_key) {
  if (!key.starts_with(kTxnPrefix)) return std::nullopt;
  key.remove_prefix(kTxnPrefix.size());
  const auto id = TakeBigEndian(key, 8);
  if (!id) return std::nullopt;
  *offset_key = key;
  return ProducerId(static_cast<int64_t>(*id));
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff)
    end.pop_back();
  RUNNEL_CHECK(!end.empty());
  end.back() = static_cast<char>(end.back() + 1);
  return end;
}

std::string StoredOffset(Offset record_offset, std::string_view value) {
  std::string stored = EncodeOffset(record_offset);
  stored.append(value);
  return stored;
}

std::optional<Offset> RecordOffsetOf(std::string_view stored) {
  return DecodeOffset(stored.substr(0, 8));
}

std::string EncodeOffset(Offset offset) {
  std::string bytes;
  AppendBigEndian(bytes, static_cast<uint64_t>(offset.value()), 8);
  return bytes;
}

std::optional<Offset> DecodeOffset(std::string_view bytes) {
  const auto value = TakeBigEndian(bytes, 8);
  if (!value) return std::nullopt;
  return Offset(static_cast<int64_t>(*value));
}

}  // namespace runnel::group
