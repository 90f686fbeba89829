#include "base/sim_content.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace runnel::base {
namespace {

int64_t PagesFor(int64_t size_bytes) {
  return (size_bytes + kSimPageBytes - 1) / kSimPageBytes;
}

// Calls f(page, begin within the page, bytes done before, count) for the pages of a range.
template <class F>
void ForEachPage(int64_t position, int64_t size_bytes, F f) {
  for (int64_t done = 0; done < size_bytes;) {
    const int64_t begin = (position + done) % kSimPageBytes;
    const int64_t count = std::min(size_bytes - done, kSimPageBytes - begin);
    f((position + done) / kSimPageBytes, begin, done, count);
    done += count;
  }
}

// The bytes of a page that may be absent.
const char* BytesOf(const SimPageRef& page) {
  static constexpr SimPage kZeros{};
  return page == nullptr ? kZeros.data() : page->data();
}

}  // namespace

int64_t SimContent::Read(int64_t position, std::span<char> out) const {
  const int64_t count =
      std::clamp<int64_t>(size_bytes_ - position, 0, static_cast<int64_t>(out.size()));
  ForEachPage(position, count, [&](int64_t index, int64_t begin, int64_t done, int64_t part) {
    std::memcpy(out.data() + done, BytesOf(page(index)) + begin, static_cast<size_t>(part));
  });
  return count;
}

void SimContent::Write(int64_t position, std::string_view bytes) {
  const auto count = static_cast<int64_t>(bytes.size());
  ForEachPage(position, count, [&](int64_t index, int64_t begin, int64_t done, int64_t part) {
    std::memcpy(MutablePage(index) + begin, bytes.data() + done, static_cast<size_t>(part));
  });
  if (count > 0) size_bytes_ = std::max(size_bytes_, position + count);
}

void SimContent::Truncate(int64_t size_bytes) {
  if (size_bytes < size_bytes_) {
    const int64_t pages = PagesFor(size_bytes);
    if (page_count() > pages) pages_.resize(static_cast<size_t>(pages));
    const int64_t kept = size_bytes % kSimPageBytes;
    if (kept != 0 && page(pages - 1) != nullptr) {
      std::memset(MutablePage(pages - 1) + kept, 0, static_cast<size_t>(kSimPageBytes - kept));
    }
    reserved_bytes_ = std::min(reserved_bytes_, pages * kSimPageBytes);
  }
  size_bytes_ = size_bytes;
}

void SimContent::Allocate(int64_t size_bytes) {
  reserved_bytes_ = std::max(reserved_bytes_, PagesFor(size_bytes) * kSimPageBytes);
  size_bytes_ = std::max(size_bytes_, size_bytes);
}

int64_t SimContent::used_bytes() const {
  int64_t used = reserved_bytes_;
  for (int64_t i = reserved_bytes_ / kSimPageBytes; i < page_count(); ++i) {
    if (page(i) != nullptr) used += kSimPageBytes;
  }
  return used;
}

int64_t SimContent::BytesThatFit(int64_t position, int64_t count, int64_t budget_bytes) const {
  int64_t fit = 0;
  ForEachPage(position, count, [&](int64_t index, int64_t, int64_t done, int64_t part) {
    if (fit != done) return;  // an earlier page did not fit
    const bool held = index < reserved_bytes_ / kSimPageBytes || page(index) != nullptr;
    if (!held && budget_bytes < kSimPageBytes) return;
    if (!held) budget_bytes -= kSimPageBytes;
    fit += part;
  });
  return fit;
}

const SimPageRef& SimContent::page(int64_t index) const {
  static const SimPageRef kNone;
  return index < page_count() ? pages_[static_cast<size_t>(index)] : kNone;
}

void SimContent::SetPage(int64_t index, SimPageRef page) {
  if (index >= page_count()) {
    if (page == nullptr) return;
    pages_.resize(static_cast<size_t>(index + 1));
  }
  pages_[static_cast<size_t>(index)] = std::move(page);
}

void SimContent::SetSizeFrom(const SimContent& other) {
  Truncate(other.size_bytes_);
  reserved_bytes_ = other.reserved_bytes_;
}

char* SimContent::MutablePage(int64_t index) {
  if (index >= page_count()) pages_.resize(static_cast<size_t>(index + 1));
  SimPageRef& page = pages_[static_cast<size_t>(index)];
  if (page == nullptr) {
    page = std::make_shared<SimPage>();
  } else if (page.use_count() > 1) {
    page = std::make_shared<SimPage>(*page);
  }
  return page->data();
}

bool SharesAllPages(const SimContent& a, const SimContent& b) {
  if (a.size_bytes_ != b.size_bytes_) return false;
  for (int64_t i = 0; i < std::max(a.page_count(), b.page_count()); ++i) {
    if (a.page(i) != b.page(i)) return false;
  }
  return true;
}

namespace {

using Content = testing::CrashStyle::Content;

struct DirtySector {
  int64_t position;
  int64_t size_bytes;
};

// The sectors below the live size whose bytes differ, by position.
std::vector<DirtySector> DirtySectors(const SimContent& durable, const SimContent& live) {
  std::vector<DirtySector> dirty;
  for (int64_t i = 0; i < std::max(durable.page_count(), live.page_count()); ++i) {
    if (durable.page(i) == live.page(i)) continue;
    const char* old_bytes = BytesOf(durable.page(i));
    const char* new_bytes = BytesOf(live.page(i));
    for (int64_t begin = 0; begin < kSimPageBytes; begin += kSimSectorBytes) {
      const int64_t position = i * kSimPageBytes + begin;
      const int64_t count = std::min(kSimSectorBytes, live.size_bytes() - position);
      if (count <= 0) return dirty;
      if (std::memcmp(old_bytes + begin, new_bytes + begin, static_cast<size_t>(count)) == 0) {
        continue;
      }
      dirty.push_back({position, count});
    }
  }
  return dirty;
}

void KeepSector(const DirtySector& sector, int64_t kept_bytes, const SimContent& live,
                SimContent& result) {
  char bytes[kSimSectorBytes];
  live.Read(sector.position, std::span<char>(bytes, static_cast<size_t>(kept_bytes)));
  result.Write(sector.position, std::string_view(bytes, static_cast<size_t>(kept_bytes)));
}

Content DrawFate(Content content, Random& random) {
  if (content != Content::kMixed) return content;
  constexpr Content kFates[] = {Content::kLost, Content::kKept, Content::kPrefix,
                                Content::kAnySubset};
  return kFates[random.Below(std::size(kFates))];
}

}  // namespace

SimContent MixAfterCrash(const SimContent& durable, const SimContent& live,
                         const testing::CrashStyle& style, Random& random) {
  if (SharesAllPages(durable, live)) return live;  // also takes a new reservation along
  const Content fate = DrawFate(style.content, random);
  if (fate == Content::kLost) return durable;
  if (fate == Content::kKept) return live;
  const std::vector<DirtySector> dirty = DirtySectors(durable, live);
  const auto count = static_cast<int64_t>(dirty.size());
  const int64_t prefix = fate == Content::kPrefix ? random.Below(count + 1) : count;
  const int64_t lost_of_8 = fate == Content::kPrefix ? 0 : 1 + random.Below(7);
  SimContent result = durable;
  for (int64_t i = 0; i < prefix; ++i) {
    const DirtySector& sector = dirty[static_cast<size_t>(i)];
    if (random.Below(8) < lost_of_8) continue;
    const bool may_tear = fate == Content::kAnySubset || i == prefix - 1;
    const bool torn = style.torn_sectors && may_tear && random.Below(4) == 0;
    KeepSector(sector, torn ? random.Below(sector.size_bytes) : sector.size_bytes, live, result);
  }
  result.SetSizeFrom(random.Below(2) == 0 ? durable : live);
  return result;
}

}  // namespace runnel::base
