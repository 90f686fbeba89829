// Where topics and configs are written down: the log `__cluster_metadata-0` and its view.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kv/store.h"
#include "log/partition_log.h"
#include "metadata/metadata_image.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::broker {

struct Core;

// Kafka's name and id of the metadata topic.
inline constexpr std::string_view kMetadataTopic = "__cluster_metadata";
Uuid MetadataTopicId();

// The log is the truth: a change is a batch of records, synced before it is applied. The view in
// the store spares reading all of it at opening; a view that is missing, or ahead of the log, is
// built again. Each applied batch and its log offset go into the view together.
//
// Thread safety: thread-compatible; Topics calls it under its change mutex.
class MetadataLog final {
 public:
  // Opens or creates the log and its store, and brings `image` up to date.
  static StatusOr<std::unique_ptr<MetadataLog>> Open(Core& core, metadata::MetadataImage& image);

  // Appends `records` as one batch and returns when it is on disk; then hands each to `apply`.
  // Errors: kKafkaStorageError: the outcome is unknown until the broker is opened again, and no
  // change is possible before.
  Status Append(std::span<const std::string> records);
  // Takes what applying a batch changed into the view.
  Status WriteView(std::span<const metadata::ViewChange> changes);

  // Topic ids whose topics were created here at any time, deleted ones included.
  // Thread safety: thread-safe, beside Append too. Cost: reads the whole log.
  StatusOr<std::vector<Uuid>> EverCreated();

  // Makes the view durable, so that the next opening replays less.
  Status Checkpoint() { return store_->Checkpoint(); }
  Status Close() { return store_->Close(); }

 private:
  MetadataLog(Core& core, std::shared_ptr<log::PartitionLog> log, std::unique_ptr<kv::Store> store);
  Status LoadView(metadata::MetadataImage& image);
  Status ReplayTail(metadata::MetadataImage& image);

  Core& core_;
  std::shared_ptr<log::PartitionLog> log_;
  std::unique_ptr<kv::Store> store_;
  Offset last_offset_{-1};  // of the last batch appended or replayed
};

}  // namespace runnel::broker
