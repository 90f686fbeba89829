#include "wire/list_offsets.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<ListOffsetsRequest>;
template struct Message<ListOffsetsResponse>;

}  // namespace runnel::wire
