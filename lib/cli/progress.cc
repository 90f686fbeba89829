#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace runnel::cli {

Progress::Progress(std::ostream& err, std::string label, int64_t total)
    : err_(err),
      label_(std::move(label)),
      total_(total),
      shown_(&err == &std::cerr && isatty(STDERR_FILENO) != 0),
      start_(Clock::System().ElapsedTime()),
      next_(start_ + std::chrono::milliseconds(300)) {}

Progress::~Progress() {
  if (shown_) err_ << "\r\x1b[K" << std::flush;
}

void Progress::Update(int64_t done, int64_t records) {
  if (!shown_) return;
  const Elapsed now = Clock::System().ElapsedTime();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  Draw(done, records, now);
}

void Progress::Draw(int64_t done, int64_t records, Elapsed now) {
  const double seconds = std::chrono::duration<double>(now - start_).count();
  char text[160];
  if (total_ > 0) {
    constexpr int kWidth = 24;
    const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const int filled = static_cast<int>(part * kWidth);
    const std::string bar = std::string(static_cast<size_t>(filled), '#') +
                            std::string(static_cast<size_t>(kWidth - filled), '-');
    const double left = part > 0 ? seconds / part - seconds : 0;
    std::snprintf(text, sizeof text, "%s [%s] %3.0f %%  %s records  %.2f M/s  ETA %.0f s",
                  label_.c_str(), bar.c_str(), part * 100, WithCommas(records).c_str(),
                  static_cast<double>(records) / seconds / 1e6, left);
  } else {
    std::snprintf(text, sizeof text, "%s  %s records  %.2f M/s", label_.c_str(),
                  WithCommas(records).c_str(), static_cast<double>(records) / seconds / 1e6);
  }
  err_ << "\r\x1b[K" << text << std::flush;
}

std::string WithCommas(int64_t number) {
  std::string digits = std::to_string(number);
  const size_t first = digits[0] == '-' ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

}  // namespace runnel::cli
