#include "cli/record_json.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::cli {
namespace {

using Json = nlohmann::ordered_json;
using base::StrCat;

// True for well-formed UTF-8 (RFC 3629), which is what JSON text can hold.
bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto at = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
    const unsigned char first = at(i);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                          : first >= 0xE0 && first <= 0xEF ? 3
                          : first >= 0xF0 && first <= 0xF4 ? 4
                                                           : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((at(i + k) & 0xC0) != 0x80) return false;
    }
    const unsigned char second = at(i + 1);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += length;
  }
  return true;
}

void PutBytes(Json& object, const std::string& name, std::optional<std::string_view> bytes,
              Encoding encoding) {
  const std::string encoded_name = name + "_base64";
  if (!bytes) {
    object[encoding == Encoding::kBase64 ? encoded_name : name] = nullptr;
  } else if (encoding == Encoding::kAuto && IsUtf8(*bytes)) {
    object[name] = std::string(*bytes);
  } else {
    object[encoded_name] = base::Base64(*bytes);
  }
}

Status WrongType(const std::string& name, std::string_view wanted) {
  return Error(ErrorCode::kInvalidRecord, StrCat("\"", name, "\" is not ", wanted));
}

// `name` as text or null, or `name`_base64; absent means null.
StatusOr<std::optional<std::string>> GetBytes(const Json& object, const std::string& name) {
  const std::string encoded_name = name + "_base64";
  if (object.contains(encoded_name)) {
    const Json& field = object[encoded_name];
    if (field.is_null()) return std::optional<std::string>();
    if (!field.is_string()) return WrongType(encoded_name, "a string or null");
    auto bytes = base::ParseBase64(field.get_ref<const std::string&>());
    if (!bytes) return WrongType(encoded_name, "valid base64");
    return std::optional<std::string>(*std::move(bytes));
  }
  if (!object.contains(name) || object[name].is_null()) return std::optional<std::string>();
  if (!object[name].is_string()) return WrongType(name, "a string or null");
  return std::optional<std::string>(object[name].get<std::string>());
}

Status ParseHeaders(const Json& list, ParsedRecord& record) {
  if (!list.is_array()) return WrongType("headers", "an array");
  for (const Json& item : list) {
    if (!item.is_object()) return WrongType("headers", "an array of objects");
    RUNNEL_ASSIGN_OR_RETURN(auto key, GetBytes(item, "key"));
    RUNNEL_ASSIGN_OR_RETURN(auto value, GetBytes(item, "value"));
    if (!key) return WrongType("headers", "an array of objects with a \"key\"");
    record.headers.emplace_back(*std::move(key), std::move(value));
  }
  return OkStatus();
}

}  // namespace

std::string ToJsonLine(const RecordView& record, Encoding encoding) {
  Json line = {{"topic", std::string(record.topic())},
               {"partition", record.partition()},
               {"offset", record.offset().value()},
               {"timestamp", record.timestamp().time_since_epoch().count()},
               {"timestamp_type", std::string(ToString(record.timestamp_type()))},
               {"leader_epoch", record.leader_epoch().value()}};
  Json headers = Json::array();
  for (const Header& header : record.headers()) {
    Json item = Json::object();
    PutBytes(item, "key", header.key, encoding);
    PutBytes(item, "value", header.value, encoding);
    headers.push_back(std::move(item));
  }
  line["headers"] = std::move(headers);
  PutBytes(line, "key", record.nullable_key(), encoding);
  PutBytes(line, "value", record.nullable_value(), encoding);
  return line.dump();
}

StatusOr<ParsedRecord> ParseJsonLine(std::string_view text) {
  const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return Error(ErrorCode::kInvalidRecord, "the line is not a JSON object");
  ParsedRecord record;
  if (line.contains("topic")) {
    if (!line["topic"].is_string()) return WrongType("topic", "a string");
    record.topic = line["topic"].get<std::string>();
  }
  if (line.contains("partition")) {
    if (!line["partition"].is_number_integer()) return WrongType("partition", "a number");
    record.partition = line["partition"].get<int32_t>();
  }
  if (line.contains("timestamp")) {
    if (!line["timestamp"].is_number_integer()) return WrongType("timestamp", "a number");
    record.timestamp = Timestamp(std::chrono::milliseconds(line["timestamp"].get<int64_t>()));
  }
  if (line.contains("headers")) RUNNEL_RETURN_IF_ERROR(ParseHeaders(line["headers"], record));
  RUNNEL_ASSIGN_OR_RETURN(record.key, GetBytes(line, "key"));
  RUNNEL_ASSIGN_OR_RETURN(record.value, GetBytes(line, "value"));
  return record;
}

}  // namespace runnel::cli
