#include "wire/list_config_resources.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<ListConfigResourcesRequest>;
template struct Message<ListConfigResourcesResponse>;

}  // namespace runnel::wire
