// Runs the command line in this process.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "cli/app.h"
#include "support/temp_dir.h"

namespace runnel::cli {

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

// Runs `runnel WORDS...` with `input` on standard input.
inline Outcome Run(std::vector<std::string> words, const std::string& input = "") {
  words.insert(words.begin(), "runnel");
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  std::istringstream in(input);
  std::ostringstream out, err;
  Io io{in, out, err};
  Outcome outcome;
  outcome.code = Main(static_cast<int>(argv.size()), argv.data(), io);
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

// A data directory and the command line on it.
class Tool {
 public:
  // Runs `runnel COMMAND --data-dir DIR WORDS...`.
  Outcome operator()(const std::string& command, std::vector<std::string> words,
                     const std::string& input = "") const {
    words.insert(words.begin(), {command, "--data-dir", data_dir()});
    return Run(std::move(words), input);
  }
  std::string data_dir() const { return dir_.path() + "/data"; }

 private:
  testing::TempDir dir_;
};

}  // namespace runnel::cli
