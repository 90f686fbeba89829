// ApiVersions (key 18): what this broker can do; usually a client's first request.
//
// The response has no tagged fields in its header in any version, so that a client can read it
// before it knows the broker. A version that is too new is answered in version 0 with
// kUnsupportedVersion and the range of this key.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v3 flexible, name and version of the client's software.
struct ApiVersionsRequest {
  static constexpr codec::Api kApi{.key = 18, .versions = {0, 4}, .flexible_since = 3};
  std::string_view client_software_name = {};
  std::string_view client_software_version = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ClientSoftwareName", m.client_software_name, codec::Since(3));
    c.Field("ClientSoftwareVersion", m.client_software_version, codec::Since(3));
  }
};

struct ApiVersionsResponseApiKey {
  int16_t api_key = 0;
  int16_t min_version = 0;
  int16_t max_version = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ApiKey", m.api_key);
    c.Field("MinVersion", m.min_version);
    c.Field("MaxVersion", m.max_version);
  }
};

struct ApiVersionsResponseSupportedFeature {
  std::string_view name = {};
  int16_t min_version = 0;
  int16_t max_version = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("MinVersion", m.min_version);
    c.Field("MaxVersion", m.max_version);
  }
  friend bool operator==(const ApiVersionsResponseSupportedFeature&,
                         const ApiVersionsResponseSupportedFeature&) = default;
};

struct ApiVersionsResponseFinalizedFeature {
  std::string_view name = {};
  int16_t max_version_level = 0;
  int16_t min_version_level = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Name", m.name);
    c.Field("MaxVersionLevel", m.max_version_level);
    c.Field("MinVersionLevel", m.min_version_level);
  }
  friend bool operator==(const ApiVersionsResponseFinalizedFeature&,
                         const ApiVersionsResponseFinalizedFeature&) = default;
};

// v3 features (KIP-584).
struct ApiVersionsResponse {
  static constexpr codec::Api kApi = ApiVersionsRequest::kApi;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ApiVersionsResponseApiKey> api_keys = {};
  int32_t throttle_time_ms = 0;
  std::vector<ApiVersionsResponseSupportedFeature> supported_features = {};
  int64_t finalized_features_epoch = -1;  // -1: unknown
  std::vector<ApiVersionsResponseFinalizedFeature> finalized_features = {};
  bool zk_migration_ready = false;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("ApiKeys", m.api_keys);
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(1));
    c.Tagged(0, "SupportedFeatures", m.supported_features, codec::Since(3));
    c.Tagged(1, "FinalizedFeaturesEpoch", m.finalized_features_epoch,
             codec::Since(3).DefaultsTo(-1));
    c.Tagged(2, "FinalizedFeatures", m.finalized_features, codec::Since(3));
    c.Tagged(3, "ZkMigrationReady", m.zk_migration_ready, codec::Since(3));
  }
};

}  // namespace runnel::wire
