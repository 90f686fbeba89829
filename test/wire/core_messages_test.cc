// The messages of producing, fetching and connecting, for the checks in message_checks_test.cc.
#include "wire/api_versions.h"
#include "wire/fetch.h"
#include "wire/find_coordinator.h"
#include "wire/get_telemetry_subscriptions.h"
#include "wire/header.h"
#include "wire/list_offsets.h"
#include "wire/metadata.h"
#include "wire/offset_for_leader_epoch.h"
#include "wire/produce.h"
#include "wire/push_telemetry.h"
#include "wire/sasl_authenticate.h"
#include "wire/sasl_handshake.h"
#include "wire/wire_support.h"

namespace runnel::wire {

std::vector<MessageUnderTest> CoreMessages() {
  std::vector<MessageUnderTest> all;
  all.push_back(Under<RequestHeader>("RequestHeader"));
  all.push_back(Under<ResponseHeader>("ResponseHeader"));
  AddPair<ProduceRequest, ProduceResponse>("Produce", all);
  AddPair<FetchRequest, FetchResponse>("Fetch", all);
  AddPair<ListOffsetsRequest, ListOffsetsResponse>("ListOffsets", all);
  AddPair<MetadataRequest, MetadataResponse>("Metadata", all);
  AddPair<ApiVersionsRequest, ApiVersionsResponse>("ApiVersions", all);
  AddPair<FindCoordinatorRequest, FindCoordinatorResponse>("FindCoordinator", all);
  AddPair<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>("OffsetForLeaderEpoch", all);
  AddPair<SaslHandshakeRequest, SaslHandshakeResponse>("SaslHandshake", all);
  AddPair<SaslAuthenticateRequest, SaslAuthenticateResponse>("SaslAuthenticate", all);
  AddPair<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse>(
      "GetTelemetrySubscriptions", all);
  AddPair<PushTelemetryRequest, PushTelemetryResponse>("PushTelemetry", all);
  return all;
}

}  // namespace runnel::wire
