// Recycled byte buffers for decompressed batches.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace runnel::client {

// Hands out strings that keep their capacity and takes them back when the last holder lets go.
//
// Thread safety: thread-safe.
// Lifetime: buffers may outlive the pool; they are freed then.
class BufferPool final {
 public:
  // Keeps unused buffers of at most `max_idle_bytes` together.
  explicit BufferPool(int64_t max_idle_bytes = 4 << 20);

  // An empty string, with the capacity of an earlier use where there is one.
  std::shared_ptr<std::string> Get();
  int64_t idle_bytes() const;

 private:
  struct Shelf;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace runnel::client
