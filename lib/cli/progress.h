// A progress bar on stderr, shown only on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

#include "runnel/clock.h"

namespace runnel::cli {

// "produce [########------------]  41 %  1,234,567 records  1.2 M/s  ETA 3 s", redrawn in place at
// most ten times a second. Without a known total it counts only.
class Progress {
 public:
  // `total` in units of Update's `done`; 0: unknown.
  Progress(std::ostream& err, std::string label, int64_t total);
  // Clears the bar.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of the total, and how many records that is.
  void Update(int64_t done, int64_t records);

 private:
  void Draw(int64_t done, int64_t records, Elapsed now);

  std::ostream& err_;
  const std::string label_;
  const int64_t total_;
  const bool shown_;
  Elapsed start_;
  Elapsed next_;
};

// "1,234,567".
std::string WithCommas(int64_t number);

}  // namespace runnel::cli
