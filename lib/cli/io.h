// Where a command reads and writes, and how it ends.
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/error.h"

namespace runnel::cli {

// Results go to `out`, progress and errors to `err`.
struct Io {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

enum class Format { kText, kJson };

inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;  // what was asked for failed
inline constexpr int kUsage = 2;    // the command line is wrong

// Prints "error: ..." and returns kFailure.
int Fail(Io& io, std::string_view text);
// "error: creating topic 'x': TOPIC_ALREADY_EXISTS: ...".
int Fail(Io& io, std::string_view doing, const Status& status);

// Prints rows as columns, as wide as needed, two spaces apart. The first row is the heading.
void PrintTable(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

// True once SIGINT or SIGTERM has arrived; the first call installs the handlers.
bool Interrupted();

}  // namespace runnel::cli
