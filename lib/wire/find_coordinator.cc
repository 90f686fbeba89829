#include "wire/find_coordinator.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<FindCoordinatorRequest>;
template struct Message<FindCoordinatorResponse>;

}  // namespace runnel::wire
