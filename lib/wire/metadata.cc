#include "wire/metadata.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<MetadataRequest>;
template struct Message<MetadataResponse>;

}  // namespace runnel::wire
