#include "wire/api_versions.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<ApiVersionsRequest>;
template struct Message<ApiVersionsResponse>;

}  // namespace runnel::wire
