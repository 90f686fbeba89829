#include "wire/add_partitions_to_txn.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<AddPartitionsToTxnRequest>;
template struct Message<AddPartitionsToTxnResponse>;

}  // namespace runnel::wire
