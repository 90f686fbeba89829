#include "wire/create_topics.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<CreateTopicsRequest>;
template struct Message<CreateTopicsResponse>;

}  // namespace runnel::wire
