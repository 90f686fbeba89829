#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "base/sim_content.h"
#include "base/status.h"

// Copies that race with stores of the file's owner, word by word. The race is the one that write-
// back of a mapped file has; the thread sanitizer must not look at it from this side.
#if defined(__SANITIZE_THREAD__)
#define RUNNEL_MAY_RACE __attribute__((no_sanitize("thread"), noinline))
#else
#define RUNNEL_MAY_RACE
#endif

namespace runnel::base {
namespace {

RUNNEL_MAY_RACE void CopyWhileStored(char* to, const char* from, int64_t count) {
#if defined(__SANITIZE_THREAD__)
  volatile char* target = to;
  const volatile char* source = from;
  for (int64_t i = 0; i < count; ++i)
    target[i] = source[i];
#else
  std::memcpy(to, from, static_cast<size_t>(count));
#endif
}

RUNNEL_MAY_RACE bool EqualWhileStored(const char* a, const char* b, int64_t count) {
#if defined(__SANITIZE_THREAD__)
  const volatile char* left = a;
  const volatile char* right = b;
  for (int64_t i = 0; i < count; ++i) {
    if (left[i] != right[i]) return false;
  }
  return true;
#else
  return std::memcmp(a, b, static_cast<size_t>(count)) == 0;
#endif
}

constexpr SimPage kZeros{};

}  // namespace

StatusOr<std::shared_ptr<SimMapping>> SimMapping::Create(int64_t size_bytes,
                                                         const SimContent& content) {
  RUNNEL_ASSIGN_OR_RETURN(MemoryRegion memory, MemoryRegion::Reserve(size_bytes));
  for (int64_t i = 0; i < content.page_count(); ++i) {
    const int64_t position = i * kSimPageBytes;
    const int64_t count = std::min(kSimPageBytes, memory.size_bytes() - position);
    if (count <= 0) break;
    if (content.page(i) == nullptr) continue;
    std::memcpy(memory.data() + position, content.page(i)->data(), static_cast<size_t>(count));
  }
  return std::shared_ptr<SimMapping>(new SimMapping(std::move(memory)));
}

void SimMapping::Read(int64_t position, std::span<char> out) const {
  CopyWhileStored(out.data(), data() + position, static_cast<int64_t>(out.size()));
}

void SimMapping::Write(int64_t position, std::string_view bytes) {
  CopyWhileStored(data() + position, bytes.data(), static_cast<int64_t>(bytes.size()));
}

void SimMapping::Clear(int64_t begin, int64_t end) {
  end = std::min(end, size_bytes());
  if (begin >= end) return;
  memory_.Release(begin, end);  // whole pages; what is left at both ends is zeroed here
  const int64_t page = PageBytes();
  const int64_t first_page = std::min((begin + page - 1) / page * page, end);
  const int64_t last_page = std::max(end / page * page, first_page);
  std::memset(data() + begin, 0, static_cast<size_t>(first_page - begin));
  std::memset(data() + last_page, 0, static_cast<size_t>(end - last_page));
}

int64_t SimMapping::CaptureInto(SimContent& content) {
  // Only pages that were touched can differ from what was captured before; the system knows them.
  const int64_t page = PageBytes();
  resident_.resize(static_cast<size_t>(size_bytes() / page));
  if (::mincore(data(), static_cast<size_t>(size_bytes()), resident_.data()) != 0) {
    std::fill(resident_.begin(), resident_.end(), 1);
  }
  int64_t stray = 0;
  for (size_t i = 0; i < resident_.size(); ++i) {
    if ((resident_[i] & 1) == 0) continue;
    const int64_t begin = static_cast<int64_t>(i) * page;
    for (int64_t at = begin; at < begin + page; at += kSimPageBytes) {
      const int64_t count = std::min(kSimPageBytes, content.size_bytes() - at);
      if (count <= 0) {
        if (!EqualWhileStored(kZeros.data(), data() + at, kSimPageBytes)) ++stray;
        continue;
      }
      const SimPageRef& old_page = content.page(at / kSimPageBytes);
      const char* old_bytes = old_page == nullptr ? kZeros.data() : old_page->data();
      if (EqualWhileStored(old_bytes, data() + at, count)) continue;
      auto new_page = std::make_shared<SimPage>();
      CopyWhileStored(new_page->data(), data() + at, count);
      content.SetPage(at / kSimPageBytes, std::move(new_page));
    }
  }
  return stray;
}

}  // namespace runnel::base
