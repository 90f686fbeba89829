#include "runnel/partitioner.h"

#include <absl/base/thread_annotations.h>

#include <atomic>
#include <cstring>

#include "base/bytes.h"
#include "base/light_mutex.h"
#include "base/strings.h"

namespace runnel {
namespace {

// Murmur2 of each key; without one, a sticky partition per topic that changes after batch_bytes
// (KIP-794). Batches are appended as soon as they are closed, so that no partition ever has a
// queue: the load statistics of the adaptive variant would always be equal, and the next
// partition is uniformly random.
class StickyPartitioner final : public Partitioner {
 public:
  StickyPartitioner(Random& random, int32_t batch_bytes)
      : random_(random), batch_bytes_(batch_bytes) {}

  int32_t Partition(std::string_view topic, std::optional<std::string_view> key,
                    std::optional<std::string_view> /*value*/, int64_t record_bytes,
                    int32_t partition_count) override {
    if (key.has_value()) return PartitionForKey(*key, partition_count);
    if (partition_count == 1) return 0;
    const base::LightLock lock(mutex_);
    Sticky& sticky = Find(topic);
    if (sticky.partition < 0 || sticky.partition >= partition_count ||
        sticky.bytes >= batch_bytes_) {
      sticky.partition = static_cast<int32_t>(random_.Below(partition_count));
      sticky.bytes = 0;
    }
    sticky.bytes += record_bytes;
    return sticky.partition;
  }

 private:
  struct Sticky {
    int32_t partition = -1;  // none yet
    int64_t bytes = 0;       // sent to it
  };

  Sticky& Find(std::string_view topic) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (last_ != nullptr && last_topic_ == topic) return *last_;
    auto found = topics_.find(topic);
    if (found == topics_.end()) {
      found = topics_.emplace(std::string(topic), std::make_unique<Sticky>()).first;
    }
    last_topic_ = found->first;
    last_ = found->second.get();
    return *last_;
  }

  Random& random_;
  const int64_t batch_bytes_;
  base::LightMutex mutex_;
  base::StringMap<std::unique_ptr<Sticky>> topics_ ABSL_GUARDED_BY(mutex_);
  std::string last_topic_ ABSL_GUARDED_BY(mutex_);
  Sticky* last_ ABSL_GUARDED_BY(mutex_) = nullptr;  // of last_topic_, points into topics_
};

class RoundRobinPartitioner final : public Partitioner {
 public:
  int32_t Partition(std::string_view topic, std::optional<std::string_view> /*key*/,
                    std::optional<std::string_view> /*value*/, int64_t /*record_bytes*/,
                    int32_t partition_count) override {
    const base::LightLock lock(mutex_);
    auto found = next_.find(topic);
    if (found == next_.end()) found = next_.emplace(std::string(topic), 0).first;
    return static_cast<int32_t>(found->second++ % static_cast<uint64_t>(partition_count));
  }

 private:
  base::LightMutex mutex_;
  base::StringMap<uint64_t> next_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

// Source: org.apache.kafka.common.utils.Utils.murmur2.
uint32_t Murmur2(std::string_view bytes) {
  constexpr uint32_t kSeed = 0x9747b28c;
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  uint32_t hash = kSeed ^ static_cast<uint32_t>(bytes.size());
  const char* at = bytes.data();
  const char* const end_of_words = at + (bytes.size() & ~size_t{3});
  for (; at != end_of_words; at += 4) {
    uint32_t word = base::LoadLittleEndian<uint32_t>(at) * kMultiplier;
    word = (word ^ (word >> 24)) * kMultiplier;
    hash = (hash * kMultiplier) ^ word;
  }
  const auto tail = [at](int index) {
    return static_cast<uint32_t>(static_cast<unsigned char>(at[index]));
  };
  const size_t left = bytes.size() & 3;
  if (left >= 3) hash ^= tail(2) << 16;
  if (left >= 2) hash ^= tail(1) << 8;
  if (left >= 1) hash = (hash ^ tail(0)) * kMultiplier;
  hash = (hash ^ (hash >> 13)) * kMultiplier;
  return hash ^ (hash >> 15);
}

int32_t PartitionForKey(std::string_view key, int32_t partition_count) {
  return static_cast<int32_t>(Murmur2(key) & 0x7fffffffU) % partition_count;
}

std::shared_ptr<Partitioner> Partitioner::Default(Random& random, int32_t batch_bytes) {
  return std::make_shared<StickyPartitioner>(random, batch_bytes);
}

std::shared_ptr<Partitioner> Partitioner::RoundRobin() {
  return std::make_shared<RoundRobinPartitioner>();
}

}  // namespace runnel
