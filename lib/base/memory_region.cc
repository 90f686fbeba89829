#include "base/memory_region.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"
#include "base/io_error.h"
#include "base/strings.h"

namespace runnel::base {

int64_t PageBytes() {
  static const int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
  return page_bytes;
}

StatusOr<MemoryRegion> MemoryRegion::Reserve(int64_t size_bytes, HugePages huge_pages) {
  RUNNEL_CHECK(size_bytes > 0);
  const int64_t page = PageBytes();
  if (size_bytes > INT64_MAX - page) {
    return IoError("reserve memory", StrCat(size_bytes, " bytes"), ENOMEM);
  }
  const int64_t rounded = (size_bytes + page - 1) / page * page;
  void* memory = ::mmap(nullptr, static_cast<size_t>(rounded), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return IoError("reserve memory", StrCat(size_bytes, " bytes"), errno);
#ifdef MADV_HUGEPAGE
  // Refused where the kernel has none: small pages do as well, only slower.
  if (huge_pages == HugePages::kYes) {
    (void)::madvise(memory, static_cast<size_t>(rounded), MADV_HUGEPAGE);
  }
#endif
  return MemoryRegion(static_cast<char*>(memory), rounded);
}

void MemoryRegion::PreferHugePages(int64_t begin, int64_t end) {
  RUNNEL_CHECK(0 <= begin && begin <= end && end <= size_bytes_);
#ifdef MADV_HUGEPAGE
  const int64_t page = PageBytes();
  begin = (begin + page - 1) / page * page;
  if (begin < end) (void)::madvise(data_ + begin, static_cast<size_t>(end - begin), MADV_HUGEPAGE);
#endif
}

void MemoryRegion::Free() {
  if (data_ != nullptr) ::munmap(data_, static_cast<size_t>(size_bytes_));
  data_ = nullptr;
  size_bytes_ = 0;
}

void MemoryRegion::Populate(int64_t begin, int64_t end) {
  RUNNEL_CHECK(0 <= begin && begin <= end && end <= size_bytes_);
#ifdef MADV_POPULATE_WRITE
  const int64_t page = PageBytes();
  begin = begin / page * page;
  end = (end + page - 1) / page * page;
  (void)::madvise(data_ + begin, static_cast<size_t>(end - begin), MADV_POPULATE_WRITE);
#endif
}

void MemoryRegion::Release(int64_t begin, int64_t end) {
  RUNNEL_CHECK(0 <= begin && begin <= end && end <= size_bytes_);
  const int64_t page = PageBytes();
  begin = (begin + page - 1) / page * page;
  end = end / page * page;
  if (begin < end) (void)::madvise(data_ + begin, static_cast<size_t>(end - begin), MADV_DONTNEED);
}

}  // namespace runnel::base
