#include "sim/world.h"

#include <array>
#include <sstream>
#include <utility>

#include "base/strings.h"

namespace runnel::sim {
namespace {

using base::StrCat;
using std::chrono::milliseconds;

std::string Wrong(std::string_view what, const Status& status) {
  return StrCat(what, ": ", ToString(status));
}

std::string Describe(const ModelRecord& record) {
  return StrCat("{key ", record.key.value_or("null"), ", value of ",
                record.value ? static_cast<int64_t>(record.value->size()) : -1, " bytes, time ",
                record.timestamp_ms, ", ", record.headers.size(), " headers}");
}

}  // namespace

World::World(uint64_t seed) : random_(Random::Seeded(seed)) {}

World::~World() {
  members_.clear();
  producer_.reset();
  admin_.reset();
  broker_.reset();
}

std::string World::Open() {
  BrokerOptions options;
  options.data_dir = "data";
  options.auto_create_topics = false;
  options.properties = {{"log.retention.check.interval.ms", "60000"},
                        {"log.cleaner.backoff.ms", "60000"},
                        {"log.cleaner.min.cleanable.ratio", "0.1"},
                        {"log.segment.delete.delay.ms", "1000"}};
  const std::array kinds = {StoreKind::kLogBacked, StoreKind::kMemory};
  options.offsets_store = kinds[static_cast<size_t>(Draw(2))];
  options.environment = {.clock = &clock_,
                         .files = &files_,
                         .executor = &executor_,
                         .random = random_.get(),
                         .logger = &Logger::None()};
  auto broker = Broker::Open(options);
  if (!broker.ok()) return Wrong("open", broker.status());
  broker_ = *std::move(broker);
  const std::array codecs = {CompressionType::kNone, CompressionType::kLz4, CompressionType::kNone};
  producer_ = broker_->NewProducer({.compression = codecs[static_cast<size_t>(Draw(3))]}).value();
  admin_ = broker_->NewAdmin().value();
  return "";
}

std::string World::Step() {
  if (broker_ == nullptr) {
    last_operation_ = "open";
    return Open();
  }
  struct Operation {
    const char* name;
    int64_t weight;
    std::string (World::*run)();
  };
  static constexpr std::array kOperations = {
      Operation{"create topic", 3, &World::CreateTopic},
      Operation{"delete topic", 1, &World::DeleteTopic},
      Operation{"grow topic", 1, &World::GrowTopic},
      Operation{"produce", 30, &World::Produce},
      Operation{"produce many", 15, &World::ProduceMany},
      Operation{"read", 15, &World::ReadSome},
      Operation{"delete records", 2, &World::DeleteRecords},
      Operation{"find by time", 3, &World::FindByTime},
      Operation{"add member", 3, &World::AddMember},
      Operation{"poll member", 20, &World::PollMember},
      Operation{"commit member", 8, &World::CommitMember},
      Operation{"drop member", 2, &World::DropMember},
      Operation{"set offsets", 1, &World::SetOffsets},
      Operation{"let time pass", 4, &World::LetTimePass},
  };
  int64_t total = 6;
  for (const Operation& operation : kOperations)
    total += operation.weight;
  int64_t drawn = Draw(total);
  for (const Operation& operation : kOperations) {
    if (drawn < operation.weight) {
      last_operation_ = operation.name;
      return (this->*operation.run)();
    }
    drawn -= operation.weight;
  }
  if (drawn == 0) {
    last_operation_ = "check all";
    return CheckAll();
  }
  const std::array endings = {Ending::kClose, Ending::kKill, Ending::kPowerLoss, Ending::kPowerLoss,
                              Ending::kClose};
  last_operation_ = StrCat("end and reopen, kind ", drawn);
  return Reopen(endings[static_cast<size_t>(drawn - 1)]);
}

std::pair<const std::string, ModelTopic>* World::RandomTopic() {
  if (model_.topics.empty()) return nullptr;
  auto at = model_.topics.begin();
  std::advance(at, Draw(static_cast<int64_t>(model_.topics.size())));
  return &*at;
}

// --- Topics -------------------------------------------------------------------------------------

std::string World::CreateTopic() {
  if (model_.topics.size() >= 6) return "";
  const std::string name = StrCat("topic-", made_++);
  ModelTopic model;
  const std::array durabilities = {Durability::kFsync, Durability::kOs, Durability::kMemory,
                                   Durability::kFsync};
  model.durability = durabilities[static_cast<size_t>(Draw(4))];
  model.compacted = Draw(4) == 0;
  model.trimmed = !model.compacted && Draw(4) == 0;
  model.partitions.resize(static_cast<size_t>(1 + Draw(3)));
  TopicOptions options{.partition_count = static_cast<int32_t>(model.partitions.size()),
                       .durability = model.durability,
                       .retention = milliseconds(-1)};
  options.configs = {{"internal.segment.bytes", std::to_string(8192 + Draw(16384))},
                     {"index.interval.bytes", std::to_string(Draw(2000))}};
  if (model.compacted) options.cleanup_policy = CleanupPolicy::kCompact;
  if (model.trimmed) options.retention_bytes = 4000 + Draw(20000);
  if (const Status made = admin_->CreateTopic(name, options); !made.ok()) {
    return Wrong("create", made);
  }
  const Status again = admin_->CreateTopic(name, options);
  if (CodeOf(again) != ErrorCode::kTopicAlreadyExists) return Wrong("create twice", again);
  model_.topics.emplace(name, std::move(model));
  return "";
}

std::string World::DeleteTopic() {
  auto* topic = RandomTopic();
  if (topic == nullptr || model_.topics.size() < 3) return "";
  const std::string name = topic->first;
  if (const Status gone = admin_->DeleteTopic(name); !gone.ok()) return Wrong("delete", gone);
  model_.DropTopic(name);
  const auto sent = producer_->Send({.topic = name, .value = "x"});
  if (CodeOf(sent) != ErrorCode::kUnknownTopicOrPartition) return Wrong("send", sent.status());
  return "";
}

std::string World::GrowTopic() {
  auto* topic = RandomTopic();
  if (topic == nullptr || topic->second.partitions.size() > 4) return "";
  topic->second.partitions.emplace_back();
  const Status grown =
      admin_->CreatePartitions(topic->first, static_cast<int32_t>(topic->second.partitions.size()));
  return grown.ok() ? "" : Wrong("grow", grown);
}

// --- Records ------------------------------------------------------------------------------------

ModelRecord World::RandomRecord(const ModelTopic& topic) {
  ModelRecord record;
  if (topic.compacted || Draw(3) != 0) record.key = StrCat("key-", Draw(20));
  if (Draw(10) != 0) {
    record.value = std::string(static_cast<size_t>(Draw(Draw(20) == 0 ? 1500 : 120)),
                               static_cast<char>('a' + Draw(26)));
  }
  for (int64_t i = Draw(8) == 0 ? Draw(4) : 0; i > 0; --i) {
    record.headers.emplace_back(StrCat("h", i),
                                Draw(3) == 0 ? std::nullopt : std::optional<std::string>("v"));
  }
  record.timestamp_ms = clock_.Now().time_since_epoch().count() - Draw(100000);
  return record;
}

std::string World::Produce() {
  auto* topic = RandomTopic();
  if (topic == nullptr) return "";
  ModelRecord record = RandomRecord(topic->second);
  std::vector<Header> headers;
  for (const auto& [key, value] : record.headers)
    headers.push_back({key, value});
  ProducerRecord sent{.topic = topic->first,
                      .key = record.key,
                      .value = record.value,
                      .headers = headers,
                      .timestamp = Timestamp(milliseconds(record.timestamp_ms))};
  if (Draw(2) == 0) {
    sent.partition =
        static_cast<int32_t>(Draw(static_cast<int64_t>(topic->second.partitions.size())));
  }
  const auto metadata = producer_->Send(sent);
  if (!metadata.ok()) return Wrong("send", metadata.status());
  ModelPartition& partition = topic->second.partitions.at(static_cast<size_t>(metadata->partition));
  if (sent.partition && *sent.partition != metadata->partition) return "sent to another partition";
  if (metadata->offset.value() != partition.end) {
    return StrCat("offset ", metadata->offset, " instead of ", partition.end);
  }
  partition.Append(std::move(record));
  return "";
}

std::string World::ProduceMany() {
  auto* topic = RandomTopic();
  if (topic == nullptr) return "";
  std::vector<ModelRecord> records(static_cast<size_t>(1 + Draw(40)));
  std::vector<ProducerRecord> sent;
  std::vector<std::vector<Header>> headers(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    ModelRecord& record = records[i] = RandomRecord(topic->second);
    for (const auto& [key, value] : record.headers)
      headers[i].push_back({key, value});
    sent.push_back({.topic = topic->first,
                    .key = record.key,
                    .value = record.value,
                    .headers = headers[i],
                    .timestamp = Timestamp(milliseconds(record.timestamp_ms))});
  }
  const auto metadata = producer_->Send(sent);
  if (!metadata.ok()) return Wrong("send", metadata.status());
  for (size_t i = 0; i < records.size(); ++i) {
    const RecordMetadata& at = metadata->at(i);
    ModelPartition& partition = topic->second.partitions.at(static_cast<size_t>(at.partition));
    if (at.offset.value() != partition.end) {
      return StrCat("offset ", at.offset, " instead of ", partition.end, " in a span");
    }
    partition.Append(std::move(records[i]));
  }
  return "";
}

std::string World::Compare(const TopicPartition& partition, const RecordView& record) {
  const auto topic = model_.topics.find(partition.topic);
  if (topic == model_.topics.end()) return StrCat("a record of unknown ", partition);
  const ModelPartition& model =
      topic->second.partitions.at(static_cast<size_t>(partition.partition));
  const auto expected = model.records.find(record.offset().value());
  if (expected == model.records.end()) {
    return StrCat("invented record at ", partition, " offset ", record.offset(), ", end ",
                  model.end);
  }
  const ModelRecord got = Copy(record);
  if (got == expected->second) return "";
  return StrCat(partition, " offset ", record.offset(), ": ", Describe(got), " instead of ",
                Describe(expected->second));
}

std::string World::ReadSome() {
  auto* topic = RandomTopic();
  if (topic == nullptr) return "";
  const auto index = Draw(static_cast<int64_t>(topic->second.partitions.size()));
  const ModelPartition& model = topic->second.partitions.at(static_cast<size_t>(index));
  const TopicPartition partition{topic->first, static_cast<int32_t>(index)};
  auto consumer = broker_
                      ->NewConsumer({.offset_reset = OffsetReset::kEarliest,
                                     .max_poll_records = static_cast<int32_t>(1 + Draw(60)),
                                     .max_partition_fetch_bytes = static_cast<int32_t>(Draw(4000))})
                      .value();
  if (const Status status = consumer->Assign({partition}); !status.ok()) {
    return Wrong("assign", status);
  }
  int64_t next = model.start + Draw(model.end - model.start + 1);
  if (const Status status = consumer->Seek(partition, Offset(next)); !status.ok()) {
    return Wrong("seek", status);
  }
  const Records records = consumer->Poll(milliseconds(0));
  if (!records.ok()) return Wrong("poll", records.status());
  const bool gaps = topic->second.compacted || topic->second.trimmed;
  for (const RecordView& record : records) {
    const int64_t offset = record.offset().value();
    if (gaps ? offset < next : offset != next) {
      return StrCat(partition, ": offset ", offset, " where ", next, " was due");
    }
    next = offset + 1;
    if (std::string wrong = Compare(partition, record); !wrong.empty()) return wrong;
  }
  if (records.empty() && !gaps && next < model.end) return StrCat(partition, ": nothing at ", next);
  return "";
}

std::string World::DeleteRecords() {
  auto* topic = RandomTopic();
  if (topic == nullptr || topic->second.trimmed || topic->second.compacted) return "";
  const auto index = Draw(static_cast<int64_t>(topic->second.partitions.size()));
  ModelPartition& model = topic->second.partitions.at(static_cast<size_t>(index));
  const TopicPartition partition{topic->first, static_cast<int32_t>(index)};
  const int64_t before = model.start + Draw(model.end - model.start + 1);
  const auto result = admin_->DeleteRecords({{partition, Offset(before)}}).at(partition);
  if (!result.ok()) return Wrong("delete records", result.status());
  if (result->value() != before) return StrCat("log start ", *result, " instead of ", before);
  model.start = before;
  const auto beyond = admin_->DeleteRecords({{partition, Offset(model.end + 1)}}).at(partition);
  return CodeOf(beyond) == ErrorCode::kOffsetOutOfRange ? "" : "deleted beyond the end";
}

std::string World::FindByTime() {
  auto* topic = RandomTopic();
  if (topic == nullptr || topic->second.compacted || topic->second.trimmed) return "";
  const auto index = Draw(static_cast<int64_t>(topic->second.partitions.size()));
  const ModelPartition& model = topic->second.partitions.at(static_cast<size_t>(index));
  const TopicPartition partition{topic->first, static_cast<int32_t>(index)};
  const int64_t time = clock_.Now().time_since_epoch().count() - Draw(200000);
  int64_t expected = -1;
  for (auto at = model.records.lower_bound(model.start); at != model.records.end(); ++at) {
    if (at->second.timestamp_ms < time) continue;
    expected = at->first;
    break;
  }
  const auto found =
      admin_->ListOffsets({{partition, OffsetSpec::At(Timestamp(milliseconds(time)))}})
          .at(partition);
  if (!found.ok()) return Wrong("list offsets", found.status());
  if (found->offset.value() == expected) return "";
  return StrCat(partition, ": first offset at ", time, " is ", expected, ", not ", found->offset);
}

}  // namespace runnel::sim
