#include "log/import.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/files.h"
#include "base/status.h"
#include "base/strings.h"
#include "log/file_names.h"
#include "log/partition_metadata.h"

namespace runnel::log {
namespace {

using base::StrCat;

constexpr int64_t kCopyBytes = int64_t{1} << 20;
constexpr int64_t kMaxMetadataBytes = 64 << 10;

// Copies one file and syncs it; returns its size.
StatusOr<int64_t> CopyFile(Directory& from, const std::string& from_name, Directory& to,
                           const std::string& to_name) {
  RUNNEL_ASSIGN_OR_RETURN(const auto source, from.OpenFile(from_name, OpenMode::kRead));
  RUNNEL_ASSIGN_OR_RETURN(const auto target, to.OpenFile(to_name, OpenMode::kCreateNew));
  std::string buffer(kCopyBytes, '\0');
  int64_t position = 0;
  while (true) {
    RUNNEL_ASSIGN_OR_RETURN(const int64_t got, source->Read(position, buffer));
    if (got == 0) break;
    RUNNEL_RETURN_IF_ERROR(
        target->Write(position, std::string_view(buffer).substr(0, static_cast<size_t>(got))));
    position += got;
  }
  RUNNEL_RETURN_IF_ERROR(target->Sync());
  // Retention by age falls back on it where records carry no time.
  const auto info = from.Stat(from_name);
  if (info.ok()) {
    base::IgnoreError(to.SetModified(to_name, info->modified), "a hint for retention only");
  }
  return position;
}

bool IsPartitionFile(std::string_view name) {
  const auto parsed = ParseSegmentFile(name);
  if (parsed.has_value())
    return parsed->state.empty() || parsed->state == kSwapSuffix || parsed->state == kCleanedSuffix;
  return name == kEpochFile || name == kMetadataFile;
}

// Which names of the folder are copied; the others go to `result.ignored`.
StatusOr<std::vector<std::string>> Choose(Directory& from, ImportResult& result) {
  RUNNEL_ASSIGN_OR_RETURN(const auto entries, from.List(""));
  std::vector<std::string> chosen;
  bool has_segment = false;
  for (const DirectoryEntry& entry : entries) {
    if (entry.is_directory || !IsPartitionFile(entry.name)) {
      result.ignored.push_back(entry.name);
      continue;
    }
    has_segment = has_segment || entry.name.ends_with(kLogSuffix);
    chosen.push_back(entry.name);
  }
  if (!has_segment) {
    return Error(ErrorCode::kInvalidRequest, StrCat(from.path(), " holds no segment: no file like ",
                                                    SegmentFileName(Offset(0), kLogSuffix)));
  }
  return chosen;
}

StatusOr<Uuid> ReadTopicId(Directory& from) {
  const auto text = base::ReadWhole(from, kMetadataFile, kMaxMetadataBytes);
  if (runnel::IsNotFound(text.status())) return Uuid();
  RUNNEL_RETURN_IF_ERROR(text.status());
  return DecodePartitionMetadata(*text, StrCat(from.path(), "/", kMetadataFile));
}

// Refuses a folder of another topic than the partitions that are there already.
Status CheckTopicId(const LogDirectory& directory, const TopicPartition& partition,
                    const Uuid& topic_id) {
  for (const TopicPartition& other : directory.Partitions()) {
    if (other.topic != partition.topic) continue;
    RUNNEL_ASSIGN_OR_RETURN(const Uuid other_id, directory.ReadTopicId(other));
    if (other_id.is_zero() || topic_id.is_zero() || other_id == topic_id) continue;
    return Error(ErrorCode::kInconsistentTopicId,
                 StrCat("the folder has topic id ", ToString(topic_id), ", but ", other, " has ",
                        ToString(other_id)));
  }
  return OkStatus();
}

}  // namespace

StatusOr<ImportResult> ImportPartition(FileSystem& files, const std::string& from_path,
                                       LogDirectory& directory, const TopicPartition& partition) {
  if (!IsValidTopicName(partition.topic) || partition.partition < 0) {
    return Error(ErrorCode::kInvalidTopicException, StrCat("'", partition, "' is no partition"));
  }
  if (directory.Contains(partition)) {
    return Error(ErrorCode::kTopicAlreadyExists,
                 StrCat("partition ", partition, " exists already"));
  }
  RUNNEL_ASSIGN_OR_RETURN(const auto from,
                          files.OpenDirectory(from_path, DirectoryMode::kMustExist));
  ImportResult result;
  RUNNEL_ASSIGN_OR_RETURN(const std::vector<std::string> names, Choose(*from, result));
  RUNNEL_ASSIGN_OR_RETURN(result.topic_id, ReadTopicId(*from));
  RUNNEL_RETURN_IF_ERROR(CheckTopicId(directory, partition, result.topic_id));

  Directory& to = directory.directory();
  const std::string folder = PartitionFolder(partition);
  const std::string temporary = directory.TemporaryFolder(partition);
  bool in_place = false;
  const auto copy = [&]() -> Status {
    RUNNEL_RETURN_IF_ERROR(to.CreateDirectory(temporary));
    for (const std::string& name : names) {
      RUNNEL_ASSIGN_OR_RETURN(const int64_t bytes,
                              CopyFile(*from, name, to, StrCat(temporary, "/", name)));
      result.bytes += bytes;
      ++result.file_count;
    }
    RUNNEL_RETURN_IF_ERROR(to.Sync(temporary));
    RUNNEL_RETURN_IF_ERROR(to.Rename(temporary, folder));
    in_place = true;
    RUNNEL_RETURN_IF_ERROR(to.Sync(""));
    return directory.Adopt(partition);
  };
  const Status status = copy();
  if (!status.ok()) {
    base::IgnoreError(base::RemoveTree(to, in_place ? folder : temporary),
                      "the first error says more");
    return status;
  }
  return result;
}

}  // namespace runnel::log
