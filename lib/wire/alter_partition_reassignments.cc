#include "wire/alter_partition_reassignments.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<AlterPartitionReassignmentsRequest>;
template struct Message<AlterPartitionReassignmentsResponse>;

}  // namespace runnel::wire
