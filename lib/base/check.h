// RUNNEL_CHECK states what must hold because of our own code; never for input from outside.
#pragma once

#include <string_view>

namespace runnel::base {
// Writes the place and the condition to stderr and traps.
[[noreturn]] void CheckFailed(std::string_view file, int line, std::string_view condition);
}  // namespace runnel::base

#define RUNNEL_CHECK(condition)                                    \
  do {                                                             \
    if (!(condition)) [[unlikely]]                                 \
      ::runnel::base::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)
