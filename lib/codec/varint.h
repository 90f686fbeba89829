// Unsigned variable-length integers: 7 bits a byte, low bits first, high bit set on all but the
// last. 300 is ac 02.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace runnel::codec {

void AppendUvarint(std::string& out, uint32_t value);

// Takes a number off the front of `bytes`. nullopt when the bytes end inside it or it does not
// fit 32 bits; `bytes` is then unspecified.
std::optional<uint32_t> TakeUvarint(std::string_view& bytes);

}  // namespace runnel::codec
