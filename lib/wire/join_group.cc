#include "wire/join_group.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<JoinGroupRequest>;
template struct Message<JoinGroupResponse>;

}  // namespace runnel::wire
