#include "wire/update_features.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<UpdateFeaturesRequest>;
template struct Message<UpdateFeaturesResponse>;

}  // namespace runnel::wire
