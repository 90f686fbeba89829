#include "wire/elect_leaders.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<ElectLeadersRequest>;
template struct Message<ElectLeadersResponse>;

}  // namespace runnel::wire
