// Random messages with the bytes that Kafka's own classes make of them.
#pragma once

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/codec.h"
#include "codec/json_writer.h"
#include "support/hex.h"
#include "support/status.h"

namespace runnel::testing {

struct GoldenMessage {
  int16_t version = 0;
  std::string json = {};   // canonical, see CanonicalJson
  std::string bytes = {};  // the body, without header or prefix
};

// The samples of one message, such as "HeartbeatRequest"; empty when the shared files are missing.
std::vector<GoldenMessage> GoldenMessages(std::string_view name);

// JSON with sorted keys and without members that are null, so that texts can be compared.
std::string CanonicalJson(std::string_view json);

// Each sample of `name` is read as T with the right values, written back byte for byte, and
// refused when it is cut short at any byte.
template <class T>
void CheckGolden(std::string_view name) {
  for (const GoldenMessage& sample : GoldenMessages(name)) {
    INFO(name << " v" << sample.version << " " << ToHex(sample.bytes) << " " << sample.json);
    const auto value = codec::Decode<T>(sample.bytes, sample.version);
    REQUIRE_OK(value);
    CHECK(CanonicalJson(codec::ToJson(*value, sample.version)) == sample.json);
    std::string written;
    REQUIRE_OK(codec::Encode(*value, sample.version, written));
    CHECK(ToHex(written) == ToHex(sample.bytes));
    for (size_t size = 0; size < sample.bytes.size(); ++size) {
      const std::string cut = sample.bytes.substr(0, size);
      CHECK_FALSE(codec::Decode<T>(cut, sample.version).ok());
    }
  }
}

}  // namespace runnel::testing
