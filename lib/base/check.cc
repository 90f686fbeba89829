#include "base/check.h"

#include <cstdio>

namespace runnel::base {

void CheckFailed(std::string_view file, int line, std::string_view condition) {
  std::fprintf(stderr, "%.*s:%d: must hold: %.*s\n", static_cast<int>(file.size()), file.data(),
               line, static_cast<int>(condition.size()), condition.data());
  __builtin_trap();
}

}  // namespace runnel::base
