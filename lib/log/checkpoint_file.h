// The small text files at the top of a data directory.
//
// All are written to `<name>.tmp`, synced, renamed over the old one, and the folder is synced:
// after a crash there is the old content or the new one. What cannot be read exactly is an error.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runnel/error.h"
#include "runnel/file_system.h"
#include "runnel/types.h"

namespace runnel::log {

inline constexpr std::string_view kRecoveryPointFile = "recovery-point-offset-checkpoint";
inline constexpr std::string_view kHighWatermarkFile = "replication-offset-checkpoint";
inline constexpr std::string_view kLogStartFile = "log-start-offset-checkpoint";
inline constexpr std::string_view kCleanerFile = "cleaner-offset-checkpoint";
inline constexpr std::string_view kMetaPropertiesFile = "meta.properties";
inline constexpr std::string_view kCleanShutdownFile = ".kafka_cleanshutdown";
inline constexpr std::string_view kLockFile = ".lock";

// No file of this kind is larger; 64 MiB are about a million partitions.
inline constexpr int64_t kMaxCheckpointBytes = int64_t{64} << 20;

// One offset per partition, sorted.
using OffsetMap = absl::btree_map<TopicPartition, Offset>;

// The text of an offset checkpoint:
//   0                      version
//   2                      number of lines that follow
//   orders 0 42            topic, partition, offset
//   orders 1 17
std::string EncodeOffsetCheckpoint(const OffsetMap& offsets);
// The reverse. An empty text is an empty map.
// Errors: kCorruptMessage with `path` and the line number.
StatusOr<OffsetMap> DecodeOffsetCheckpoint(std::string_view text, std::string_view path);

// A missing file is an empty map.
StatusOr<OffsetMap> ReadOffsetCheckpoint(Directory& directory, std::string_view name);
Status WriteOffsetCheckpoint(Directory& directory, std::string_view name, const OffsetMap& offsets);

// `meta.properties`: whose directory this is, in Java's properties syntax.
struct MetaProperties {
  int32_t version = 1;   // 0 (ZooKeeper era, with broker.id) is read, 1 is written
  int32_t node_id = -1;  // -1: none
  std::string cluster_id = {};
  Uuid directory_id = {};  // zero: none, as in version 0

  template <class Self, class Codec>
  static void Visit(Self& m, Codec& c) {
    c.Field("version", m.version);
    c.Field(m.version == 0 ? "broker.id" : "node.id", m.node_id);
    c.Field("cluster.id", m.cluster_id);
    if (m.version != 0) c.Field("directory.id", m.directory_id);
  }
  friend bool operator==(const MetaProperties&, const MetaProperties&) = default;
};

std::string EncodeMetaProperties(const MetaProperties& meta);
// Errors: kCorruptMessage with `path`, the key and its value; an unknown version.
StatusOr<MetaProperties> DecodeMetaProperties(std::string_view text, std::string_view path);
// nullopt when there is no file.
StatusOr<std::optional<MetaProperties>> ReadMetaProperties(Directory& directory);
Status WriteMetaProperties(Directory& directory, const MetaProperties& meta);

// `.kafka_cleanshutdown`: {"version":0,"brokerEpoch":-1}. That it is there says that everything
// was synced when the directory was closed; what it says matters little, so any content will do.
StatusOr<bool> HasCleanShutdownMark(Directory& directory);
Status WriteCleanShutdownMark(Directory& directory);
// Removes the mark durably; nothing happens when there is none.
Status RemoveCleanShutdownMark(Directory& directory);

}  // namespace runnel::log
