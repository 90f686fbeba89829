#include "codec/json_writer.h"

#include <cctype>
#include <sstream>

namespace runnel::codec {
namespace {

void AppendBase64(std::string& out, std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < count ? static_cast<uint8_t>(bytes[i + j]) : 0U);
    }
    for (size_t j = 0; j < 4; ++j) {
      out.push_back(j <= count ? kDigits[group >> (18 - 6 * j) & 0x3f] : '=');
    }
  }
}

}  // namespace

bool JsonWriter::Enter(const char* name, FieldSpec spec) {
  if (!spec.versions.Contains(version_)) return false;
  if (!std::exchange(first_, false)) out_.push_back(',');
  out_.push_back('"');
  out_.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(*name))));
  out_.append(name + 1);
  out_.append("\":");
  return true;
}

void JsonWriter::Null() {
  out_.append("null");
}

void JsonWriter::Value(bool value) {
  out_.append(value ? "true" : "false");
}

void JsonWriter::Value(int64_t value) {
  out_.append(std::to_string(value));
}

void JsonWriter::Value(double value) {
  std::ostringstream text;
  text.precision(17);
  text << value;
  out_.append(text.str());
}

void JsonWriter::Value(const Uuid& value) {
  Value(std::string_view(ToString(value)));
}

void JsonWriter::Value(std::string_view value) {
  static constexpr char kHex[] = "0123456789abcdef";
  out_.push_back('"');
  for (const char c : value) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out_.push_back('\\');
      out_.push_back(c);
    } else if (c == '\n') {
      out_.append("\\n");
    } else if (c == '\t') {
      out_.append("\\t");
    } else if (byte < 0x20) {
      out_.append("\\u00");
      out_.push_back(kHex[byte >> 4]);
      out_.push_back(kHex[byte & 15]);
    } else {
      out_.push_back(c);
    }
  }
  out_.push_back('"');
}

void JsonWriter::BytesValue(std::string_view bytes) {
  out_.push_back('"');
  AppendBase64(out_, bytes);
  out_.push_back('"');
}

void JsonWriter::BytesValue(const std::vector<std::string_view>& parts) {
  std::string whole;
  for (const std::string_view part : parts)
    whole.append(part);
  BytesValue(std::string_view(whole));
}

}  // namespace runnel::codec
