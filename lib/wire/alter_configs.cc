#include "wire/alter_configs.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<AlterConfigsRequest>;
template struct Message<AlterConfigsResponse>;

}  // namespace runnel::wire
