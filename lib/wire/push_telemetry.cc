#include "wire/push_telemetry.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<PushTelemetryRequest>;
template struct Message<PushTelemetryResponse>;

}  // namespace runnel::wire
