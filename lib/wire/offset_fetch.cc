#include "wire/offset_fetch.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<OffsetFetchRequest>;
template struct Message<OffsetFetchResponse>;

}  // namespace runnel::wire
