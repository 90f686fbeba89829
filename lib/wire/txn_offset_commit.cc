#include "wire/txn_offset_commit.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<TxnOffsetCommitRequest>;
template struct Message<TxnOffsetCommitResponse>;

}  // namespace runnel::wire
