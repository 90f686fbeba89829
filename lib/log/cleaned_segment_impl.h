// What a CleanedSegment is made of; shared with PartitionLog, which takes it over.
#pragma once

#include <memory>
#include <string>

#include "log/cleaned_segment.h"
#include "log/log_loader.h"
#include "log/segment_storage.h"

namespace runnel::log {

struct CleanedSegment::Impl {
  Impl(std::shared_ptr<const LogFolder> log_folder, Offset base, int32_t interval_bytes)
      : folder(std::move(log_folder)),
        base_offset(base),
        next_offset(base),
        indexes(std::make_shared<Segment::Indexes>(base)),
        transactions(std::make_shared<TransactionIndex>()),
        builder(indexes->offsets, indexes->times, interval_bytes) {}

  Status WritePending();

  std::shared_ptr<const LogFolder> folder;
  Offset base_offset;
  Offset next_offset;
  std::shared_ptr<Segment::Indexes> indexes;
  std::shared_ptr<TransactionIndex> transactions;
  IndexBuilder builder;
  std::unique_ptr<File> file;               // null in memory
  std::shared_ptr<SegmentStorage> storage;  // null on disk
  std::string pending;
  int64_t size_bytes = 0;
  bool finished = false;
};

}  // namespace runnel::log
