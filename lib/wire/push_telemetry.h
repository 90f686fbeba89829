// PushTelemetry (key 72): metrics of a client (KIP-714).
#pragma once

#include <cstdint>
#include <string_view>

#include "codec/format.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::wire {

struct PushTelemetryRequest {
  static constexpr codec::Api kApi{.key = 72, .versions = {0, 0}, .flexible_since = 0};
  Uuid client_instance_id = {};
  int32_t subscription_id = 0;
  bool terminating = false;
  int8_t compression_type = 0;
  std::string_view metrics = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ClientInstanceId", m.client_instance_id);
    c.Field("SubscriptionId", m.subscription_id);
    c.Field("Terminating", m.terminating);
    c.Field("CompressionType", m.compression_type);
    c.Bytes("Metrics", m.metrics);
  }
};

struct PushTelemetryResponse {
  static constexpr codec::Api kApi = PushTelemetryRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code);
  }
};

}  // namespace runnel::wire
