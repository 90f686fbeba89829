#include "log/read_buffer_pool.h"

#include <bit>
#include <utility>

#include "base/mutex.h"

namespace runnel::log {
namespace {

// Smaller buffers are not worth keeping, larger ones are rare.
constexpr int64_t kMinBytes = 4 << 10;

}  // namespace

// The idle buffers, one list per power of two. Outlives the pool while buffers are out.
struct ReadBufferPool::Shelf {
  struct Idle {
    std::unique_ptr<char[]> bytes;
    int64_t size_bytes;
  };

  explicit Shelf(int64_t max_idle) : max_idle_bytes(max_idle) {}

  void Return(std::unique_ptr<char[]> bytes, int64_t size_bytes) {
    const base::Lock lock(mutex);
    if (closed || idle_bytes + size_bytes > max_idle_bytes) return;
    idle_bytes += size_bytes;
    idle.push_back({std::move(bytes), size_bytes});
  }

  const int64_t max_idle_bytes;
  absl::Mutex mutex;
  std::vector<Idle> idle ABSL_GUARDED_BY(mutex);
  int64_t idle_bytes ABSL_GUARDED_BY(mutex) = 0;
  bool closed ABSL_GUARDED_BY(mutex) = false;
};

ReadBufferPool::ReadBufferPool(int64_t max_idle_bytes)
    : shelf_(std::make_shared<Shelf>(max_idle_bytes)) {}

ReadBufferPool::~ReadBufferPool() {
  const base::Lock lock(shelf_->mutex);
  shelf_->closed = true;
  shelf_->idle.clear();
}

std::shared_ptr<char[]> ReadBufferPool::Get(int64_t size_bytes) {
  const int64_t rounded = static_cast<int64_t>(
      std::bit_ceil(static_cast<uint64_t>(size_bytes < kMinBytes ? kMinBytes : size_bytes)));
  std::unique_ptr<char[]> bytes;
  {
    const base::Lock lock(shelf_->mutex);
    for (auto it = shelf_->idle.rbegin(); it != shelf_->idle.rend(); ++it) {
      if (it->size_bytes != rounded) continue;
      bytes = std::move(it->bytes);
      shelf_->idle_bytes -= rounded;
      std::swap(*it, shelf_->idle.back());
      shelf_->idle.pop_back();
      break;
    }
  }
  if (bytes == nullptr) bytes.reset(new char[static_cast<size_t>(rounded)]);
  char* data = bytes.release();
  return std::shared_ptr<char[]>(data, [shelf = shelf_, rounded](char* returned) {
    shelf->Return(std::unique_ptr<char[]>(returned), rounded);
  });
}

int64_t ReadBufferPool::idle_bytes() const {
  const base::Lock lock(shelf_->mutex);
  return shelf_->idle_bytes;
}

}  // namespace runnel::log
