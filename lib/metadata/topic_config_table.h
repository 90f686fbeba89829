// The rows of the topic config table, with what the public view leaves out: ranges and setters.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "metadata/topic_config.h"

namespace runnel::metadata {

// A value after parsing; which member counts depends on the type.
struct ParsedConfig {
  bool flag = false;
  int64_t number = 0;
  double real = 0;
  std::string_view word = {};                // kString
  std::vector<std::string_view> words = {};  // kList
};

// The words a string or list may hold are those of `key.valid`, when that is in brackets.
struct ConfigRow {
  TopicConfigKey key;
  // For numbers: smallest and largest value, both allowed.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  // One value outside the range that is allowed as well.
  std::optional<int64_t> also = {};
  void (*set)(TopicConfig& config, const ParsedConfig& value) = nullptr;
};

// All rows, sorted by name.
const std::vector<ConfigRow>& ConfigRows();

}  // namespace runnel::metadata
