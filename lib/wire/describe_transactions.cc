#include "wire/describe_transactions.h"

#include "wire/message_impl.h"

namespace runnel::wire {

template struct Message<DescribeTransactionsRequest>;
template struct Message<DescribeTransactionsResponse>;

}  // namespace runnel::wire
