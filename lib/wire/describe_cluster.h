// DescribeCluster (key 60): the brokers, the controller and the cluster id.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "wire/common.h"

namespace runnel::wire {

// v1 endpoint type (KIP-919); v2 fenced brokers.
struct DescribeClusterRequest {
  static constexpr codec::Api kApi{.key = 60, .versions = {0, 2}, .flexible_since = 0};
  bool include_cluster_authorized_operations = false;
  int8_t endpoint_type = 1;  // 1 brokers, 2 controllers
  bool include_fenced_brokers = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("IncludeClusterAuthorizedOperations", m.include_cluster_authorized_operations);
    c.Field("EndpointType", m.endpoint_type, codec::Since(1));
    c.Field("IncludeFencedBrokers", m.include_fenced_brokers, codec::Since(2));
  }
};

struct DescribeClusterResponseBroker {
  int32_t broker_id = 0;
  std::string_view host = {};
  int32_t port = 0;
  std::optional<std::string_view> rack = {};
  bool is_fenced = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("BrokerId", m.broker_id);
    c.Field("Host", m.host);
    c.Field("Port", m.port);
    c.Field("Rack", m.rack);
    c.Field("IsFenced", m.is_fenced, codec::Since(2));
  }
};

struct DescribeClusterResponse {
  static constexpr codec::Api kApi = DescribeClusterRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  int8_t endpoint_type = 1;
  std::string_view cluster_id = {};
  int32_t controller_id = -1;
  std::vector<DescribeClusterResponseBroker> brokers = {};
  int32_t cluster_authorized_operations = kNoAuthorizedOperations;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
    c.Field("EndpointType", m.endpoint_type, codec::Since(1));
    c.Field("ClusterId", m.cluster_id);
    c.Field("ControllerId", m.controller_id);
    c.Field("Brokers", m.brokers);
    c.Field("ClusterAuthorizedOperations", m.cluster_authorized_operations);
  }
};

}  // namespace runnel::wire
