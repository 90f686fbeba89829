#include "wire/get_telemetry_subscriptions.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<GetTelemetrySubscriptionsRequest>;
template struct Message<GetTelemetrySubscriptionsResponse>;

}  // namespace runnel::wire
