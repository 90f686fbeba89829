#include "wire/delete_groups.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<DeleteGroupsRequest>;
template struct Message<DeleteGroupsResponse>;

}  // namespace runnel::wire
