#include "group/java_string.h"

namespace runnel::group {
namespace {

// Bytes of the sequence that starts `text` and its code point; {1, byte} when malformed.
struct Decoded {
  size_t size = 1;
  uint32_t code_point = 0;
};

Decoded DecodeFront(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  size_t size = 1;
  uint32_t bits = lead;
  if (lead >= 0xf0 && lead < 0xf8) {
    size = 4;
    bits = lead & 0x07;
  } else if (lead >= 0xe0) {
    size = 3;
    bits = lead & 0x0f;
  } else if (lead >= 0xc0) {
    size = 2;
    bits = lead & 0x1f;
  }
  if (size > text.size()) return {1, lead};
  for (size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xc0) != 0x80) return {1, lead};
    bits = bits << 6 | (byte & 0x3f);
  }
  return {size, bits};
}

template <class Visit>
void ForEachUnit(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const Decoded decoded = DecodeFront(text);
    text.remove_prefix(decoded.size);
    if (decoded.code_point < 0x10000) {
      visit(decoded.code_point);
    } else {
      const uint32_t above = decoded.code_point - 0x10000;
      visit(0xd800 + (above >> 10));
      visit(0xdc00 + (above & 0x3ff));
    }
  }
}

}  // namespace

int32_t JavaHashCode(std::string_view utf8) {
  uint32_t hash = 0;
  ForEachUnit(utf8, [&](uint32_t unit) { hash = 31 * hash + unit; });
  return static_cast<int32_t>(hash);
}

size_t Utf16Length(std::string_view utf8) {
  size_t length = 0;
  ForEachUnit(utf8, [&](uint32_t) { ++length; });
  return length;
}

}  // namespace runnel::group
