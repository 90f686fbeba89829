// Hello: writes three orders to a topic on disk, then reads them back as a member of the group
// "billing" and commits. Run it twice: the second run reads only the orders of the second run.
#include <runnel/runnel.h>

#include <chrono>
#include <filesystem>
#include <iostream>

int main() {
  using namespace std::chrono_literals;
  const std::string dir = (std::filesystem::temp_directory_path() / "runnel-hello").string();
  auto broker = runnel::Broker::Open({.data_dir = dir}).value();

  auto producer = broker->NewProducer().value();
  for (const char* order : {"apples", "pears", "plums"}) {
    const auto sent =
        producer->Send({.topic = "orders", .value = order});  // on disk when it returns
    if (!sent.ok()) {
      std::cerr << runnel::ToString(sent.status()) << '\n';
      return 1;
    }
  }

  auto consumer =
      broker->NewConsumer({.group_id = "billing", .offset_reset = runnel::OffsetReset::kEarliest})
          .value();
  if (!consumer->Subscribe({"orders"}).ok()) return 1;
  for (int seen = 0; seen < 3 && consumer->ok();) {
    for (const runnel::RecordView& record : consumer->Poll(100ms)) {
      std::cout << record.offset() << ' ' << record.value() << '\n';
      ++seen;
    }
  }
  return consumer->Commit().ok() ? 0 : 1;
}
