#include "wire/offset_commit.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<OffsetCommitRequest>;
template struct Message<OffsetCommitResponse>;

}  // namespace runnel::wire
