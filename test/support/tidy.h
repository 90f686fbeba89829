// The rules of the source tree that a program can check.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::testing {

// One place where a rule is broken.
struct Finding {
  std::string path;
  int line = 0;  // from 1
  std::string text;

  friend bool operator==(const Finding&, const Finding&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Finding& finding) {
    return out << finding.path << ':' << finding.line << ": " << finding.text;
  }
};

// A C++ source in two copies of the same shape: in one all comments and the content of all
// literals are blanks, in the other everything but comments is.
struct SplitSource {
  std::string code;
  std::string comments;
};
SplitSource SplitComments(std::string_view source);

// Checks one file. `path` is relative to the repository and decides which rules hold:
// - lib/, include/: what may be included (the layering table), at most 600 lines, functions of at
//   most 70 lines, at most 100 columns, no threads, clocks, files, random numbers, exceptions or
//   ends of the process outside lib/base;
// - test/: no sleeps;
// - everywhere: `#pragma once` in headers, no unowned to-do, no tabs.
std::vector<Finding> CheckTidy(std::string_view path, std::string_view source);

}  // namespace runnel::testing
