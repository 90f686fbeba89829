#include "wire/offset_for_leader_epoch.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<OffsetForLeaderEpochRequest>;
template struct Message<OffsetForLeaderEpochResponse>;

}  // namespace runnel::wire
