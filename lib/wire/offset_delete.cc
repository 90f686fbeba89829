#include "wire/offset_delete.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<OffsetDeleteRequest>;
template struct Message<OffsetDeleteResponse>;

}  // namespace runnel::wire
