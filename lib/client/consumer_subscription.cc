#include "client/consumer_subscription.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace runnel::client {
namespace {

std::vector<std::string> Sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

Status Subscription::SetTopics(std::vector<std::string> topics, RebalanceListener* listener) {
  if (std::find(topics.begin(), topics.end(), "") != topics.end()) {
    return Error(ErrorCode::kInvalidTopicException, "a topic to subscribe to has an empty name");
  }
  kind_ = Kind::kTopics;
  topics_ = Sorted(std::move(topics));
  listener_ = listener;
  return OkStatus();
}

Status Subscription::SetPattern(std::string_view pattern, RebalanceListener* listener) {
  RUNNEL_ASSIGN_OR_RETURN(pattern_, base::Regex::Parse(pattern));
  kind_ = Kind::kPattern;
  topics_.clear();
  listener_ = listener;
  return OkStatus();
}

void Subscription::SetPartitions() {
  Clear();
  kind_ = Kind::kPartitions;
}

void Subscription::Clear() {
  kind_ = Kind::kNone;
  topics_.clear();
  listener_ = nullptr;
}

bool Subscription::Match(std::span<const std::string> existing) {
  if (kind_ != Kind::kPattern) return false;
  std::vector<std::string> matching;
  for (const std::string& topic : existing) {
    if (pattern_.MatchesAllOf(topic)) matching.push_back(topic);
  }
  matching = Sorted(std::move(matching));
  if (matching == topics_) return false;
  topics_ = std::move(matching);
  return true;
}

bool Subscription::Contains(std::string_view topic) const {
  return std::binary_search(topics_.begin(), topics_.end(), topic,
                            [](std::string_view a, std::string_view b) { return a < b; });
}

}  // namespace runnel::client
