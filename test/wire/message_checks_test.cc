// What holds for every message: Kafka's bytes, Kafka's schema, and no trust in what comes in.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "runnel/random.h"
#include "support/golden_messages.h"
#include "support/shared_files.h"
#include "support/status.h"
#include "wire/api_table.h"
#include "wire/delete_groups.h"
#include "wire/heap_meter.h"
#include "wire/inline_samples.h"
#include "wire/wire_support.h"

namespace runnel::wire {
namespace {

using testing::CanonicalJson;
using testing::FromHex;
using testing::GoldenMessage;
using testing::GoldenMessages;
using testing::ToHex;

std::vector<GoldenMessage> SamplesOf(const std::string& name) {
  std::vector<GoldenMessage> samples = GoldenMessages(name);
  for (const InlineSample& sample : kInlineSamples) {
    if (sample.name != name) continue;
    samples.push_back({.version = sample.version,
                       .json = CanonicalJson(sample.json),
                       .bytes = FromHex(sample.hex)});
  }
  return samples;
}

// Our JSON leaves out tagged fields that equal their defaults; the golden file does so at times.
// Taken from both, they compare equal.
const nlohmann::json kTaggedDefaults = {
    {"nodeEndpoints", nlohmann::json::array()},
    {"supportedFeatures", nlohmann::json::array()},
    {"finalizedFeatures", nlohmann::json::array()},
    {"finalizedFeaturesEpoch", -1},
    {"zkMigrationReady", false},
    {"topicConfigErrorCode", 0},
    {"currentLeader", {{"leaderId", -1}, {"leaderEpoch", -1}}},
    {"divergingEpoch", {{"epoch", -1}, {"endOffset", -1}}},
    {"snapshotId", {{"epoch", -1}, {"endOffset", -1}}},
    {"replicaState", {{"replicaId", -1}, {"replicaEpoch", -1}}},
    {"replicaDirectoryId", "AAAAAAAAAAAAAAAAAAAAAA"},
    {"highWatermark", std::numeric_limits<int64_t>::max()},
};

void DropTaggedDefaults(nlohmann::json& value) {
  if (value.is_object()) {
    for (const auto& [name, default_value] : kTaggedDefaults.items()) {
      if (value.contains(name) && value[name] == default_value) value.erase(name);
    }
  }
  if (!value.is_structured()) return;
  for (nlohmann::json& element : value)
    DropTaggedDefaults(element);
}

std::string Comparable(const std::string& json) {
  auto value = nlohmann::json::parse(json);
  DropTaggedDefaults(value);
  return value.dump();
}

// Reads bytes that may be broken, from memory of their own size so that a sanitizer sees each
// step beyond the end.
void ReadBroken(const MessageUnderTest& message, int16_t version, const std::string& bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  const std::string_view view(exact.data(), exact.size());
  const int64_t heap = MeasureHeap([&] { (void)message.read(view, version); });
  if (heap > static_cast<int64_t>(4 * bytes.size()) + (64 << 10)) {
    FAIL(message.name << " v" << version << " took " << heap << " bytes for " << ToHex(bytes));
  }
}

// Whether the message itself, not only a struct in it, has tagged fields.
bool HasOwnTags(const MessageUnderTest& message) {
  std::istringstream lines(message.describe());
  for (std::string line; std::getline(lines, line);) {
    if (line[0] != ' ' && line.find(" tag=") != std::string::npos) return true;
  }
  return false;
}

// A number from the environment, to repeat a run or to make it longer.
uint64_t NumberFromEnvironment(const char* name, uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

void Mutate(Random& random, std::string& bytes) {
  const auto somewhere = [&] {
    return static_cast<size_t>(random.Below(static_cast<int64_t>(bytes.size())));
  };
  for (int64_t left = 1 + random.Below(4); left > 0 && !bytes.empty(); --left) {
    char& byte = bytes[somewhere()];
    switch (random.Below(4)) {
      case 0:
        byte = static_cast<char>(random.Below(256));
        break;
      case 1:
        byte = static_cast<char>(byte ^ (1 << random.Below(8)));
        break;
      case 2:
        byte = random.Below(2) == 0 ? '\x7f' : '\xff';
        break;
      default:
        bytes.erase(somewhere(), 1);
    }
  }
}

}  // namespace

std::vector<MessageUnderTest> AllMessages() {
  std::vector<MessageUnderTest> all;
  for (const auto& some : {CoreMessages(), GroupMessages(), AdminMessages(), TxnMessages()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

TEST_CASE("Every message of the table is checked, in each version of Kafka", "[wire][golden]") {
  std::set<std::string> names;
  for (const MessageUnderTest& message : AllMessages())
    names.insert(message.name);
  for (const ApiInfo& api : ApiTable()) {
    INFO(api.name);
    for (const char* kind : {"Request", "Response"}) {
      const std::string name = std::string(api.name) + kind;
      CHECK(names.count(name) == 1);
      std::set<int16_t> versions;
      for (const GoldenMessage& sample : GoldenMessages(name))
        versions.insert(sample.version);
      if (!testing::SharedFiles()) continue;
      // Versions that Kafka 4 has dropped have no samples.
      for (int16_t version = *versions.begin(); version <= api.versions.last; ++version)
        CHECK(versions.count(version) == 1);
    }
  }
  CHECK(names.size() == 2 * ApiTable().size() + 2);  // and the headers
}

TEST_CASE("Every message has Kafka's bytes", "[wire][golden]") {
  int samples = 0;
  for (const MessageUnderTest& message : AllMessages()) {
    for (const GoldenMessage& sample : SamplesOf(message.name)) {
      INFO(message.name << " v" << sample.version << " " << ToHex(sample.bytes));
      const auto json = message.to_json(sample.bytes, sample.version);
      REQUIRE_OK(json);
      CHECK(Comparable(CanonicalJson(*json)) == Comparable(sample.json));
      const auto written = message.rewrite(sample.bytes, sample.version);
      REQUIRE_OK(written);
      CHECK(ToHex(*written) == ToHex(sample.bytes));
      ++samples;
    }
  }
  CHECK(samples >= 10);
}

TEST_CASE("A message that is cut short is refused at every byte", "[wire][bad-input]") {
  for (const MessageUnderTest& message : AllMessages()) {
    for (const GoldenMessage& sample : SamplesOf(message.name)) {
      for (size_t size = 0; size < sample.bytes.size(); ++size) {
        const std::vector<char> cut(sample.bytes.begin(), sample.bytes.begin() + size);
        const Status status = message.read({cut.data(), cut.size()}, sample.version);
        if (status.ok()) FAIL(message.name << " v" << sample.version << " ends at byte " << size);
      }
    }
  }
}

TEST_CASE("Broken messages neither crash nor take much memory", "[wire][bad-input]") {
  const uint64_t seed = NumberFromEnvironment("RUNNEL_SEED", 20240607);
  const uint64_t rounds = NumberFromEnvironment("RUNNEL_ROUNDS", 100);
  INFO("RUNNEL_SEED=" << seed);
  const auto random = Random::Seeded(seed);
  for (const MessageUnderTest& message : AllMessages()) {
    for (const GoldenMessage& sample : SamplesOf(message.name)) {
      for (uint64_t round = 0; round < rounds; ++round) {
        std::string bytes = sample.bytes;
        Mutate(*random, bytes);
        ReadBroken(message, sample.version, bytes);
      }
      // As another version: any bytes are a message of it, or an error.
      ReadBroken(message, message.api.versions.first, sample.bytes);
      ReadBroken(message, message.api.versions.last, sample.bytes);
    }
  }
}

TEST_CASE("Unknown tagged fields are skipped", "[wire]") {
  int tried = 0;
  for (const MessageUnderTest& message : AllMessages()) {
    if (HasOwnTags(message)) continue;
    // So the last byte counts the tags of the message: none.
    for (const GoldenMessage& sample : SamplesOf(message.name)) {
      if (!message.api.IsFlexible(sample.version)) continue;
      INFO(message.name << " v" << sample.version);
      std::string bytes = sample.bytes;
      REQUIRE(bytes.back() == '\0');
      bytes.back() = '\2';
      bytes += FromHex("e807 03 aabbcc  f02e 00");  // tags 1000 and 6000
      const auto written = message.rewrite(bytes, sample.version);
      REQUIRE_OK(written);
      CHECK(ToHex(*written) == ToHex(sample.bytes));
      ++tried;
    }
  }
  CHECK(tried >= 3);
}

TEST_CASE("A flood of tiny elements is refused before it takes memory", "[wire][bad-input]") {
  // DeleteGroups v2: two million empty names, 16 bytes each in memory.
  std::string bytes = FromHex("81897a");  // 2,000,001 as a varint: one more than there are
  bytes.append(2'000'000, '\1');
  bytes += FromHex("00");
  Status status;
  const int64_t heap =
      MeasureHeap([&] { status = Decode<DeleteGroupsRequest>(bytes, 2).status(); });
  CHECK(CodeOf(status) == ErrorCode::kInvalidRequest);
  CHECK(heap <= static_cast<int64_t>(4 * bytes.size()) + (1 << 20) + 4096);
}

TEST_CASE("Lengths that lie are refused", "[wire][bad-input]") {
  // Lengths of the array and of its first string.
  for (const char* hex : {"7fffffff", "ffffffff", "fffffffe", "80000000", "00000002 0001 67",
                          "00000001 7fff 67", "00000001 ffff", "00000001 8000"}) {
    INFO(hex);
    CHECK(CodeOf(Decode<DeleteGroupsRequest>(FromHex(hex), 0)) == ErrorCode::kInvalidRequest);
  }
  for (const char* hex : {"ffffffffff01", "ffffffff0f", "00", "02 00 00", "02ffffffff0f 00"}) {
    INFO(hex);
    CHECK(CodeOf(Decode<DeleteGroupsRequest>(FromHex(hex), 2)) == ErrorCode::kInvalidRequest);
  }
}

}  // namespace runnel::wire
