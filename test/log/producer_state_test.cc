#include "log/producer_state.h"

#include "log/log_harness.h"
#include "support/hex.h"

namespace runnel::log {
namespace {

ErrorCode Send(LogHarness& harness, int64_t producer, int16_t epoch, int32_t sequence,
               int count = 1, bool transactional = false) {
  BatchSpec spec{.producer_id = producer,
                 .epoch = epoch,
                 .sequence = sequence,
                 .transactional = transactional};
  for (int i = 0; i < count; ++i) {
    spec.values.push_back(std::to_string(producer) + ":" + std::to_string(int64_t{sequence} + i));
  }
  return CodeOf(harness.AppendBatch(spec));
}

ErrorCode End(LogHarness& harness, int64_t producer, int16_t epoch, bool commit,
              int32_t coordinator_epoch = 0) {
  return CodeOf(harness.log->AppendControl({.producer_id = ProducerId(producer),
                                            .producer_epoch = epoch,
                                            .commit = commit,
                                            .coordinator_epoch = coordinator_epoch},
                                           {.leader_epoch = LeaderEpoch(0), .now = At(0)}));
}

}  // namespace

TEST_CASE("A producer's repeats, gaps and old epochs are told apart", "[log][producer]") {
  LogHarness harness;
  harness.options.config.segment_bytes = 100'000;
  harness.Open();
  CHECK(Send(harness, 7, 0, 0, 3) == ErrorCode::kNone);
  CHECK(Send(harness, 7, 0, 3, 2) == ErrorCode::kNone);
  CHECK(harness.log->end_offset() == Offset(5));
  const auto again = harness.AppendBatch(
      {.values = {"7:0", "7:1", "7:2"}, .producer_id = 7, .epoch = 0, .sequence = 0});
  CHECK(again->duplicate);
  CHECK(again->base_offset == Offset(0));
  CHECK(again->last_offset == Offset(2));
  CHECK(harness.log->end_offset() == Offset(5));
  CHECK(Send(harness, 7, 0, 6) == ErrorCode::kOutOfOrderSequenceNumber);
  CHECK(Send(harness, 7, 0, 0, 2) == ErrorCode::kOutOfOrderSequenceNumber);
  CHECK(Send(harness, 7, 1, 5) == ErrorCode::kOutOfOrderSequenceNumber);
  CHECK(Send(harness, 7, 1, 0) == ErrorCode::kNone);
  CHECK(Send(harness, 7, 0, 5) == ErrorCode::kInvalidProducerEpoch);
  CHECK(Send(harness, 8, 4, 100) == ErrorCode::kNone);  // nothing is known of it: any sequence
  for (int i = 0; i < 6; ++i)
    CHECK(Send(harness, 9, 0, i) == ErrorCode::kNone);
  CHECK(Send(harness, 9, 0, 1) == ErrorCode::kNone);  // the fifth last
  CHECK(Send(harness, 9, 0, 0) == ErrorCode::kOutOfOrderSequenceNumber);
}

TEST_CASE("Producers are known after closing, killing and crashing", "[log][producer]") {
  LogHarness harness;
  harness.Open();
  for (int i = 0; i < 30; ++i)
    REQUIRE(Send(harness, 7 + i % 2, 0, i / 2) == ErrorCode::kNone);
  REQUIRE(harness.log->Flush().ok());
  const int how = GENERATE(0, 1, 2);
  if (how == 0) harness.Reopen();
  if (how == 1) harness.ReopenKilled();
  if (how == 2) harness.ReopenCrashed();
  CHECK(Send(harness, 7, 0, 14) == ErrorCode::kNone);  // a repeat
  CHECK(harness.log->end_offset() == Offset(30));
  CHECK(Send(harness, 7, 0, 16) == ErrorCode::kOutOfOrderSequenceNumber);
  CHECK(Send(harness, 7, 0, 15) == ErrorCode::kNone);
  CHECK(harness.log->end_offset() == Offset(31));
  harness.log->ExpireProducers(At(1000LL * 3600 * 25));
  CHECK(harness.log->Producers().empty());
}

TEST_CASE("Sequences wrap from the largest to zero", "[log][producer]") {
  LogHarness harness;
  harness.Open();
  CHECK(Send(harness, 7, 0, INT32_MAX - 1, 2) == ErrorCode::kNone);
  CHECK(Send(harness, 7, 0, 0) == ErrorCode::kNone);
  CHECK(Send(harness, 8, 0, INT32_MAX, 2) == ErrorCode::kNone);
  CHECK(Send(harness, 8, 0, 1) == ErrorCode::kNone);
  const auto again = harness.AppendBatch(
      {.values = {"a", "b"}, .producer_id = 8, .epoch = 0, .sequence = INT32_MAX});
  CHECK(again->duplicate);
}

TEST_CASE("Open transactions hold the last stable offset back", "[log][txn]") {
  LogHarness harness;
  harness.in_memory = GENERATE(true, false);
  PartitionLog& log = harness.Open();
  CHECK(Send(harness, 7, 0, 0, 2, true) == ErrorCode::kNone);  // 0, 1
  CHECK(Send(harness, 8, 0, 0, 2, true) == ErrorCode::kNone);  // 2, 3
  CHECK(Send(harness, 9, 0, 0, 1) == ErrorCode::kNone);        // 4
  CHECK(log.last_stable_offset() == Offset(0));
  CHECK(ReadAll(log, Offset(0), ReadBound::kLastStable).empty());
  CHECK(Send(harness, 7, 0, 2) == ErrorCode::kInvalidTxnState);
  CHECK(End(harness, 7, 0, false) == ErrorCode::kNone);  // 5
  CHECK(log.last_stable_offset() == Offset(2));
  CHECK(log.HasOpenTransaction(ProducerId(8), 0));
  CHECK(End(harness, 8, 0, true) == ErrorCode::kNone);  // 6
  CHECK(log.last_stable_offset() == Offset(7));
  CHECK(End(harness, 8, 0, true, -1) == ErrorCode::kTransactionCoordinatorFenced);
  const auto check_aborted = [&] {
    const auto read = harness.log->Read({.offset = Offset(0), .bound = ReadBound::kLastStable});
    REQUIRE(read.ok());
    CHECK(read->next_offset == Offset(7));
    REQUIRE(read->aborted.size() == 1);
    CHECK(read->aborted[0] == AbortedTxn{ProducerId(7), Offset(0), Offset(5), Offset(2)});
    const auto later = harness.log->Read({.offset = Offset(6), .bound = ReadBound::kLastStable});
    CHECK(later->aborted.empty());
  };
  check_aborted();
  if (harness.in_memory) return;
  harness.Reopen();
  check_aborted();
  CHECK(Send(harness, 7, 0, 2, 1, true) == ErrorCode::kNone);
  harness.ReopenKilled();
  check_aborted();
  CHECK(harness.log->last_stable_offset() == Offset(7));
  REQUIRE(harness.log->TruncateTo(Offset(6)).ok());
  CHECK(harness.log->last_stable_offset() == Offset(2));
  REQUIRE(harness.log->TruncateTo(Offset(5)).ok());
  CHECK(harness.log->last_stable_offset() == Offset(0));
  CHECK(harness.log->AbortedTransactions(Offset(0), Offset(100))->empty());
}

TEST_CASE("A marker below the high watermark frees what waits for it", "[log][txn]") {
  LogHarness harness(SmallConfig(), Visibility::kOnAdvance);
  PartitionLog& log = harness.Open();
  CHECK(Send(harness, 7, 0, 0, 2, true) == ErrorCode::kNone);
  CHECK(End(harness, 7, 0, true) == ErrorCode::kNone);
  REQUIRE(log.AdvanceHighWatermark(Offset(2)).ok());
  CHECK(log.last_stable_offset() == Offset(0));
  REQUIRE(log.AdvanceHighWatermark(Offset(3)).ok());
  CHECK(log.last_stable_offset() == Offset(3));
}

TEST_CASE("A transaction begins only after it was verified", "[log][txn]") {
  LogHarness harness;
  harness.Open();
  const std::string batch = MakeBatch(
      {.values = {"a"}, .producer_id = 7, .epoch = 0, .sequence = 0, .transactional = true});
  AppendOptions options{.verification = TxnVerification::kUnverified, .now = At(0)};
  CHECK(CodeOf(harness.log->Append(batch, options)) == ErrorCode::kTransactionAbortable);
  options.verification = TxnVerification::kVerified;
  CHECK(harness.log->Append(batch, options).ok());
}

TEST_CASE("Producer snapshots are Kafka's bytes", "[log][producer]") {
  // reference/vectors.txt, snapshot.one
  const std::string bytes = testing::FromHex(
      "00015c7286b4000000010000000000000fa000020000002b0000000000000066000000020000018bcfe568050000"
      "00050000000000000064");
  ProducerState state;
  REQUIRE(state.DecodeSnapshot(bytes).ok());
  REQUIRE(state.entries().size() == 1);
  const ProducerEntry entry = state.entries()[0];
  CHECK(entry.producer_id == ProducerId(4000));
  CHECK(entry.epoch == 2);
  CHECK(entry.coordinator_epoch == 5);
  CHECK(entry.txn_first_offset == Offset(100));
  CHECK(entry.last_batch()->last_sequence == 43);
  CHECK(entry.last_batch()->first_sequence() == 41);
  CHECK(state.EncodeSnapshot() == bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK(CodeOf(state.DecodeSnapshot(bytes.substr(0, size))) == ErrorCode::kCorruptMessage);
    CHECK(state.empty());
  }
}

}  // namespace runnel::log
