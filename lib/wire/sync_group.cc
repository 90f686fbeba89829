#include "wire/sync_group.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<SyncGroupRequest>;
template struct Message<SyncGroupResponse>;

}  // namespace runnel::wire
