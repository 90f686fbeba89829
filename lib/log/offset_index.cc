#include "log/offset_index.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::log {
namespace {

constexpr OffsetIndexEntry kNoEntry{.offset = kNoOffset, .position = -1};

}  // namespace

void OffsetIndex::Add(OffsetIndexEntry entry) {
  const Packed packed{.relative_offset = static_cast<int32_t>(entry.offset - base_offset_),
                      .position = static_cast<int32_t>(entry.position)};
  const base::Lock lock(mutex_);
  if (!entries_.empty() && packed.relative_offset <= entries_.back().relative_offset) return;
  entries_.push_back(packed);
}

OffsetIndexEntry OffsetIndex::Lookup(Offset offset) const {
  const int64_t target = offset - base_offset_;
  const base::Lock lock(mutex_);
  auto it = std::upper_bound(entries_.begin(), entries_.end(), target,
                             [](int64_t t, const Packed& e) { return t < e.relative_offset; });
  if (it == entries_.begin()) return {.offset = base_offset_, .position = 0};
  --it;
  return {.offset = base_offset_ + it->relative_offset, .position = it->position};
}

OffsetIndexEntry OffsetIndex::FirstAtOrAfter(int64_t position) const {
  const base::Lock lock(mutex_);
  const auto it = std::lower_bound(entries_.begin(), entries_.end(), position,
                                   [](const Packed& e, int64_t p) { return e.position < p; });
  if (it == entries_.end()) return kNoEntry;
  return {.offset = base_offset_ + it->relative_offset, .position = it->position};
}

void OffsetIndex::TruncateTo(Offset offset) {
  const int64_t target = offset - base_offset_;
  const base::Lock lock(mutex_);
  while (!entries_.empty() && entries_.back().relative_offset >= target)
    entries_.pop_back();
}

int64_t OffsetIndex::size_bytes() const {
  const base::Lock lock(mutex_);
  return static_cast<int64_t>(entries_.size()) * OffsetIndexEntry::kBytes;
}

std::string OffsetIndex::Encode() const {
  const base::Lock lock(mutex_);
  std::string out;
  out.reserve(entries_.size() * OffsetIndexEntry::kBytes);
  base::ByteWriter writer(out);
  for (const Packed& entry : entries_) {
    writer.WriteInt32(entry.relative_offset);
    writer.WriteInt32(entry.position);
  }
  return out;
}

Status OffsetIndex::Decode(std::string_view bytes, int64_t log_bytes) {
  std::vector<Packed> entries;
  entries.reserve(bytes.size() / OffsetIndexEntry::kBytes);
  Packed last{.relative_offset = -1, .position = -1};
  base::ByteReader reader(bytes);
  while (reader.remaining() >= OffsetIndexEntry::kBytes) {
    const Packed entry{.relative_offset = reader.ReadInt32(), .position = reader.ReadInt32()};
    if (entry.relative_offset <= last.relative_offset || entry.position <= last.position ||
        entry.position >= log_bytes) {
      return Error(ErrorCode::kCorruptMessage,
                   base::StrCat("offset index entry ", entries.size(), " (", entry.relative_offset,
                                ", ", entry.position, ") does not follow (", last.relative_offset,
                                ", ", last.position, ") within ", log_bytes, " bytes"));
    }
    entries.push_back(entry);
    last = entry;
  }
  if (reader.remaining() != 0) {
    return Error(ErrorCode::kCorruptMessage,
                 base::StrCat("offset index of ", bytes.size(), " bytes has a partial entry"));
  }
  const base::Lock lock(mutex_);
  entries_ = std::move(entries);
  return OkStatus();
}

StatusOr<OffsetIndexFile> OffsetIndexFile::Open(File& file, Offset base_offset) {
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size, file.Size());
  return OffsetIndexFile(file, base_offset, size / OffsetIndexEntry::kBytes);
}

StatusOr<OffsetIndexEntry> OffsetIndexFile::Entry(int64_t index) const {
  std::array<char, OffsetIndexEntry::kBytes> bytes;
  RUNNEL_ASSIGN_OR_RETURN(const int64_t read, file_->Read(index * OffsetIndexEntry::kBytes, bytes));
  if (read != OffsetIndexEntry::kBytes) {
    return Error(ErrorCode::kCorruptMessage, "an offset index is shorter than it was");
  }
  return OffsetIndexEntry{.offset = base_offset_ + base::LoadBigEndian<int32_t>(bytes.data()),
                          .position = base::LoadBigEndian<int32_t>(bytes.data() + 4)};
}

StatusOr<OffsetIndexEntry> OffsetIndexFile::Lookup(Offset offset) const {
  OffsetIndexEntry best{.offset = base_offset_, .position = 0};
  int64_t begin = 0;
  for (int64_t end = entry_count_; begin < end;) {
    const int64_t middle = begin + (end - begin) / 2;
    RUNNEL_ASSIGN_OR_RETURN(const OffsetIndexEntry entry, Entry(middle));
    if (entry.offset <= offset) {
      best = entry;
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return best;
}

StatusOr<OffsetIndexEntry> OffsetIndexFile::FirstAtOrAfter(int64_t position) const {
  OffsetIndexEntry best = kNoEntry;
  int64_t end = entry_count_;
  for (int64_t begin = 0; begin < end;) {
    const int64_t middle = begin + (end - begin) / 2;
    RUNNEL_ASSIGN_OR_RETURN(const OffsetIndexEntry entry, Entry(middle));
    if (entry.position >= position) {
      best = entry;
      end = middle;
    } else {
      begin = middle + 1;
    }
  }
  return best;
}

StatusOr<OffsetIndexEntry> OffsetIndexFile::Last() const {
  if (entry_count_ == 0) return OffsetIndexEntry{.offset = base_offset_, .position = 0};
  return Entry(entry_count_ - 1);
}

}  // namespace runnel::log
