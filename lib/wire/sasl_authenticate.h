// SaslAuthenticate (key 36): one step of a SASL exchange.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v2 flexible.
struct SaslAuthenticateRequest {
  static constexpr codec::Api kApi{.key = 36, .versions = {0, 2}, .flexible_since = 2};
  std::string_view auth_bytes = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Bytes("AuthBytes", m.auth_bytes);
  }
};

// v1 life time of the session (KIP-368).
struct SaslAuthenticateResponse {
  static constexpr codec::Api kApi = SaslAuthenticateRequest::kApi;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  std::string_view auth_bytes = {};
  int64_t session_lifetime_ms = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
    c.Bytes("AuthBytes", m.auth_bytes);
    c.Field("SessionLifetimeMs", m.session_lifetime_ms, codec::Since(1));
  }
};

}  // namespace runnel::wire
