#include "record/control.h"

#include "base/bytes.h"
#include "base/status.h"
#include "base/strings.h"
#include "record/header_format.h"
#include "record/record_format.h"
#include "record/record_iterator.h"

namespace runnel::record {
namespace {

Status Invalid(const RecordView& record, std::string_view text) {
  return Error(ErrorCode::kInvalidRecord,
               base::StrCat("control record at offset ", record.offset, " ", text));
}

constexpr std::string_view kTypeNames[] = {"ABORT",           "COMMIT",          "LEADER_CHANGE",
                                           "SNAPSHOT_HEADER", "SNAPSHOT_FOOTER", "KRAFT_VERSION",
                                           "KRAFT_VOTERS"};

}  // namespace

std::string_view NameOf(ControlType type) {
  const auto number = static_cast<size_t>(type);
  return number < std::size(kTypeNames) ? kTypeNames[number] : "UNKNOWN";
}

StatusOr<ControlType> ParseControlType(const RecordView& record) {
  if (!record.key.has_value() || record.key->size() < 4) return Invalid(record, "has a bad key");
  base::ByteReader key(*record.key);
  const int16_t version = key.ReadInt16();
  if (version < 0) return Invalid(record, base::StrCat("has key version ", version));
  const int16_t type = key.ReadInt16();
  const bool known = type >= 0 && type < static_cast<int16_t>(std::size(kTypeNames));
  return known ? static_cast<ControlType>(type) : ControlType::kUnknown;
}

StatusOr<EndTxnMarker> ParseEndTxnMarker(const RecordView& record) {
  RUNNEL_ASSIGN_OR_RETURN(const ControlType type, ParseControlType(record));
  if (type != ControlType::kCommit && type != ControlType::kAbort) {
    return Invalid(record, base::StrCat("is ", NameOf(type), ", not the end of a transaction"));
  }
  if (!record.value.has_value() || record.value->size() < 6) {
    return Invalid(record, "has a bad value");
  }
  base::ByteReader value(*record.value);
  const int16_t version = value.ReadInt16();
  if (version < 0) return Invalid(record, base::StrCat("has value version ", version));
  return EndTxnMarker{.type = type, .coordinator_epoch = value.ReadInt32()};
}

StatusOr<RecordView> ReadControlRecord(const BatchView& batch) {
  if (!batch.is_control() || batch.compression() != CompressionType::kNone ||
      batch.record_count() != 1) {
    return Error(ErrorCode::kInvalidRecord,
                 base::StrCat("batch at offset ", batch.base_offset(),
                              " is not an uncompressed control batch of one record"));
  }
  RecordIterator iterator(batch, batch.records());
  RecordView record;
  if (!iterator.Next(record)) return iterator.status();
  RecordView none;
  (void)iterator.Next(none);  // complains about bytes left over
  RUNNEL_RETURN_IF_ERROR(iterator.status());
  return record;
}

int32_t EncodeMarkerBatch(char* out, const MarkerBatch& batch) {
  char key[4];
  base::StoreBigEndian<int16_t>(key, 0);
  base::StoreBigEndian<int16_t>(key + 2, static_cast<int16_t>(batch.marker.type));
  char value[6];
  base::StoreBigEndian<int16_t>(value, 0);
  base::StoreBigEndian<int32_t>(value + 2, batch.marker.coordinator_epoch);
  const RecordFields record{.timestamp = batch.timestamp,
                            .key = std::string_view(key, sizeof key),
                            .value = std::string_view(value, sizeof value)};
  const Timestamp base_timestamp = batch.delete_horizon.value_or(batch.timestamp);
  const int64_t delta = internal::WrappingDifference(batch.timestamp, base_timestamp);
  const int horizon_bit = batch.delete_horizon.has_value() ? attribute::kDeleteHorizon : 0;
  internal::StoreHeaderFields(
      out, {
               .base_offset = batch.offset,
               .leader_epoch = batch.leader_epoch,
               .attributes = static_cast<int16_t>(attribute::kTransactional | attribute::kControl |
                                                  horizon_bit),
               .base_timestamp = base_timestamp,
               .max_timestamp = batch.timestamp,
               .producer_id = batch.producer_id,
               .producer_epoch = batch.producer_epoch,
               .record_count = 1,
           });
  const char* const end = internal::StoreRecord(
      out + kBatchHeaderBytes, internal::SizeOfBody(delta, 0, record), delta, 0, record);
  internal::StoreLength(out, end - out);
  internal::StoreCrc(out, end - out);
  return static_cast<int32_t>(end - out);
}

void EncodeEmptyBatch(char* out, const BatchHeader& original) {
  constexpr int kKept = attribute::kLogAppendTime | attribute::kTransactional | attribute::kControl;
  internal::StoreHeaderFields(out,
                              {
                                  .base_offset = original.base_offset(),
                                  .leader_epoch = original.leader_epoch(),
                                  .attributes = static_cast<int16_t>(original.attributes() & kKept),
                                  .last_offset_delta = original.last_offset_delta(),
                                  .base_timestamp = kNoTimestamp,
                                  .max_timestamp = original.max_timestamp(),
                                  .producer_id = original.producer_id(),
                                  .producer_epoch = original.producer_epoch(),
                                  .base_sequence = original.base_sequence(),
                                  .record_count = 0,
                              });
  internal::StoreLength(out, kBatchHeaderBytes);
  internal::StoreCrc(out, kBatchHeaderBytes);
}

}  // namespace runnel::record
