#include "log/dump.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/files.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/checkpoint_file.h"
#include "log/file_names.h"
#include "log/log_file_reader.h"
#include "record/control.h"
#include "record/record_iterator.h"

namespace runnel::log {
namespace {

using base::StrCat;
using record::BatchView;
using record::ControlType;
using record::RecordView;

int64_t Millis(Timestamp timestamp) {
  return timestamp.time_since_epoch().count();
}

std::string OptionalLong(bool present, int64_t value) {
  return present ? StrCat("OptionalLong[", value, "]") : "OptionalLong.empty";
}

std::string_view FileNameOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// Length of the well-formed UTF-8 character at the start of `text`; 0 when there is none, and then
// `skip` is the length of the maximal part of one, as Unicode recommends to replace at once.
size_t CharacterLength(std::string_view text, size_t& skip) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  skip = 1;
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (i >= text.size()) return 0;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (i == 1 && lead == 0xe0) low = 0xa0;
    if (i == 1 && lead == 0xed) high = 0x9f;
    if (i == 1 && lead == 0xf0) low = 0x90;
    if (i == 1 && lead == 0xf4) high = 0x8f;
    if (byte(i) < low || byte(i) > high) return 0;
    skip = i + 1;
  }
  return length;
}

std::string AsText(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    size_t skip = 1;
    const size_t length = CharacterLength(bytes, skip);
    if (length == 0) {
      text += "\xef\xbf\xbd";
      bytes.remove_prefix(skip);
      continue;
    }
    text += bytes.substr(0, length);
    bytes.remove_prefix(length);
  }
  return text;
}

std::string BatchLine(const BatchView& batch, int64_t position) {
  return StrCat("baseOffset: ", batch.base_offset(), " lastOffset: ", batch.last_offset(),
                " count: ", batch.record_count(), " baseSequence: ", batch.base_sequence(),
                " lastSequence: ", batch.last_sequence(), " producerId: ", batch.producer_id(),
                " producerEpoch: ", batch.producer_epoch(),
                " partitionLeaderEpoch: ", batch.leader_epoch(),
                " isTransactional: ", batch.is_transactional(), " isControl: ", batch.is_control(),
                " deleteHorizonMs: ",
                OptionalLong(batch.has_delete_horizon(), Millis(batch.delete_horizon())),
                " position: ", position, " ", ToString(batch.timestamp_type()), ": ",
                Millis(batch.max_timestamp()), " size: ", batch.size_bytes(),
                " magic: ", int{batch.magic()}, " compresscodec: ", ToString(batch.compression()),
                " crc: ", batch.crc(), " isvalid: ", batch.IsCrcValid());
}

// What a control record says, with a blank in front.
std::string ControlText(const RecordView& record) {
  const auto type = record::ParseControlType(record);
  if (!type.ok()) return StrCat(" controlType: ", ToString(type.status()));
  if (*type != ControlType::kAbort && *type != ControlType::kCommit) {
    return StrCat(" controlType: ", record::NameOf(*type), "(", static_cast<int>(*type), ")");
  }
  const auto marker = record::ParseEndTxnMarker(record);
  if (!marker.ok()) return StrCat(" endTxnMarker: ", ToString(marker.status()));
  return StrCat(" endTxnMarker: ", record::NameOf(marker->type),
                " coordinatorEpoch: ", marker->coordinator_epoch);
}

int64_t SizeOf(const std::optional<std::string_view>& bytes) {
  return bytes.has_value() ? static_cast<int64_t>(bytes->size()) : -1;
}

// One producer of a snapshot, after the bytes have been checked to be there.
std::string ProducerLine(std::string_view entry) {
  base::ByteReader reader(entry);
  const int64_t producer_id = reader.ReadInt64();
  const int16_t epoch = reader.ReadInt16();
  const int32_t last_sequence = reader.ReadInt32();
  const int64_t last_offset = reader.ReadInt64();
  const int32_t offset_delta = reader.ReadInt32();
  const int64_t timestamp = reader.ReadInt64();
  const int32_t coordinator_epoch = reader.ReadInt32();
  const int64_t txn_first_offset = reader.ReadInt64();
  std::string line =
      StrCat("producerId: ", producer_id, " producerEpoch: ", epoch,
             " coordinatorEpoch: ", coordinator_epoch,
             " currentTxnFirstOffset: ", OptionalLong(txn_first_offset >= 0, txn_first_offset),
             " lastTimestamp: ", timestamp);
  if (last_sequence < 0) return line;
  // Sequences wrap at 2^31.
  const int64_t first = int64_t{last_sequence} - offset_delta;
  line += StrCat(" firstSequence: ", first < 0 ? first + (int64_t{1} << 31) : first,
                 " lastSequence: ", last_sequence, " lastOffset: ", last_offset,
                 " offsetDelta: ", offset_delta, " timestamp: ", timestamp);
  return line;
}

}  // namespace

DecodedRecord DecodeAsText(const RecordView& record) {
  DecodedRecord decoded;
  if (record.key.has_value()) decoded.key = AsText(*record.key);
  if (record.value.has_value()) decoded.payload = AsText(*record.value);
  return decoded;
}

Dumper::Dumper(Directory& directory, const DumpOptions& options, record::Codecs& codecs)
    : directory_(directory), options_(options), codecs_(codecs) {}

Status Dumper::DumpFile(std::string_view name, LineSink sink) {
  const std::string_view file_name = FileNameOf(name);
  if (file_name == kEpochFile || file_name == kMetadataFile ||
      file_name.ends_with("-offset-checkpoint")) {
    return DumpText(name, sink);
  }
  const auto parsed = ParseSegmentFile(file_name);
  if (!parsed.has_value()) {
    return Error(ErrorCode::kInvalidRequest,
                 StrCat(name,
                        " is no file of a log: its name must be 20 digits and .log, .index, "
                        ".timeindex, .txnindex or .snapshot, or leader-epoch-checkpoint"));
  }
  RUNNEL_ASSIGN_OR_RETURN(const auto file, directory_.OpenFile(name, OpenMode::kRead));
  if (parsed->kind == kLogSuffix) return DumpLog(*file, name, sink);
  if (parsed->kind == kOffsetIndexSuffix) return DumpOffsetIndex(*file, name, sink);
  if (parsed->kind == kTimeIndexSuffix) return DumpTimeIndex(*file, name, sink);
  if (parsed->kind == kTransactionIndexSuffix) return DumpTransactionIndex(*file, name, sink);
  return DumpSnapshot(*file, name, sink);
}

Status Dumper::DumpLog(File& file, std::string_view name, LineSink sink) {
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size_bytes, file.Size());
  sink(StrCat("Log starting offset: ", ParseSegmentFile(FileNameOf(name))->base_offset));
  last_offset_ = -1;
  LogFileReader reader(file, size_bytes);
  int64_t printed_bytes = 0;
  while (printed_bytes < options_.max_bytes && reader.Next()) {
    sink(BatchLine(reader.batch(), reader.position()));
    if (options_.deep_iteration || options_.print_data_log) {
      DumpRecords(reader.batch(), name, sink);
    }
    printed_bytes = reader.position() + reader.batch().size_bytes();
  }
  RUNNEL_RETURN_IF_ERROR(reader.status());
  if (printed_bytes < size_bytes && printed_bytes < options_.max_bytes) {
    sink(StrCat("Found ", size_bytes - printed_bytes, " invalid bytes at the end of ",
                FileNameOf(name)));
  }
  return OkStatus();
}

void Dumper::DumpRecords(const BatchView& batch, std::string_view name, LineSink sink) {
  const auto records =
      record::InflateRecords(batch, &codecs_, inflated_, options_.max_inflated_bytes);
  if (!records.ok()) {
    sink(StrCat("| ", ToString(records.status())));
    return;
  }
  record::RecordIterator iterator(batch, *records);
  for (RecordView record; iterator.Next(record);) {
    if (record.offset.value() != last_offset_ + 1) {
      Add(non_consecutive_, name, last_offset_, record.offset.value());
    }
    last_offset_ = record.offset.value();
    DumpRecord(batch, record, sink);
  }
  if (!iterator.status().ok()) sink(StrCat("| ", ToString(iterator.status())));
}

void Dumper::DumpRecord(const BatchView& batch, const RecordView& record, LineSink sink) {
  std::string header_keys;
  for (const record::Header& header : record.headers) {
    if (!header_keys.empty()) header_keys += ',';
    header_keys += header.key;
  }
  std::string line =
      StrCat("| offset: ", record.offset, " ", ToString(batch.timestamp_type()), ": ",
             Millis(record.timestamp), " keySize: ", SizeOf(record.key),
             " valueSize: ", SizeOf(record.value), " sequence: ", batch.SequenceOf(record.offset),
             " headerKeys: [", header_keys, "]");
  if (batch.is_control()) {
    line += ControlText(record);
  } else if (options_.print_data_log) {
    const DecodedRecord decoded = options_.decoder(record);
    if (decoded.key.has_value()) line += StrCat(" key: ", *decoded.key);
    if (decoded.payload.has_value()) line += StrCat(" payload: ", *decoded.payload);
  }
  sink(line);
}

Status Dumper::DumpTransactionIndex(File& file, std::string_view name, LineSink sink) {
  constexpr int64_t kEntryBytes = 34;
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size_bytes, file.Size());
  if (options_.index_sanity_check) {
    sink(size_bytes % kEntryBytes == 0
             ? StrCat(FileNameOf(name), " passed sanity check.")
             : StrCat(FileNameOf(name), " failed the sanity check: ", size_bytes,
                      " bytes are no whole number of entries of ", kEntryBytes));
    return OkStatus();
  }
  RUNNEL_RETURN_IF_ERROR(ForEachEntry(file, kEntryBytes, [&](int64_t, std::string_view entry) {
    base::ByteReader reader(entry);
    const int16_t version = reader.ReadInt16();
    const int64_t producer_id = reader.ReadInt64();
    const int64_t first_offset = reader.ReadInt64();
    const int64_t last_offset = reader.ReadInt64();
    const int64_t last_stable_offset = reader.ReadInt64();
    sink(StrCat("version: ", version, " producerId: ", producer_id, " firstOffset: ", first_offset,
                " lastOffset: ", last_offset, " lastStableOffset: ", last_stable_offset));
    return true;
  }));
  if (size_bytes % kEntryBytes != 0) {
    sink(StrCat("Found ", size_bytes % kEntryBytes, " invalid bytes at the end of ",
                FileNameOf(name)));
  }
  return OkStatus();
}

Status Dumper::DumpSnapshot(File& file, std::string_view name, LineSink sink) {
  constexpr int64_t kHeaderBytes = 10;
  constexpr int64_t kEntryBytes = 46;
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size_bytes, file.Size());
  if (size_bytes > kMaxCheckpointBytes) {
    return Error(ErrorCode::kCorruptMessage, StrCat(name, ": ", size_bytes, " bytes are too many"));
  }
  RUNNEL_ASSIGN_OR_RETURN(const std::string bytes,
                          base::ReadWhole(directory_, name, kMaxCheckpointBytes));
  base::ByteReader reader(bytes);
  const int16_t version = reader.ReadInt16();
  const uint32_t crc = reader.ReadUint32();
  const int32_t count = reader.ReadInt32();
  if (!reader.ok() || version != 1 || base::Crc32c(std::string_view(bytes).substr(6)) != crc ||
      count < 0 || reader.remaining() != count * kEntryBytes) {
    sink(StrCat(FileNameOf(name), " is no valid producer snapshot (version ", version, ", ",
                size_bytes, " bytes, ", count, " producers of ", kEntryBytes, " bytes after ",
                kHeaderBytes, ")"));
    return OkStatus();
  }
  for (int32_t i = 0; i < count; ++i)
    sink(ProducerLine(reader.ReadBytes(kEntryBytes)));
  return OkStatus();
}

Status Dumper::DumpText(std::string_view name, LineSink sink) {
  RUNNEL_ASSIGN_OR_RETURN(const std::string text,
                          base::ReadWhole(directory_, name, kMaxCheckpointBytes));
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    sink(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return OkStatus();
}

void Dumper::Add(Complaints& complaints, std::string_view file, int64_t first, int64_t second) {
  file = FileNameOf(file);
  if (complaints.empty() || complaints.back().file != file) {
    complaints.push_back({.file = std::string(file), .pairs = {}});
  }
  complaints.back().pairs.emplace_back(first, second);
}

bool Dumper::Print(Complaints& complaints, std::string_view title, std::string_view first,
                   std::string_view second, LineSink sink) {
  const bool any = !complaints.empty();
  for (const Complaint& complaint : complaints) {
    sink(StrCat(title, complaint.file));
    for (const auto& [a, b] : complaint.pairs)
      sink(StrCat("  ", first, a, second, b));
  }
  complaints.clear();
  return any;
}

bool Dumper::PrintComplaints(LineSink sink) {
  bool bad = Print(index_mismatches_, "Mismatches in :", "Index offset: ", ", log offset: ", sink);
  bad |= Print(time_mismatches_,
               "Found timestamp mismatch in :", "Index timestamp: ", ", log timestamp: ", sink);
  bad |= Print(time_out_of_order_, "Found out of order timestamp in :", "Index timestamp: ",
               ", Previously indexed timestamp: ", sink);
  bad |= Print(time_not_found_, "The following indexed offsets are not found in the log: ",
               "Indexed offset: ", ", found log offset: ", sink);
  Print(non_consecutive_, "Non-consecutive offsets in ", "", " is followed by ", sink);
  return !bad;
}

}  // namespace runnel::log
