// Prints the files of a partition as text, line by line as Kafka's DumpLogSegments does.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "record/batch_header.h"
#include "record/buffer.h"
#include "record/compression.h"
#include "record/record.h"
#include "runnel/error.h"
#include "runnel/file_system.h"
#include "runnel/types.h"

namespace runnel::log {

// What a payload decoder makes of a record: text that stands behind "key: " and "payload: ".
// nullopt leaves the word out.
struct DecodedRecord {
  std::optional<std::string> key = {};
  std::optional<std::string> payload = {};
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
  // Pairs of numbers under the name of a file, in the order the files were printed.
  struct Complaint {
    std::string file;
    std::vector<std::pair<int64_t, int64_t>> pairs;
  };
  using Complaints = std::vector<Complaint>;

  Status DumpLog(File& file, std::string_view name, LineSink sink);
  void DumpRecords(const record::BatchView& batch, std::string_view name, LineSink sink);
  void DumpRecord(const record::BatchView& batch, const record::RecordView& record, LineSink sink);
  Status DumpOffsetIndex(File& file, std::string_view name, LineSink sink);
  Status DumpTimeIndex(File& file, std::string_view name, LineSink sink);
  void CheckTimeEntry(File& log, int64_t position, std::string_view name, Offset offset,
                      int64_t timestamp, int64_t previous);
  Status DumpTransactionIndex(File& file, std::string_view name, LineSink sink);
  Status DumpSnapshot(File& file, std::string_view name, LineSink sink);
  Status DumpText(std::string_view name, LineSink sink);
  static void Add(Complaints& complaints, std::string_view file, int64_t first, int64_t second);
  static bool Print(Complaints& complaints, std::string_view title, std::string_view first,
                    std::string_view second, LineSink sink);

  Directory& directory_;
  DumpOptions options_;
  record::Codecs& codecs_;
  record::Buffer inflated_;
  int64_t last_offset_ = -1;  // of the records of the file being printed

  Complaints index_mismatches_;   // index offset, log offset
  Complaints time_mismatches_;    // index timestamp, log timestamp
  Complaints time_out_of_order_;  // index timestamp, the one before
  Complaints time_not_found_;     // indexed offset, offset found
  Complaints non_consecutive_;    // offset, offset that follows
};

}  // namespace runnel::log
