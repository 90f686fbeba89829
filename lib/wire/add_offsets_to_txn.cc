#include "wire/add_offsets_to_txn.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<AddOffsetsToTxnRequest>;
template struct Message<AddOffsetsToTxnResponse>;

}  // namespace runnel::wire
