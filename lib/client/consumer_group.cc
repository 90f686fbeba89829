#include "client/consumer_group.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace runnel::client {
namespace {

// Both sorted.
std::vector<TopicPartition> Without(std::span<const TopicPartition> all,
                                    std::span<const TopicPartition> less) {
  std::vector<TopicPartition> rest;
  std::set_difference(all.begin(), all.end(), less.begin(), less.end(), std::back_inserter(rest));
  return rest;
}

}  // namespace

ConsumerGroup::ConsumerGroup(const Deps& deps, const ConsumerOptions& options,
                             AssignorSet assignors)
    : broker_(deps.broker),
      waiter_(deps.waiter),
      handler_(deps.handler),
      subscription_(deps.subscription),
      options_(options),
      assignors_(std::move(assignors)),
      session_(std::make_shared<GroupSession>(deps.broker, deps.waiter, options)) {}

ConsumerGroup::~ConsumerGroup() {
  if (active()) session_->Leave(nullptr);
  session_->Detach();
}

void ConsumerGroup::Join() {
  session_->Update([](Membership& member) { member.RequestJoin(); });
}

void ConsumerGroup::Leave(Elapsed deadline) {
  if (!active()) return;
  const bool lost = session_->Read(
      [](const Membership& member) { return member.lost() || !member.fatal().ok(); });
  if (const std::vector<TopicPartition> owned = handler_.Owned(); owned.empty()) {
  } else if (lost) {
    handler_.OnLost(owned);
  } else {
    handler_.OnRevoked(owned);
  }
  shared_topics_.clear();
  const auto done = std::make_shared<std::atomic<bool>>(false);
  session_->Leave([session = session_, done] {
    done->store(true, std::memory_order_release);
    session->Wake();
  });
  const auto left = [&] { return done->load(std::memory_order_acquire); };
  while (waiter_.Wait(deadline, left) == broker::Waiter::Result::kWoken) {
  }
}

Status ConsumerGroup::Advance() {
  for (;;) {
    const Elapsed now = session_->now();
    uint64_t round = 0;
    bool lost = false;
    Status error;
    const Membership::Step step = session_->Write([&](Membership& member) {
      error = member.fatal().ok() ? member.TakeError() : member.fatal();
      if (!error.ok()) return Membership::Step::kNone;
      const Membership::Step next = member.Next(now);
      round = member.round();
      lost = member.lost();
      return next;
    });
    RUNNEL_RETURN_IF_ERROR(error);
    switch (step) {
      case Membership::Step::kNone:
        if (session_->Settle(now)) return OkStatus();
        break;
      case Membership::Step::kPrepare:
        Prepare(round, lost);
        break;
      case Membership::Step::kJoin:
        RUNNEL_RETURN_IF_ERROR(SendJoin());
        break;
      case Membership::Step::kSync:
        RUNNEL_RETURN_IF_ERROR(SendSync());
        break;
      case Membership::Step::kComplete:
        RUNNEL_RETURN_IF_ERROR(Complete(round));
        break;
    }
  }
}

void ConsumerGroup::Prepare(uint64_t round, bool lost) {
  if (!lost) handler_.BeforeRebalance();
  const std::vector<TopicPartition> owned = handler_.Owned();
  if (lost && !owned.empty()) handler_.OnLost(owned);
  if (!lost && !owned.empty()) {
    std::vector<TopicPartition> revoked;
    std::copy_if(owned.begin(), owned.end(), std::back_inserter(revoked),
                 [this](const TopicPartition& partition) {
                   return !cooperative() || !subscription_.Contains(partition.topic);
                 });
    if (!revoked.empty()) handler_.OnRevoked(revoked);
  }
  session_->Write([round](Membership& member) { member.Prepared(round); });
}

Status ConsumerGroup::SendJoin() {
  Status bad_name;
  for (const std::string& topic : subscription_.topics()) {
    const Status found = broker_.FindTopic(topic, broker::AutoCreate::kYes).status();
    // What does not exist may come later; what is no topic name will not.
    if (CodeOf(found) == ErrorCode::kInvalidTopicException) bad_name = found;
  }
  group::JoinGroupRequest request{.group_id = options_.group_id,
                                  .session_timeout = options_.session_timeout,
                                  .rebalance_timeout = options_.max_poll_interval};
  MemberSubscription about{.topics = subscription_.topics(), .owned_partitions = handler_.Owned()};
  if (!options_.rack.empty()) about.rack = options_.rack;
  const uint64_t round = session_->Write([&](Membership& member) {
    request.member_id = member.member_id();
    request.group_instance_id = member.instance_id();
    about.generation = member.generation();
    return member.StartJoin();
  });
  request.protocols = assignors_.Protocols(about);
  session_->StartHeartbeats();
  broker_.JoinGroup(request, session_->context(),
                    [session = session_, round](group::JoinGroupResponse response) {
                      session->OnJoin(round, std::move(response));
                    });
  return bad_name;
}

Status ConsumerGroup::SendSync() {
  group::SyncGroupRequest request{.group_id = options_.group_id};
  std::vector<group::JoinGroupResponseMember> members;
  bool leader = false;
  bool share = false;
  const uint64_t round = session_->Write([&](Membership& member) {
    request.generation_id = member.generation();
    request.member_id = member.member_id();
    request.group_instance_id = member.instance_id();
    request.protocol_type = "consumer";
    request.protocol_name = member.protocol();
    members = member.members();
    leader = member.leader();
    share = leader && !member.skip_assignment();
    return member.StartSync();
  });
  shared_topics_.clear();
  Status failed;
  if (leader) {
    StatusOr<std::vector<group::SyncGroupRequestAssignment>> assignments =
        Share(*request.protocol_name, members);
    if (assignments.ok() && share) request.assignments = *std::move(assignments);
    // The others must not wait for us: they get nothing until the next rebalance.
    if (!assignments.ok()) failed = assignments.status();
  }
  broker_.SyncGroup(request, session_->context(),
                    [session = session_, round](group::SyncGroupResponse response) {
                      session->OnSync(round, std::move(response));
                    });
  return failed;
}

StatusOr<std::vector<group::SyncGroupRequestAssignment>> ConsumerGroup::Share(
    std::string_view protocol, std::span<const group::JoinGroupResponseMember> members) {
  RUNNEL_ASSIGN_OR_RETURN(const std::vector<GroupMember> group, AssignorSet::Members(members));
  return assignors_.Assign(protocol, FindTopics(group), group);
}

AssignableTopics ConsumerGroup::FindTopics(std::span<const GroupMember> members) {
  AssignableTopics topics;
  for (const GroupMember& member : members) {
    for (const std::string& topic : member.subscription.topics) {
      const auto [at, is_new] = shared_topics_.emplace(topic, 0);
      if (!is_new) continue;
      at->second = PartitionCount(topic);
      if (at->second > 0) topics.emplace(topic, AssignableTopic{.partition_count = at->second});
    }
  }
  return topics;
}

int32_t ConsumerGroup::PartitionCount(const std::string& topic) const {
  const StatusOr<std::shared_ptr<broker::Topic>> found = broker_.FindTopic(topic);
  return found.ok() ? (*found)->partition_count() : 0;
}

Status ConsumerGroup::Complete(uint64_t round) {
  std::string bytes;
  std::string protocol;
  GenerationId generation;
  session_->Read([&](const Membership& member) {
    bytes = member.assignment();
    protocol = member.protocol();
    generation = member.generation();
  });
  StatusOr<MemberAssignment> decoded = AssignorSet::Decode(bytes);
  MemberAssignment assignment = decoded.ok() ? *std::move(decoded) : MemberAssignment();
  assignment.partitions = Accept(std::move(assignment.partitions));

  const std::vector<TopicPartition> owned = handler_.Owned();
  const std::vector<TopicPartition> revoked = Without(owned, assignment.partitions);
  const std::vector<TopicPartition> added = Without(assignment.partitions, owned);
  if (!revoked.empty()) {
    handler_.BeforeRebalance();  // records were handed out while this member was joining
    handler_.OnRevoked(revoked);
  }
  assignors_.OnAssignment(protocol, assignment, generation);
  handler_.OnAssigned(assignment.partitions, added);
  session_->Write([&](Membership& member) {
    // Others wait for what was given up: it is shared out in a second rebalance (KIP-429).
    if (member.round() == round && !revoked.empty()) member.RequestJoin();
    member.Completed(round);
  });
  return decoded.status();
}

std::vector<TopicPartition> ConsumerGroup::Accept(std::vector<TopicPartition> assigned) {
  const auto foreign = [this](const TopicPartition& partition) {
    return !subscription_.Contains(partition.topic);
  };
  std::sort(assigned.begin(), assigned.end());
  assigned.erase(std::unique(assigned.begin(), assigned.end()), assigned.end());
  if (std::erase_if(assigned, foreign) > 0) Join();
  return assigned;
}

void ConsumerGroup::OnTopicsChanged() {
  for (const auto& [topic, partition_count] : shared_topics_) {
    if (PartitionCount(topic) != partition_count) return Join();
  }
}

Elapsed ConsumerGroup::retry_at() const {
  return session_->Read([](const Membership& member) { return member.retry_at(); });
}

bool ConsumerGroup::active() const {
  return session_->Read([](const Membership& member) { return member.active(); });
}

Consumer::GroupMetadata ConsumerGroup::metadata() const {
  return session_->Read([this](const Membership& member) {
    return Consumer::GroupMetadata{.group_id = options_.group_id,
                                   .member_id = member.member_id(),
                                   .group_instance_id = member.instance_id(),
                                   .generation = member.generation()};
  });
}

}  // namespace runnel::client
