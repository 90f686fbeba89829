#include "base/fence.h"

#if defined(__linux__) && __has_include(<linux/membarrier.h>)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#define RUNNEL_HAVE_MEMBARRIER 1
#endif

namespace runnel::base {
namespace {

#ifdef RUNNEL_HAVE_MEMBARRIER
long Membarrier(int command) {
  return ::syscall(SYS_membarrier, command, 0, 0);
}
#endif

}  // namespace

namespace internal {
bool DetectAsymmetricFence() {
#ifdef RUNNEL_HAVE_MEMBARRIER
  const long supported = Membarrier(MEMBARRIER_CMD_QUERY);
  return supported > 0 && (supported & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0 &&
         Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
#else
  return false;
#endif
}
}  // namespace internal

void HeavyFence() {
  // The full fence orders this thread, the system call the others.
  internal::FullFence();
#ifdef RUNNEL_HAVE_MEMBARRIER
  if (internal::HasAsymmetricFence()) Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
#endif
}

}  // namespace runnel::base
