#include "runnel/clock.h"

namespace runnel {
namespace {

class SystemClock final : public Clock {
 public:
  Timestamp Now() override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  Elapsed ElapsedTime() override { return std::chrono::steady_clock::now().time_since_epoch(); }
};

}  // namespace

Clock& Clock::System() {
  static SystemClock clock;
  return clock;
}

}  // namespace runnel
