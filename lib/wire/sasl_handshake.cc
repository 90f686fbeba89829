#include "wire/sasl_handshake.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<SaslHandshakeRequest>;
template struct Message<SaslHandshakeResponse>;

}  // namespace runnel::wire
