#include "broker/metadata_log.h"

#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "broker/core.h"
#include "broker/replay.h"
#include "metadata/records.h"
#include "record/record.h"

namespace runnel::broker {
namespace {

constexpr std::string_view kLogName = "__cluster_metadata-0";

log::PartitionOptions LogOptions() {
  log::PartitionOptions options;
  options.topic_id = MetadataTopicId();
  options.visibility = log::Visibility::kOnAdvance;
  options.config.cleanup_delete = false;
  options.config.retention_age = std::nullopt;
  options.config.timestamp_after_max = std::nullopt;
  // The records of one change are one batch, however many partitions it makes.
  options.config.max_message_bytes = 256 << 20;
  return options;
}

// A batch read from the log, applied to the image; what changed is added to `view`.
Status ApplyBatch(metadata::MetadataImage& image, const record::BatchView& batch,
                  std::span<const record::RecordView> records,
                  std::vector<metadata::ViewChange>& view) {
  if (batch.is_control()) return OkStatus();
  for (const record::RecordView& record : records) {
    if (!record.value.has_value()) continue;
    RUNNEL_RETURN_IF_ERROR(image.Apply(*record.value, &view));
  }
  return OkStatus();
}

}  // namespace

Uuid MetadataTopicId() {
  Uuid id;
  id.bytes.back() = 1;
  return id;
}

MetadataLog::MetadataLog(Core& core, std::shared_ptr<log::PartitionLog> log,
                         std::unique_ptr<kv::Store> store)
    : core_(core), log_(std::move(log)), store_(std::move(store)) {}

StatusOr<std::unique_ptr<MetadataLog>> MetadataLog::Open(Core& core,
                                                         metadata::MetadataImage& image) {
  const TopicPartition id{.topic = std::string(kMetadataTopic), .partition = 0};
  log::LogDirectory& directory = *core.directory;
  log::LogRecovery recovery;
  const Elapsed start = core.Now();
  RUNNEL_ASSIGN_OR_RETURN(auto log, directory.Contains(id)
                                        ? directory.OpenLog(id, LogOptions(), &recovery)
                                        : directory.Create(id, LogOptions()));
  core.Report(std::string(kLogName), recovery, core.Now() - start);
  RUNNEL_ASSIGN_OR_RETURN(auto store, core.OpenStore(core.options.metadata_store, "metadata"));
  std::unique_ptr<MetadataLog> opened(new MetadataLog(core, std::move(log), std::move(store)));
  if (opened->store_->AppliedOffset(kLogName) >= opened->log_->end_offset()) {
    // The log has lost a tail that the view has seen (a copied or damaged directory).
    RUNNEL_RETURN_IF_ERROR(opened->store_->Clear());
  }
  RUNNEL_RETURN_IF_ERROR(opened->LoadView(image));
  RUNNEL_RETURN_IF_ERROR(opened->ReplayTail(image));
  return opened;
}

Status MetadataLog::LoadView(metadata::MetadataImage& image) {
  Status status;
  RUNNEL_RETURN_IF_ERROR(
      store_->Scan(kv::KeyRange::All(), [&](std::string_view, std::string_view value) {
        status = image.Apply(value);
        return status.ok();
      }));
  return status;
}

Status MetadataLog::ReplayTail(metadata::MetadataImage& image) {
  last_offset_ = store_->AppliedOffset(kLogName);
  std::vector<metadata::ViewChange> view;
  return Replay(*log_, last_offset_ + 1, core_.codecs,
                [&](const record::BatchView& batch, std::span<const record::RecordView> records) {
                  view.clear();
                  RUNNEL_RETURN_IF_ERROR(ApplyBatch(image, batch, records, view));
                  last_offset_ = batch.last_offset();
                  return WriteView(view);
                });
}

Status MetadataLog::Append(std::span<const std::string> records) {
  if (records.empty()) return OkStatus();
  std::vector<record::RecordFields> fields;
  fields.reserve(records.size());
  const Timestamp now = core_.environment.clock->Now();
  for (const std::string& record : records)
    fields.push_back({.timestamp = now, .value = record});
  RUNNEL_ASSIGN_OR_RETURN(const log::AppendResult appended,
                          log_->AppendRecords(fields, {.origin = log::AppendOrigin::kCoordinator,
                                                       .trust = log::Trust::kTrusted,
                                                       .now = now}));
  RUNNEL_ASSIGN_OR_RETURN(const Offset end, log_->Flush());
  RUNNEL_RETURN_IF_ERROR(log_->AdvanceHighWatermark(end));
  last_offset_ = appended.last_offset;
  return OkStatus();
}

Status MetadataLog::WriteView(std::span<const metadata::ViewChange> changes) {
  using Kind = metadata::ViewChange::Kind;
  kv::WriteBatch batch;
  for (const metadata::ViewChange& change : changes) {
    if (change.kind == Kind::kPut) {
      batch.Put(change.key, change.value);
    } else if (change.kind == Kind::kDelete) {
      batch.Delete(change.key);
    } else {
      RUNNEL_RETURN_IF_ERROR(store_->Scan(kv::KeyRange::Prefix(change.key),
                                          [&](std::string_view key, std::string_view) {
                                            batch.Delete(key);
                                            return true;
                                          }));
    }
  }
  batch.SetApplied(kLogName, last_offset_);
  return store_->Write(batch);
}

StatusOr<std::vector<Uuid>> MetadataLog::EverCreated() {
  std::vector<Uuid> ids;
  RUNNEL_RETURN_IF_ERROR(Replay(
      *log_, Offset(0), core_.codecs,
      [&](const record::BatchView& batch, std::span<const record::RecordView> records) -> Status {
        if (batch.is_control()) return OkStatus();
        for (const record::RecordView& record : records) {
          if (!record.value.has_value()) continue;
          RUNNEL_ASSIGN_OR_RETURN(const auto frame, metadata::ParseFrame(*record.value));
          if (frame.type != metadata::TopicRecord::kApi.key) continue;
          RUNNEL_ASSIGN_OR_RETURN(const auto topic,
                                  metadata::DecodeRecord<metadata::TopicRecord>(frame));
          ids.push_back(topic.topic_id);
        }
        return OkStatus();
      }));
  return ids;
}

}  // namespace runnel::broker
