// An open file of the operating system; used by posix_file_system.cc only.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "runnel/file_system.h"

namespace runnel::base {

// Owns a file descriptor; -1 is none.
class Descriptor final {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);  // not repeated: it is gone also after EINTR
  }
  Descriptor(Descriptor&& other) noexcept : descriptor_(other.Release()) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int get() const { return descriptor_; }
  int Release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

enum class FileAccess { kRead, kReadWrite };

std::unique_ptr<File> NewPosixFile(Descriptor descriptor, std::string path, FileAccess access);

// Writes all of `bytes`, however many calls it takes.
Status WriteAt(int descriptor, std::string_view path, int64_t position, std::string_view bytes);

// Calls `sync` again only when a signal interrupted it: any other failure is final.
template <class Sync>
int SyncRetrying(Sync sync) {
  int result = 0;
  do {
    result = sync();
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace runnel::base
