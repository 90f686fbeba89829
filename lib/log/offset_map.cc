// The hash map of the cleaner.
#include <algorithm>
#include <bit>

#include "base/bytes.h"
#include "log/cleaner.h"

namespace runnel::log {
namespace {

constexpr size_t kFirstSlots = 1024;
constexpr size_t kLoadPercent = 90;

// SipHash-2-4 with 128 bits of output: keyed, so that collisions cannot be chosen from outside.
class SipState {
 public:
  SipState(uint64_t key0, uint64_t key1)
      : v0_(key0 ^ 0x736f6d6570736575),
        v1_(key1 ^ 0x646f72616e646f6d ^ 0xee),
        v2_(key0 ^ 0x6c7967656e657261),
        v3_(key1 ^ 0x7465646279746573) {}

  void Mix(uint64_t word) {
    v3_ ^= word;
    Rounds(2);
    v0_ ^= word;
  }
  uint64_t Finish(uint64_t mark, bool first) {
    (first ? v2_ : v1_) ^= mark;
    Rounds(4);
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void Rounds(int count) {
    for (; count > 0; --count) {
      v0_ += v1_;
      v2_ += v3_;
      v1_ = std::rotl(v1_, 13) ^ v0_;
      v3_ = std::rotl(v3_, 16) ^ v2_;
      v0_ = std::rotl(v0_, 32);
      v2_ += v1_;
      v0_ += v3_;
      v1_ = std::rotl(v1_, 17) ^ v2_;
      v3_ = std::rotl(v3_, 21) ^ v0_;
      v2_ = std::rotl(v2_, 32);
    }
  }
  uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace

OffsetMap128::OffsetMap128(int64_t memory_bytes, uint64_t seed)
    : seed_(seed),
      max_slots_(std::max(size_t{16},
                          static_cast<size_t>(std::max(int64_t{0}, memory_bytes)) / sizeof(Slot))),
      max_size_(static_cast<int64_t>(max_slots_ * kLoadPercent / 100)),
      slots_(std::min(kFirstSlots, max_slots_)) {}

OffsetMap128::Slot OffsetMap128::HashOf(std::string_view key) const {
  SipState state(seed_, ~seed_);
  const uint64_t length = key.size();
  for (; key.size() >= 8; key.remove_prefix(8)) {
    state.Mix(base::LoadLittleEndian<uint64_t>(key.data()));
  }
  uint64_t last = length << 56;
  for (size_t i = 0; i < key.size(); ++i) {
    last |= uint64_t{static_cast<unsigned char>(key[i])} << (8 * i);
  }
  state.Mix(last);
  Slot slot;
  slot.high = state.Finish(0xee, true);
  slot.low = state.Finish(0xdd, false);
  if (slot.high == 0 && slot.low == 0) slot.low = 1;  // both zero means free
  return slot;
}

size_t OffsetMap128::Find(const Slot& hash) const {
  size_t at = hash.high % slots_.size();
  while (slots_[at].high != hash.high || slots_[at].low != hash.low) {
    if (slots_[at].high == 0 && slots_[at].low == 0) break;
    at = at + 1 == slots_.size() ? 0 : at + 1;
  }
  return at;
}

bool OffsetMap128::Put(std::string_view key, Offset offset) {
  Slot hash = HashOf(key);
  size_t at = Find(hash);
  const bool is_new = slots_[at].high == 0 && slots_[at].low == 0;
  if (is_new && size_ >= max_size_) return false;
  if (is_new && static_cast<size_t>(size_) * 4 >= slots_.size() * 3 && slots_.size() < max_slots_) {
    Grow();
    at = Find(hash);
  }
  size_ += is_new ? 1 : 0;
  hash.offset = offset.value();
  slots_[at] = hash;
  return true;
}

Offset OffsetMap128::Get(std::string_view key) const {
  const Slot& slot = slots_[Find(HashOf(key))];
  return slot.high == 0 && slot.low == 0 ? kNoOffset : Offset(slot.offset);
}

void OffsetMap128::Clear() {
  // Gives the memory back: a broker cleans now and then, and must not hold it between.
  slots_ = std::vector<Slot>(std::min(kFirstSlots, max_slots_));
  size_ = 0;
}

void OffsetMap128::Grow() {
  std::vector<Slot> old(std::min(slots_.size() * 2, max_slots_));
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.high != 0 || slot.low != 0) slots_[Find(slot)] = slot;
  }
}

}  // namespace runnel::log
