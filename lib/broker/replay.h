// Reads an internal log from an offset to its end.
#pragma once

#include <absl/functional/function_ref.h>

#include <span>

#include "log/partition_log.h"
#include "record/batch_header.h"
#include "record/compression.h"
#include "record/record.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::broker {

// Visits every batch that ends at or after `begin`, with its records; control batches too.
// Lifetime: the views die when `visit` returns.
// Errors: the first of `visit`; kCorruptMessage naming the log and the offset; kKafkaStorageError.
// Cost: reads the log in pieces of 1 MiB.
using BatchVisitor = absl::FunctionRef<Status(const record::BatchView& batch,
                                              std::span<const record::RecordView> records)>;
Status Replay(log::PartitionLog& log, Offset begin, record::Codecs& codecs, BatchVisitor visit);

}  // namespace runnel::broker
