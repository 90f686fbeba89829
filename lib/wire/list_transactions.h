// ListTransactions (key 66): the transactions of one coordinator.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v1 minimum duration; v2 pattern of ids.
struct ListTransactionsRequest {
  static constexpr codec::Api kApi{.key = 66, .versions = {0, 2}, .flexible_since = 0};
  std::vector<std::string_view> state_filters = {};
  std::vector<int64_t> producer_id_filters = {};
  int64_t duration_filter = -1;  // milliseconds; -1: all
  std::optional<std::string_view> transactional_id_pattern = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("StateFilters", m.state_filters);
    c.Field("ProducerIdFilters", m.producer_id_filters);
    c.Field("DurationFilter", m.duration_filter, codec::Since(1));
    c.Field("TransactionalIdPattern", m.transactional_id_pattern, codec::Since(2));
  }
};

struct ListTransactionsResponseTransaction {
  std::string_view transactional_id = {};
  int64_t producer_id = 0;
  std::string_view transaction_state = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TransactionalId", m.transactional_id);
    c.Field("ProducerId", m.producer_id);
    c.Field("TransactionState", m.transaction_state);
  }
};

struct ListTransactionsResponse {
  static constexpr codec::Api kApi = ListTransactionsRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<std::string_view> unknown_state_filters = {};
  std::vector<ListTransactionsResponseTransaction> transaction_states = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code);
    c.Field("UnknownStateFilters", m.unknown_state_filters);
    c.Field("TransactionStates", m.transaction_states);
  }
};

}  // namespace runnel::wire
