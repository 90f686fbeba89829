#include "wire/fetch.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<FetchRequest>;
template struct Message<FetchResponse>;

}  // namespace runnel::wire
