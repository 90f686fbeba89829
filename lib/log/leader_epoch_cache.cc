#include "log/leader_epoch_cache.h"

#include <algorithm>
#include <charconv>

#include "base/mutex.h"
#include "base/strings.h"

namespace runnel::log {
namespace {

// Takes the next number and the one separator after it off `text`.
template <class T>
bool TakeNumber(std::string_view& text, char separator, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (!text.starts_with(separator)) return false;
  text.remove_prefix(1);
  return true;
}

Status Malformed(std::string_view what) {
  return Error(ErrorCode::kCorruptMessage, base::StrCat("leader-epoch-checkpoint: ", what));
}

}  // namespace

bool LeaderEpochCache::Assign(LeaderEpoch epoch, Offset start) {
  if (epoch < LeaderEpoch(0)) return false;
  const base::Lock lock(mutex_);
  if (!entries_.empty() && entries_.back().epoch == epoch &&
      entries_.back().start_offset <= start) {
    return false;
  }
  while (!entries_.empty() &&
         (entries_.back().epoch >= epoch || entries_.back().start_offset >= start)) {
    entries_.pop_back();
  }
  entries_.push_back({.epoch = epoch, .start_offset = start});
  UpdateLatestLocked();
  return true;
}

EpochEndOffset LeaderEpochCache::EndOffsetFor(LeaderEpoch epoch, Offset end_offset) const {
  const base::Lock lock(mutex_);
  if (epoch < LeaderEpoch(0) || entries_.empty() || epoch > entries_.back().epoch) return {};
  if (epoch == entries_.back().epoch) return {.epoch = epoch, .end_offset = end_offset};
  const auto higher =
      std::upper_bound(entries_.begin(), entries_.end(), epoch,
                       [](LeaderEpoch e, const EpochEntry& entry) { return e < entry.epoch; });
  const LeaderEpoch floor = higher == entries_.begin() ? epoch : (higher - 1)->epoch;
  return {.epoch = floor, .end_offset = higher->start_offset};
}

LeaderEpoch LeaderEpochCache::EpochFor(Offset offset) const {
  const base::Lock lock(mutex_);
  const auto higher =
      std::upper_bound(entries_.begin(), entries_.end(), offset,
                       [](Offset o, const EpochEntry& entry) { return o < entry.start_offset; });
  return higher == entries_.begin() ? kNoLeaderEpoch : (higher - 1)->epoch;
}

bool LeaderEpochCache::TruncateFromEnd(Offset end) {
  const base::Lock lock(mutex_);
  const size_t before = entries_.size();
  while (!entries_.empty() && entries_.back().start_offset >= end)
    entries_.pop_back();
  UpdateLatestLocked();
  return entries_.size() != before;
}

bool LeaderEpochCache::TruncateFromStart(Offset start) {
  const base::Lock lock(mutex_);
  const auto higher =
      std::upper_bound(entries_.begin(), entries_.end(), start,
                       [](Offset o, const EpochEntry& entry) { return o < entry.start_offset; });
  if (higher == entries_.begin()) return false;
  const auto floor = higher - 1;
  if (floor == entries_.begin() && floor->start_offset == start) return false;
  floor->start_offset = start;
  entries_.erase(entries_.begin(), floor);
  return true;
}

void LeaderEpochCache::Clear() {
  const base::Lock lock(mutex_);
  entries_.clear();
  UpdateLatestLocked();
}

std::vector<EpochEntry> LeaderEpochCache::entries() const {
  const base::Lock lock(mutex_);
  return entries_;
}

std::string LeaderEpochCache::Encode() const {
  const base::Lock lock(mutex_);
  std::string text = base::StrCat("0\n", entries_.size(), "\n");
  for (const EpochEntry& entry : entries_) {
    text += base::StrCat(entry.epoch.value(), " ", entry.start_offset.value(), "\n");
  }
  return text;
}

Status LeaderEpochCache::Decode(std::string_view text) {
  std::vector<EpochEntry> entries;
  if (!text.empty()) {
    int32_t version = 0;
    int64_t count = 0;
    if (!TakeNumber(text, '\n', version) || version != 0) return Malformed("unknown version");
    if (!TakeNumber(text, '\n', count)) return Malformed("no count");
    while (!text.empty()) {
      int32_t epoch = 0;
      int64_t start = 0;
      if (!TakeNumber(text, ' ', epoch) || !TakeNumber(text, '\n', start) || epoch < 0 ||
          start < 0) {
        return Malformed(base::StrCat("line ", entries.size() + 3, " is malformed"));
      }
      const EpochEntry entry{.epoch = LeaderEpoch(epoch), .start_offset = Offset(start)};
      if (!entries.empty() && (entry.epoch <= entries.back().epoch ||
                               entry.start_offset <= entries.back().start_offset)) {
        return Malformed(base::StrCat("epoch ", epoch, " does not rise"));
      }
      entries.push_back(entry);
    }
    if (count != static_cast<int64_t>(entries.size())) {
      return Malformed(base::StrCat("announces ", count, " entries and has ", entries.size()));
    }
  }
  const base::Lock lock(mutex_);
  entries_ = std::move(entries);
  UpdateLatestLocked();
  return OkStatus();
}

void LeaderEpochCache::UpdateLatestLocked() {
  latest_.store(entries_.empty() ? kNoLeaderEpoch : entries_.back().epoch,
                std::memory_order_relaxed);
}

}  // namespace runnel::log
