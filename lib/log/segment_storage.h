// The bytes of a segment that is being appended to: one contiguous range of memory.
#pragma once

#include <cstdint>
#include <memory>

#include "log/log_config.h"
#include "runnel/error.h"
#include "runnel/file_system.h"

namespace runnel::log {

// Three kinds behind one interface:
//   memory     anonymous memory, for memory topics and their closed segments
//   mapped     a shared mapping of the file, made once for the whole segment; the file is grown
//              ahead of the end, so that no store ever meets a hole or a full disk
//   written    where files cannot be mapped: anonymous memory, and each append is also written
//
// Thread safety: Grow and Commit by the appender only; bytes below the published end by anyone.
// Lifetime: held by shared_ptr; readers that pin it keep the memory (not the file) alive.
class SegmentStorage {
 public:
  // Errors: kKafkaStorageError when memory cannot be reserved.
  static StatusOr<std::shared_ptr<SegmentStorage>> InMemory(int64_t capacity_bytes);
  // For a file whose first `used_bytes` are record data. Nothing is allocated on disk yet.
  // In the written kind, data() below `used_bytes` reads as zero: read the file instead.
  static StatusOr<std::shared_ptr<SegmentStorage>> OnFile(File& file, int64_t capacity_bytes,
                                                          int64_t used_bytes);
  virtual ~SegmentStorage() = default;
  SegmentStorage(const SegmentStorage&) = delete;
  SegmentStorage& operator=(const SegmentStorage&) = delete;

  char* data() const { return data_; }
  int64_t capacity_bytes() const { return capacity_bytes_; }
  // Stores below this position need no Grow.
  int64_t writable_bytes() const { return writable_bytes_; }
  // True when Commit must follow each append.
  bool needs_commit() const { return needs_commit_; }

  // Makes [0, end) writable, and some more in steps of the config. `file` is null for memory.
  // Errors: IsDiskFull; the storage and the file are as before.
  virtual Status Grow(File* file, int64_t end, const LogConfig& config) = 0;
  // Hands [begin, end) to the operating system (written kind only).
  virtual Status Commit(File& file, int64_t begin, int64_t end);
  // Makes the bytes about to be written resident. Best effort, any thread.
  virtual void Populate(int64_t begin, int64_t end);

 protected:
  SegmentStorage() = default;
  char* data_ = nullptr;
  int64_t capacity_bytes_ = 0;
  int64_t writable_bytes_ = 0;
  bool needs_commit_ = false;
};

}  // namespace runnel::log
