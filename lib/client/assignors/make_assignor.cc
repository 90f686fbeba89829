#include "client/assignors/range_assignor.h"
#include "client/assignors/round_robin_assignor.h"
#include "client/assignors/sticky_assignor.h"
#include "runnel/assignor.h"

namespace runnel {

std::unique_ptr<Assignor> MakeAssignor(std::string_view name) {
  if (name == "range") return std::make_unique<client::RangeAssignor>();
  if (name == "roundrobin") return std::make_unique<client::RoundRobinAssignor>();
  if (name == "sticky") return std::make_unique<client::StickyAssignor>();
  if (name == "cooperative-sticky") return std::make_unique<client::CooperativeStickyAssignor>();
  return nullptr;
}

}  // namespace runnel
