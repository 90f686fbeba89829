#include "log/verify_segment.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/log_file_reader.h"
#include "record/control.h"
#include "record/record_iterator.h"

namespace runnel::log {
namespace {

using base::StrCat;
using record::BatchView;

// An index file above this is not loaded: no option of ours or Kafka's makes one.
constexpr int64_t kMaxIndexBytes = int64_t{256} << 20;

int64_t Millis(Timestamp timestamp) {
  return timestamp.time_since_epoch().count();
}

}  // namespace

void FindingCounter::Add(const Finding& finding) {
  if (finding.severity == Severity::kNote) ++summary_.notes;
  if (finding.severity == Severity::kWarning) ++summary_.warnings;
  if (finding.severity == Severity::kError) ++summary_.errors;
  if (finding.file != last_file_) {
    last_file_ = finding.file;
    in_file_ = 0;
  }
  if (++in_file_ <= options_.max_findings_per_file) sink_(finding);
}

SegmentVerifier::SegmentVerifier(Directory& directory, const SegmentFiles& files,
                                 record::Codecs& codecs, FindingCounter& findings)
    : directory_(directory),
      files_(files),
      codecs_(codecs),
      findings_(findings),
      end_offset_(files.base_offset) {}

void SegmentVerifier::Report(Severity severity, const std::string& file,
                             std::optional<int64_t> position, const BatchView* batch,
                             std::string text) {
  Finding finding{.severity = severity,
                  .file = file,
                  .position = position,
                  .first_offset = std::nullopt,
                  .last_offset = std::nullopt,
                  .text = std::move(text)};
  if (batch != nullptr) {
    finding.first_offset = batch->base_offset();
    finding.last_offset = batch->last_offset();
  }
  findings_.Add(finding);
}

std::unique_ptr<File> SegmentVerifier::Open(const std::string& name) {
  auto file = directory_.OpenFile(name, OpenMode::kRead);
  const Status status = file.ok() ? (*file)->Size().status() : file.status();
  if (!status.ok()) {
    Report(Severity::kError, name, std::nullopt, nullptr, ToString(status));
    return nullptr;
  }
  ++findings_.summary().files;
  findings_.summary().bytes += (*file)->Size().value();
  return *std::move(file);
}

void SegmentVerifier::Run() {
  LoadIndexes();
  const auto file = Open(files_.log);
  if (file == nullptr) return;
  const auto size_bytes = file->Size();
  LogFileReader reader(*file, size_bytes.ok() ? *size_bytes : 0);
  while (reader.Next())
    CheckBatch(reader.batch(), reader.position());
  const int64_t at = reader.position();
  const Severity torn = is_last() ? Severity::kNote : Severity::kError;
  switch (reader.end()) {
    case LogFileReader::End::kTorn:
      Report(torn, files_.log, at, nullptr, "the file ends inside a batch");
      break;
    case LogFileReader::End::kUnwritten:
      if (!is_last()) {
        Report(Severity::kWarning, files_.log, at, nullptr, "zeros behind the last batch");
      }
      break;
    case LogFileReader::End::kCorrupt:
      Report(Severity::kError, files_.log, at, nullptr, reader.reason());
      break;
    case LogFileReader::End::kFailed:
      Report(Severity::kError, files_.log, at, nullptr, ToString(reader.status()));
      break;
    case LogFileReader::End::kNone:
    case LogFileReader::End::kComplete:
      break;
  }
  if (reader.end() != LogFileReader::End::kFailed) CheckLeftovers();
}

template <class Visit>
void SegmentVerifier::Load(const std::string& name, int64_t entry_bytes, Visit visit) {
  const auto file = Open(name);
  if (file == nullptr) return;
  const auto size_bytes = file->Size();
  if (!size_bytes.ok() || *size_bytes > kMaxIndexBytes) {
    Report(Severity::kWarning, name, std::nullopt, nullptr, "too large for an index");
    return;
  }
  bool zeros = false;
  const Status status = ForEachEntry(*file, entry_bytes, [&](int64_t i, std::string_view entry) {
    // Preallocated space. An entry of zeros can only be the first.
    zeros = i > 0 && entry.find_first_not_of('\0') == std::string_view::npos;
    if (zeros) return false;
    ++findings_.summary().index_entries;
    visit(i, entry);
    return true;
  });
  if (!status.ok()) Report(Severity::kError, name, std::nullopt, nullptr, ToString(status));
  if (*size_bytes % entry_bytes != 0) {
    Report(Severity::kWarning, name, *size_bytes - *size_bytes % entry_bytes, nullptr,
           StrCat(*size_bytes, " bytes are no whole number of entries of ", entry_bytes));
  }
}

void SegmentVerifier::LoadIndexes() {
  const Severity missing = is_last() ? Severity::kNote : Severity::kWarning;
  if (files_.offset_index.empty()) {
    Report(missing, files_.log, std::nullopt, nullptr, "has no .index");
  } else {
    LoadOffsetIndex();
  }
  if (files_.time_index.empty()) {
    Report(missing, files_.log, std::nullopt, nullptr, "has no .timeindex");
  } else {
    LoadTimeIndex();
  }
  if (!files_.transaction_index.empty()) LoadTransactionIndex();
}

void SegmentVerifier::LoadOffsetIndex() {
  Load(files_.offset_index, 8, [this](int64_t i, std::string_view entry) {
    const OffsetEntry now{files_.base_offset + base::LoadBigEndian<int32_t>(entry.data()),
                          base::LoadBigEndian<int32_t>(entry.data() + 4)};
    const bool rises = offsets_.empty() || (now.offset > offsets_.back().offset &&
                                            now.position > offsets_.back().position);
    if (!rises || now.offset < files_.base_offset || now.position < 0) {
      Report(Severity::kWarning, files_.offset_index, i * 8, nullptr,
             StrCat("entry ", now.offset, " -> ", now.position, " does not rise"));
      return;
    }
    offsets_.push_back(now);
  });
}

void SegmentVerifier::LoadTimeIndex() {
  Load(files_.time_index, 12, [this](int64_t i, std::string_view entry) {
    const TimeEntry now{files_.base_offset + base::LoadBigEndian<int32_t>(entry.data() + 8),
                        base::LoadBigEndian<int64_t>(entry.data())};
    const bool falls = !times_.empty() && (now.offset < times_.back().offset ||
                                           now.timestamp < times_.back().timestamp);
    if (falls || now.offset < files_.base_offset) {
      Report(Severity::kWarning, files_.time_index, i * 12, nullptr,
             StrCat("entry ", now.timestamp, " -> ", now.offset, " falls"));
      return;
    }
    times_.push_back(now);
  });
}

void SegmentVerifier::LoadTransactionIndex() {
  Load(files_.transaction_index, 34, [this](int64_t i, std::string_view entry) {
    base::ByteReader reader(entry);
    const int16_t version = reader.ReadInt16();
    const int64_t producer_id = reader.ReadInt64();
    const Offset first(reader.ReadInt64());
    const Offset last(reader.ReadInt64());
    const Offset last_stable(reader.ReadInt64());
    const bool rises = aborted_.empty() || last > aborted_.back().last_offset;
    if (version != 0 || !rises || first > last || last < files_.base_offset ||
        last_stable < first) {
      Report(Severity::kWarning, files_.transaction_index, i * 34, nullptr,
             StrCat("version ", version, ", transaction of producer ", producer_id, " from ", first,
                    " to ", last, " cannot be"));
      return;
    }
    aborted_.push_back({first, last, producer_id});
  });
}

void SegmentVerifier::CheckBatch(const BatchView& batch, int64_t position) {
  ++findings_.summary().batches;
  CheckOffsets(batch, position);
  if (const Status status = batch.VerifyCrc(); !status.ok()) {
    Report(Severity::kError, files_.log, position, &batch, std::string(status.message()));
  } else {
    CheckRecords(batch, position);
  }
  CheckIndexes(batch, position);
  end_offset_ = std::max(end_offset_, batch.next_offset());
}

void SegmentVerifier::CheckOffsets(const BatchView& batch, int64_t position) {
  if (batch.base_offset() < end_offset_) {
    Report(Severity::kError, files_.log, position, &batch,
           StrCat("base offset ", batch.base_offset(), " is below ", end_offset_));
  }
  if (files_.next_base_offset.has_value() && batch.last_offset() >= *files_.next_base_offset) {
    Report(Severity::kError, files_.log, position, &batch,
           StrCat("last offset ", batch.last_offset(),
                  " belongs to the next segment, which begins "
                  "at ",
                  *files_.next_base_offset));
  }
}

void SegmentVerifier::CheckRecords(const BatchView& batch, int64_t position) {
  const auto records =
      record::InflateRecords(batch, &codecs_, inflated_, findings_.options().max_inflated_bytes);
  if (!records.ok()) {
    const bool unreadable_here = CodeOf(records) == ErrorCode::kUnsupportedCompressionType;
    Report(unreadable_here ? Severity::kNote : Severity::kError, files_.log, position, &batch,
           std::string(records.status().message()));
    return;
  }
  record::RecordIterator iterator(batch, *records);
  int64_t max_timestamp = -1;
  for (record::RecordView record; iterator.Next(record);) {
    ++findings_.summary().records;
    max_timestamp = std::max(max_timestamp, Millis(record.timestamp));
  }
  if (!iterator.status().ok()) {
    Report(Severity::kError, files_.log, position, &batch,
           std::string(iterator.status().message()));
    return;
  }
  if (batch.record_count() > 0 && max_timestamp != Millis(batch.max_timestamp())) {
    Report(Severity::kWarning, files_.log, position, &batch,
           StrCat("largest timestamp is ", max_timestamp, ", the header says ",
                  Millis(batch.max_timestamp())));
  }
}

void SegmentVerifier::CheckIndexes(const BatchView& batch, int64_t position) {
  const auto bad_position = [&](const OffsetEntry& entry) {
    Report(Severity::kWarning, files_.offset_index, std::nullopt, nullptr,
           StrCat("entry ", entry.offset, " -> ", entry.position, " is not where a batch begins"));
  };
  while (next_offset_entry_ < offsets_.size() && offsets_[next_offset_entry_].position < position) {
    bad_position(offsets_[next_offset_entry_++]);
  }
  if (next_offset_entry_ < offsets_.size() && offsets_[next_offset_entry_].position == position) {
    const OffsetEntry& entry = offsets_[next_offset_entry_++];
    if (entry.offset != batch.last_offset()) {
      Report(Severity::kWarning, files_.offset_index, std::nullopt, &batch,
             StrCat("entry ", entry.offset, " -> ", position, ", but the batch there ends with ",
                    batch.last_offset()));
    }
  }

  max_timestamp_ = std::max(max_timestamp_, Millis(batch.max_timestamp()));
  while (next_time_entry_ < times_.size() &&
         times_[next_time_entry_].offset <= batch.last_offset()) {
    const TimeEntry& entry = times_[next_time_entry_++];
    if (entry.offset != batch.last_offset() || entry.timestamp != max_timestamp_) {
      Report(Severity::kWarning, files_.time_index, std::nullopt, &batch,
             StrCat("entry ", entry.timestamp, " -> ", entry.offset,
                    ", but the largest timestamp "
                    "up to ",
                    batch.last_offset(), " is ", max_timestamp_));
    }
  }
  CheckAborted(batch);
}

void SegmentVerifier::CheckAborted(const BatchView& batch) {
  while (next_aborted_ < aborted_.size() &&
         aborted_[next_aborted_].last_offset <= batch.last_offset()) {
    const AbortedEntry& entry = aborted_[next_aborted_++];
    const auto marker = record::ReadControlRecord(batch);
    const auto type = marker.ok() ? record::ParseControlType(*marker)
                                  : StatusOr<record::ControlType>(marker.status());
    if (entry.last_offset == batch.last_offset() && type.ok() &&
        *type == record::ControlType::kAbort && batch.producer_id().value() == entry.producer_id) {
      continue;
    }
    Report(Severity::kWarning, files_.transaction_index, std::nullopt, &batch,
           StrCat("transaction of producer ", entry.producer_id, " has no ABORT marker at ",
                  entry.last_offset));
  }
}

void SegmentVerifier::CheckLeftovers() {
  const auto beyond = [&](const std::string& file, size_t count) {
    if (count == 0) return;
    Report(Severity::kWarning, file, std::nullopt, nullptr,
           StrCat(count, " entries point behind the end of the log"));
  };
  beyond(files_.offset_index, offsets_.size() - next_offset_entry_);
  beyond(files_.time_index, times_.size() - next_time_entry_);
  beyond(files_.transaction_index, aborted_.size() - next_aborted_);
}

}  // namespace runnel::log
