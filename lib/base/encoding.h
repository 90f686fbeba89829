// Bytes as text: base64, URL-safe base64, hexadecimal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace runnel::base {

// With '+', '/' and padding (RFC 4648, section 4).
std::string Base64(std::string_view bytes);
// With '-', '_' and no padding (section 5), as Kafka prints UUIDs.
std::string Base64Url(std::string_view bytes);
// The reverse; padding may be left out. nullopt for other characters, also white space, a length
// no encoder makes, or bits set after the last byte.
std::optional<std::string> ParseBase64(std::string_view text);
std::optional<std::string> ParseBase64Url(std::string_view text);

// Two lower-case digits per byte.
std::string Hex(std::string_view bytes);
// The reverse, in either case.
std::optional<std::string> ParseHex(std::string_view text);

}  // namespace runnel::base
