// GetTelemetrySubscriptions (key 71): which metrics a client should push (KIP-714).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::wire {

struct GetTelemetrySubscriptionsRequest {
  static constexpr codec::Api kApi{.key = 71, .versions = {0, 0}, .flexible_since = 0};
  Uuid client_instance_id = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ClientInstanceId", m.client_instance_id);
  }
};

struct GetTelemetrySubscriptionsResponse {
  static constexpr codec::Api kApi = GetTelemetrySubscriptionsRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  Uuid client_instance_id = {};
  int32_t subscription_id = 0;
  std::vector<int8_t> accepted_compression_types = {};
  int32_t push_interval_ms = 0;
  int32_t telemetry_max_bytes = 0;
  bool delta_temporality = false;
  std::vector<std::string_view> requested_metrics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code);
    c.Field("ClientInstanceId", m.client_instance_id);
    c.Field("SubscriptionId", m.subscription_id);
    c.Field("AcceptedCompressionTypes", m.accepted_compression_types);
    c.Field("PushIntervalMs", m.push_interval_ms);
    c.Field("TelemetryMaxBytes", m.telemetry_max_bytes);
    c.Field("DeltaTemporality", m.delta_temporality);
    c.Field("RequestedMetrics", m.requested_metrics);
  }
};

}  // namespace runnel::wire
