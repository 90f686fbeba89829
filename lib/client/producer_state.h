// What a producer knows of each topic and partition it sends to.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "broker/partition.h"
#include "broker/topic.h"
#include "record/batch_builder.h"
#include "runnel/clock.h"
#include "runnel/producer.h"

namespace runnel::client {

struct TopicState;

// Somebody waits to hear of one record of a batch.
struct PendingRecord {
  int32_t index = 0;  // within the batch
  Timestamp timestamp = kNoTimestamp;
  DeliveryCallback done;
};

// Records that were accepted together: a batch that lingers or is about to be appended, later one
// append that awaits its acknowledgement.
struct Delivery {
  // Those without a callback were enqueued; their failure is kept for Flush.
  absl::InlinedVector<PendingRecord, 1> pending;
  int32_t record_count = 0;
  int64_t charged_bytes = 0;  // of the producer's buffer
  Elapsed deadline = kForever;
  // Where it was appended, and how that ended.
  std::shared_ptr<broker::Partition> handle;
  broker::Appended appended;
  bool settled = false;  // acknowledged or failed; nothing is waited for any more
  Status status;
};

// A batch being filled.
struct OpenBatch {
  OpenBatch(const record::BatchOptions& options, record::Codecs* codecs)
      : builder(options, codecs) {}
  record::BatchBuilder builder;
  Delivery delivery;
  uint64_t id = 0;  // told apart from later users of the same object
};

// One partition of one topic, for as long as the producer lives: the topic may be deleted and
// made again meanwhile, and `handle` then changes. Guarded by the producer's mutex.
struct PartitionState {
  TopicState* topic = nullptr;
  int32_t index = 0;
  std::shared_ptr<broker::Partition> handle;

  // Accumulating. Full batches wait in `ready` for the one thread that drains.
  std::unique_ptr<OpenBatch> open;
  std::deque<std::unique_ptr<OpenBatch>> ready;
  bool draining = false;

  // Appended, not yet told, in the order of offsets. One thread at a time runs callbacks
  // (`telling`), one acknowledgement at a time is asked for (`asked`), for the delivery at the
  // back of its moment: an acknowledgement covers all offsets before it.
  std::deque<Delivery> awaiting;
  bool telling = false;
  bool asked = false;

  // Records accepted that somebody must be told of or Flush must wait for, and told.
  int64_t accepted = 0;
  int64_t told = 0;

  int32_t group = -1;  // scratch of SendBatch: its group, or -1

  bool idle() const { return open == nullptr && ready.empty() && !draining && awaiting.empty(); }
};

// A topic by name.
struct TopicState {
  std::string name;
  std::shared_ptr<broker::Topic> topic;                     // the present one of that name
  std::vector<std::unique_ptr<PartitionState>> partitions;  // those used so far, else null
};

// Memory of one SendBatch, kept for the next one.
struct BatchScratch {
  // Records of one partition, in [begin, end) of the vectors below.
  struct Group {
    PartitionState* partition = nullptr;
    std::shared_ptr<broker::Partition> handle;
    size_t begin = 0;
    size_t end = 0;
    broker::Appended last = {};  // append
  };
  std::vector<int32_t> group_of;             // of each record
  std::vector<Group> groups;                 // in order of first use
  std::vector<record::RecordFields> fields;  // by group, in order within each
  std::vector<int32_t> bytes;                // of each of `fields`
  std::vector<int32_t> index;                // of each of `fields`: which record it is
  std::vector<size_t> fill;                  // next free place of each group
  Timestamp now = kNoTimestamp;              // one clock read for all

  void Clear() {
    group_of.clear();
    groups.clear();
    fields.clear();
  }
};

}  // namespace runnel::client
