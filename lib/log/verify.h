// Checks every checksum and index of a data directory without changing anything.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <optional>
#include <string>

#include "record/compression.h"
#include "runnel/error.h"
#include "runnel/file_system.h"
#include "runnel/types.h"

namespace runnel::log {

enum class Severity {
  kNote,     // normal after a crash: a torn tail, a missing index; the next open repairs it
  kWarning,  // rebuilt or ignored by the next open without loss of records
  kError,    // records are lost or wrong
};
// "note", "warning", "error".
std::string_view NameOf(Severity severity);

// One thing that is not as it should be.
struct Finding {
  Severity severity = Severity::kError;
  std::string file = {};                    // relative to the data directory
  std::optional<int64_t> position = {};     // in bytes
  std::optional<Offset> first_offset = {};  // the records concerned, where known
  std::optional<Offset> last_offset = {};
  std::string text = {};
};

struct VerifySummary {
  int64_t partitions = 0;
  int64_t files = 0;
  int64_t bytes = 0;  // read
  int64_t batches = 0;
  int64_t records = 0;
  int64_t index_entries = 0;  // of all kinds
  int64_t notes = 0;
  int64_t warnings = 0;
  int64_t errors = 0;

  bool ok() const { return warnings == 0 && errors == 0; }
};

struct VerifyOptions {
  // Bound on one batch's decompressed records, in bytes.
  int64_t max_inflated_bytes = record::kDefaultMaxInflatedBytes;
  // Findings of one file after which the rest of it is only counted.
  int64_t max_findings_per_file = 100;
};

// Hears each finding as it is made.
using FindingSink = absl::FunctionRef<void(const Finding&)>;

// Checks a data directory: root checkpoints, meta.properties, and every partition folder.
// Cost: reads everything once; memory for one batch, and for the index files of one segment.
// Errors: kKafkaStorageError when the directory itself cannot be listed.
StatusOr<VerifySummary> VerifyDirectory(Directory& directory, const VerifyOptions& options,
                                        record::Codecs& codecs, FindingSink sink);
// Checks one partition folder; `folder` is relative to `directory`, "" for itself.
StatusOr<VerifySummary> VerifyPartition(Directory& directory, std::string_view folder,
                                        const VerifyOptions& options, record::Codecs& codecs,
                                        FindingSink sink);

}  // namespace runnel::log
