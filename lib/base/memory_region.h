// Large stretches of memory straight from the operating system.
#pragma once

#include <cstdint>
#include <utility>

#include "runnel/error.h"

namespace runnel::base {

enum class HugePages { kNo, kYes };

// Zeroed memory of a fixed address, of which only the touched pages take space.
//
// Thread safety: thread-compatible.
class MemoryRegion final {
 public:
  // Reserves `size_bytes`, at least 1, rounded up to whole pages. kYes asks for huge pages.
  // Errors: kKafkaStorageError when the address space or the system's limits do not allow it.
  static StatusOr<MemoryRegion> Reserve(int64_t size_bytes, HugePages huge_pages = HugePages::kNo);

  MemoryRegion() = default;  // empty: no memory
  ~MemoryRegion() { Free(); }
  MemoryRegion(MemoryRegion&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_bytes_(std::exchange(other.size_bytes_, 0)) {}
  MemoryRegion& operator=(MemoryRegion&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
    return *this;
  }

  char* data() const { return data_; }
  int64_t size_bytes() const { return size_bytes_; }

  // Asks for huge pages in [begin, end): fewer page faults, at up to 2 MiB of memory for the first
  // byte touched. Best effort.
  void PreferHugePages(int64_t begin, int64_t end);
  // Makes the pages of [begin, end) resident, so that the first store does not fault. Best effort.
  void Populate(int64_t begin, int64_t end);
  // Gives the whole pages within [begin, end) back; they read as zero afterwards.
  void Release(int64_t begin, int64_t end);

 private:
  MemoryRegion(char* data, int64_t size_bytes) : data_(data), size_bytes_(size_bytes) {}
  void Free();

  char* data_ = nullptr;
  int64_t size_bytes_ = 0;
};

// Bytes of one page of memory.
int64_t PageBytes();

}  // namespace runnel::base
