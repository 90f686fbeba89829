#include "wire/delete_records.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<DeleteRecordsRequest>;
template struct Message<DeleteRecordsResponse>;

}  // namespace runnel::wire
