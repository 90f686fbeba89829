// The messages of transactions, for the checks in message_checks_test.cc.
#include "wire/add_offsets_to_txn.h"
#include "wire/add_partitions_to_txn.h"
#include "wire/describe_transactions.h"
#include "wire/end_txn.h"
#include "wire/init_producer_id.h"
#include "wire/list_transactions.h"
#include "wire/txn_offset_commit.h"
#include "wire/wire_support.h"
#include "wire/write_txn_markers.h"

namespace runnel::wire {

std::vector<MessageUnderTest> TxnMessages() {
  std::vector<MessageUnderTest> all;
  AddPair<InitProducerIdRequest, InitProducerIdResponse>("InitProducerId", all);
  AddPair<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>("AddPartitionsToTxn", all);
  AddPair<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>("AddOffsetsToTxn", all);
  AddPair<EndTxnRequest, EndTxnResponse>("EndTxn", all);
  AddPair<TxnOffsetCommitRequest, TxnOffsetCommitResponse>("TxnOffsetCommit", all);
  AddPair<WriteTxnMarkersRequest, WriteTxnMarkersResponse>("WriteTxnMarkers", all);
  AddPair<DescribeTransactionsRequest, DescribeTransactionsResponse>("DescribeTransactions", all);
  AddPair<ListTransactionsRequest, ListTransactionsResponse>("ListTransactions", all);
  return all;
}

}  // namespace runnel::wire
