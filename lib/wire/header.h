// What stands in front of every request and response, and where its body begins.
//
//   request   apiKey: int16, apiVersion: int16, correlationId: int32, clientId: nullable string
//             with an int16 length in every version; version 2 adds tagged fields
//   response  correlationId: int32; version 1 adds tagged fields
// Flexible versions of a message use the newer header, others the older one. Responses to
// ApiVersions always use the older.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/format.h"
#include "runnel/error.h"
#include "wire/api_table.h"

namespace runnel::wire {

struct RequestHeader {
  static constexpr codec::Api kApi{.key = -1, .versions = {1, 2}, .flexible_since = 2};
  int16_t api_key = 0;
  int16_t api_version = 0;
  int32_t correlation_id = 0;
  std::optional<std::string_view> client_id = {};

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("RequestApiKey", m.api_key);
    c.Field("RequestApiVersion", m.api_version);
    c.Field("CorrelationId", m.correlation_id);
    c.Field("ClientId", m.client_id, codec::FieldSpec().NeverFlexible());
  }
};

struct ResponseHeader {
  static constexpr codec::Api kApi{.key = -1, .versions = {0, 1}, .flexible_since = 1};
  int32_t correlation_id = 0;

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("CorrelationId", m.correlation_id);
  }
};

// A request whose body has not been read yet.
// Lifetime: borrows the frame.
struct ReceivedRequest {
  RequestHeader header = {};
  const ApiInfo* api = nullptr;  // never null
  std::string_view body = {};

  // False only for ApiVersions of a version we do not know: answer it in version 0 with
  // kUnsupportedVersion and do not read the body.
  bool IsVersionKnown() const { return api->versions.Contains(header.api_version); }
};

// Splits a frame, without its length, into header and body.
// Errors: kInvalidRequest for an unknown API key or a broken header, kUnsupportedVersion for a
// version that is not spoken. Kafka answers neither: close the connection.
StatusOr<ReceivedRequest> ReadRequest(std::string_view frame);

// A response whose body has not been read yet.
// Lifetime: borrows the frame.
struct ReceivedResponse {
  int32_t correlation_id = 0;
  std::string_view body = {};
};

// Splits the answer to a request of `key` and `version`.
// Errors: kInvalidRequest for a broken header; kUnsupportedVersion.
StatusOr<ReceivedResponse> ReadResponse(std::string_view frame, ApiKey key, int16_t version);

}  // namespace runnel::wire
