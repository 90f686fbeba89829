// The `runnel` command: one subcommand per file of commands/.
#pragma once

#include "cli/io.h"

namespace runnel::cli {

// Runs the command line; returns the exit code: 0 success, 1 failure, 2 wrong usage.
int Main(int argc, char** argv, Io& io);

}  // namespace runnel::cli
