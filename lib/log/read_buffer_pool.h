// Buffers for reading closed segments from disk.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace runnel::log {

// Hands out byte buffers and takes them back when the last reader lets go. Shared by all logs of
// a data directory.
//
// Thread safety: thread-safe.
// Lifetime: buffers may outlive the pool; they are freed then.
class ReadBufferPool {
 public:
  // Keeps at most `max_idle_bytes` of unused buffers.
  explicit ReadBufferPool(int64_t max_idle_bytes = 8 << 20);
  ~ReadBufferPool();

  // A buffer of at least `size_bytes`, contents undefined.
  std::shared_ptr<char[]> Get(int64_t size_bytes);
  int64_t idle_bytes() const;

 private:
  struct Shelf;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace runnel::log
