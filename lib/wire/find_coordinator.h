// FindCoordinator (key 10): which broker looks after a group or a transactional id.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "runnel/error.h"

namespace runnel::wire {

// v1 key types; v3 flexible; v4 many keys at once; v6 share groups.
struct FindCoordinatorRequest {
  static constexpr codec::Api kApi{.key = 10, .versions = {0, 6}, .flexible_since = 3};
  std::string_view key = {};  // until v3
  int8_t key_type = 0;        // 0 group, 1 transaction, 2 share group
  std::vector<std::string_view> coordinator_keys = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Key", m.key, codec::Until(3));
    c.Field("KeyType", m.key_type, codec::Since(1));
    c.Field("CoordinatorKeys", m.coordinator_keys, codec::Since(4));
  }
};

struct FindCoordinatorResponseCoordinator {
  std::string_view key = {};
  int32_t node_id = 0;
  std::string_view host = {};
  int32_t port = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("Key", m.key);
    c.Field("NodeId", m.node_id);
    c.Field("Host", m.host);
    c.Field("Port", m.port);
    c.Field("ErrorCode", m.error_code);
    c.Field("ErrorMessage", m.error_message);
  }
};

struct FindCoordinatorResponse {
  static constexpr codec::Api kApi = FindCoordinatorRequest::kApi;
  int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = {};
  int32_t node_id = 0;
  std::string_view host = {};
  int32_t port = 0;
  std::vector<FindCoordinatorResponseCoordinator> coordinators = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("ThrottleTimeMs", m.throttle_time_ms, codec::Since(1));
    c.Field("ErrorCode", m.error_code, codec::Until(3));
    c.Field("ErrorMessage", m.error_message, codec::Between(1, 3));
    c.Field("NodeId", m.node_id, codec::Until(3));
    c.Field("Host", m.host, codec::Until(3));
    c.Field("Port", m.port, codec::Until(3));
    c.Field("Coordinators", m.coordinators, codec::Since(4));
  }
};

}  // namespace runnel::wire
