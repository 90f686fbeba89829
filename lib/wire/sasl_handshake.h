// SaslHandshake (key 17): chooses a mechanism. Never flexible.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v0 goes on with bare SASL frames, v1 with SaslAuthenticate requests.
struct SaslHandshakeRequest {
  static constexpr codec::Api kApi{.key = 17, .versions = {0, 1}};
  std::string_view mechanism = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Mechanism", m.mechanism);
  }
};

struct SaslHandshakeResponse {
  static constexpr codec::Api kApi = SaslHandshakeRequest::kApi;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<std::string_view> mechanisms = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("Mechanisms", m.mechanisms);
  }
};

}  // namespace runnel::wire
