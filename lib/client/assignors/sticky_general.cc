// The sticky assignment for members with different subscriptions.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "client/assignors/sticky_problem.h"

namespace runnel::client {
namespace {

// Remembers where partitions went, so that two partitions of a topic do not swap places: moving
// b's partition to a when a's has just gone to b is replaced by moving that one back.
class Movements {
 public:
  void Moved(const TopicPartition& partition, const std::string& from, const std::string& to) {
    std::string origin = from;
    if (const auto earlier = pairs_.find(partition); earlier != pairs_.end()) {
      origin = earlier->second.first;
      Forget(partition);
      if (origin == to) return;
    }
    pairs_[partition] = {origin, to};
    by_pair_[{partition.topic, origin, to}].insert(partition);
  }

  TopicPartition Better(const TopicPartition& partition, std::string from,
                        const std::string& to) const {
    if (const auto earlier = pairs_.find(partition); earlier != pairs_.end()) {
      from = earlier->second.first;
    }
    const auto reverse = by_pair_.find({partition.topic, to, from});
    return reverse == by_pair_.end() ? partition : *reverse->second.begin();
  }

 private:
  void Forget(const TopicPartition& partition) {
    const auto pair = pairs_.extract(partition).mapped();
    const auto entry = by_pair_.find({partition.topic, pair.first, pair.second});
    entry->second.erase(partition);
    if (entry->second.empty()) by_pair_.erase(entry);
  }

  std::map<TopicPartition, std::pair<std::string, std::string>> pairs_;  // from, to
  std::map<std::tuple<std::string, std::string, std::string>, std::set<TopicPartition>> by_pair_;
};

class GeneralSolver {
 public:
  explicit GeneralSolver(const StickyProblem& problem) : problem_(problem) {}

  StickySolution Solve() {
    CollectSubscribers();
    KeepOwned();
    NotePreviousOwners();
    const std::vector<TopicPartition> all = SortedPartitions();
    std::vector<TopicPartition> unassigned;
    for (const TopicPartition& partition : all) {
      if (!owner_.contains(partition)) unassigned.push_back(partition);
    }
    const bool fresh = owner_.empty();
    for (const TopicPartition& partition : unassigned)
      GiveToLeastLoaded(partition);
    Balance(all, unassigned, fresh);
    StickySolution solution;
    for (auto& [id, partitions] : shares_) {
      solution.shares[id] = {partitions.begin(), partitions.end()};
    }
    FindTransfers(solution);
    return solution;
  }

 private:
  void CollectSubscribers() {
    for (const StickyMember& member : problem_.members) {
      members_[member.id] = &member;
      shares_[member.id];
      size_t most = 0;
      for (const std::string& topic : member.topics) {
        subscribers_[topic].push_back(member.id);
        most += static_cast<size_t>(problem_.topics.find(topic)->second.partition_count);
      }
      most_[member.id] = most;
    }
  }

  void KeepOwned() {
    for (const StickyMember& member : problem_.members) {
      for (const TopicPartition& partition : member.owned) {
        if (!member.topics.contains(partition.topic)) {
          revocation_required_ |= subscribers_.contains(partition.topic);
          continue;
        }
        shares_[member.id].insert(partition);
        owner_[partition] = member.id;
      }
    }
    for (const auto& [id, partitions] : shares_)
      by_load_.insert({partitions.size(), id});
  }

  // Owners of an older generation than the newest, the latest of them for each partition.
  void NotePreviousOwners() {
    GenerationId newest = kNoGeneration;
    for (const StickyMember& member : problem_.members) {
      newest = std::max(newest, member.generation);
    }
    for (const StickyMember& member : problem_.members) {
      if (member.generation >= newest) continue;
      for (const TopicPartition& partition : member.claimed) {
        if (!member.topics.contains(partition.topic)) continue;
        const StickyMember*& previous = previous_[partition];
        if (previous == nullptr || member.generation > previous->generation) previous = &member;
      }
    }
  }

  // Topics that few can take come first.
  std::vector<TopicPartition> SortedPartitions() const {
    std::vector<std::string> topics;
    for (const auto& [topic, _] : subscribers_)
      topics.push_back(topic);
    std::stable_sort(topics.begin(), topics.end(), [&](const auto& a, const auto& b) {
      return subscribers_.at(a).size() < subscribers_.at(b).size();
    });
    std::vector<TopicPartition> all;
    for (const std::string& topic : topics) {
      for (int32_t i = 0; i < problem_.topics.find(topic)->second.partition_count; ++i) {
        all.push_back({topic, i});
      }
    }
    return all;
  }

  std::optional<std::string> LeastLoaded(const std::string& topic) const {
    for (const auto& [_, id] : by_load_) {
      if (members_.at(id)->topics.contains(topic)) return id;
    }
    return std::nullopt;
  }

  void GiveToLeastLoaded(const TopicPartition& partition) {
    const auto id = LeastLoaded(partition.topic);
    if (!id) return;
    Reload(*id, [&] { shares_[*id].insert(partition); });
    owner_[partition] = *id;
  }

  template <class Change>
  void Reload(const std::string& id, Change change) {
    by_load_.erase({shares_[id].size(), id});
    change();
    by_load_.insert({shares_[id].size(), id});
  }

  void Balance(const std::vector<TopicPartition>& all,
               const std::vector<TopicPartition>& unassigned, bool fresh) {
    const auto movable = [&](const TopicPartition& partition) {
      return subscribers_.at(partition.topic).size() > 1;
    };
    std::vector<TopicPartition> movable_all;
    std::copy_if(all.begin(), all.end(), std::back_inserter(movable_all), movable);
    std::vector<TopicPartition> movable_new;
    std::copy_if(unassigned.begin(), unassigned.end(), std::back_inserter(movable_new), movable);
    LeaveOutFixedMembers(movable);
    const auto shares_before = shares_;
    const auto owner_before = owner_;
    const size_t unevenness_before = Unevenness();
    if (!revocation_required_) Reassign(movable_new);
    const bool changed = Reassign(movable_all);
    if (!fresh && changed && Unevenness() >= unevenness_before) {
      shares_ = shares_before;
      owner_ = owner_before;
    }
  }

  // Members that have all they may have, and only what nobody else may have, take no part.
  template <class Movable>
  void LeaveOutFixedMembers(const Movable& movable) {
    std::erase_if(by_load_, [&](const auto& entry) {
      const auto& share = shares_[entry.second];
      return share.size() == most_[entry.second] &&
             std::none_of(share.begin(), share.end(), movable);
    });
    for (const auto& [_, id] : by_load_)
      active_.insert(id);
  }

  // Moves partitions from fuller to emptier members; true when anything moved.
  bool Reassign(const std::vector<TopicPartition>& partitions) {
    bool any = false;
    for (bool moved = true; moved;) {
      moved = false;
      for (const TopicPartition& partition : partitions) {
        if (IsBalanced()) return any;
        if (MoveIfBetter(partition)) any = moved = true;
      }
    }
    return any;
  }

  bool MoveIfBetter(const TopicPartition& partition) {
    const std::string owner = owner_.at(partition);
    const size_t load = shares_[owner].size();
    const auto emptier = [&](const std::string& id) {
      return active_.contains(id) && load > shares_[id].size() + 1;
    };
    const auto previous = previous_.find(partition);
    if (previous != previous_.end() && emptier(previous->second->id)) {
      Move(movements_.Better(partition, owner, previous->second->id), previous->second->id);
      return true;
    }
    const auto& others = subscribers_.at(partition.topic);
    if (std::none_of(others.begin(), others.end(), emptier)) return false;
    const std::string target = *LeastLoaded(partition.topic);
    Move(movements_.Better(partition, owner, target), target);
    return true;
  }

  void Move(const TopicPartition& partition, const std::string& to) {
    const std::string from = owner_.at(partition);
    Reload(from, [&] { shares_[from].erase(partition); });
    Reload(to, [&] { shares_[to].insert(partition); });
    owner_[partition] = to;
    movements_.Moved(partition, from, to);
  }

  bool IsBalanced() const {
    if (by_load_.empty() || by_load_.begin()->first + 1 >= by_load_.rbegin()->first) return true;
    for (const auto& [load, id] : by_load_) {
      if (load == most_.at(id)) continue;
      for (const std::string& topic : members_.at(id)->topics) {
        for (int32_t i = 0; i < problem_.topics.find(topic)->second.partition_count; ++i) {
          const std::string& owner = owner_.at({topic, i});
          if (owner != id && load + 1 < shares_.at(owner).size()) return false;
        }
      }
    }
    return true;
  }

  // Sum of the differences between all pairs of active members.
  size_t Unevenness() const {
    size_t sum = 0;
    std::vector<size_t> loads;
    for (const std::string& id : active_)
      loads.push_back(shares_.at(id).size());
    std::sort(loads.begin(), loads.end());
    for (size_t i = 0; i < loads.size(); ++i) {
      for (size_t j = 0; j < i; ++j)
        sum += loads[i] - loads[j];
    }
    return sum;
  }

  // What is new to a member and was claimed by another.
  void FindTransfers(StickySolution& solution) const {
    std::map<TopicPartition, std::vector<std::string>> claims;
    for (const StickyMember& member : problem_.members) {
      for (const TopicPartition& partition : member.claimed) {
        claims[partition].push_back(member.id);
      }
    }
    for (const auto& [id, partitions] : solution.shares) {
      for (const TopicPartition& partition : partitions) {
        const auto claim = claims.find(partition);
        if (claim == claims.end()) continue;
        const auto& claimers = claim->second;
        if (std::find(claimers.begin(), claimers.end(), id) == claimers.end()) {
          solution.transferring.insert(partition);
        }
      }
    }
  }

  const StickyProblem& problem_;
  std::map<std::string, const StickyMember*> members_;
  std::map<std::string, std::vector<std::string>, JavaLess> subscribers_;  // by topic
  std::map<std::string, size_t> most_;  // partitions a member could have
  std::map<std::string, std::set<TopicPartition>> shares_;
  std::map<TopicPartition, std::string> owner_;
  std::map<TopicPartition, const StickyMember*> previous_;
  struct LoadLess {
    bool operator()(const std::pair<size_t, std::string>& a,
                    const std::pair<size_t, std::string>& b) const {
      if (a.first != b.first) return a.first < b.first;
      return JavaLess()(a.second, b.second);
    }
  };
  std::set<std::pair<size_t, std::string>, LoadLess> by_load_;
  std::set<std::string> active_;  // members that take part in balancing
  bool revocation_required_ = false;
  Movements movements_;
};

}  // namespace

StickySolution SolveGeneral(const StickyProblem& problem) {
  return GeneralSolver(problem).Solve();
}

}  // namespace runnel::client
