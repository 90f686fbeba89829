// Random operations on a broker, its producers, consumers and groups, against a simple model, with
// closings, kills and power losses. RUNNEL_SEED replays one seed, RUNNEL_STEPS goes long.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "sim/world.h"

namespace runnel::sim {
namespace {

int64_t FromEnvironment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

void RunSeed(uint64_t seed, int64_t steps) {
  World world(seed);
  for (int64_t step = 0; step < steps; ++step) {
    const std::string wrong = world.Step();
    INFO("RUNNEL_SEED=" << seed << ", step " << step << ", " << world.last_operation());
    INFO(wrong);
    REQUIRE(wrong.empty());
  }
  INFO("RUNNEL_SEED=" << seed << " at the end");
  CHECK(world.CheckAll().empty());
}

TEST_CASE("A broker does what the model does, through crashes", "[sim][model]") {
  const int64_t seed = FromEnvironment("RUNNEL_SEED", 0);
  const int64_t steps = FromEnvironment("RUNNEL_STEPS", 1500);
  if (seed != 0) return RunSeed(static_cast<uint64_t>(seed), steps);
  for (uint64_t each = 1; each <= 30; ++each)
    RunSeed(each, steps);
}

TEST_CASE("The model finds a record that should not be there", "[sim][model]") {
  World world(5);
  for (int step = 0; step < 200; ++step)
    REQUIRE(world.Step().empty());
  REQUIRE(world.CheckAll().empty());
  REQUIRE(world.ForgetOne());
  CHECK_FALSE(world.CheckAll().empty());
}

}  // namespace
}  // namespace runnel::sim
