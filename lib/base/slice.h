// Bytes together with whatever keeps them alive.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace runnel::base {

// A view of immutable bytes that pins the memory they lie in: a segment, a file buffer, a string.
//
// Thread safety: thread-compatible; copies on other threads may share one owner.
// Lifetime: the bytes live as long as any copy. Without an owner they must outlive the slice.
// Cost: a move copies four words; a copy adds one atomic increment.
class Slice final {
 public:
  Slice() = default;
  Slice(std::string_view bytes, std::shared_ptr<const void> owner)
      : bytes_(bytes), owner_(std::move(owner)) {}

  // Takes over a string.
  static Slice FromString(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view view = *owner;
    return Slice(view, std::move(owner));
  }
  // Borrows bytes that outlive the slice.
  static Slice Unowned(std::string_view bytes) { return Slice(bytes, nullptr); }

  std::string_view bytes() const { return bytes_; }
  const char* data() const { return bytes_.data(); }
  int64_t size_bytes() const { return static_cast<int64_t>(bytes_.size()); }
  bool empty() const { return bytes_.empty(); }
  const std::shared_ptr<const void>& owner() const { return owner_; }

  // The part [position, position + size_bytes), which must lie within; shares the owner.
  Slice Part(int64_t position, int64_t size_bytes) const {
    RUNNEL_CHECK(position >= 0 && size_bytes >= 0);
    RUNNEL_CHECK(position <= this->size_bytes() - size_bytes);
    return Slice(bytes_.substr(static_cast<size_t>(position), static_cast<size_t>(size_bytes)),
                 owner_);
  }

 private:
  std::string_view bytes_;
  std::shared_ptr<const void> owner_;
};

}  // namespace runnel::base
