#include "runnel/record.h"

#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace runnel {
namespace {

// Headers were checked when their record was read; a view that is damaged all the same ends the
// program rather than reading elsewhere.
const char* ReadLength(const char* at, int32_t& length) {
  at = base::LoadVarint(at, at + base::kMaxVarintBytes, length);
  RUNNEL_CHECK(at != nullptr);
  return at;
}

}  // namespace

HeaderList::Iterator::Iterator(const char* at, int32_t left) : at_(at), left_(left) {
  if (left_ > 0) Parse();
}

HeaderList::Iterator& HeaderList::Iterator::operator++() {
  if (--left_ > 0) Parse();
  return *this;
}

void HeaderList::Iterator::Parse() {
  int32_t length = 0;
  at_ = ReadLength(at_, length);
  RUNNEL_CHECK(length >= 0);
  header_.key = std::string_view(at_, static_cast<size_t>(length));
  at_ = ReadLength(at_ + length, length);
  header_.value = std::nullopt;
  if (length < 0) return;
  header_.value = std::string_view(at_, static_cast<size_t>(length));
  at_ += length;
}

std::optional<Header> HeaderList::Last(std::string_view key) const {
  std::optional<Header> last;
  for (const Header& header : *this) {
    if (header.key == key) last = header;
  }
  return last;
}

Records::Iterator::Iterator(std::unique_ptr<Source> source) : window_(std::make_unique<Window>()) {
  window_->source = std::move(source);
  Refill();
}

void Records::Iterator::Refill() {
  const size_t count = window_->source->Fill(window_->records);
  at_ = count == 0 ? nullptr : window_->records.data();
  end_ = count == 0 ? nullptr : at_ + count;
}

}  // namespace runnel
