#include "client/assignors/sticky_problem.h"

#include <algorithm>
#include <deque>

namespace runnel::client {

// The claim of the highest generation counts; of equal ones none does.
void StickyProblem::SettleClaims() {
  std::map<TopicPartition, StickyMember*> owners;
  for (StickyMember& member : members) {
    same_subscriptions &= member.all_topics == members.front().all_topics;
    for (const TopicPartition& partition : member.claimed) {
      const auto topic = topics.find(partition.topic);
      const bool exists = topic != topics.end() && partition.partition >= 0 &&
                          partition.partition < topic->second.partition_count;
      if (!exists) continue;
      StickyMember*& owner = owners[partition];
      if (owner == &member) continue;  // named twice
      if (owner != nullptr && member.generation < owner->generation) continue;
      if (owner != nullptr) owner->owned.erase(partition);
      if (owner != nullptr && member.generation == owner->generation) {
        disputed.insert(partition);
      } else {
        member.owned.insert(partition);
      }
      owner = &member;
    }
  }
}

std::vector<TopicPartition> StickyProblem::AllPartitions() const {
  std::set<std::string, JavaLess> subscribed;
  for (const StickyMember& member : members) {
    subscribed.insert(member.topics.begin(), member.topics.end());
  }
  std::vector<TopicPartition> all;
  for (const std::string& topic : subscribed) {
    for (int32_t i = 0; i < topics.find(topic)->second.partition_count; ++i) {
      all.push_back({topic, i});
    }
  }
  return all;
}

namespace {

// Members in the order in which they are to be filled.
class ConstrainedSolver {
 public:
  explicit ConstrainedSolver(const StickyProblem& problem)
      : problem_(problem), all_(problem.AllPartitions()) {
    const size_t members = problem.members.size();
    min_quota_ = all_.size() / members;
    max_quota_ = (all_.size() + members - 1) / members;
    most_above_min_ = all_.size() % members;
  }

  StickySolution Solve() {
    for (const StickyMember& member : problem_.members)
      KeepOwned(member);
    std::vector<TopicPartition> unassigned;
    for (const TopicPartition& partition : all_) {
      if (!assigned_.contains(partition)) unassigned.push_back(partition);
    }
    std::sort(below_min_.begin(), below_min_.end(), JavaLess());
    std::sort(at_min_.begin(), at_min_.end(), JavaLess());
    Deal(unassigned);
    return std::move(solution_);
  }

 private:
  void KeepOwned(const StickyMember& member) {
    std::vector<TopicPartition>& share = solution_.shares[member.id];
    std::vector<TopicPartition> owned;
    for (const TopicPartition& partition : member.owned) {
      if (!problem_.disputed.contains(partition)) owned.push_back(partition);
    }
    std::sort(owned.begin(), owned.end(), [](const auto& a, const auto& b) {
      if (a.partition != b.partition) return a.partition < b.partition;
      return JavaLess()(a.topic, b.topic);
    });
    size_t keep = owned.size();
    if (owned.size() < min_quota_) {
      below_min_.push_back(member.id);
    } else if (owned.size() >= max_quota_ && above_min_ < most_above_min_) {
      keep = max_quota_;
      if (++above_min_ == most_above_min_) at_min_.clear();
    } else {
      keep = min_quota_;
      if (above_min_ < most_above_min_) at_min_.push_back(member.id);
    }
    for (size_t i = 0; i < owned.size(); ++i) {
      if (i < keep) {
        share.push_back(owned[i]);
        assigned_.insert(owned[i]);
      } else {
        revoked_.insert(owned[i]);
      }
    }
  }

  // One partition each to the members below the quota in turn; then one each to those that have
  // just the quota, until all is dealt.
  void Deal(const std::vector<TopicPartition>& unassigned) {
    std::deque<std::string> ring(below_min_.begin(), below_min_.end());
    std::deque<std::string> full(at_min_.begin(), at_min_.end());
    for (const TopicPartition& partition : unassigned) {
      const bool filling = !ring.empty();
      std::deque<std::string>& source = filling ? ring : full;
      if (source.empty()) return;  // quotas add up to the number of partitions
      std::string id = source.front();
      source.pop_front();
      std::vector<TopicPartition>& share = solution_.shares[id];
      share.push_back(partition);
      if (revoked_.contains(partition) || problem_.disputed.contains(partition)) {
        solution_.transferring.insert(partition);
      }
      if (!filling) continue;
      (share.size() == min_quota_ ? full : ring).push_back(std::move(id));
    }
  }

  const StickyProblem& problem_;
  const std::vector<TopicPartition> all_;
  size_t min_quota_ = 0;
  size_t max_quota_ = 0;
  size_t most_above_min_ = 0;  // members that may have more than min_quota_
  size_t above_min_ = 0;
  std::vector<std::string> below_min_;
  std::vector<std::string> at_min_;
  std::set<TopicPartition> assigned_;
  std::set<TopicPartition> revoked_;
  StickySolution solution_;
};

}  // namespace

StickySolution SolveConstrained(const StickyProblem& problem) {
  return ConstrainedSolver(problem).Solve();
}

StickySolution Solve(const StickyProblem& problem) {
  if (problem.members.empty()) return {};
  return problem.same_subscriptions ? SolveConstrained(problem) : SolveGeneral(problem);
}

}  // namespace runnel::client
