#include "wire/incremental_alter_configs.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<IncrementalAlterConfigsRequest>;
template struct Message<IncrementalAlterConfigsResponse>;

}  // namespace runnel::wire
