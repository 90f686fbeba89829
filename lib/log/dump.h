// Prints the files of a partition as text, line by line as Kafka's DumpLogSegments does.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/compression.h"
#include "record/record.h"
#include "runnel/error.h"
#include "runnel/file_system.h"
#include "runnel/types.h"

namespace runnel::log {

// What a payload decoder makes of a record: text that stands behind "key: " and "payload: ".
// nullopt leaves the word out.
struct DecodedRecord {
  std::optional<std::string> key;
  std::optional<std::string> payload;
};
using RecordDecoder = std::function<DecodedRecord(const record::RecordView&)>;

// Keys and values as they are, with bytes that are no UTF-8 replaced by U+FFFD.
DecodedRecord DecodeAsText(const record::RecordView& record);

struct DumpOptions {
  // --deep-iteration: one line per record, below the one of its batch.
  bool deep_iteration = false;
  // --print-data-log: keys and values; implies deep_iteration.
  bool print_data_log = false;
  // --index-sanity-check: one line that says whether the index is well-formed, instead of its
  // entries.
  bool index_sanity_check = false;
  // --verify-index-only: compares the entries with the log and prints mismatches only.
  bool verify_index_only = false;
  // --max-bytes: stops after the batch that reaches it.
  int64_t max_bytes = INT64_MAX;
  // --offsets-decoder, --transaction-log-decoder and the like: how print_data_log shows a record.
  RecordDecoder decoder = DecodeAsText;
  // Bound on one batch's decompressed records, in bytes.
  int64_t max_inflated_bytes = record::kDefaultMaxInflatedBytes;
};

// Called for each line, without a line end.
using LineSink = absl::FunctionRef<void(std::string_view line)>;

// Prints log files, indexes, time indexes, transaction indexes, producer snapshots and leader
// epoch checkpoints; the kind follows from the name. After the last file come the complaints that
// concern several: index entries that do not match the log, offsets that do not follow each other.
//
// Thread safety: confined to one thread. Lifetime: `directory` and `codecs` outlive it.
// Source: kafka.tools.DumpLogSegments.
class Dumper {
 public:
  Dumper(Directory& directory, const DumpOptions& options, record::Codecs& codecs);

  // Prints one file; `name` is relative to the directory.
  // Errors: kKafkaStorageError when it cannot be read; kInvalidRequest for an unknown kind.
  // Damage inside the file is printed, not returned.
  Status DumpFile(std::string_view name, LineSink sink);
  // Prints what was found to be wrong in the files so far, and forgets it.
  // Returns whether everything was well; gaps between offsets do not count.
  bool PrintComplaints(LineSink sink);

 private:
  struct Mismatch {
    int64_t index_offset;
    int64_t log_offset;
  };
  struct TimeMismatch {
    int64_t timestamp;
    int64_t other;
  };
  struct Complaints {
    std::string file;
    std::vector<Mismatch> entries;
  };

  Status DumpLog(File& file, std::string_view name, LineSink sink);
  Status DumpOffsetIndex(File& file, std::string_view name, LineSink sink);
  Status DumpTimeIndex(File& file, std::string_view name, LineSink sink);
  Status DumpTransactionIndex(File& file, std::string_view name, LineSink sink);
  Status DumpSnapshot(File& file, std::string_view name, LineSink sink);
  Status DumpText(File& file, std::string_view name, LineSink sink);

  Directory& directory_;
  DumpOptions options_;
  record::Codecs& codecs_;
};

}  // namespace runnel::log
