#include "runnel/partitioner.h"

#include <catch2/catch.hpp>

#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace runnel {
namespace {

using namespace std::string_literals;

// Computed with Kafka's own class (org.apache.kafka.common.utils.Utils.murmur2).
TEST_CASE("Murmur2 equals the Java client's", "[client][partitioner]") {
  struct Vector {
    std::string key;
    int32_t hash;
    int32_t of_10;
    int32_t of_12;
  };
  const std::vector<Vector> vectors = {
      {"", 275646681, 1, 9},
      {"a", -1563381124, 4, 4},
      {"ab", 316155434, 4, 2},
      {"abc", 479470107, 7, 3},
      {"abcd", -1323649548, 0, 8},
      {"21", -973932308, 0, 0},
      {"foobar", -790332482, 6, 6},
      {"a-little-bit-long-string", -985981536, 2, 8},
      {"a-little-bit-longer-string", -1486304829, 9, 11},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971, 7, 5},
      {"\xc3\xa9\xe4\xb8\xad", -289825924, 4, 4},
      {"\xff\x80\x7f\xc3\x28", 1540593457, 7, 1},
      {"0", 971027396, 6, 8},
      {"1", -1993445489, 9, 3},
      {"user-42", 1459644460, 0, 4},
  };
  for (const Vector& vector : vectors) {
    INFO("key " << vector.key);
    CHECK(static_cast<int32_t>(Murmur2(vector.key)) == vector.hash);
    CHECK(PartitionForKey(vector.key, 10) == vector.of_10);
    CHECK(PartitionForKey(vector.key, 12) == vector.of_12);
  }
}

TEST_CASE("The default partitioner follows the key", "[client][partitioner]") {
  const auto random = Random::Seeded(1);
  const auto partitioner = Partitioner::Default(*random, 1000);
  CHECK(partitioner->Partition("t", "abc", "v", 100, 10) == 7);
  CHECK(partitioner->Partition("t", "abc", std::nullopt, 100'000, 10) == 7);
  CHECK(partitioner->Partition("t", "", "v", 100, 12) == 9);  // an empty key is a key
}

TEST_CASE("Records without a key stay on one partition for batch_bytes", "[client][partitioner]") {
  const auto random = Random::Seeded(7);
  const auto partitioner = Partitioner::Default(*random, 1000);
  std::set<int32_t> used;
  for (int round = 0; round < 200; ++round) {
    const int32_t sticky = partitioner->Partition("t", std::nullopt, "v", 100, 8);
    REQUIRE(sticky >= 0);
    REQUIRE(sticky < 8);
    used.insert(sticky);
    // Nine more reach 1,000 bytes; the one after them chooses anew.
    for (int i = 0; i < 9; ++i) {
      REQUIRE(partitioner->Partition("t", std::nullopt, "v", 100, 8) == sticky);
    }
  }
  CHECK(used.size() == 8);
}

TEST_CASE("Topics stick independently of each other", "[client][partitioner]") {
  const auto random = Random::Seeded(3);
  const auto partitioner = Partitioner::Default(*random, 1'000'000);
  const int32_t a = partitioner->Partition("a", std::nullopt, "v", 10, 50);
  const int32_t b = partitioner->Partition("b", std::nullopt, "v", 10, 50);
  for (int i = 0; i < 10; ++i) {
    CHECK(partitioner->Partition("a", std::nullopt, "v", 10, 50) == a);
    CHECK(partitioner->Partition("b", std::nullopt, "v", 10, 50) == b);
  }
}

TEST_CASE("A sticky partition beyond a smaller count is left", "[client][partitioner]") {
  const auto random = Random::Seeded(3);
  const auto partitioner = Partitioner::Default(*random, 1'000'000);
  for (int i = 0; i < 20; ++i) {
    partitioner->Partition("a", std::nullopt, "v", 10, 100);
    CHECK(partitioner->Partition("a", std::nullopt, "v", 10, 2) < 2);
  }
}

TEST_CASE("Round robin visits every partition in turn and ignores keys", "[client][partitioner]") {
  const auto partitioner = Partitioner::RoundRobin();
  std::vector<int32_t> order;
  for (int i = 0; i < 7; ++i)
    order.push_back(partitioner->Partition("t", "same", "v", 1, 3));
  CHECK(order == std::vector<int32_t>{0, 1, 2, 0, 1, 2, 0});
  CHECK(partitioner->Partition("u", std::nullopt, "v", 1, 3) == 0);
}

}  // namespace
}  // namespace runnel
