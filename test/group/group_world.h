// A group shard with a log, a store and a clock around it.
#pragma once

#include <catch2/catch.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "group/group_shard.h"
#include "group/records.h"
#include "support/status.h"

namespace runnel::group {

// What a request was answered; empty while it waits.
template <class T>
using Answer = std::shared_ptr<std::optional<T>>;

struct LogEntry {
  Record record = {};
  ProducerId producer_id = kNoProducerId;
  std::optional<TransactionResult> marker = {};
};

class World {
 public:
  explicit World(GroupOptions options = {.initial_rebalance_delay = {}})
      : options_(options), random_(Random::Seeded(7)) {
    Restart();
  }

  // Drops the shard, and rebuilds it from the log alone or from its store and the log behind it.
  enum class From { kLog, kStore };
  void Restart(From from = From::kLog) {
    shard_.reset();
    held_.clear();
    if (from == From::kLog) store_ = std::make_unique<MemoryOffsetStore>();
    shard_ = std::make_unique<GroupShard>(options_, *store_, *random_);
    REQUIRE_OK(shard_->Load());
    for (size_t i = 0; i < log.size(); ++i)
      Replay(i);
    shard_->Start(now);
  }

  GroupShard& shard() { return *shard_; }
  MemoryOffsetStore& store() { return *store_; }

  void Advance(std::chrono::milliseconds by) {
    const Elapsed end = now.elapsed + by;
    while (shard_->NextDeadline() <= end) {
      MoveTo(std::max(now.elapsed, shard_->NextDeadline()));
      Output out;
      shard_->OnTime(now, out);
      Run(out);
    }
    MoveTo(end);
  }

  // --- Writes: durable at once, or when released, or never.
  bool hold_writes = false;
  std::optional<Status> fail_writes = {};
  std::vector<LogEntry> log;
  Now now{.elapsed = std::chrono::hours(1),
          .wall = Timestamp(std::chrono::milliseconds(1700000000000))};

  bool HasHeldWrite() const { return !held_.empty(); }
  void Release(const Status& status = OkStatus()) {
    const Write write = std::move(held_.front());
    held_.pop_front();
    Finish(write, status);
  }
  void Marker(ProducerId producer_id, TransactionResult result) {
    REQUIRE_OK(shard_->ApplyMarker(producer_id, result, Offset(int64_t(log.size()))));
    log.push_back({.producer_id = producer_id, .marker = result});
  }

  // --- Requests, by the members of one group "g"
  Answer<JoinGroupResponse> Join(JoinGroupRequest request, const RequestContext& context = {}) {
    auto answer = std::make_shared<std::optional<JoinGroupResponse>>();
    Output out;
    shard_->JoinGroup(request, context, Into(answer), now, out);
    Run(out);
    return answer;
  }
  Answer<SyncGroupResponse> Sync(SyncGroupRequest request) {
    auto answer = std::make_shared<std::optional<SyncGroupResponse>>();
    Output out;
    shard_->SyncGroup(request, {}, Into(answer), now, out);
    Run(out);
    return answer;
  }
  ErrorCode Heartbeat(const std::string& member, int32_t generation,
                      std::optional<std::string> instance = {}) {
    return shard_
        ->Heartbeat({.group_id = "g",
                     .generation_id = GenerationId(generation),
                     .member_id = member,
                     .group_instance_id = std::move(instance)},
                    {}, now)
        .error_code;
  }
  std::vector<ErrorCode> Leave(std::vector<LeaveGroupMember> members) {
    auto answer = std::make_shared<std::optional<LeaveGroupResponse>>();
    Output out;
    shard_->LeaveGroup({.group_id = "g", .members = std::move(members)}, {}, Into(answer), now,
                       out);
    Run(out);
    std::vector<ErrorCode> codes;
    for (const auto& member : (*answer)->members)
      codes.push_back(member.error_code);
    return codes;
  }
  Answer<OffsetCommitResponse> Commit(const OffsetCommitRequest& request,
                                      const RequestContext& context = {}) {
    auto answer = std::make_shared<std::optional<OffsetCommitResponse>>();
    Output out;
    shard_->OffsetCommit(request, context, Into(answer), now, out);
    Run(out);
    return answer;
  }
  Answer<OffsetCommitResponse> CommitInTransaction(const TxnOffsetCommitRequest& request) {
    auto answer = std::make_shared<std::optional<OffsetCommitResponse>>();
    Output out;
    shard_->TxnOffsetCommit(request, {}, Into(answer), now, out);
    Run(out);
    return answer;
  }
  // Commits `offset` for t-0 as a simple consumer of `group`.
  ErrorCode CommitSimply(const std::string& group, int64_t offset, const std::string& topic = "t") {
    const auto answer = Commit({.group_id = group, .topics = OneOffset(topic, offset)});
    return (*answer)->topics.at(0).partitions.at(0).error_code;
  }
  OffsetFetchPartition Fetch(const std::string& group, const std::string& topic = "t",
                             bool require_stable = false) {
    const auto response =
        shard_->OffsetFetch({.group_id = group,
                             .topics = {{{.name = topic, .partition_indexes = {0}}}},
                             .require_stable = require_stable});
    return response.topics.at(0).partitions.at(0);
  }
  int64_t Committed(const std::string& group, const std::string& topic = "t") {
    return Fetch(group, topic).committed_offset.value();
  }
  ErrorCode DeleteGroup(const std::string& group) {
    auto answer = std::make_shared<std::optional<ErrorCode>>();
    Output out;
    shard_->DeleteGroup(group, Into(answer), now, out);
    Run(out);
    return answer->value_or(ErrorCode::kRequestTimedOut);
  }
  OffsetDeleteResponse DeleteOffsets(const std::string& group, const std::string& topic) {
    auto answer = std::make_shared<std::optional<OffsetDeleteResponse>>();
    Output out;
    shard_->OffsetDelete({.group_id = group, .topics = {{.name = topic, .partition_indexes = {0}}}},
                         Into(answer), now, out);
    Run(out);
    return **answer;
  }
  std::string State(const std::string& group = "g") {
    return shard_->DescribeGroup(group, {}).group_state;
  }

  static std::vector<OffsetCommitTopic> OneOffset(const std::string& topic, int64_t offset) {
    return {{.name = topic, .partitions = {{.committed_offset = Offset(offset)}}}};
  }
  template <class T>
  static Reply<T> Into(const Answer<T>& answer) {
    return [answer](T response) {
      CHECK_FALSE(answer->has_value());  // answered once
      *answer = std::move(response);
    };
  }
  void Run(Output& out) {
    for (Write& write : out.writes) {
      if (hold_writes || !held_.empty()) {  // writes keep their order
        held_.push_back(std::move(write));
      } else {
        Finish(write, fail_writes.value_or(OkStatus()));
      }
    }
    for (auto& reply : out.replies)
      reply();
  }

 private:
  void MoveTo(Elapsed elapsed) {
    now.wall += std::chrono::duration_cast<std::chrono::milliseconds>(elapsed - now.elapsed);
    now.elapsed = elapsed;
  }
  void Finish(const Write& write, const Status& status) {
    StatusOr<Offset> outcome = Offset(static_cast<int64_t>(log.size()));
    if (status.ok()) {
      for (const Record& record : write.records) {
        log.push_back({.record = record, .producer_id = write.producer_id});
      }
    } else {
      outcome = status;
    }
    Output out;
    shard_->OnWritten(write.id, outcome, now, out);
    Run(out);
  }
  void Replay(size_t i) {
    const LogEntry& entry = log[i];
    const Offset offset(static_cast<int64_t>(i));
    if (entry.marker) {
      REQUIRE_OK(shard_->ApplyMarker(entry.producer_id, *entry.marker, offset));
      return;
    }
    const AppliedRecord record{
        .offset = offset, .key = entry.record.key, .value = entry.record.value};
    REQUIRE_OK(shard_->Apply(
        {.records = {&record, 1}, .end_offset = offset + 1, .producer_id = entry.producer_id}));
  }

  GroupOptions options_;
  std::unique_ptr<Random> random_;
  std::unique_ptr<MemoryOffsetStore> store_;
  std::unique_ptr<GroupShard> shard_;
  std::deque<Write> held_;
};

// A subscription of the "consumer" protocol, version 0.
inline std::string SubscribeTo(const std::string& topic) {
  std::string bytes(2, '\0');
  bytes += std::string("\0\0\0\1", 4);
  bytes.push_back('\0');
  bytes.push_back(static_cast<char>(topic.size()));
  return bytes + topic + "\xff\xff\xff\xff";
}

inline JoinGroupRequest JoinRequest(std::string member = "",
                                    std::vector<std::string> protocols = {"range"}) {
  JoinGroupRequest request{.group_id = "g",
                           .member_id = std::move(member),
                           .session_timeout = std::chrono::seconds(10),
                           .rebalance_timeout = std::chrono::seconds(30)};
  for (std::string& name : protocols) {
    request.protocols.push_back({.name = std::move(name), .metadata = SubscribeTo("t")});
  }
  return request;
}

// Asks for a member id and joins with it. The answer may be pending; the id is returned.
inline std::pair<std::string, Answer<JoinGroupResponse>> Enter(
    World& world, std::vector<std::string> protocols = {"range"}) {
  const auto first = world.Join(JoinRequest("", protocols), {.client_id = "client"});
  REQUIRE((*first)->error_code == ErrorCode::kMemberIdRequired);
  const std::string id = (*first)->member_id;
  return {id, world.Join(JoinRequest(id, std::move(protocols)), {.client_id = "client"})};
}

inline SyncGroupRequest SyncRequest(std::string member, int32_t generation,
                                    std::vector<SyncGroupRequestAssignment> assignments = {}) {
  return {.group_id = "g",
          .generation_id = GenerationId(generation),
          .member_id = std::move(member),
          .assignments = std::move(assignments)};
}

// A group of one member in generation 1, with assignment "work". Returns the member's id.
inline std::string MakeStableGroup(World& world) {
  auto [id, join] = Enter(world);
  REQUIRE(join->has_value());
  REQUIRE((*join)->error_code == ErrorCode::kNone);
  const auto sync = world.Sync(SyncRequest(id, 1, {{.member_id = id, .assignment = "work"}}));
  REQUIRE(sync->has_value());
  REQUIRE((*sync)->assignment == "work");
  REQUIRE(world.State() == "Stable");
  return id;
}

}  // namespace runnel::group
