// Checks of statuses, with their text in the output of a failing test.
#pragma once

#include <catch2/catch.hpp>

#include "runnel/error.h"

namespace runnel::testing {

inline const Status& StatusOf(const Status& status) {
  return status;
}
template <class T>
const Status& StatusOf(const StatusOr<T>& result) {
  return result.status();
}

}  // namespace runnel::testing

// Fails the test, now or at its end, when a Status or StatusOr is not OK.
#define REQUIRE_OK(expression) \
  REQUIRE(::runnel::ToString(::runnel::testing::StatusOf(expression)) == "OK")
#define CHECK_OK(expression) \
  CHECK(::runnel::ToString(::runnel::testing::StatusOf(expression)) == "OK")
