// UpdateFeatures (key 57): raises or lowers the level of features of the cluster (KIP-584).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

struct UpdateFeaturesRequestFeature {
  std::string_view feature = {};
  int16_t max_version_level = 0;
  bool allow_downgrade = false;
  int8_t upgrade_type = 1;  // 1 upgrade, 2 safe, 3 unsafe downgrade

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Feature", m.feature);
    c.Field("MaxVersionLevel", m.max_version_level);
    c.Field("AllowDowngrade", m.allow_downgrade, codec::Only(0));
    c.Field("UpgradeType", m.upgrade_type, codec::Since(1));
  }
};

// v1 upgrade type in place of a flag.
struct UpdateFeaturesRequest {
  static constexpr codec::Api kApi{.key = 57, .versions = {0, 2}, .flexible_since = 0};
  int32_t timeout_ms = 60000;
  std::vector<UpdateFeaturesRequestFeature> feature_updates = {};
  bool validate_only = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("timeoutMs", m.timeout_ms);
    c.Field("FeatureUpdates", m.feature_updates);
    c.Field("ValidateOnly", m.validate_only, codec::Since(1));
  }
};

struct UpdateFeaturesResponseFeature {
  std::string_view feature = {};
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Feature", m.feature);
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
  }
};

// v2 errors of single features are that of the request.
struct UpdateFeaturesResponse {
  static constexpr codec::Api kApi = UpdateFeaturesRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  std::vector<UpdateFeaturesResponseFeature> results = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms);
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
    c.Field("Results", m.results, codec::Until(1));
  }
};

}  // namespace runnel::wire
