// An online shop as three services that know only topics: inventory reserves stock, payment
// charges, notification tells the customer. Each service is a group, so that each can be restarted
// or scaled alone, and a new one can replay everything that ever happened.
#include <runnel/runnel.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <thread>

using namespace std::chrono_literals;
constexpr int kOrders = 100;

// Reads `from` as the group `name`, and passes each record on to `to` with what `work` answers.
void Service(runnel::Broker& broker, std::string name, std::string from, std::string to,
             std::function<std::string(const runnel::RecordView&)> work) {
  auto producer = broker.NewProducer().value();
  auto consumer =
      broker.NewConsumer({.group_id = name, .offset_reset = runnel::OffsetReset::kEarliest})
          .value();
  if (!consumer->Subscribe({from}).ok()) return;
  for (int done = 0; done < kOrders && consumer->ok();) {
    for (const auto& record : consumer->Poll(50ms)) {
      const std::string value = work(record);
      const runnel::Header by{"by", name};
      if (!producer->Send({.topic = to, .key = record.key(), .value = value, .headers = {&by, 1}})
               .ok()) {
        return;
      }
      ++done;
    }
    if (!consumer->Commit().ok()) return;  // after the output is stored: at least once
  }
}

int main() {
  auto broker = runnel::Broker::Open({.default_partitions = 2}).value();
  std::map<std::string, int> stock = {{"apples", 60}, {"pears", 60}};
  std::jthread inventory([&] {
    Service(*broker, "inventory", "orders", "reserved", [&](const auto& order) {
      return std::string(order.value()) +
             (stock[std::string(order.value())]-- > 0 ? " ok" : " out");
    });
  });
  std::jthread payment([&] {
    Service(*broker, "payment", "reserved", "paid",
            [](const auto& order) { return std::string(order.value()) + " paid"; });
  });
  int mails = 0;
  std::jthread notification([&] {
    Service(*broker, "notification", "paid", "mails",
            [&](const auto&) { return "mail " + std::to_string(++mails); });
  });
  auto producer = broker->NewProducer().value();
  for (int i = 0; i < kOrders; ++i) {
    const std::string id = "order-" + std::to_string(i);
    if (!producer->Send({.topic = "orders", .key = id, .value = i % 2 ? "pears" : "apples"}).ok())
      return 1;
  }
  notification.join();
  std::cout << kOrders << " orders, " << mails << " mails\n";
  return mails == kOrders ? 0 : 1;
}
