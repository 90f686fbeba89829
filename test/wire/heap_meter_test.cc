#include "wire/heap_meter.h"

#include <malloc.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>
#include <string>

namespace {

std::atomic<int64_t> held_bytes{0};
std::atomic<int64_t> most_held_bytes{0};

void CountHeld(int64_t change) {
  const int64_t held = held_bytes.fetch_add(change, std::memory_order_relaxed) + change;
  if (held > most_held_bytes.load(std::memory_order_relaxed)) {
    most_held_bytes.store(held, std::memory_order_relaxed);
  }
}

void Release(void* memory) {
  if (memory != nullptr) CountHeld(-static_cast<int64_t>(malloc_usable_size(memory)));
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  CountHeld(static_cast<int64_t>(malloc_usable_size(memory)));
  return memory;
}
// Replaced as well, because what it gives out comes back through the same delete
// (std::stable_sort).
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  void* memory = std::malloc(size);
  if (memory != nullptr) CountHeld(static_cast<int64_t>(malloc_usable_size(memory)));
  return memory;
}
void operator delete(void* memory) noexcept {
  Release(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  Release(memory);
}
void operator delete(void* memory, size_t) noexcept {
  Release(memory);
}

namespace runnel::wire {

int64_t HeldHeapBytes() {
  return held_bytes.load();
}
int64_t MostHeldHeapBytes() {
  return most_held_bytes.load();
}
void ResetMostHeldHeapBytes() {
  most_held_bytes.store(held_bytes.load());
}

TEST_CASE("The heap meter sees what is held at once", "[wire]") {
  const int64_t once = MeasureHeap([] { std::string(100000, 'x').shrink_to_fit(); });
  CHECK(once >= 100000);
  CHECK(once < 150000);
  const int64_t twice = MeasureHeap([] {
    const std::string first(100000, 'x');
    const std::string second = first;
  });
  CHECK(twice >= 200000);
}

}  // namespace runnel::wire
