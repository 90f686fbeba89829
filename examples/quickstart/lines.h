// What a line of a log file says, for any text file and in particular dpkg's log.
#pragma once

#include <runnel/runnel.h>

#include <string>
#include <string_view>

// "2026-03-01 10:00:00 status installed bash:amd64 5.2-1" means: on day "2026-03-01", action
// "status installed" on package "bash:amd64". A line that does not start with a date has the day
// "undated", the action "line" and its first word as key.
struct Line {
  std::string day;
  std::string action;
  std::string key;
  std::string state;  // what the key's newest state is after this line
  runnel::Timestamp time = runnel::kNoTimestamp;
};

Line ParseLine(std::string_view text);
