#include "wire/describe_cluster.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<DescribeClusterRequest>;
template struct Message<DescribeClusterResponse>;

}  // namespace runnel::wire
