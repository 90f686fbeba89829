#include "wire/describe_log_dirs.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<DescribeLogDirsRequest>;
template struct Message<DescribeLogDirsResponse>;

}  // namespace runnel::wire
