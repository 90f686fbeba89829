// The outside world as a broker sees it: everything a test wants to script.
#pragma once

#include "runnel/clock.h"
#include "runnel/executor.h"
#include "runnel/file_system.h"
#include "runnel/logger.h"
#include "runnel/random.h"

namespace runnel {

// Pointers are borrowed and outlive the broker; null means the real one, made by the broker.
struct Environment {
  Clock* clock = nullptr;
  FileSystem* files = nullptr;
  Executor* executor = nullptr;
  Random* random = nullptr;
  Logger* logger = nullptr;
};

}  // namespace runnel
