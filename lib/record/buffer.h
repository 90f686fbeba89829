// Memory that grows without being initialised, and pools of it.
#pragma once

#include <absl/synchronization/mutex.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

namespace runnel::record {

// A growing run of bytes. Unlike std::string it does not zero what it makes room for, and
// clear() keeps the memory.
//
// Thread safety: thread-compatible. Lifetime: growing moves the bytes; views of them die then.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept { Swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Swap(other);
    return *this;
  }

  char* data() { return data_.get(); }
  const char* data() const { return data_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_.get(), size_}; }
  operator std::string_view() const { return view(); }

  // First byte after the content; at least `capacity() - size()` may be written there before
  // Commit() makes them content.
  char* tail() { return data_.get() + size_; }
  size_t free_bytes() const { return capacity_ - size_; }
  void Commit(size_t count) { size_ += count; }
  // Makes room for `count` more bytes: at least doubles when it grows.
  void EnsureFree(size_t count) {
    if (free_bytes() < count) [[unlikely]] {
      Grow(count);
    }
  }
  void Append(std::string_view bytes);
  void clear() { size_ = 0; }
  // Sets the content's size, at most capacity().
  void Truncate(size_t size) { size_ = size; }

 private:
  struct Free {
    void operator()(char* data) const { std::free(data); }
  };
  void Grow(size_t count);
  void Swap(Buffer& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  std::unique_ptr<char, Free> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// Where buffers for decompressed records come from. A consumer has one; its `Records` take
// buffers from it and give them back when they die.
//
// Thread safety: implementations are thread-safe.
class BufferPool {
 public:
  virtual ~BufferPool() = default;
  // An empty buffer, with whatever capacity is at hand.
  virtual Buffer Take() = 0;
  virtual void Give(Buffer buffer) = 0;
};

// Keeps up to `max_buffers` idle buffers of at most `max_buffer_bytes` capacity each; frees the
// others when they come back.
class BoundedBufferPool final : public BufferPool {
 public:
  explicit BoundedBufferPool(size_t max_buffers = 16, size_t max_buffer_bytes = size_t{4} << 20)
      : max_buffers_(max_buffers), max_buffer_bytes_(max_buffer_bytes) {}
  Buffer Take() override;
  void Give(Buffer buffer) override;

 private:
  const size_t max_buffers_;
  const size_t max_buffer_bytes_;
  absl::Mutex mutex_;
  std::vector<Buffer> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace runnel::record
