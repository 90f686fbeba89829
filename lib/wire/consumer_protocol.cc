#include "wire/consumer_protocol.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "codec/codec.h"

namespace runnel::wire {
namespace {

template <class T>
StatusOr<std::string> EncodeAs(const T& value, int16_t version) {
  std::string bytes;
  RUNNEL_RETURN_IF_ERROR(codec::EncodeVersioned(value, version, bytes));
  return bytes;
}

template <class T>
StatusOr<T> DecodeAs(std::string_view bytes) {
  RUNNEL_ASSIGN_OR_RETURN(const int16_t version, codec::TakeInt16(bytes));
  return codec::Decode<T>(bytes, std::min(version, kConsumerProtocolVersion));
}

}  // namespace

StatusOr<std::string> Encode(const ConsumerProtocolSubscription& subscription, int16_t version) {
  return EncodeAs(subscription, version);
}

StatusOr<std::string> Encode(const ConsumerProtocolAssignment& assignment, int16_t version) {
  return EncodeAs(assignment, version);
}

StatusOr<ConsumerProtocolSubscription> DecodeSubscription(std::string_view bytes) {
  return DecodeAs<ConsumerProtocolSubscription>(bytes);
}

StatusOr<ConsumerProtocolAssignment> DecodeAssignment(std::string_view bytes) {
  if (bytes.empty()) return ConsumerProtocolAssignment();
  return DecodeAs<ConsumerProtocolAssignment>(bytes);
}

std::vector<ConsumerProtocolTopic> GroupByTopic(std::vector<TopicPartition> partitions) {
  std::sort(partitions.begin(), partitions.end());
  std::vector<ConsumerProtocolTopic> topics;
  for (TopicPartition& partition : partitions) {
    if (topics.empty() || topics.back().topic != partition.topic) {
      topics.push_back({.topic = std::move(partition.topic)});
    }
    topics.back().partitions.push_back(partition.partition);
  }
  return topics;
}

std::vector<TopicPartition> Flatten(const std::vector<ConsumerProtocolTopic>& topics) {
  std::vector<TopicPartition> partitions;
  for (const ConsumerProtocolTopic& topic : topics) {
    for (const int32_t partition : topic.partitions) {
      partitions.push_back({.topic = topic.topic, .partition = partition});
    }
  }
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

std::string EncodeStickyUserData(const StickyUserData& data) {
  std::string out;
  codec::Writer writer(out, 0, /*flexible=*/false);
  writer.Field("PreviousAssignment", GroupByTopic(data.partitions));
  writer.Field("Generation", data.generation);
  return writer.status().ok() ? out : std::string();
}

StatusOr<StickyUserData> DecodeStickyUserData(std::string_view bytes) {
  codec::Reader reader(bytes, 0, /*flexible=*/false);
  std::vector<ConsumerProtocolTopic> topics;
  reader.Field("PreviousAssignment", topics);
  if (!reader.ok()) return reader.status();
  return StickyUserData{.partitions = Flatten(topics),
                        .generation = DecodeGeneration(reader.rest())};
}

std::string EncodeGeneration(GenerationId generation) {
  std::string out;
  codec::Writer(out, 0, /*flexible=*/false).Field("Generation", generation);
  return out;
}

GenerationId DecodeGeneration(std::string_view bytes) {
  codec::Reader reader(bytes, 0, /*flexible=*/false);
  GenerationId generation = kNoGeneration;
  reader.Field("Generation", generation);
  return reader.ok() ? generation : kNoGeneration;
}

}  // namespace runnel::wire
