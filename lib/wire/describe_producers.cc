#include "wire/describe_producers.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<DescribeProducersRequest>;
template struct Message<DescribeProducersResponse>;

}  // namespace runnel::wire
