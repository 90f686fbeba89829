// Regular expressions that report mistakes as a Status.
#pragma once

#include <regex>
#include <string>
#include <string_view>

#include "runnel/error.h"

namespace runnel::base {

// An ECMAScript regular expression. Matches nothing until parsed.
//
// Thread safety: thread-compatible.
// Cost: backtracks; some expressions take time exponential in the text, so keep texts short.
class Regex final {
 public:
  Regex() = default;
  // Errors: kInvalidRegularExpression naming the mistake.
  static StatusOr<Regex> Parse(std::string_view pattern);

  // From the first to the last character.
  bool MatchesAllOf(std::string_view text) const;

 private:
  std::regex regex_;
  bool parsed_ = false;
};

}  // namespace runnel::base
