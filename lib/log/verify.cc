#include "log/verify.h"

#include <map>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/checkpoint_file.h"
#include "log/file_names.h"
#include "log/leader_epoch_cache.h"
#include "log/log_directory.h"
#include "log/partition_metadata.h"
#include "log/producer_state.h"
#include "log/verify_segment.h"

namespace runnel::log {
namespace {

using base::StrCat;

class Verifier final {
 public:
  Verifier(Directory& directory, const VerifyOptions& options, record::Codecs& codecs,
           FindingSink sink)
      : directory_(directory), codecs_(codecs), findings_(options, summary_, sink) {}

  Status VerifyRoot() {
    RUNNEL_ASSIGN_OR_RETURN(const auto entries, directory_.List(""));
    for (const DirectoryEntry& entry : entries) {
      if (!entry.is_directory) {
        VerifyRootFile(entry.name);
        continue;
      }
      if (!ParsePartitionFolder(entry.name).has_value()) {
        const bool deleted = entry.name.ends_with("-delete");
        if (deleted) Add(Severity::kNote, entry.name, "a deleted partition awaits removal");
        continue;
      }
      const Status status = VerifyFolder(entry.name);
      if (!status.ok()) Add(Severity::kError, entry.name, ToString(status));
    }
    return OkStatus();
  }

  Status VerifyFolder(std::string_view folder) {
    RUNNEL_ASSIGN_OR_RETURN(const auto entries, directory_.List(folder));
    ++summary_.partitions;
    std::map<int64_t, SegmentFiles> segments;
    for (const DirectoryEntry& entry : entries) {
      if (!entry.is_directory) Sort(folder, entry.name, segments);
    }
    for (auto segment = segments.begin(); segment != segments.end(); ++segment) {
      SegmentFiles& files = segment->second;
      files.base_offset = Offset(segment->first);
      if (files.log.empty()) {
        const std::string& orphan = !files.offset_index.empty() ? files.offset_index
                                    : !files.time_index.empty() ? files.time_index
                                                                : files.transaction_index;
        Add(Severity::kWarning, orphan, "an index without its .log");
        continue;
      }
      for (auto next = std::next(segment); next != segments.end(); ++next) {
        if (next->second.log.empty()) continue;
        files.next_base_offset = Offset(next->first);
        break;
      }
      SegmentVerifier(directory_, files, codecs_, findings_).Run();
    }
    return OkStatus();
  }

  const VerifySummary& summary() const { return summary_; }

 private:
  void Add(Severity severity, std::string_view file, std::string text) {
    findings_.Add({.severity = severity,
                   .file = std::string(file),
                   .position = std::nullopt,
                   .first_offset = std::nullopt,
                   .last_offset = std::nullopt,
                   .text = std::move(text)});
  }

  // Reads a small file and counts it; nullopt with a finding when that fails.
  std::optional<std::string> Read(const std::string& name) {
    auto content = base::ReadWhole(directory_, name, kMaxCheckpointBytes);
    if (!content.ok()) {
      Add(Severity::kError, name, ToString(content.status()));
      return std::nullopt;
    }
    ++summary_.files;
    summary_.bytes += static_cast<int64_t>(content->size());
    return *std::move(content);
  }

  void VerifyRootFile(const std::string& name) {
    if (name.ends_with(kTempSuffix)) {
      Add(Severity::kNote, name, "left by a crash while it was written");
      return;
    }
    if (name == kMetaPropertiesFile) {
      const auto text = Read(name);
      if (text.has_value()) AddIfBad(Severity::kError, name, DecodeMetaProperties(*text, name));
      return;
    }
    if (name != kRecoveryPointFile && name != kHighWatermarkFile && name != kLogStartFile &&
        name != kCleanerFile) {
      return;
    }
    const auto text = Read(name);
    if (!text.has_value()) return;
    const auto offsets = DecodeOffsetCheckpoint(*text, name);
    AddIfBad(Severity::kWarning, name, offsets);
  }

  template <class T>
  void AddIfBad(Severity severity, const std::string& name, const StatusOr<T>& result) {
    if (!result.ok()) Add(severity, name, std::string(result.status().message()));
  }

  // Puts a file of a segment into its place and checks the others at once.
  void Sort(std::string_view folder, const std::string& name,
            std::map<int64_t, SegmentFiles>& segments) {
    const std::string path = folder.empty() ? name : StrCat(folder, "/", name);
    const auto parsed = ParseSegmentFile(name);
    if (!parsed.has_value()) {
      VerifyFolderFile(path, name);
      return;
    }
    if (!parsed->state.empty()) {
      Add(Severity::kNote, path, "left by a deletion or a compaction; the next open settles it");
      return;
    }
    if (parsed->kind == kSnapshotSuffix) {
      const auto bytes = Read(path);
      if (!bytes.has_value()) return;
      const Status status = ProducerState().DecodeSnapshot(*bytes);
      if (!status.ok()) Add(Severity::kWarning, path, std::string(status.message()));
      return;
    }
    SegmentFiles& files = segments[parsed->base_offset.value()];
    if (parsed->kind == kLogSuffix) files.log = path;
    if (parsed->kind == kOffsetIndexSuffix) files.offset_index = path;
    if (parsed->kind == kTimeIndexSuffix) files.time_index = path;
    if (parsed->kind == kTransactionIndexSuffix) files.transaction_index = path;
  }

  void VerifyFolderFile(const std::string& path, std::string_view name) {
    if (name.ends_with(kTempSuffix)) {
      Add(Severity::kNote, path, "left by a crash while it was written");
      return;
    }
    if (name == kEpochFile) {
      const auto text = Read(path);
      if (!text.has_value()) return;
      LeaderEpochCache epochs;
      const Status status = epochs.Decode(*text);
      if (!status.ok()) Add(Severity::kWarning, path, std::string(status.message()));
    }
    if (name == kMetadataFile) {
      const auto text = Read(path);
      if (text.has_value())
        AddIfBad(Severity::kWarning, path, DecodePartitionMetadata(*text, path));
    }
  }

  Directory& directory_;
  record::Codecs& codecs_;
  VerifySummary summary_;
  FindingCounter findings_;
};

}  // namespace

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kNote:
      return "note";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "unknown";
}

StatusOr<VerifySummary> VerifyDirectory(Directory& directory, const VerifyOptions& options,
                                        record::Codecs& codecs, FindingSink sink) {
  Verifier verifier(directory, options, codecs, sink);
  RUNNEL_RETURN_IF_ERROR(verifier.VerifyRoot());
  return verifier.summary();
}

StatusOr<VerifySummary> VerifyPartition(Directory& directory, std::string_view folder,
                                        const VerifyOptions& options, record::Codecs& codecs,
                                        FindingSink sink) {
  Verifier verifier(directory, options, codecs, sink);
  RUNNEL_RETURN_IF_ERROR(verifier.VerifyFolder(folder));
  return verifier.summary();
}

}  // namespace runnel::log
