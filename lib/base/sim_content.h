// Content of a simulated file: shared pages, and memory that mapped regions store to.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/memory_region.h"
#include "runnel/random.h"
#include "runnel/testing/sim_file_system.h"

namespace runnel::base {

inline constexpr int64_t kSimPageBytes = 4096;
inline constexpr int64_t kSimSectorBytes = 512;  // what a disk writes as a whole, if all goes well

using SimPage = std::array<char, kSimPageBytes>;
// A page is written to only while it has one owner; otherwise it is copied first. Null is zeros.
using SimPageRef = std::shared_ptr<SimPage>;

// Bytes of a file in pages, of which those never written take no memory. Copies share pages.
//
// Thread safety: thread-compatible; copies may be used on different threads.
class SimContent final {
 public:
  int64_t size_bytes() const { return size_bytes_; }
  // Reads what lies below the size; returns how much that was.
  int64_t Read(int64_t position, std::span<char> out) const;
  // Writes, and grows the size when needed.
  void Write(int64_t position, std::string_view bytes);
  void Truncate(int64_t size_bytes);
  // Reserves space for [0, size_bytes) and grows the size to it.
  void Allocate(int64_t size_bytes);

  // Space held: pages reserved or written.
  int64_t used_bytes() const;
  // How many of `count` bytes at `position` can be written while using `budget_bytes` of new space.
  int64_t BytesThatFit(int64_t position, int64_t count, int64_t budget_bytes) const;

  // Null when page `index` reads as zero.
  const SimPageRef& page(int64_t index) const;
  int64_t page_count() const { return static_cast<int64_t>(pages_.size()); }
  // Replaces a page; the bytes of it beyond the size must be zero.
  void SetPage(int64_t index, SimPageRef page);
  // Takes over size and reservation, not bytes beyond cutting them.
  void SetSizeFrom(const SimContent& other);

  // Same size and same pages, by identity: true means equal, false means possibly different.
  friend bool SharesAllPages(const SimContent& a, const SimContent& b);

 private:
  char* MutablePage(int64_t index);

  int64_t size_bytes_ = 0;
  int64_t reserved_bytes_ = 0;
  std::vector<SimPageRef> pages_;
};
bool SharesAllPages(const SimContent& a, const SimContent& b);

// What is on disk after a power loss that keeps a part of the difference between `durable` and
// `live`, drawn from `random`.
SimContent MixAfterCrash(const SimContent& durable, const SimContent& live,
                         const testing::CrashStyle& style, Random& random);

// Memory that mapped regions of one file share. Stores to it may run beside all functions here,
// as stores to a mapped file run beside the system's write-back.
class SimMapping final {
 public:
  // Memory for [0, size_bytes), filled from `content`.
  static StatusOr<std::shared_ptr<SimMapping>> Create(int64_t size_bytes,
                                                      const SimContent& content);

  char* data() const { return memory_.data(); }
  int64_t size_bytes() const { return memory_.size_bytes(); }

  void Read(int64_t position, std::span<char> out) const;
  void Write(int64_t position, std::string_view bytes);
  // Zeroes [begin, end).
  void Clear(int64_t begin, int64_t end);

  // Moves what was stored into `content`, up to its size. Returns the number of pages that were
  // stored to beyond it.
  int64_t CaptureInto(SimContent& content);

 private:
  explicit SimMapping(MemoryRegion memory) : memory_(std::move(memory)) {}

  MemoryRegion memory_;
  std::vector<unsigned char> resident_;  // scratch of CaptureInto
};

}  // namespace runnel::base
