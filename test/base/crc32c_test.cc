#include "base/crc32c.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "runnel/random.h"

namespace runnel::base {
namespace {

std::string RandomBytes(Random& random, int64_t size) {
  std::string bytes(static_cast<size_t>(size), '\0');
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random.Next()); });
  return bytes;
}

}  // namespace

TEST_CASE("CRC-32C gives the published values", "[base][crc32c]") {
  CHECK(Crc32c("") == 0);
  CHECK(Crc32c("123456789") == 0xe3069283);
  // RFC 3720, section B.4.
  CHECK(Crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(Crc32c(std::string(32, '\xff')) == 0x62a8ab43);
}

TEST_CASE("CRC-32 gives the published value", "[base][crc32c]") {
  CHECK(Crc32("123456789") == 0xcbf43926);
  CHECK(ExtendCrc32(Crc32("1234"), "56789") == 0xcbf43926);
}

TEST_CASE("The fast and the portable CRC-32C agree at every length", "[base][crc32c]") {
  const auto random = Random::Seeded(1);
  const std::string bytes = RandomBytes(*random, 20'000);
  for (size_t size = 0; size < bytes.size(); size = size < 700 ? size + 1 : size + 97) {
    const std::string_view part = std::string_view(bytes).substr(size % 9, size);
    REQUIRE(Crc32c(part) == ExtendCrc32cPortable(0, part));
  }
}

TEST_CASE("A checksum can be extended piece by piece", "[base][crc32c]") {
  const auto random = Random::Seeded(2);
  const std::string bytes = RandomBytes(*random, 9'000);
  for (int round = 0; round < 200; ++round) {
    const auto cut = static_cast<size_t>(random->Below(static_cast<int64_t>(bytes.size())));
    const std::string_view view = bytes;
    REQUIRE(ExtendCrc32c(Crc32c(view.substr(0, cut)), view.substr(cut)) == Crc32c(view));
  }
}

}  // namespace runnel::base
