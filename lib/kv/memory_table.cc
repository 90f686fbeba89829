#include "kv/memory_table.h"

#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "kv/store_internal.h"

namespace runnel::kv::internal {
namespace {

// A page of a scan is at most this many entries, and ends after this many bytes.
constexpr size_t kPageEntries = 256;
constexpr size_t kPageBytes = size_t{256} << 10;

// What an entry costs besides its bytes: two string headers, its share of the tree's nodes.
constexpr int64_t kEntryOverheadBytes = 2 * sizeof(std::string) + 24;

}  // namespace

std::optional<std::string> MemoryTable::Get(std::string_view key) const {
  const base::ReaderLock lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

void MemoryTable::Scan(const KeyRange& range, Store::Visitor visit) const {
  std::vector<std::pair<std::string, std::string>> page;
  std::string from = range.begin;
  bool more = true;
  while (more) {
    page.clear();
    more = false;
    {
      const base::ReaderLock lock(mutex_);
      size_t bytes = 0;
      for (auto entry = entries_.lower_bound(from); entry != entries_.end(); ++entry) {
        if (range.end.has_value() && entry->first >= *range.end) break;
        if (page.size() == kPageEntries || bytes >= kPageBytes) {
          more = true;
          from = page.back().first + '\0';  // the smallest key behind the page
          break;
        }
        bytes += entry->first.size() + entry->second.size();
        page.emplace_back(entry->first, entry->second);
      }
    }
    for (const auto& [key, value] : page) {
      if (!visit(key, value)) return;
    }
  }
}

void MemoryTable::PutLocked(const std::string& key, const std::string& value) {
  const auto [entry, added] = entries_.try_emplace(key, value);
  if (added) {
    content_bytes_ += static_cast<int64_t>(key.size() + value.size());
    reserved_count_ += IsReserved(key) ? 1 : 0;
    return;
  }
  content_bytes_ += static_cast<int64_t>(value.size()) - static_cast<int64_t>(entry->second.size());
  entry->second = value;
}

void MemoryTable::DeleteLocked(const std::string& key) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) return;
  content_bytes_ -= static_cast<int64_t>(entry->first.size() + entry->second.size());
  reserved_count_ -= IsReserved(key) ? 1 : 0;
  entries_.erase(entry);
}

void MemoryTable::Apply(const WriteBatch& batch) {
  const base::Lock lock(mutex_);
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.value.has_value()) {
      PutLocked(operation.key, *operation.value);
    } else {
      DeleteLocked(operation.key);
    }
  }
  ++version_;
}

void MemoryTable::AppendSorted(std::string key, std::string value) {
  const base::Lock lock(mutex_);
  content_bytes_ += static_cast<int64_t>(key.size() + value.size());
  reserved_count_ += IsReserved(key) ? 1 : 0;
  entries_.emplace_hint(entries_.end(), std::move(key), std::move(value));
}

void MemoryTable::Clear() {
  const base::Lock lock(mutex_);
  entries_.clear();
  content_bytes_ = 0;
  reserved_count_ = 0;
  ++version_;
}

MemoryTable::Image MemoryTable::Encode() const {
  const base::ReaderLock lock(mutex_);
  Image image{.bytes = {}, .count = static_cast<int64_t>(entries_.size()), .version = version_};
  image.bytes.reserve(static_cast<size_t>(content_bytes_) + entries_.size() * 8);
  base::ByteWriter writer(image.bytes);
  for (const auto& [key, value] : entries_) {
    writer.WriteUint32(static_cast<uint32_t>(key.size()));
    writer.WriteBytes(key);
    writer.WriteUint32(static_cast<uint32_t>(value.size()));
    writer.WriteBytes(value);
  }
  return image;
}

uint64_t MemoryTable::version() const {
  const base::ReaderLock lock(mutex_);
  return version_;
}

StoreStats MemoryTable::Stats() const {
  const base::ReaderLock lock(mutex_);
  const auto count = static_cast<int64_t>(entries_.size());
  return {.entry_count = count - reserved_count_,
          .memory_bytes = content_bytes_ + count * kEntryOverheadBytes};
}

}  // namespace runnel::kv::internal
