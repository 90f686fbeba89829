// Takes a partition folder of Kafka, or of another Runnel, into a data directory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "log/log_directory.h"
#include "runnel/error.h"
#include "runnel/file_system.h"
#include "runnel/types.h"

namespace runnel::log {

struct ImportResult {
  int64_t file_count = 0;
  int64_t bytes = 0;
  Uuid topic_id = {};  // from the folder's partition.metadata; zero when it has none
  std::vector<std::string> ignored = {};  // names in the folder that are no file of a partition
};

// Copies the files of the folder at `from_path`, opened through `files`, into a new partition:
// segments with their indexes, snapshots, leader epochs and topic id. Other files are left out. The
// partition appears as a whole or not at all, and durably. Errors: kTopicAlreadyExists when the
// partition exists; kInvalidTopicException; kInvalidRequest when the folder holds no segment;
// kInconsistentTopicId when another partition of the topic has another id; kKafkaStorageError.
StatusOr<ImportResult> ImportPartition(FileSystem& files, const std::string& from_path,
                                       LogDirectory& directory, const TopicPartition& partition);

}  // namespace runnel::log
