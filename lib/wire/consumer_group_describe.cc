#include "wire/consumer_group_describe.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<ConsumerGroupDescribeRequest>;
template struct Message<ConsumerGroupDescribeResponse>;

}  // namespace runnel::wire
