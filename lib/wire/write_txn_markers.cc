#include "wire/write_txn_markers.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<WriteTxnMarkersRequest>;
template struct Message<WriteTxnMarkersResponse>;

}  // namespace runnel::wire
