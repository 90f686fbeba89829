// Strings as Java counts them: in UTF-16 units.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace runnel::group {

// String.hashCode() of a UTF-8 text. Bytes that are not UTF-8 count as one unit each.
int32_t JavaHashCode(std::string_view utf8);

// String.length().
size_t Utf16Length(std::string_view utf8);

}  // namespace runnel::group
