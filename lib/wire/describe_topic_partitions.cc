#include "wire/describe_topic_partitions.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<DescribeTopicPartitionsRequest>;
template struct Message<DescribeTopicPartitionsResponse>;

}  // namespace runnel::wire
