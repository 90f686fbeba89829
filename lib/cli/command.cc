#include "cli/command.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/status.h"
#include "base/strings.h"

namespace runnel::cli {

using base::StrCat;

void AddFormatOption(CLI::App& command, CommonOptions& options) {
  command.add_option("--format", options.format, "Output: text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

void AddCommonOptions(CLI::App& command, CommonOptions& options) {
  command.add_option("--data-dir", options.data_dir, "The data directory")->required();
  AddFormatOption(command, options);
}

StatusOr<std::unique_ptr<Broker>> OpenBroker(const CommonOptions& options, Access access) {
  std::error_code error;
  if (access == Access::kRead && !std::filesystem::is_directory(options.data_dir, error)) {
    return Error(ErrorCode::kKafkaStorageError,
                 StrCat("data directory '", options.data_dir, "' does not exist"));
  }
  BrokerOptions broker;
  broker.data_dir = options.data_dir;
  broker.read_only = access == Access::kRead;
  broker.auto_create_topics = false;
  return Broker::Open(std::move(broker));
}

StatusOr<std::map<std::string, std::string>> ParseAssignments(
    const std::vector<std::string>& words) {
  std::map<std::string, std::string> result;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error(ErrorCode::kInvalidConfig, StrCat("'", word, "' is not of the form name=value"));
    }
    result[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return result;
}

StatusOr<std::vector<int32_t>> ParseNumbers(const std::string& text) {
  std::vector<int32_t> numbers;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    int32_t number = 0;
    const auto parsed = std::from_chars(at, end, number);
    if (parsed.ec != std::errc() || (parsed.ptr != end && *parsed.ptr != ',')) {
      return Error(ErrorCode::kInvalidRequest, StrCat("'", text, "' is not a list of numbers"));
    }
    numbers.push_back(number);
    at = parsed.ptr + (parsed.ptr != end ? 1 : 0);
  }
  return numbers;
}

StatusOr<Timestamp> ParseDateTime(const std::string& text) {
  const Status bad =
      Error(ErrorCode::kInvalidRequest,
            StrCat("'", text, "' is neither YYYY-MM-DDTHH:MM:SS[.mmm][Z|+HH:MM] nor milliseconds"));
  int64_t ms = 0;
  const char* end = text.data() + text.size();
  if (const auto parsed = std::from_chars(text.data(), end, ms);
      parsed.ec == std::errc() && parsed.ptr == end) {
    return Timestamp(std::chrono::milliseconds(ms));
  }
  int year, month, day, hour = 0, minute = 0, used = 0;
  double second = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%lf%n", &year, &month, &day, &hour, &minute,
                  &second, &used) < 6) {
    return bad;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second >= 61) {
    return bad;
  }
  int zone_minutes = 0;
  const std::string zone = text.substr(static_cast<size_t>(used));
  if (!zone.empty() && zone != "Z") {
    char sign = 0;
    int zone_hour = 0, zone_minute = 0;
    if (std::sscanf(zone.c_str(), "%c%2d:%2d", &sign, &zone_hour, &zone_minute) != 3 ||
        (sign != '+' && sign != '-')) {
      return bad;
    }
    zone_minutes = (sign == '-' ? -1 : 1) * (zone_hour * 60 + zone_minute);
  }
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute - zone_minutes) +
         std::chrono::milliseconds(std::llround(second * 1000));
}

StatusOr<std::chrono::milliseconds> ParseDuration(const std::string& text) {
  const Status bad = Error(ErrorCode::kInvalidRequest,
                           StrCat("'", text, "' is not a duration such as P1DT2H3M4.5S"));
  size_t at = 0;
  const bool negative = at < text.size() && text[at] == '-';
  if (negative) ++at;
  if (at >= text.size() || text[at] != 'P' || at + 1 == text.size()) return bad;
  ++at;
  bool in_time = false;
  double ms = 0;
  while (at < text.size()) {
    if (text[at] == 'T' && !in_time) {
      in_time = true;
      ++at;
      continue;
    }
    double number = 0;
    const auto parsed = std::from_chars(text.data() + at, text.data() + text.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr == text.data() + text.size()) return bad;
    const char unit = *parsed.ptr;
    at = static_cast<size_t>(parsed.ptr - text.data()) + 1;
    if (unit == 'D' && !in_time) {
      ms += number * 86'400'000;
    } else if (unit == 'H' && in_time) {
      ms += number * 3'600'000;
    } else if (unit == 'M' && in_time) {
      ms += number * 60'000;
    } else if (unit == 'S' && in_time) {
      ms += number * 1000;
    } else {
      return bad;
    }
  }
  return std::chrono::milliseconds(std::llround(negative ? -ms : ms));
}

StatusOr<std::vector<TopicPartition>> PartitionsOf(Admin& admin, const std::string& topic) {
  RUNNEL_ASSIGN_OR_RETURN(const TopicDescription description, admin.DescribeTopic(topic));
  std::vector<TopicPartition> partitions;
  for (const PartitionDescription& partition : description.partitions) {
    partitions.push_back({topic, partition.partition});
  }
  return partitions;
}

}  // namespace runnel::cli
