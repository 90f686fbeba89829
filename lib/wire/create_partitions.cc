#include "wire/create_partitions.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<CreatePartitionsRequest>;
template struct Message<CreatePartitionsResponse>;

}  // namespace runnel::wire
