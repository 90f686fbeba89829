#include "record/buffer.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "base/mutex.h"

namespace runnel::record {

void Buffer::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  EnsureFree(bytes.size());
  std::memcpy(tail(), bytes.data(), bytes.size());
  size_ += bytes.size();
}

void Buffer::Grow(size_t count) {
  RUNNEL_CHECK(count <= std::numeric_limits<size_t>::max() / 4 - size_);
  const size_t capacity = std::max({size_ + count, capacity_ * 2, size_t{256}});
  char* grown = static_cast<char*>(std::realloc(data_.get(), capacity));
  RUNNEL_CHECK(grown != nullptr);
  (void)data_.release();
  data_.reset(grown);
  capacity_ = capacity;
}

Buffer BoundedBufferPool::Take() {
  const base::Lock lock(mutex_);
  if (idle_.empty()) return Buffer();
  Buffer buffer = std::move(idle_.back());
  idle_.pop_back();
  return buffer;
}

void BoundedBufferPool::Give(Buffer buffer) {
  if (buffer.capacity() == 0 || buffer.capacity() > max_buffer_bytes_) return;
  buffer.clear();
  const base::Lock lock(mutex_);
  if (idle_.size() < max_buffers_) idle_.push_back(std::move(buffer));
}

}  // namespace runnel::record
