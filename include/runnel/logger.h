// Where Runnel says what it noticed.
#pragma once

#include <string_view>

namespace runnel {

enum class LogLevel : int { kError = 0, kWarning = 1, kInfo = 2, kDebug = 3 };

// Receives one line per event, `key=value` pairs without a line end. A healthy run with default
// options logs nothing at warning or above.
//
// Thread safety: thread-safe; called without locks held where possible. Must not call Runnel.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual bool Enabled(LogLevel level) = 0;
  virtual void Log(LogLevel level, std::string_view line) = 0;

  // Warnings and errors to stderr; lives for ever.
  static Logger& Stderr();
  // Drops everything; lives for ever.
  static Logger& None();
};

}  // namespace runnel
