// Groups, endings and checks of World.
#include <set>
#include <utility>

#include "base/strings.h"
#include "sim/world.h"

namespace runnel::sim {
namespace {

using base::StrCat;
using std::chrono::milliseconds;

struct AssignmentWatch final : RebalanceListener {
  explicit AssignmentWatch(std::map<TopicPartition, int64_t>& last) : last_(last) {}
  void OnAssigned(std::span<const TopicPartition>) override { last_.clear(); }
  std::map<TopicPartition, int64_t>& last_;
};

std::string Wrong(std::string_view what, const Status& status) {
  return StrCat(what, ": ", ToString(status));
}

// What a member may be told when its group has moved on or a topic has gone.
bool MovedOn(const Status& status) {
  switch (CodeOf(status)) {
    case ErrorCode::kIllegalGeneration:
    case ErrorCode::kUnknownMemberId:
    case ErrorCode::kRebalanceInProgress:
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kUnknownTopicId:
      return true;
    default:
      return false;
  }
}

}  // namespace

// --- Groups -------------------------------------------------------------------------------------

std::string World::AddMember() {
  if (members_.size() >= 5 || model_.topics.empty()) return "";
  auto member = std::make_unique<Member>();
  member->group = StrCat("group-", Draw(2));
  ConsumerOptions options{.group_id = member->group, .offset_reset = OffsetReset::kEarliest};
  options.max_poll_records = static_cast<int32_t>(1 + Draw(100));
  if (Draw(2) == 0) options.assignors = {"cooperative-sticky"};
  if (options.assignors.size() == 1) member->group += "-cooperative";
  options.group_id = member->group;
  auto consumer = broker_->NewConsumer(options);
  if (!consumer.ok()) return Wrong("consumer", consumer.status());
  member->consumer = *std::move(consumer);
  member->listener = std::make_unique<AssignmentWatch>(member->last);
  const Status subscribed = member->consumer->SubscribePattern("topic-.*", member->listener.get());
  if (!subscribed.ok()) return Wrong("subscribe", subscribed);
  members_.push_back(std::move(member));
  return "";
}

std::string World::PollMember() {
  if (members_.empty()) return "";
  Member& member = *members_[static_cast<size_t>(Draw(static_cast<int64_t>(members_.size())))];
  const Records records = member.consumer->Poll(milliseconds(Draw(20)));
  if (!records.ok()) {
    return MovedOn(records.status()) ? "" : Wrong("poll of a member", records.status());
  }
  for (const RecordView& record : records) {
    const TopicPartition partition{std::string(record.topic()), record.partition()};
    if (std::string wrong = Compare(partition, record); !wrong.empty()) return wrong;
    const auto [last, is_new] = member.last.try_emplace(partition, record.offset().value());
    if (!is_new && record.offset().value() <= last->second) {
      return StrCat(partition, ": offset ", record.offset(), " after ", last->second);
    }
    last->second = record.offset().value();
  }
  return "";
}

std::string World::CommitMember() {
  if (members_.empty()) return "";
  Member& member = *members_[static_cast<size_t>(Draw(static_cast<int64_t>(members_.size())))];
  std::map<TopicPartition, int64_t> positions;
  for (const TopicPartition& partition : member.consumer->Assignment()) {
    const auto position = member.consumer->Position(partition);
    if (position.ok()) positions[partition] = position->value();
  }
  const Status committed = member.consumer->Commit();
  if (!committed.ok()) {
    if (!MovedOn(committed)) return Wrong("commit", committed);
    // Of a deleted topic, say: the other partitions may have been committed.
    const auto offsets = admin_->ListGroupOffsets(member.group);
    if (!offsets.ok()) return "";
    std::erase_if(positions, [&](const auto& position) {
      const auto found = offsets->find(position.first);
      return found == offsets->end() || found->second.offset.value() != position.second;
    });
  }
  for (const auto& [partition, offset] : positions) {
    if (!model_.topics.contains(partition.topic)) continue;
    model_.committed[member.group][partition] = offset;
  }
  return "";
}

std::string World::DropMember() {
  if (members_.empty()) return "";
  const auto at = members_.begin() + Draw(static_cast<int64_t>(members_.size()));
  const Status closed = Draw(2) == 0 ? OkStatus() : (*at)->consumer->Close();
  members_.erase(at);
  return closed.ok() || MovedOn(closed) ? "" : Wrong("close of a member", closed);
}

std::string World::SetOffsets() {
  const auto* topic = RandomTopic();
  if (topic == nullptr) return "";
  const TopicPartition partition{topic->first, 0};
  const int64_t offset = topic->second.partitions[0].end;
  const std::string group = "group-by-hand";
  for (const auto& [at, status] :
       admin_->AlterGroupOffsets(group, {{partition, {.offset = Offset(offset)}}})) {
    if (!status.ok()) return Wrong("set offsets", status);
  }
  model_.committed[group][partition] = offset;
  return "";
}

std::string World::LetTimePass() {
  executor_.Advance(Draw(3) == 0 ? std::chrono::seconds(Draw(120)) : milliseconds(Draw(3000)));
  return "";
}

// --- Endings ------------------------------------------------------------------------------------

std::string World::Reopen(Ending ending) {
  if (ending == Ending::kClose) {
    members_.clear();
    producer_.reset();
    admin_.reset();
    if (const Status closed = broker_->Close(); !closed.ok()) return Wrong("close", closed);
  } else if (ending == Ending::kKill) {
    files_.KillProcess();
  } else {
    files_.Crash(random_->Next());
  }
  // What is left of the ended process cannot write any more.
  members_.clear();
  producer_.reset();
  admin_.reset();
  broker_.reset();
  if (std::string wrong = Open(); !wrong.empty()) return wrong;
  return AfterCrash(ending);
}

// Cuts the model to what the broker still has, where losing it is allowed.
std::string World::AfterCrash(Ending ending) {
  for (auto& [name, topic] : model_.topics) {
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      ModelPartition& model = topic.partitions[i];
      const TopicPartition partition{name, static_cast<int32_t>(i)};
      if (topic.durability == Durability::kMemory) {
        model = ModelPartition();
        continue;
      }
      const auto found = admin_->ListOffsets({{partition, OffsetSpec::Latest()}}).at(partition);
      if (!found.ok()) return Wrong(ToString(partition), found.status());
      const int64_t end = found->offset.value();
      const bool may_lose = ending == Ending::kPowerLoss && topic.durability == Durability::kOs;
      if (end > model.end || (end < model.end && !may_lose)) {
        std::string findings;
        for (const RecoveryFinding& finding : broker_->recovery_report().findings) {
          findings += StrCat("; ", finding.file, ": ", finding.detail);
        }
        return StrCat(partition, ": end ", end, " after the ending, ", model.end, " before",
                      topic.compacted ? " (compacted)" : "", topic.trimmed ? " (trimmed)" : "",
                      ", durability ", ToString(topic.durability), findings);
      }
      model.CutTo(end);
      model.start = std::min(model.start, end);
    }
  }
  return CheckAll();
}

// --- Checks -------------------------------------------------------------------------------------

std::string World::CheckAll() {
  if (broker_ == nullptr) return "";
  for (auto& [name, topic] : model_.topics) {
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      std::string wrong = CheckPartition({name, static_cast<int32_t>(i)}, topic);
      if (!wrong.empty()) return wrong;
    }
  }
  return CheckCommitted();
}

std::string World::CheckPartition(const TopicPartition& partition, ModelTopic& topic) {
  ModelPartition& model = topic.partitions.at(static_cast<size_t>(partition.partition));
  auto consumer = broker_->NewConsumer().value();
  if (const Status status = consumer->Assign({partition}); !status.ok()) {
    return Wrong("assign", status);
  }
  const auto starts = consumer->BeginningOffsets({&partition, 1});
  const auto ends = consumer->EndOffsets({&partition, 1});
  if (!starts.ok()) return Wrong("start", starts.status());
  if (!ends.ok()) return Wrong("end", ends.status());
  const int64_t start = starts->at(partition).value();
  if (ends->at(partition).value() != model.end) {
    return StrCat(partition, ": end ", ends->at(partition), " instead of ", model.end);
  }
  if (start < model.start || (start > model.start && !topic.trimmed)) {
    return StrCat(partition, ": start ", start, " instead of ", model.start);
  }
  model.start = start;
  if (const Status status = consumer->SeekToBeginning(); !status.ok()) return Wrong("seek", status);
  std::vector<int64_t> seen;
  while (consumer->Lag(partition).value_or(0) > 0) {
    const Records records = consumer->Poll(milliseconds(0));
    if (!records.ok()) return Wrong("poll", records.status());
    if (records.empty()) break;
    for (const RecordView& record : records) {
      if (std::string wrong = Compare(partition, record); !wrong.empty()) return wrong;
      seen.push_back(record.offset().value());
    }
  }
  if (topic.compacted) return CheckCompacted(partition, model, seen);
  int64_t next = start;
  for (const int64_t offset : seen) {
    if (offset != next++) return StrCat(partition, ": hole at ", next - 1);
  }
  return next == model.end ? "" : StrCat(partition, ": records end at ", next, " not ", model.end);
}

std::string World::CheckCompacted(const TopicPartition& partition, const ModelPartition& model,
                                  const std::vector<int64_t>& seen) {
  std::map<std::string, int64_t> newest;
  for (const auto& [offset, record] : model.records)
    newest[record.key.value_or("")] = offset;
  const std::set<int64_t> present(seen.begin(), seen.end());
  if (present.size() != seen.size()) return StrCat(partition, ": an offset twice");
  for (const auto& [key, offset] : newest) {
    // An old tombstone may be gone with its key.
    if (model.records.at(offset).value.has_value() && !present.contains(offset)) {
      return StrCat(partition, ": the newest record of ", key, " at ", offset, " is gone");
    }
  }
  return "";
}

std::string World::CheckCommitted() {
  for (const auto& [group, expected] : model_.committed) {
    const auto offsets = admin_->ListGroupOffsets(group);
    if (!offsets.ok()) {
      if (expected.empty() && CodeOf(offsets) == ErrorCode::kGroupIdNotFound) continue;
      return Wrong(group, offsets.status());
    }
    for (const auto& [partition, offset] : expected) {
      const auto found = offsets->find(partition);
      if (found == offsets->end()) return StrCat(group, " lost its offset of ", partition);
      if (found->second.offset.value() != offset) {
        return StrCat(group, " has offset ", found->second.offset, " of ", partition,
                      " instead of ", offset);
      }
    }
  }
  return "";
}

bool World::ForgetOne() {
  for (auto& [name, topic] : model_.topics) {
    for (ModelPartition& partition : topic.partitions) {
      if (partition.records.empty() || topic.compacted || partition.start == partition.end)
        continue;
      partition.CutTo(partition.end - 1);
      return true;
    }
  }
  return false;
}

}  // namespace runnel::sim
