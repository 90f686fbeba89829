#include "base/regex.h"

#include "base/strings.h"

namespace runnel::base {

// std::regex reports mistakes, and searches that become too deep, by exceptions only.

StatusOr<Regex> Regex::Parse(std::string_view pattern) {
  Regex regex;
  try {
    regex.regex_ =
        std::regex(pattern.begin(), pattern.end(), std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    return Error(ErrorCode::kInvalidRegularExpression,
                 StrCat("'", pattern, "' is no regular expression: ", error.what()));
  }
  regex.parsed_ = true;
  return regex;
}

bool Regex::MatchesAllOf(std::string_view text) const {
  try {
    return parsed_ && std::regex_match(text.begin(), text.end(), regex_);
  } catch (const std::regex_error&) {
    return false;
  }
}

}  // namespace runnel::base
