#include "log/time_index.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::log {
namespace {

Timestamp TimeOf(int64_t ms) {
  return Timestamp(std::chrono::milliseconds(ms));
}

}  // namespace

bool TimeIndex::Add(TimeIndexEntry entry) {
  const base::Lock lock(mutex_);
  if (!entries_.empty() &&
      (entry.timestamp <= entries_.back().timestamp || entry.offset < entries_.back().offset)) {
    return false;
  }
  if (entry.timestamp < Timestamp()) return false;
  entries_.push_back(entry);
  return true;
}

TimeIndexEntry TimeIndex::Lookup(Timestamp time) const {
  const base::Lock lock(mutex_);
  auto it = std::upper_bound(entries_.begin(), entries_.end(), time,
                             [](Timestamp t, const TimeIndexEntry& e) { return t < e.timestamp; });
  if (it == entries_.begin()) return {.timestamp = kNoTimestamp, .offset = base_offset_};
  return *--it;
}

TimeIndexEntry TimeIndex::Last() const {
  const base::Lock lock(mutex_);
  if (entries_.empty()) return {.timestamp = kNoTimestamp, .offset = base_offset_};
  return entries_.back();
}

void TimeIndex::TruncateTo(Offset offset) {
  const base::Lock lock(mutex_);
  while (!entries_.empty() && entries_.back().offset >= offset)
    entries_.pop_back();
}

int64_t TimeIndex::size_bytes() const {
  const base::Lock lock(mutex_);
  return static_cast<int64_t>(entries_.size()) * TimeIndexEntry::kBytes;
}

std::string TimeIndex::Encode() const {
  const base::Lock lock(mutex_);
  std::string out;
  out.reserve(entries_.size() * TimeIndexEntry::kBytes);
  base::ByteWriter writer(out);
  for (const TimeIndexEntry& entry : entries_) {
    writer.WriteInt64(entry.timestamp.time_since_epoch().count());
    writer.WriteInt32(static_cast<int32_t>(entry.offset - base_offset_));
  }
  return out;
}

Status TimeIndex::Decode(std::string_view bytes) {
  std::vector<TimeIndexEntry> entries;
  entries.reserve(bytes.size() / TimeIndexEntry::kBytes);
  TimeIndexEntry last{.timestamp = kNoTimestamp, .offset = base_offset_};
  base::ByteReader reader(bytes);
  while (reader.remaining() >= TimeIndexEntry::kBytes) {
    const Timestamp time = TimeOf(reader.ReadInt64());
    const TimeIndexEntry entry{.timestamp = time, .offset = base_offset_ + reader.ReadInt32()};
    if (entry.timestamp < last.timestamp || entry.offset < last.offset) {
      return Error(
          ErrorCode::kCorruptMessage,
          base::StrCat("time index entry ", entries.size(), " (",
                       entry.timestamp.time_since_epoch().count(), ", ", entry.offset, ") falls"));
    }
    entries.push_back(entry);
    last = entry;
  }
  if (reader.remaining() != 0) {
    return Error(ErrorCode::kCorruptMessage,
                 base::StrCat("time index of ", bytes.size(), " bytes has a partial entry"));
  }
  const base::Lock lock(mutex_);
  entries_ = std::move(entries);
  return OkStatus();
}

StatusOr<TimeIndexFile> TimeIndexFile::Open(File& file, Offset base_offset) {
  RUNNEL_ASSIGN_OR_RETURN(const int64_t size, file.Size());
  return TimeIndexFile(file, base_offset, size / TimeIndexEntry::kBytes);
}

StatusOr<TimeIndexEntry> TimeIndexFile::Entry(int64_t index) const {
  std::array<char, TimeIndexEntry::kBytes> bytes;
  RUNNEL_ASSIGN_OR_RETURN(const int64_t read, file_->Read(index * TimeIndexEntry::kBytes, bytes));
  if (read != TimeIndexEntry::kBytes) {
    return Error(ErrorCode::kCorruptMessage, "a time index is shorter than it was");
  }
  return TimeIndexEntry{.timestamp = TimeOf(base::LoadBigEndian<int64_t>(bytes.data())),
                        .offset = base_offset_ + base::LoadBigEndian<int32_t>(bytes.data() + 8)};
}

StatusOr<TimeIndexEntry> TimeIndexFile::Lookup(Timestamp time) const {
  TimeIndexEntry best{.timestamp = kNoTimestamp, .offset = base_offset_};
  int64_t begin = 0;
  for (int64_t end = entry_count_; begin < end;) {
    const int64_t middle = begin + (end - begin) / 2;
    RUNNEL_ASSIGN_OR_RETURN(const TimeIndexEntry entry, Entry(middle));
    if (entry.timestamp <= time) {
      best = entry;
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return best;
}

StatusOr<TimeIndexEntry> TimeIndexFile::Last() const {
  if (entry_count_ == 0) return TimeIndexEntry{.timestamp = kNoTimestamp, .offset = base_offset_};
  return Entry(entry_count_ - 1);
}

}  // namespace runnel::log
