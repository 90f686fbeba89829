// Records as lines of JSON, byte for byte in both directions.
//
//   {"topic":"t","partition":0,"offset":7,"timestamp":1700000000000,"timestamp_type":"CreateTime",
//    "leader_epoch":0,"headers":[{"key":"h","value":"x"}],"key":"k","value":null}
//
// A key or value that is not valid UTF-8 appears as "key_base64" or "value_base64".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runnel/error.h"
#include "runnel/record.h"

namespace runnel::cli {

enum class Encoding { kAuto, kBase64 };

// One line without its end.
std::string ToJsonLine(const RecordView& record, Encoding encoding);

// A record read from a line; owns its bytes.
struct ParsedRecord {
  std::string topic;  // empty when the line names none
  std::optional<int32_t> partition;
  std::optional<Timestamp> timestamp;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

// Errors: kInvalidRecord saying what is wrong with the line.
StatusOr<ParsedRecord> ParseJsonLine(std::string_view line);

}  // namespace runnel::cli
