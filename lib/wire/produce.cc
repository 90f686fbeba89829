#include "wire/produce.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<ProduceRequest>;
template struct Message<ProduceResponse>;

}  // namespace runnel::wire
