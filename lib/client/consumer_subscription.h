// What a consumer has asked to read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "runnel/consumer.h"
#include "runnel/error.h"

namespace runnel::client {

// Topics by name or by pattern, or partitions by hand; one at a time.
//
// Thread safety: thread-compatible.
class Subscription final {
 public:
  enum class Kind : uint8_t { kNone, kTopics, kPattern, kPartitions };

  // Errors: kInvalidTopicException for an empty name.
  Status SetTopics(std::vector<std::string> topics, RebalanceListener* listener);
  // Errors: kInvalidRegularExpression.
  Status SetPattern(std::string_view pattern, RebalanceListener* listener);
  void SetPartitions();
  void Clear();

  // With a pattern: takes the matching ones of all existing topics; true when the list of topics
  // has changed by that.
  bool Match(std::span<const std::string> existing);

  Kind kind() const { return kind_; }
  // A group shares the partitions out.
  bool automatic() const { return kind_ == Kind::kTopics || kind_ == Kind::kPattern; }
  // Sorted and without repetitions.
  const std::vector<std::string>& topics() const { return topics_; }
  bool Contains(std::string_view topic) const;
  RebalanceListener* listener() const { return listener_; }

 private:
  Kind kind_ = Kind::kNone;
  std::vector<std::string> topics_;
  base::Regex pattern_;
  RebalanceListener* listener_ = nullptr;
};

}  // namespace runnel::client
