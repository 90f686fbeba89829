// Structs that several messages share.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "codec/format.h"

namespace runnel::wire {

// What the caller may do with a topic, group or cluster is a set of bits, or this: not asked for.
inline constexpr int32_t kNoAuthorizedOperations = std::numeric_limits<int32_t>::min();

// Who leads a partition, told with the errors that mean "not me" (KIP-951).
struct CurrentLeader {
  int32_t leader_id = -1;  // -1: unknown
  int32_t leader_epoch = -1;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("LeaderId", m.leader_id);
    c.Field("LeaderEpoch", m.leader_epoch);
  }
  friend bool operator==(const CurrentLeader&, const CurrentLeader&) = default;
};

// Where that leader listens.
struct NodeEndpoint {
  int32_t node_id = 0;
  std::string_view host = {};
  int32_t port = 0;
  std::optional<std::string_view> rack = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("NodeId", m.node_id);
    c.Field("Host", m.host);
    c.Field("Port", m.port);
    c.Field("Rack", m.rack);
  }
  friend bool operator==(const NodeEndpoint&, const NodeEndpoint&) = default;
};

}  // namespace runnel::wire
