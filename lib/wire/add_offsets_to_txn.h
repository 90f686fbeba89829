// AddOffsetsToTxn (key 25): the offsets partition of a group joins a transaction.
#pragma once

#include <cstdint>
#include <string_view>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v3 flexible.
struct AddOffsetsToTxnRequest {
  static constexpr codec::Api kApi{.key = 25, .versions = {0, 4}, .flexible_since = 3};
  std::string_view transactional_id = {};
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  std::string_view group_id = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TransactionalId", m.transactional_id);
    c.Field("ProducerId", m.producer_id);
    c.Field("ProducerEpoch", m.producer_epoch);
    c.Field("GroupId", m.group_id);
  }
};

struct AddOffsetsToTxnResponse {
  static constexpr codec::Api kApi = AddOffsetsToTxnRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code);
  }
};

}  // namespace runnel::wire
