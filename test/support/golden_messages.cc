#include "support/golden_messages.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/shared_files.h"

namespace runnel::testing {
namespace {

void DropNulls(nlohmann::json& value) {
  if (value.is_object()) {
    for (auto member = value.begin(); member != value.end();) {
      member = member->is_null() ? value.erase(member) : std::next(member);
    }
  }
  if (value.is_structured()) {
    for (nlohmann::json& element : value)
      DropNulls(element);
  }
}

}  // namespace

std::string CanonicalJson(std::string_view json) {
  auto value = nlohmann::json::parse(json);
  DropNulls(value);
  return value.dump();
}

std::vector<GoldenMessage> GoldenMessages(std::string_view name) {
  std::vector<GoldenMessage> messages;
  const auto shared = SharedFiles();
  if (!shared) return messages;
  std::ifstream file(*shared / "reference/messages/golden.tsv");
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> cells;
    for (size_t begin = 0; begin <= line.size();) {
      const size_t tab = std::min(line.find('\t', begin), line.size());
      cells.push_back(line.substr(begin, tab - begin));
      begin = tab + 1;
    }
    if (cells.size() < 5 || cells[0] != name) continue;
    messages.push_back({.version = static_cast<int16_t>(std::stoi(cells[2])),
                        .json = CanonicalJson(cells[3]),
                        .bytes = FromHex(cells[4])});
  }
  return messages;
}

}  // namespace runnel::testing
