#include "lines.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

namespace {

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    if (space > 0) words.push_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return words;
}

bool ParseTime(std::string_view text, runnel::Timestamp* time) {
  int year, month, day, hour, minute, second;
  const std::string copy(text.substr(0, 19));
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2d %2d:%2d:%2d", &year, &month, &day, &hour, &minute,
                  &second) != 6) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  *time = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
          std::chrono::seconds(second);
  return true;
}

}  // namespace

Line ParseLine(std::string_view text) {
  const std::vector<std::string_view> words = Words(text);
  Line line;
  if (words.size() < 3 || !ParseTime(text, &line.time)) {
    line.day = "undated";
    line.action = "line";
    line.key = words.empty() ? "" : words[0];
    line.state = text;
    return line;
  }
  line.day = words[0];
  line.action = words[2];
  size_t key = 3;
  if (words[2] == "status" && words.size() > 4) {
    line.action = std::string(words[2]) + ' ' + std::string(words[3]);
    key = 4;
  }
  line.key = words.size() > key ? words[key] : words[2];
  line.state = line.action;
  if (words.size() > key + 1) line.state += ' ' + std::string(words.back());
  return line;
}
