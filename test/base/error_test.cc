#include "runnel/error.h"

#include <catch2/catch.hpp>

namespace runnel {

TEST_CASE("A status carries its Kafka code", "[base][error]") {
  const Status status = Error(ErrorCode::kOffsetOutOfRange, "offset 42 is outside [0, 40]");
  CHECK(CodeOf(status) == ErrorCode::kOffsetOutOfRange);
  CHECK(ToString(status) == "OFFSET_OUT_OF_RANGE: offset 42 is outside [0, 40]");
  CHECK(CodeOf(OkStatus()) == ErrorCode::kNone);
  CHECK(CodeOf(absl::InternalError("x")) == ErrorCode::kUnknownServerError);
}

TEST_CASE("Codes have Kafka's names and numbers", "[base][error]") {
  CHECK(NameOf(ErrorCode::kUnknownServerError) == "UNKNOWN_SERVER_ERROR");
  CHECK(NameOf(static_cast<ErrorCode>(27)) == "REBALANCE_IN_PROGRESS");
  CHECK(NameOf(ErrorCode::kShareSessionLimitReached) == "SHARE_SESSION_LIMIT_REACHED");
  CHECK(NameOf(static_cast<ErrorCode>(9999)) == "UNKNOWN_SERVER_ERROR");
  CHECK(IsRetriable(ErrorCode::kCorruptMessage));
  CHECK_FALSE(IsRetriable(ErrorCode::kMessageTooLarge));
}

}  // namespace runnel
