#include <iostream>

#include "cli/app.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  runnel::cli::Io io{std::cin, std::cout, std::cerr};
  return runnel::cli::Main(argc, argv, io);
}
