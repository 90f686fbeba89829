#include "wire/describe_configs.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<DescribeConfigsRequest>;
template struct Message<DescribeConfigsResponse>;

}  // namespace runnel::wire
