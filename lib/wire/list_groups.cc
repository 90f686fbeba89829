#include "wire/list_groups.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<ListGroupsRequest>;
template struct Message<ListGroupsResponse>;

}  // namespace runnel::wire
