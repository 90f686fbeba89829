#include "log/segment_storage.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/memory_region.h"
#include "base/status.h"

namespace runnel::log {
namespace {

constexpr int64_t kSmallPagesBytes = 4 << 20;

class MemoryStorage final : public SegmentStorage {
 public:
  MemoryStorage(base::MemoryRegion region, int64_t capacity_bytes) : region_(std::move(region)) {
    data_ = region_.data();
    capacity_bytes_ = capacity_bytes;
    writable_bytes_ = capacity_bytes;
    // A small log keeps to small pages; one that has grown is filled with fewer faults.
    if (capacity_bytes > kSmallPagesBytes)
      region_.PreferHugePages(kSmallPagesBytes, capacity_bytes);
  }
  Status Grow(File*, int64_t, const LogConfig&) override { return OkStatus(); }
  void Populate(int64_t begin, int64_t end) override { region_.Populate(begin, end); }

 private:
  base::MemoryRegion region_;
};

// Appends go to memory, where readers find them, and are written to the file by Commit.
class WrittenStorage final : public SegmentStorage {
 public:
  WrittenStorage(base::MemoryRegion region, int64_t capacity_bytes) : region_(std::move(region)) {
    data_ = region_.data();
    capacity_bytes_ = capacity_bytes;
    writable_bytes_ = capacity_bytes;
    needs_commit_ = true;
  }
  Status Grow(File*, int64_t, const LogConfig&) override { return OkStatus(); }
  Status Commit(File& file, int64_t begin, int64_t end) override {
    return file.Write(begin, std::string_view(data_ + begin, static_cast<size_t>(end - begin)));
  }

 private:
  base::MemoryRegion region_;
};

class MappedStorage final : public SegmentStorage {
 public:
  MappedStorage(std::unique_ptr<MappedRegion> region, int64_t capacity_bytes, int64_t used_bytes)
      : region_(std::move(region)) {
    data_ = region_->data();
    capacity_bytes_ = capacity_bytes;
    writable_bytes_ = used_bytes;
  }

  Status Grow(File* file, int64_t end, const LogConfig& config) override {
    if (end <= writable_bytes_) return OkStatus();
    const int64_t step =
        std::clamp(writable_bytes_, config.allocate_step_min, config.allocate_step_max);
    const int64_t wanted = std::max(end, std::min(capacity_bytes_, writable_bytes_ + step));
    Status status = file->Allocate(wanted);
    if (status.ok()) {
      writable_bytes_ = wanted;
      return OkStatus();
    }
    // A nearly full disk may still have room for this one append.
    if (!IsDiskFull(status) || wanted == end) return status;
    RUNNEL_RETURN_IF_ERROR(file->Allocate(end));
    writable_bytes_ = end;
    return OkStatus();
  }
  void Populate(int64_t begin, int64_t end) override { region_->Populate(begin, end); }

 private:
  std::unique_ptr<MappedRegion> region_;
};

}  // namespace

StatusOr<std::shared_ptr<SegmentStorage>> SegmentStorage::InMemory(int64_t capacity_bytes) {
  RUNNEL_ASSIGN_OR_RETURN(base::MemoryRegion region,
                          base::MemoryRegion::Reserve(std::max(capacity_bytes, int64_t{1})));
  return std::make_shared<MemoryStorage>(std::move(region), capacity_bytes);
}

StatusOr<std::shared_ptr<SegmentStorage>> SegmentStorage::OnFile(File& file, int64_t capacity_bytes,
                                                                 int64_t used_bytes) {
  StatusOr<std::unique_ptr<MappedRegion>> region = file.Map(capacity_bytes);
  if (region.ok()) {
    return std::make_shared<MappedStorage>(*std::move(region), capacity_bytes, used_bytes);
  }
  if (CodeOf(region) != ErrorCode::kUnsupportedVersion) return std::move(region).status();
  RUNNEL_ASSIGN_OR_RETURN(base::MemoryRegion memory,
                          base::MemoryRegion::Reserve(std::max(capacity_bytes, int64_t{1})));
  return std::make_shared<WrittenStorage>(std::move(memory), capacity_bytes);
}

Status SegmentStorage::Commit(File&, int64_t, int64_t) {
  return OkStatus();
}

void SegmentStorage::Populate(int64_t, int64_t) {}

}  // namespace runnel::log
