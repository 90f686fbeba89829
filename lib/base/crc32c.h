// Checksums: CRC-32C (record batches) and CRC-32 (old messages, gzip).
#pragma once

#include <cstdint>
#include <string_view>

namespace runnel::base {

// The CRC-32C (Castagnoli) of the bytes that gave `crc` followed by `bytes`; start with 0.
// Cost: hardware instructions on x86-64 (SSE 4.2) and ARMv8; three interleaved streams on x86-64.
uint32_t ExtendCrc32c(uint32_t crc, std::string_view bytes);
inline uint32_t Crc32c(std::string_view bytes) {
  return ExtendCrc32c(0, bytes);
}

// The same in plain C++, for machines without the instructions and as a check of the others.
uint32_t ExtendCrc32cPortable(uint32_t crc, std::string_view bytes);

// CRC-32 as in gzip, zlib and Kafka's message formats 0 and 1; start with 0.
uint32_t ExtendCrc32(uint32_t crc, std::string_view bytes);
inline uint32_t Crc32(std::string_view bytes) {
  return ExtendCrc32(0, bytes);
}

}  // namespace runnel::base
