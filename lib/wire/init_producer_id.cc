#include "wire/init_producer_id.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<InitProducerIdRequest>;
template struct Message<InitProducerIdResponse>;

}  // namespace runnel::wire
