// The parts of Dumper that compare an index with its log.
#include <algorithm>

#include "base/bytes.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/dump.h"
#include "log/file_names.h"
#include "log/log_file_reader.h"
#include "record/record_iterator.h"

namespace runnel::log {
namespace {

using base::StrCat;

constexpr int64_t kOffsetEntryBytes = 8;
constexpr int64_t kTimeEntryBytes = 12;

struct IndexFile {
  std::string_view name;  // without folders
  Offset base_offset{0};
  std::string stem;  // path without suffix
};

IndexFile Describe(std::string_view path) {
  const size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return {.name = name,
          .base_offset = ParseSegmentFile(name)->base_offset,
          .stem = std::string(path.substr(0, path.rfind('.')))};
}

// Greatest position whose index entry is at or below `offset`; 0 without one.
int64_t LookUp(File* index, Offset base_offset, Offset offset) {
  if (index == nullptr) return 0;
  const auto size_bytes = index->Size();
  if (!size_bytes.ok()) return 0;
  int64_t low = 0;  // entries below `low` are at or below `offset`
  int64_t high = *size_bytes / kOffsetEntryBytes;
  int64_t position = 0;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    char entry[kOffsetEntryBytes];
    const auto got = index->Read(middle * kOffsetEntryBytes, entry);
    if (!got.ok() || *got < kOffsetEntryBytes) return 0;
    if (base_offset + base::LoadBigEndian<int32_t>(entry) > offset) {
      high = middle;
      continue;
    }
    position = base::LoadBigEndian<int32_t>(entry + 4);
    low = middle + 1;
  }
  return std::max(int64_t{0}, position);
}

// Whether the file holds whole entries whose offsets do not fall. Zeros at its end, as a crash
// leaves them in a preallocated file, are fine.
StatusOr<bool> IsSane(File& file, int64_t entry_bytes, int64_t offset_at) {
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size_bytes, file.Size());
  if (size_bytes % entry_bytes != 0) return false;
  bool sane = true;
  int64_t last = -1;
  RUNNEL_RETURN_IF_ERROR(ForEachEntry(file, entry_bytes, [&](int64_t, std::string_view entry) {
    const int32_t offset = base::LoadBigEndian<int32_t>(entry.data() + offset_at);
    if (last > 0 && entry.find_first_not_of('\0') == std::string_view::npos) return false;
    sane = offset >= last && offset >= 0;
    last = offset;
    return sane;
  }));
  return sane;
}

}  // namespace

Status Dumper::DumpOffsetIndex(File& file, std::string_view name, LineSink sink) {
  const IndexFile index = Describe(name);
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size_bytes, file.Size());
  if (size_bytes < kOffsetEntryBytes) {
    sink(StrCat(index.name, " is empty."));
    return OkStatus();
  }
  if (options_.index_sanity_check) {
    RUNNEL_ASSIGN_OR_RETURN(const bool sane, IsSane(file, kOffsetEntryBytes, 0));
    sink(StrCat(index.name, sane ? " passed sanity check." : " failed the sanity check."));
    return OkStatus();
  }
  RUNNEL_ASSIGN_OR_RETURN(const auto log,
                          directory_.OpenFile(StrCat(index.stem, kLogSuffix), OpenMode::kRead));
  RUNNEL_ASSIGN_OR_RETURN(const int64_t log_bytes, log->Size());
  return ForEachEntry(file, kOffsetEntryBytes, [&](int64_t i, std::string_view entry) {
    const Offset offset = index.base_offset + base::LoadBigEndian<int32_t>(entry.data());
    const int64_t position = base::LoadBigEndian<int32_t>(entry.data() + 4);
    if (offset == index.base_offset && i > 0) return false;  // zeros after a crash
    int64_t log_offset = -1;
    char head[record::kBatchHeaderBytes];
    if (position >= 0 && position + record::kBatchHeaderBytes <= log_bytes &&
        log->Read(position, head).ok()) {
      const auto header = record::BatchHeader::Parse({head, sizeof(head)});
      if (header.ok()) log_offset = header->last_offset().value();
    }
    if (log_offset != offset.value()) Add(index_mismatches_, name, offset.value(), log_offset);
    if (!options_.verify_index_only) sink(StrCat("offset: ", offset, " position: ", position));
    return true;
  });
}

Status Dumper::DumpTimeIndex(File& file, std::string_view name, LineSink sink) {
  const IndexFile time_index = Describe(name);
  if (options_.index_sanity_check) {
    RUNNEL_ASSIGN_OR_RETURN(const bool sane, IsSane(file, kTimeEntryBytes, 8));
    sink(StrCat(time_index.name, sane ? " passed sanity check." : " failed the sanity check."));
    return OkStatus();
  }
  RUNNEL_ASSIGN_OR_RETURN(
      const auto log, directory_.OpenFile(StrCat(time_index.stem, kLogSuffix), OpenMode::kRead));
  const auto index =
      directory_.OpenFile(StrCat(time_index.stem, kOffsetIndexSuffix), OpenMode::kRead);
  int64_t previous = -1;
  return ForEachEntry(file, kTimeEntryBytes, [&](int64_t i, std::string_view entry) {
    const int64_t timestamp = base::LoadBigEndian<int64_t>(entry.data());
    const Offset offset = time_index.base_offset + base::LoadBigEndian<int32_t>(entry.data() + 8);
    if (offset == time_index.base_offset && i > 0) return false;  // zeros after a crash
    const int64_t position =
        LookUp(index.ok() ? index->get() : nullptr, time_index.base_offset, offset);
    CheckTimeEntry(*log, position, name, offset, timestamp, previous);
    if (!options_.verify_index_only) sink(StrCat("timestamp: ", timestamp, " offset: ", offset));
    previous = timestamp;
    return true;
  });
}

void Dumper::CheckTimeEntry(File& log, int64_t position, std::string_view name, Offset offset,
                            int64_t timestamp, int64_t previous) {
  const auto size_bytes = log.Size();
  LogFileReader reader(log, size_bytes.ok() ? *size_bytes : 0, position);
  int64_t found = -1;
  while (reader.Next()) {
    if (reader.batch().last_offset() < offset) continue;
    found = reader.batch().last_offset().value();
    break;
  }
  if (found != offset.value()) {
    Add(time_not_found_, name, offset.value(), found);
    return;
  }
  int64_t max_timestamp = -1;
  const auto records =
      record::InflateRecords(reader.batch(), &codecs_, inflated_, options_.max_inflated_bytes);
  if (records.ok()) {
    record::RecordIterator iterator(reader.batch(), *records);
    for (record::RecordView record; iterator.Next(record);) {
      max_timestamp = std::max(max_timestamp, record.timestamp.time_since_epoch().count());
    }
  }
  if (max_timestamp != timestamp) Add(time_mismatches_, name, timestamp, max_timestamp);
  if (previous >= timestamp) Add(time_out_of_order_, name, timestamp, previous);
}

}  // namespace runnel::log
