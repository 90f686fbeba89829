#include "broker/replay.h"

#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "log/log_cursor.h"
#include "record/batch_reader.h"
#include "record/record_iterator.h"

namespace runnel::broker {
namespace {

constexpr int64_t kReadBytes = 1 << 20;

Status VisitBatch(const record::BatchView& batch, record::Codecs& codecs, record::Buffer& inflated,
                  std::vector<record::RecordView>& records, BatchVisitor visit) {
  records.clear();
  RUNNEL_ASSIGN_OR_RETURN(const std::string_view bytes,
                          record::InflateRecords(batch, &codecs, inflated));
  record::RecordIterator iterator(batch, bytes);
  for (record::RecordView record; iterator.Next(record);)
    records.push_back(record);
  RUNNEL_RETURN_IF_ERROR(iterator.status());
  return visit(batch, records);
}

}  // namespace

Status Replay(log::PartitionLog& log, Offset begin, record::Codecs& codecs, BatchVisitor visit) {
  if (begin < log.log_start_offset()) begin = log.log_start_offset();
  if (begin >= log.end_offset()) return OkStatus();
  log::LogCursor cursor(log, log::ReadBound::kEnd);
  RUNNEL_RETURN_IF_ERROR(cursor.Seek(begin));
  record::Buffer inflated;
  std::vector<record::RecordView> records;
  for (;;) {
    RUNNEL_ASSIGN_OR_RETURN(const log::RecordBytes bytes, cursor.Read(kReadBytes));
    if (bytes.empty()) return OkStatus();
    record::BatchReader reader(bytes.bytes, record::CrcCheck::kVerify);
    while (reader.Next()) {
      const record::BatchView& batch = reader.batch();
      if (batch.last_offset() < begin) continue;
      RUNNEL_RETURN_IF_ERROR(VisitBatch(batch, codecs, inflated, records, visit));
    }
    if (reader.end() == record::BatchReader::End::kCorrupt) {
      return Error(ErrorCode::kCorruptMessage,
                   base::StrCat(log.name(), " at offset ", cursor.offset(), ": ",
                                ToString(reader.status())));
    }
  }
}

}  // namespace runnel::broker
