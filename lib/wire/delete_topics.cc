#include "wire/delete_topics.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<DeleteTopicsRequest>;
template struct Message<DeleteTopicsResponse>;

}  // namespace runnel::wire
