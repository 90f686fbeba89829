// AddPartitionsToTxn (key 24): partitions join a transaction.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct AddPartitionsToTxnRequestTopic {
  std::string_view name = {};
  std::vector<int32_t> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct AddPartitionsToTxnRequestTransaction {
  std::string_view transactional_id = {};
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  bool verify_only = false;
  std::vector<AddPartitionsToTxnRequestTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TransactionalId", m.transactional_id);
    c.Field("ProducerId", m.producer_id);
    c.Field("ProducerEpoch", m.producer_epoch);
    c.Field("VerifyOnly", m.verify_only);
    c.Field("Topics", m.topics);
  }
};

// v3 flexible; v4 many transactions, from brokers, also to verify only (KIP-890).
struct AddPartitionsToTxnRequest {
  static constexpr codec::Api kApi{.key = 24, .versions = {0, 5}, .flexible_since = 3};
  std::vector<AddPartitionsToTxnRequestTransaction> transactions = {};
  std::string_view transactional_id = {};  // this and the next three: until v3
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  std::vector<AddPartitionsToTxnRequestTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Transactions", m.transactions, codec::Since(4));
    c.Field("V3AndBelowTransactionalId", m.transactional_id, codec::Until(3));
    c.Field("V3AndBelowProducerId", m.producer_id, codec::Until(3));
    c.Field("V3AndBelowProducerEpoch", m.producer_epoch, codec::Until(3));
    c.Field("V3AndBelowTopics", m.topics, codec::Until(3));
  }
};

struct AddPartitionsToTxnResponsePartition {
  int32_t partition_index = 0;
  ErrorCode partition_error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("PartitionErrorCode", m.partition_error_code);
  }
};

struct AddPartitionsToTxnResponseTopic {
  std::string_view name = {};
  std::vector<AddPartitionsToTxnResponsePartition> results_by_partition = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("ResultsByPartition", m.results_by_partition);
  }
};

struct AddPartitionsToTxnResponseTransaction {
  std::string_view transactional_id = {};
  std::vector<AddPartitionsToTxnResponseTopic> topic_results = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("TransactionalId", m.transactional_id);
    c.Field("TopicResults", m.topic_results);
  }
};

struct AddPartitionsToTxnResponse {
  static constexpr codec::Api kApi = AddPartitionsToTxnRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<AddPartitionsToTxnResponseTransaction> results_by_transaction = {};
  std::vector<AddPartitionsToTxnResponseTopic> results_by_topic = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code, codec::Since(4));
    c.Field("ResultsByTransaction", m.results_by_transaction, codec::Since(4));
    c.Field("ResultsByTopicV3AndBelow", m.results_by_topic, codec::Until(3));
  }
};

}  // namespace runnel::wire
