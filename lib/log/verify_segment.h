// Checks one segment: its log against itself and its indexes against the log. Part of verify.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/verify.h"
#include "record/batch_header.h"
#include "record/buffer.h"
#include "runnel/file_system.h"

namespace runnel::log {

// Passes findings on, counts them, and cuts floods off.
class FindingCounter final {
 public:
  FindingCounter(const VerifyOptions& options, VerifySummary& summary, FindingSink sink)
      : options_(options), summary_(summary), sink_(sink) {}

  void Add(const Finding& finding);
  VerifySummary& summary() { return summary_; }
  const VerifyOptions& options() const { return options_; }

 private:
  const VerifyOptions& options_;
  VerifySummary& summary_;
  FindingSink sink_;
  std::string last_file_;
  int64_t in_file_ = 0;
};

// The files of a segment that are there, as paths; empty: missing.
struct SegmentFiles {
  Offset base_offset{0};
  std::optional<Offset> next_base_offset = {};  // nullopt: the last segment, which may be torn
  std::string log = {};
  std::string offset_index = {};
  std::string time_index = {};
  std::string transaction_index = {};
};

// Walks the log once, and the indexes beside it.
//
// Thread safety: confined to one thread. One per segment.
class SegmentVerifier final {
 public:
  SegmentVerifier(Directory& directory, const SegmentFiles& files, record::Codecs& codecs,
                  FindingCounter& findings);

  void Run();

 private:
  struct OffsetEntry {
    Offset offset;
    int64_t position;
  };
  struct TimeEntry {
    Offset offset;
    int64_t timestamp;
  };
  struct AbortedEntry {
    Offset first_offset;
    Offset last_offset;
    int64_t producer_id;
  };

  // Opens a file and counts it; null with a finding when that fails.
  std::unique_ptr<File> Open(const std::string& name);
  void LoadIndexes();
  void LoadOffsetIndex();
  void LoadTimeIndex();
  void LoadTransactionIndex();
  // Calls `visit` for whole entries up to the zeros a crash leaves behind.
  template <class Visit>
  void Load(const std::string& name, int64_t entry_bytes, Visit visit);

  void CheckBatch(const record::BatchView& batch, int64_t position);
  void CheckOffsets(const record::BatchView& batch, int64_t position);
  void CheckRecords(const record::BatchView& batch, int64_t position);
  void CheckIndexes(const record::BatchView& batch, int64_t position);
  void CheckAborted(const record::BatchView& batch);
  void CheckLeftovers();
  void Report(Severity severity, const std::string& file, std::optional<int64_t> position,
              const record::BatchView* batch, std::string text);
  bool is_last() const { return !files_.next_base_offset.has_value(); }

  Directory& directory_;
  const SegmentFiles& files_;
  record::Codecs& codecs_;
  FindingCounter& findings_;
  record::Buffer inflated_;

  std::vector<OffsetEntry> offsets_;
  std::vector<TimeEntry> times_;
  std::vector<AbortedEntry> aborted_;
  size_t next_offset_entry_ = 0;
  size_t next_time_entry_ = 0;
  size_t next_aborted_ = 0;

  Offset end_offset_;           // one past the last batch
  int64_t max_timestamp_ = -1;  // of all batches so far
};

}  // namespace runnel::log
