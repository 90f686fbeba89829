// DescribeTransactions (key 65): state of transactions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct DescribeTransactionsRequest {
  static constexpr codec::Api kApi{.key = 65, .versions = {0, 0}, .flexible_since = 0};
  std::vector<std::string_view> transactional_ids = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TransactionalIds", m.transactional_ids);
  }
};

struct DescribeTransactionsResponseTopic {
  std::string_view topic = {};
  std::vector<int32_t> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Topic", m.topic);
    c.Field("Partitions", m.partitions);
  }
};

struct DescribeTransactionsResponseTransaction {
  ErrorCode error_code = ErrorCode::kNone;
  std::string_view transactional_id = {};
  std::string_view transaction_state = {};
  int32_t transaction_timeout_ms = 0;
  int64_t transaction_start_time_ms = 0;
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  std::vector<DescribeTransactionsResponseTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("TransactionalId", m.transactional_id);
    c.Field("TransactionState", m.transaction_state);
    c.Field("TransactionTimeoutMs", m.transaction_timeout_ms);
    c.Field("TransactionStartTimeMs", m.transaction_start_time_ms);
    c.Field("ProducerId", m.producer_id);
    c.Field("ProducerEpoch", m.producer_epoch);
    c.Field("Topics", m.topics);
  }
};

struct DescribeTransactionsResponse {
  static constexpr codec::Api kApi = DescribeTransactionsRequest::kApi;
  int32_t throttle_time_ms = 0;
  std::vector<DescribeTransactionsResponseTransaction> transaction_states = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("TransactionStates", m.transaction_states);
  }
};

}  // namespace runnel::wire
