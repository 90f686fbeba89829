#include "wire/sasl_authenticate.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<SaslAuthenticateRequest>;
template struct Message<SaslAuthenticateResponse>;

}  // namespace runnel::wire
