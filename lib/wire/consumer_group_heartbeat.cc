#include "wire/consumer_group_heartbeat.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<ConsumerGroupHeartbeatRequest>;
template struct Message<ConsumerGroupHeartbeatResponse>;

}  // namespace runnel::wire
