#include "group/records.h"

#include "base/check.h"
#include "codec/codec.h"

namespace runnel::group {
namespace {

// The front of an embedded Subscription (ConsumerProtocolSubscription); the rest is the client's
// business.
struct SubscriptionFront {
  static constexpr codec::Api kApi{.versions = {0, codec::kNewestVersion}};
  std::vector<std::string> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topics", m.topics);
  }
};

// Types 3 to 8: KIP-848; 10 to 15: share; 16: KIP-848 again; 17 and 19 to 23: streams.
bool IsOtherGroupType(int16_t type) {
  return (type >= 3 && type <= 8) || (type >= 10 && type <= 17) || (type >= 19 && type <= 23);
}

template <class T>
StatusOr<RecordKey> Parse(std::string_view body) {
  StatusOr<T> key = codec::Decode<T>(body, 0);
  if (!key.ok()) return key.status();
  return RecordKey(*std::move(key));
}

// Lengths are checked where requests come in, so that encoding cannot fail.
template <class T>
std::string MustEncode(const T& value, int16_t prefix, int16_t version) {
  std::string out;
  codec::AppendInt16(out, prefix);
  RUNNEL_CHECK(codec::Encode(value, version, out).ok());
  return out;
}

}  // namespace

StatusOr<RecordKey> ParseKey(std::string_view key) {
  std::string_view body = key;
  StatusOr<int16_t> type = codec::TakeInt16(body);
  if (!type.ok()) return type.status();
  if (*type == kOffsetCommitType || *type == kLegacyOffsetCommitType) {
    return Parse<OffsetCommitKey>(body);
  }
  if (*type == kGroupMetadataType) return Parse<GroupMetadataKey>(body);
  if (!IsOtherGroupType(*type)) return RecordKey(UnknownKey{.type = *type});
  OtherGroupKey other{.type = *type};
  codec::Reader reader(body, 0, /*flexible=*/false);
  reader.Field("GroupId", other.group);
  if (!reader.ok()) return reader.status();
  return RecordKey(other);
}

std::string EncodeKey(const OffsetCommitKey& key) {
  return MustEncode(key, kOffsetCommitType, 0);
}

std::string EncodeKey(const GroupMetadataKey& key) {
  return MustEncode(key, kGroupMetadataType, 0);
}

std::string EncodeValue(const OffsetCommitValue& value) {
  const int16_t version = value.expire_timestamp >= 0 ? 1 : 4;
  return MustEncode(value, version, version);
}

std::string EncodeValue(const GroupMetadataValue& value) {
  return MustEncode(value, GroupMetadataValue::kWrittenVersion,
                    GroupMetadataValue::kWrittenVersion);
}

StatusOr<OffsetCommitValue> DecodeOffsetCommitValue(std::string_view bytes) {
  return codec::DecodeVersioned<OffsetCommitValue>(bytes);
}

StatusOr<GroupMetadataValue> DecodeGroupMetadataValue(std::string_view bytes) {
  return codec::DecodeVersioned<GroupMetadataValue>(bytes);
}

std::vector<std::string> SubscribedTopics(std::string_view subscription) {
  auto front = codec::DecodeVersioned<SubscriptionFront>(subscription);
  return front.ok() ? std::move(front->topics) : std::vector<std::string>();
}

}  // namespace runnel::group
