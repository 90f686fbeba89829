// Helpers for code that passes statuses on.
#pragma once

#include <string_view>
#include <utility>

#include "runnel/error.h"

namespace runnel::base {
// Says that `status` does not matter here, and why.
inline void IgnoreError(const Status& status, std::string_view why) {
  (void)status;
  (void)why;
}
}  // namespace runnel::base

#define RUNNEL_STATUS_CONCAT_INNER(a, b) a##b
#define RUNNEL_STATUS_CONCAT(a, b) RUNNEL_STATUS_CONCAT_INNER(a, b)

// Returns from the function when `expression` is a status that is not OK.
#define RUNNEL_RETURN_IF_ERROR(expression)                                                        \
  do {                                                                                            \
    if (::runnel::Status runnel_status = (expression); !runnel_status.ok()) return runnel_status; \
  } while (false)

// RUNNEL_ASSIGN_OR_RETURN(const auto x, F()): the value of F(), or return its error.
#define RUNNEL_ASSIGN_OR_RETURN(declaration, expression)                                     \
  RUNNEL_ASSIGN_OR_RETURN_INNER(RUNNEL_STATUS_CONCAT(runnel_result_, __LINE__), declaration, \
                                expression)
#define RUNNEL_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                          \
  if (!result.ok()) return std::move(result).status();                 \
  declaration = *std::move(result)
