// WriteTxnMarkers (key 27): the coordinator ends a transaction in the partitions' logs. Flexible in
// all versions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct WriteTxnMarkersRequestTopic {
  std::string_view name = {};
  std::vector<int32_t> partition_indexes = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("PartitionIndexes", m.partition_indexes);
  }
};

struct WriteTxnMarkersRequestMarker {
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  bool transaction_result = false;  // true: committed
  std::vector<WriteTxnMarkersRequestTopic> topics = {};
  int32_t coordinator_epoch = 0;
  int8_t transaction_version = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ProducerId", m.producer_id);
    c.Field("ProducerEpoch", m.producer_epoch);
    c.Field("TransactionResult", m.transaction_result);
    c.Field("Topics", m.topics);
    c.Field("CoordinatorEpoch", m.coordinator_epoch);
    c.Field("TransactionVersion", m.transaction_version, codec::Since(2));
  }
};

// v2 transaction version.
struct WriteTxnMarkersRequest {
  static constexpr codec::Api kApi{.key = 27, .versions = {1, 2}, .flexible_since = 1};
  std::vector<WriteTxnMarkersRequestMarker> markers = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Markers", m.markers);
  }
};

struct WriteTxnMarkersResponsePartition {
  int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("PartitionIndex", m.partition_index);
    c.Field("ErrorCode", m.error_code);
  }
};

struct WriteTxnMarkersResponseTopic {
  std::string_view name = {};
  std::vector<WriteTxnMarkersResponsePartition> partitions = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("Partitions", m.partitions);
  }
};

struct WriteTxnMarkersResponseMarker {
  int64_t producer_id = 0;
  std::vector<WriteTxnMarkersResponseTopic> topics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ProducerId", m.producer_id);
    c.Field("Topics", m.topics);
  }
};

struct WriteTxnMarkersResponse {
  static constexpr codec::Api kApi = WriteTxnMarkersRequest::kApi;
  std::vector<WriteTxnMarkersResponseMarker> markers = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Markers", m.markers);
  }
};

}  // namespace runnel::wire
