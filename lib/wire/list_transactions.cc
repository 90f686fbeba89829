#include "wire/list_transactions.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<ListTransactionsRequest>;
template struct Message<ListTransactionsResponse>;

}  // namespace runnel::wire
