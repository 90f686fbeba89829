#include "log/file_names.h"
#include "log/leader_epoch_cache.h"
#include "log/log_harness.h"
#include "log/partition_metadata.h"
#include "log/transaction_index.h"
#include "support/hex.h"

namespace runnel::log {

TEST_CASE("Indexes are Kafka's bytes and answer with floor entries", "[log][index]") {
  OffsetIndex offsets(Offset(1000));
  offsets.Add({Offset(1010), 0});
  offsets.Add({Offset(1010), 5});  // not above the last: ignored
  offsets.Add({Offset(1025), 4200});
  CHECK(offsets.Encode() == testing::FromHex("0000000a000000000000001900001068"));
  CHECK(offsets.Lookup(Offset(1009)) == OffsetIndexEntry{Offset(1000), 0});
  CHECK(offsets.Lookup(Offset(1024)) == OffsetIndexEntry{Offset(1010), 0});
  CHECK(offsets.Lookup(Offset(9999)) == OffsetIndexEntry{Offset(1025), 4200});
  CHECK(offsets.FirstAtOrAfter(1).offset == Offset(1025));
  CHECK(offsets.FirstAtOrAfter(4201).offset == kNoOffset);
  OffsetIndex again(Offset(1000));
  REQUIRE(again.Decode(offsets.Encode(), 5000).ok());
  CHECK(again.Encode() == offsets.Encode());
  CHECK(CodeOf(again.Decode(offsets.Encode(), 4200)) == ErrorCode::kCorruptMessage);
  CHECK(CodeOf(again.Decode(std::string(16, '\0'), 5000)) == ErrorCode::kCorruptMessage);
  CHECK(CodeOf(again.Decode("x", 5000)) == ErrorCode::kCorruptMessage);

  TimeIndex times(Offset(1000));
  CHECK(times.Add({At(5), Offset(1010)}));
  CHECK_FALSE(times.Add({At(5), Offset(1020)}));
  CHECK(times.Add({At(100), Offset(1025)}));
  CHECK(times.Encode() == testing::FromHex("0000018bcfe568050000000a0000018bcfe5686400000019"));
  CHECK(times.Lookup(At(99)).offset == Offset(1010));
  CHECK(times.Lookup(At(4)).offset == Offset(1000));

  TransactionIndex transactions;
  transactions.Add({ProducerId(4000), Offset(1003), Offset(1012), Offset(1008)});
  CHECK(transactions.Encode() ==
        testing::FromHex("00000000000000000fa000000000000003eb00000000000003f400000000000003f0"));
}

TEST_CASE("The files of closed indexes give the same answers", "[log][index]") {
  testing::SimFileSystem files;
  const auto directory = *files.OpenDirectory("d", DirectoryMode::kCreate);
  const auto file = *directory->OpenFile("i", OpenMode::kCreate);
  OffsetIndex offsets(Offset(50));
  for (int i = 1; i < 100; ++i)
    offsets.Add({Offset(50 + 3 * i), 100 * i});
  REQUIRE(file->Write(0, offsets.Encode()).ok());
  const auto index = *OffsetIndexFile::Open(*file, Offset(50));
  CHECK(index.entry_count() == 99);
  for (int offset = 40; offset < 400; ++offset) {
    CHECK(*index.Lookup(Offset(offset)) == offsets.Lookup(Offset(offset)));
  }
  for (int position = 0; position < 10000; position += 37) {
    CHECK(*index.FirstAtOrAfter(position) == offsets.FirstAtOrAfter(position));
  }
}

TEST_CASE("Leader epochs end where the next one begins", "[log][epoch]") {
  LeaderEpochCache cache;
  CHECK(cache.EndOffsetFor(LeaderEpoch(0), Offset(9)) == EpochEndOffset());
  cache.Assign(LeaderEpoch(1), Offset(0));
  cache.Assign(LeaderEpoch(3), Offset(10));
  cache.Assign(LeaderEpoch(5), Offset(20));
  CHECK(cache.Encode() == "0\n3\n1 0\n3 10\n5 20\n");
  CHECK(cache.EndOffsetFor(LeaderEpoch(0), Offset(30)) ==
        EpochEndOffset{LeaderEpoch(0), Offset(0)});
  CHECK(cache.EndOffsetFor(LeaderEpoch(2), Offset(30)) ==
        EpochEndOffset{LeaderEpoch(1), Offset(10)});
  CHECK(cache.EndOffsetFor(LeaderEpoch(5), Offset(30)) ==
        EpochEndOffset{LeaderEpoch(5), Offset(30)});
  CHECK(cache.EndOffsetFor(LeaderEpoch(6), Offset(30)) == EpochEndOffset());
  CHECK(cache.EpochFor(Offset(19)) == LeaderEpoch(3));
  LeaderEpochCache copy;
  REQUIRE(copy.Decode(cache.Encode()).ok());
  CHECK(copy.entries() == cache.entries());
  for (const char* bad : {"1\n0\n", "0\n1\n", "0\n2\n1 0\n", "0\n1\n1 x\n", "0\n2\n2 5\n1 9\n"}) {
    CHECK(CodeOf(copy.Decode(bad)) == ErrorCode::kCorruptMessage);
  }
  CHECK(cache.TruncateFromStart(Offset(12)));
  CHECK(cache.entries().front() == EpochEntry{LeaderEpoch(3), Offset(12)});
  CHECK(cache.TruncateFromEnd(Offset(20)));
  CHECK(cache.latest_epoch() == LeaderEpoch(3));
  cache.Assign(LeaderEpoch(2), Offset(15));  // a replica that lost its way: later ones go
  CHECK(cache.Encode() == "0\n1\n2 15\n");
}

TEST_CASE("File names and the metadata file are Kafka's", "[log]") {
  CHECK(SegmentFileName(Offset(42), ".log") == "00000000000000000042.log");
  const auto file = ParseSegmentFile("00000000000000000042.timeindex.swap");
  REQUIRE(file.has_value());
  CHECK(file->base_offset == Offset(42));
  CHECK(file->kind == ".timeindex");
  CHECK(file->state == ".swap");
  CHECK_FALSE(ParseSegmentFile("leader-epoch-checkpoint").has_value());
  CHECK_FALSE(ParseSegmentFile("0000000000000000004x.log").has_value());
  CHECK_FALSE(ParseSegmentFile("00000000000000000042.lag").has_value());
  const Uuid id = *ParseUuid("ASNFZ4mrze_-3LqYdlQyEA");
  CHECK(EncodePartitionMetadata(id) == "version: 0\ntopic_id: ASNFZ4mrze_-3LqYdlQyEA");
  CHECK(DecodePartitionMetadata(EncodePartitionMetadata(id), "f").value() == id);
  CHECK(CodeOf(DecodePartitionMetadata("version: 1\n", "f")) == ErrorCode::kCorruptMessage);
}

TEST_CASE("A folder of another topic is refused", "[log]") {
  LogHarness harness;
  harness.options.topic_id = *ParseUuid("ASNFZ4mrze_-3LqYdlQyEA");
  harness.Open();
  harness.AppendMany(3);
  harness.options.topic_id = *ParseUuid("BSNFZ4mrze_-3LqYdlQyEA");
  harness.log.reset();
  CHECK(CodeOf(harness.TryOpen()) == ErrorCode::kInconsistentTopicId);
  harness.options.topic_id = Uuid();
  CHECK(ToString(harness.Open().topic_id()) == "ASNFZ4mrze_-3LqYdlQyEA");
}

}  // namespace runnel::log
