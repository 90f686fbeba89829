#include "wire/leave_group.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<LeaveGroupRequest>;
template struct Message<LeaveGroupResponse>;

}  // namespace runnel::wire
