#include <cctype>

#include "support/tidy.h"

namespace runnel::testing {
namespace {

// Walks over a source and sorts its characters into code and comments.
class Splitter final {
 public:
  explicit Splitter(std::string_view source) : source_(source) {}

  SplitSource Run() {
    while (at_ < source_.size())
      Step();
    return std::move(result_);
  }

 private:
  bool StartsWith(std::string_view text) const { return source_.substr(at_).starts_with(text); }

  void Step() {
    if (StartsWith("//")) {
      TakeComment(std::min(source_.find('\n', at_), source_.size()));
    } else if (StartsWith("/*")) {
      const size_t end = source_.find("*/", at_ + 2);
      TakeComment(end == std::string_view::npos ? source_.size() : end + 2);
    } else if (StartsWith("R\"") && !AfterWord()) {
      TakeRawString();
    } else if (source_[at_] == '"' || (source_[at_] == '\'' && !AfterWord())) {
      TakeLiteral(source_[at_]);
    } else {
      Take(source_[at_], ' ');
    }
  }

  // Whether the character before is part of a word or number: 1'000 holds no literal.
  bool AfterWord() const {
    if (at_ == 0) return false;
    const char before = source_[at_ - 1];
    return std::isalnum(static_cast<unsigned char>(before)) != 0 || before == '_';
  }

  void Take(char code, char comment) {
    const char original = source_[at_++];
    result_.code += original == '\n' ? '\n' : code;
    result_.comments += original == '\n' ? '\n' : comment;
  }

  void TakeComment(size_t end) {
    while (at_ < end)
      Take(' ', source_[at_]);
  }

  void TakeLiteral(char quote) {
    Take(quote, ' ');
    while (at_ < source_.size() && source_[at_] != quote && source_[at_] != '\n') {
      if (source_[at_] == '\\' && at_ + 1 < source_.size()) Take(' ', ' ');
      Take(' ', ' ');
    }
    if (at_ < source_.size()) Take(source_[at_], ' ');
  }

  void TakeRawString() {
    const size_t open = source_.find('(', at_);
    const std::string_view mark = source_.substr(at_ + 2, open - at_ - 2);
    const std::string close = ")" + std::string(mark) + "\"";
    const size_t end = source_.find(close, at_);
    const size_t stop = end == std::string_view::npos ? source_.size() : end + close.size();
    while (at_ < stop)
      Take(' ', ' ');
  }

  const std::string_view source_;
  size_t at_ = 0;
  SplitSource result_;
};

}  // namespace

SplitSource SplitComments(std::string_view source) {
  return Splitter(source).Run();
}

}  // namespace runnel::testing
