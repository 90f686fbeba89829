#include "metadata/records.h"

#include "base/check.h"
#include "base/strings.h"
#include "codec/codec.h"
#include "codec/json_writer.h"
#include "codec/varint.h"

namespace runnel::metadata {
namespace {

constexpr uint32_t kFrameVersion = 1;

Status Corrupt(const std::string& text) {
  return Error(ErrorCode::kCorruptMessage, text);
}

template <class T>
std::string Json(const char* type, const RecordFrame& frame) {
  const auto record = DecodeRecord<T>(frame);
  if (!record.ok()) return {};
  return base::StrCat(R"({"type":")", type, R"(","version":)", frame.version, R"(,"data":)",
                      codec::ToJson(*record, frame.version), "}");
}

}  // namespace

StatusOr<RecordFrame> ParseFrame(std::string_view value) {
  const auto frame = codec::TakeUvarint(value);
  const auto type = frame ? codec::TakeUvarint(value) : std::nullopt;
  const auto version = type ? codec::TakeUvarint(value) : std::nullopt;
  constexpr uint32_t kMax = std::numeric_limits<int16_t>::max();
  if (!version || *type > kMax || *version > kMax) {
    return Corrupt("metadata record with a broken frame");
  }
  if (*frame != kFrameVersion) {
    return Corrupt(base::StrCat("metadata record with frame version ", *frame, ", not 1"));
  }
  return RecordFrame{.type = static_cast<int16_t>(*type),
                     .version = static_cast<int16_t>(*version),
                     .body = value};
}

// The values come from requests whose strings were checked, so that encoding cannot fail.
template <class T>
std::string EncodeRecord(const T& record, int16_t version) {
  std::string out;
  codec::AppendUvarint(out, kFrameVersion);
  codec::AppendUvarint(out, static_cast<uint32_t>(T::kApi.key));
  codec::AppendUvarint(out, static_cast<uint32_t>(version));
  RUNNEL_CHECK(codec::Encode(record, version, out).ok());
  return out;
}

template <class T>
StatusOr<T> DecodeRecord(const RecordFrame& frame) {
  RUNNEL_CHECK(frame.type == T::kApi.key);
  auto record = codec::Decode<T>(frame.body, frame.version);
  if (record.ok()) return record;
  return Corrupt(
      base::StrCat("metadata record of type ", frame.type, ": ", ToString(record.status())));
}

#define RUNNEL_INSTANTIATE(T)                              \
  template std::string EncodeRecord<T>(const T&, int16_t); \
  template StatusOr<T> DecodeRecord<T>(const RecordFrame&)
RUNNEL_INSTANTIATE(TopicRecord);
RUNNEL_INSTANTIATE(PartitionRecord);
RUNNEL_INSTANTIATE(ConfigRecord);
RUNNEL_INSTANTIATE(PartitionChangeRecord);
RUNNEL_INSTANTIATE(RemoveTopicRecord);
RUNNEL_INSTANTIATE(FeatureLevelRecord);
RUNNEL_INSTANTIATE(ProducerIdsRecord);
#undef RUNNEL_INSTANTIATE

std::string RecordToJson(std::string_view value) {
  const auto frame = ParseFrame(value);
  if (!frame.ok()) return {};
  switch (frame->type) {
    case TopicRecord::kApi.key:
      return Json<TopicRecord>("TOPIC_RECORD", *frame);
    case PartitionRecord::kApi.key:
      return Json<PartitionRecord>("PARTITION_RECORD", *frame);
    case ConfigRecord::kApi.key:
      return Json<ConfigRecord>("CONFIG_RECORD", *frame);
    case PartitionChangeRecord::kApi.key:
      return Json<PartitionChangeRecord>("PARTITION_CHANGE_RECORD", *frame);
    case RemoveTopicRecord::kApi.key:
      return Json<RemoveTopicRecord>("REMOVE_TOPIC_RECORD", *frame);
    case FeatureLevelRecord::kApi.key:
      return Json<FeatureLevelRecord>("FEATURE_LEVEL_RECORD", *frame);
    case ProducerIdsRecord::kApi.key:
      return Json<ProducerIdsRecord>("PRODUCER_IDS_RECORD", *frame);
    default:
      return base::StrCat(R"({"type":)", frame->type, R"(,"version":)", frame->version, "}");
  }
}

}  // namespace runnel::metadata
