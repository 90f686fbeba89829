// InitProducerId (key 22): gives a producer its id and epoch. Version 6 is unstable in Kafka 4.3
// and is not advertised.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v2 flexible; v3 the epoch can be raised by its holder (KIP-360); v6 two-phase commit (KIP-939).
struct InitProducerIdRequest {
  static constexpr codec::Api kApi{.key = 22, .versions = {0, 6}, .flexible_since = 2};
  std::optional<std::string_view> transactional_id = {};  // null: idempotent only
  int32_t transaction_timeout_ms = 0;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  bool enable_2pc = false;
  bool keep_prepared_txn = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TransactionalId", m.transactional_id);
    c.Field("TransactionTimeoutMs", m.transaction_timeout_ms);
    c.Field("ProducerId", m.producer_id, codec::Since(3));
    c.Field("ProducerEpoch", m.producer_epoch, codec::Since(3));
    c.Field("Enable2Pc", m.enable_2pc, codec::Since(6));
    c.Field("KeepPreparedTxn", m.keep_prepared_txn, codec::Since(6));
  }
};

struct InitProducerIdResponse {
  static constexpr codec::Api kApi = InitProducerIdRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  int64_t producer_id = -1;
  int16_t producer_epoch = 0;
  int64_t ongoing_txn_producer_id = -1;
  int16_t ongoing_txn_producer_epoch = -1;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code);
    c.Field("ProducerId", m.producer_id);
    c.Field("ProducerEpoch", m.producer_epoch);
    c.Field("OngoingTxnProducerId", m.ongoing_txn_producer_id, codec::Since(6));
    c.Field("OngoingTxnProducerEpoch", m.ongoing_txn_producer_epoch, codec::Since(6));
  }
};

}  // namespace runnel::wire
