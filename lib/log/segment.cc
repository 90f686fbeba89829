#include "log/segment.h"

#include <algorithm>

#include "base/files.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/file_names.h"
#include "log/read_buffer_pool.h"
#include "record/batch_header.h"
#include "record/compression.h"
#include "record/record_iterator.h"

namespace runnel::log {
namespace {

using record::BatchHeader;
using record::BatchView;
using record::kBatchHeaderBytes;

// Bytes read at once where only a few batches between two index entries are wanted.
constexpr int64_t kSeekChunkBytes = 8 << 10;

}  // namespace

LogFolder::LogFolder(const LogDeps& deps, std::string folder_name)
    : directory(deps.directory),
      name(std::move(folder_name)),
      buffers(deps.buffers),
      codecs(deps.codecs) {
  if (buffers == nullptr) {
    own_buffers = std::make_unique<ReadBufferPool>();
    buffers = own_buffers.get();
  }
  if (codecs == nullptr) {
    own_codecs = std::make_unique<record::Codecs>();
    codecs = own_codecs.get();
  }
}

LogFolder::~LogFolder() = default;

std::string LogFolder::PathOf(Offset base_offset, std::string_view suffix) const {
  return PathOf(SegmentFileName(base_offset, suffix));
}

std::string LogFolder::PathOf(std::string_view file) const {
  std::string path = name;
  path += '/';
  path += file;
  return path;
}

BatchSource Segment::Bytes::source() const {
  return {.file = file.get(),
          .memory = storage == nullptr ? nullptr : storage->data(),
          .memory_from = storage == nullptr ? INT64_MAX : memory_from};
}

Segment::Segment(std::shared_ptr<const LogFolder> folder, Offset base_offset, Timestamp created)
    : folder_(std::move(folder)), base_offset_(base_offset), created_(created) {}

Segment::~Segment() = default;

std::string Segment::description() const {
  return folder_->PathOf(base_offset_, kLogSuffix);
}

Status Segment::CorruptAt(int64_t position, std::string_view reason) const {
  return Error(ErrorCode::kCorruptMessage,
               base::StrCat(description(), ": position ", position, ": ", reason));
}

std::shared_ptr<SegmentStorage> Segment::Memory(int64_t* memory_from) const {
  const base::Lock lock(mutex_);
  *memory_from = memory_from_;
  return storage_;
}

StatusOr<Segment::Bytes> Segment::Access(int64_t position) const {
  Bytes bytes;
  bytes.storage = Memory(&bytes.memory_from);
  if (bytes.storage == nullptr || position < bytes.memory_from) {
    RUNNEL_ASSIGN_OR_RETURN(bytes.file, OpenFile(OpenMode::kRead));
  }
  return bytes;
}

StatusOr<RecordBytes> Segment::ReadAt(int64_t position, int64_t max_bytes, int64_t limit) const {
  if (position >= limit) return RecordBytes();
  RUNNEL_ASSIGN_OR_RETURN(const Bytes bytes, Access(position));
  if (bytes.file != nullptr) {
    const int64_t disk_limit =
        bytes.storage == nullptr ? limit : std::min(limit, bytes.memory_from);
    return ReadDisk(bytes, position, max_bytes, disk_limit);
  }
  BatchScanner scanner(bytes.source(), position, limit, ScanCheck::kHeaders);
  int64_t end = position;
  while (true) {
    RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
    if (result != ScanResult::kBatch) break;
    if (end > position && scanner.next_position() - position > max_bytes) break;
    end = scanner.next_position();
  }
  return RecordBytes{.bytes = std::string_view(bytes.storage->data() + position,
                                               static_cast<size_t>(end - position)),
                     .pin = bytes.storage};
}

StatusOr<RecordBytes> Segment::ReadDisk(const Bytes& bytes, int64_t position, int64_t max_bytes,
                                        int64_t limit) const {
  int64_t wanted = std::min(limit - position, std::max(max_bytes, kSeekChunkBytes));
  for (;;) {
    const std::shared_ptr<char[]> buffer = folder_->buffers->Get(wanted);
    RUNNEL_ASSIGN_OR_RETURN(
        const int64_t read,
        bytes.file->Read(position, std::span(buffer.get(), static_cast<size_t>(wanted))));
    if (read < wanted) return CorruptAt(position + read, "the file ends early");
    int64_t end = 0;
    while (end < wanted) {
      const std::string_view rest(buffer.get() + end, static_cast<size_t>(wanted - end));
      if (rest.size() < kBatchHeaderBytes && wanted < limit - position) break;
      const StatusOr<BatchHeader> header = BatchHeader::Parse(rest);
      if (!header.ok() || header->size_bytes() > limit - position - end) {
        if (end > 0) break;  // what stands before it is good; the next read reports it
        return CorruptAt(position, header.ok() ? "the batch is longer than the segment"
                                               : base::AsStd(header.status().message()));
      }
      const int64_t size = header->size_bytes();
      if (end > 0 && end + size > max_bytes) break;
      if (end + size > wanted) {
        if (end == 0) wanted = size;  // the first batch alone is larger: read again
        break;
      }
      const BatchView batch = BatchView::FromTrusted(rest.data());
      if (const Status status = batch.VerifyCrc(); !status.ok()) {
        if (end > 0) break;
        return CorruptAt(position, base::AsStd(status.message()));
      }
      end += size;
    }
    if (end == 0) continue;
    return RecordBytes{.bytes = std::string_view(buffer.get(), static_cast<size_t>(end)),
                       .pin = buffer};
  }
}

StatusOr<int64_t> Segment::PositionOf(Offset offset, int64_t limit) const {
  if (offset <= base_offset_) return 0;
  RUNNEL_ASSIGN_OR_RETURN(const OffsetIndexEntry entry, LookupOffset(offset));
  RUNNEL_ASSIGN_OR_RETURN(const Bytes bytes, Access(entry.position));
  BatchScanner scanner(bytes.source(), entry.position, limit, ScanCheck::kHeaders, kSeekChunkBytes);
  while (true) {
    RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
    if (result == ScanResult::kEnd) return limit;
    if (result != ScanResult::kBatch) return CorruptAt(scanner.position(), scanner.reason());
    if (scanner.header().last_offset() >= offset) return scanner.position();
  }
}

StatusOr<OffsetAndTimestamp> Segment::FindTimestamp(Timestamp time, Offset from,
                                                    int64_t limit) const {
  RUNNEL_ASSIGN_OR_RETURN(const TimeIndexEntry start,
                          LookupTime(time - std::chrono::milliseconds(1)));
  RUNNEL_ASSIGN_OR_RETURN(int64_t position, PositionOf(std::max(start.offset, from), limit));
  RUNNEL_ASSIGN_OR_RETURN(const Bytes bytes, Access(position));
  BatchScanner scanner(bytes.source(), position, limit, ScanCheck::kChecksums, 64 << 10);
  record::Buffer buffer;
  while (true) {
    RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
    if (result == ScanResult::kEnd) return OffsetAndTimestamp();
    if (result != ScanResult::kBatch) return CorruptAt(scanner.position(), scanner.reason());
    const BatchView batch = scanner.batch();
    if (batch.max_timestamp() < time || batch.last_offset() < from) continue;
    RUNNEL_ASSIGN_OR_RETURN(const std::string_view records,
                            record::InflateRecords(batch, folder_->codecs, buffer));
    record::RecordIterator iterator(batch, records);
    for (record::RecordView record; iterator.Next(record);) {
      if (record.offset < from || record.timestamp < time) continue;
      return OffsetAndTimestamp{.offset = record.offset,
                                .timestamp = record.timestamp,
                                .leader_epoch = batch.leader_epoch()};
    }
    RUNNEL_RETURN_IF_ERROR(iterator.status());
  }
}

StatusOr<OffsetAndTimestamp> Segment::FindMaxTimestamp(Offset from, int64_t limit) const {
  RUNNEL_ASSIGN_OR_RETURN(int64_t position, PositionOf(from, limit));
  RUNNEL_ASSIGN_OR_RETURN(const Bytes bytes, Access(position));
  BatchScanner scanner(bytes.source(), position, limit, ScanCheck::kHeaders, 64 << 10);
  Timestamp greatest = kNoTimestamp;
  while (true) {
    RUNNEL_ASSIGN_OR_RETURN(const ScanResult result, scanner.Next());
    if (result == ScanResult::kEnd) break;
    if (result != ScanResult::kBatch) return CorruptAt(scanner.position(), scanner.reason());
    greatest = std::max(greatest, scanner.header().max_timestamp());
  }
  if (greatest == kNoTimestamp) return OffsetAndTimestamp();
  return FindTimestamp(greatest, from, limit);
}

StatusOr<SegmentSummary> Segment::Summary() const {
  {
    const base::Lock lock(mutex_);
    if (summary_.has_value()) return *summary_;
  }
  const bool is_closed = closed();
  RUNNEL_ASSIGN_OR_RETURN(const SegmentSummary summary, ComputeSummary());
  if (is_closed) {
    const base::Lock lock(mutex_);
    summary_ = summary;
  }
  return summary;
}

StatusOr<SegmentSummary> Segment::ComputeSummary() const {
  SegmentSummary summary{.size_bytes = size_bytes(), .end_offset = base_offset_};
  if (summary.size_bytes == 0) return summary;
  RUNNEL_ASSIGN_OR_RETURN(const TimeIndexEntry time, LastTime());
  if (time.timestamp >= Timestamp()) {
    summary.max_timestamp = time.timestamp;
    summary.max_timestamp_offset = time.offset;
  }
  RUNNEL_ASSIGN_OR_RETURN(const OffsetIndexEntry last, LastOffsetEntry());
  RUNNEL_ASSIGN_OR_RETURN(const Bytes bytes, Access(0));
  const auto note = [&summary](const BatchHeader& header) {
    summary.end_offset = header.next_offset();
    if (header.max_timestamp() > summary.max_timestamp) {
      summary.max_timestamp = header.max_timestamp();
      summary.max_timestamp_offset = header.last_offset();
    }
  };
  BatchScanner first(bytes.source(), 0, summary.size_bytes, ScanCheck::kHeaders, kSeekChunkBytes);
  RUNNEL_ASSIGN_OR_RETURN(ScanResult result, first.Next());
  if (result != ScanResult::kBatch) return CorruptAt(0, first.reason());
  summary.first_timestamp = first.header().max_timestamp();
  BatchScanner tail(bytes.source(), last.position, summary.size_bytes, ScanCheck::kHeaders,
                    kSeekChunkBytes);
  while (true) {
    RUNNEL_ASSIGN_OR_RETURN(result, tail.Next());
    if (result == ScanResult::kEnd) return summary;
    if (result != ScanResult::kBatch) return CorruptAt(tail.position(), tail.reason());
    note(tail.header());
  }
}

StatusOr<Timestamp> Segment::Modified() const {
  if (folder_->directory == nullptr) return created_;
  RUNNEL_ASSIGN_OR_RETURN(const FileInfo info,
                          folder_->directory->Stat(folder_->PathOf(base_offset_, kLogSuffix)));
  return info.modified;
}

StatusOr<std::vector<AbortedTxn>> Segment::AbortedTransactions() const {
  RUNNEL_ASSIGN_OR_RETURN(const std::shared_ptr<TransactionIndex> index, Transactions(false));
  if (index == nullptr) return std::vector<AbortedTxn>();
  return index->All();
}

void Segment::SetSize(int64_t size_bytes) {
  appended_bytes_.store(size_bytes, std::memory_order_release);
}

}  // namespace runnel::log
