#include "base/crc32c.h"

#include <array>
#include <cstddef>

#include "base/bytes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace runnel::base {
namespace {

// Polynomials in reflected form: bit 31 is x^0.
constexpr uint32_t kCastagnoli = 0x82f63b78;
constexpr uint32_t kIeee = 0xedb88320;

using SlicingTable = std::array<std::array<uint32_t, 256>, 8>;

// table[k][b]: what byte b does to the checksum when k bytes follow it within a group of eight.
constexpr SlicingTable MakeTable(uint32_t polynomial) {
  SlicingTable table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    table[0][byte] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = table[k - 1][byte];
      table[k][byte] = (before >> 8) ^ table[0][before & 0xff];
    }
  }
  return table;
}

constexpr SlicingTable kCastagnoliTable = MakeTable(kCastagnoli);
constexpr SlicingTable kIeeeTable = MakeTable(kIeee);

uint32_t ExtendByTable(const SlicingTable& table, uint32_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint32_t state = ~crc;
  for (; left >= 8; left -= 8, at += 8) {
    const uint64_t word = LoadLittleEndian<uint64_t>(at) ^ state;
    state = 0;
    for (size_t k = 0; k < 8; ++k)
      state ^= table[7 - k][(word >> (8 * k)) & 0xff];
  }
  for (; left > 0; --left, ++at) {
    state = (state >> 8) ^ table[0][(state ^ static_cast<uint8_t>(*at)) & 0xff];
  }
  return ~state;
}

#if defined(__x86_64__)

// The crc32 instruction takes 3 cycles but one starts every cycle: three streams of equal length
// run side by side and are combined. Longest stream, in 8-byte words:
constexpr size_t kMaxStreamWords = 128;

// kShift[n] = x^(64 n - 33) mod P. A checksum times this, carry-less, fed through the instruction
// as 8 bytes, is the checksum followed by n zero words: the instruction multiplies by x^32, and
// the reflected product is one bit short.
constexpr std::array<uint32_t, 2 * kMaxStreamWords + 1> MakeShifts() {
  std::array<uint32_t, 2 * kMaxStreamWords + 1> shifts{};
  uint32_t power = 0x80000000;  // x^0
  const auto times_x = [](uint32_t v) { return (v >> 1) ^ ((v & 1) != 0 ? kCastagnoli : 0); };
  for (int i = 0; i < 64 - 33; ++i)
    power = times_x(power);
  for (size_t n = 1; n < shifts.size(); ++n) {
    shifts[n] = power;
    for (int i = 0; i < 64; ++i)
      power = times_x(power);
  }
  return shifts;
}
constexpr auto kShift = MakeShifts();

__attribute__((target("sse4.2,pclmul"))) inline uint64_t ShiftedProduct(uint64_t crc,
                                                                        size_t words) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(crc)),
                           _mm_cvtsi64_si128(static_cast<int64_t>(kShift[words])), 0);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(product));
}

inline uint64_t Word(const char* at) {
  return LoadLittleEndian<uint64_t>(at);
}

__attribute__((target("sse4.2,pclmul"))) uint32_t ExtendByInstruction(uint32_t crc,
                                                                      std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t state = static_cast<uint32_t>(~crc);
  while (left >= 3 * 16) {
    const size_t words = left < 3 * 8 * kMaxStreamWords ? left / 24 : kMaxStreamWords;
    const char* second = at + 8 * words;
    const char* third = second + 8 * words;
    uint64_t second_state = 0;
    uint64_t third_state = 0;
    for (size_t i = 0; i < 8 * words; i += 8) {
      state = _mm_crc32_u64(state, Word(at + i));
      second_state = _mm_crc32_u64(second_state, Word(second + i));
      third_state = _mm_crc32_u64(third_state, Word(third + i));
    }
    const uint64_t both = ShiftedProduct(state, 2 * words) ^ ShiftedProduct(second_state, words);
    state = third_state ^ _mm_crc32_u64(0, both);
    at += 24 * words;
    left -= 24 * words;
  }
  for (; left >= 8; left -= 8, at += 8)
    state = _mm_crc32_u64(state, Word(at));
  auto tail = static_cast<uint32_t>(state);
  if ((left & 4) != 0) {
    tail = _mm_crc32_u32(tail, LoadLittleEndian<uint32_t>(at));
    at += 4;
  }
  if ((left & 2) != 0) {
    tail = _mm_crc32_u16(tail, LoadLittleEndian<uint16_t>(at));
    at += 2;
  }
  if ((left & 1) != 0) tail = _mm_crc32_u8(tail, static_cast<uint8_t>(*at));
  return ~tail;
}

#elif defined(__ARM_FEATURE_CRC32)

uint32_t ExtendByInstruction(uint32_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint32_t state = ~crc;
  for (; left >= 8; left -= 8, at += 8)
    state = __crc32cd(state, LoadLittleEndian<uint64_t>(at));
  for (; left > 0; --left, ++at)
    state = __crc32cb(state, static_cast<uint8_t>(*at));
  return ~state;
}

#endif

}  // namespace

uint32_t ExtendCrc32c(uint32_t crc, std::string_view bytes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) [[likely]] {
    return ExtendByInstruction(crc, bytes);
  }
  return ExtendCrc32cPortable(crc, bytes);
#elif defined(__ARM_FEATURE_CRC32)
  return ExtendByInstruction(crc, bytes);
#else
  return ExtendCrc32cPortable(crc, bytes);
#endif
}

uint32_t ExtendCrc32cPortable(uint32_t crc, std::string_view bytes) {
  return ExtendByTable(kCastagnoliTable, crc, bytes);
}

uint32_t ExtendCrc32(uint32_t crc, std::string_view bytes) {
  return ExtendByTable(kIeeeTable, crc, bytes);
}

}  // namespace runnel::base
