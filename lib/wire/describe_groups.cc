#include "wire/describe_groups.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<DescribeGroupsRequest>;
template struct Message<DescribeGroupsResponse>;

}  // namespace runnel::wire
