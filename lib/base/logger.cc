#include "runnel/logger.h"

#include <cstdio>

#include "base/strings.h"

namespace runnel {
namespace {

class StderrLogger final : public Logger {
 public:
  bool Enabled(LogLevel level) override { return level <= LogLevel::kWarning; }
  void Log(LogLevel level, std::string_view line) override {
    if (!Enabled(level)) return;
    const std::string_view name = level == LogLevel::kError ? "error" : "warning";
    const std::string text = base::StrCat("runnel: ", name, ": ", line, "\n");
    std::fwrite(text.data(), 1, text.size(), stderr);  // one call, so that lines stay whole
  }
};

class NoLogger final : public Logger {
 public:
  bool Enabled(LogLevel) override { return false; }
  void Log(LogLevel, std::string_view) override {}
};

}  // namespace

Logger& Logger::Stderr() {
  static StderrLogger logger;
  return logger;
}

Logger& Logger::None() {
  static NoLogger logger;
  return logger;
}

}  // namespace runnel
