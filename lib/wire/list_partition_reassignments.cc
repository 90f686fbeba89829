#include "wire/list_partition_reassignments.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<ListPartitionReassignmentsRequest>;
template struct Message<ListPartitionReassignmentsResponse>;

}  // namespace runnel::wire
