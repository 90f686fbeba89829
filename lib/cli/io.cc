#include "cli/io.h"

#include <algorithm>
#include <csignal>

namespace runnel::cli {
namespace {

// Written by the signal handler, read by loops.
volatile std::sig_atomic_t interrupted = 0;

void OnSignal(int) {
  interrupted = 1;
}

}  // namespace

int Fail(Io& io, std::string_view text) {
  io.out.flush();
  io.err << "error: " << text << '\n';
  return kFailure;
}

int Fail(Io& io, std::string_view doing, const Status& status) {
  return Fail(io, std::string(doing) + ": " + ToString(status));
}

void PrintTable(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      out << row[i];
      if (i + 1 < row.size()) out << std::string(widths[i] - row[i].size() + 2, ' ');
    }
    out << '\n';
  }
}

bool Interrupted() {
  static const bool installed = [] {
    std::signal(SIGINT, OnSignal);
    std::signal(SIGTERM, OnSignal);
    return true;
  }();
  return installed && interrupted != 0;
}

}  // namespace runnel::cli
