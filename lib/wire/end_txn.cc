#include "wire/end_txn.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<EndTxnRequest>;
template struct Message<EndTxnResponse>;

}  // namespace runnel::wire
