// EndTxn (key 26): commits or aborts a transaction.
#pragma once

#include <cstdint>
#include <string_view>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v3 flexible.
struct EndTxnRequest {
  static constexpr codec::Api kApi{.key = 26, .versions = {0, 5}, .flexible_since = 3};
  std::string_view transactional_id = {};
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  bool committed = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TransactionalId", m.transactional_id);
    c.Field("ProducerId", m.producer_id);
    c.Field("ProducerEpoch", m.producer_epoch);
    c.Field("Committed", m.committed);
  }
};

// v5 the id and epoch of the next transaction (KIP-890).
struct EndTxnResponse {
  static constexpr codec::Api kApi = EndTxnRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code);
    c.Field("ProducerId", m.producer_id, codec::Since(5));
    c.Field("ProducerEpoch", m.producer_epoch, codec::Since(5));
  }
};

}  // namespace runnel::wire
