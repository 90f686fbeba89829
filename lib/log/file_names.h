// Names of the files in a partition's folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runnel/types.h"

namespace runnel::log {

inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kOffsetIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kTransactionIndexSuffix = ".txnindex";
inline constexpr std::string_view kSnapshotSuffix = ".snapshot";
inline constexpr std::string_view kDeletedSuffix = ".deleted";  // awaits removal
inline constexpr std::string_view kCleanedSuffix = ".cleaned";  // being written by compaction
inline constexpr std::string_view kSwapSuffix = ".swap";        // complete, about to take over
inline constexpr std::string_view kTempSuffix = ".tmp";
inline constexpr std::string_view kEpochFile = "leader-epoch-checkpoint";
inline constexpr std::string_view kMetadataFile = "partition.metadata";

// "00000000000000000042" + suffix.
std::string SegmentFileName(Offset base_offset, std::string_view suffix);

struct SegmentFile {
  Offset base_offset{0};
  std::string_view kind;   // kLogSuffix, ..., kSnapshotSuffix
  std::string_view state;  // empty, kDeletedSuffix, kCleanedSuffix or kSwapSuffix
};
// The reverse; nullopt for a name that is none of a segment's.
std::optional<SegmentFile> ParseSegmentFile(std::string_view name);

}  // namespace runnel::log
