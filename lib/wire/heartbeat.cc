#include "wire/heartbeat.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<HeartbeatRequest>;
template struct Message<HeartbeatResponse>;

}  // namespace runnel::wire
