#include "runnel/connect.h"

#include <catch2/catch.hpp>

#include <string>

#include "client/connect_url.h"
#include "support/temp_dir.h"

namespace runnel {
namespace {

void SendOne(Connection& connection) {
  auto producer = connection.NewProducer().value();
  const auto sent = producer->Send({.topic = "t", .value = "v"});
  INFO(ToString(sent.status()));
  REQUIRE(sent.ok());
}

int64_t EndOf(Connection& connection) {
  const TopicPartition partition{"t", 0};
  auto admin = connection.NewAdmin().value();
  return admin->ListOffsets({{partition, OffsetSpec::Latest()}}).at(partition)->offset.value();
}

TEST_CASE("mem: is a broker of its own in memory", "[client][connect]") {
  auto first = Connect("mem:").value();
  auto second = Connect("mem:").value();
  SendOne(*first);
  CHECK(EndOf(*first) == 1);
  CHECK(second->NewAdmin().value()->ListTopics()->empty());
  CHECK(first->NewConsumer().ok());
  CHECK(first->Close().ok());
}

TEST_CASE("file: is a data directory that keeps its records", "[client][connect]") {
  const testing::TempDir directory;
  const std::string url = "file://" + directory.path() + "/my%20shop?num.partitions=3";
  {
    auto connection = Connect(url).value();
    SendOne(*connection);
    CHECK(connection->NewAdmin().value()->DescribeTopic("t")->partitions.size() == 3);
    CHECK(connection->Close().ok());
  }
  auto again = Connect("file:" + directory.path() + "/my%20shop").value();
  CHECK(again->NewAdmin().value()->ListTopics().value() == std::vector<std::string>{"t"});
}

TEST_CASE("Bad addresses are refused with a reason", "[client][connect]") {
  const auto text = [](std::string_view url) { return ToString(Connect(url).status()); };
  CHECK(text("fiel:x").find("INVALID_REQUEST") == 0);
  CHECK(text("fiel:x").find("did you mean \"file\"") != std::string::npos);
  CHECK(text("mem:x").find("mem: takes no path") != std::string::npos);
  CHECK(text("kafka://localhost:9092").find("UNSUPPORTED_VERSION") == 0);
  const auto option = Connect("mem:?log.retention.mss=1");
  CHECK(CodeOf(option) == ErrorCode::kInvalidConfig);
  CHECK(ToString(option.status()).find("log.retention.ms") != std::string::npos);
}

TEST_CASE("Components register schemes of their own", "[client][connect]") {
  client::RegisterScheme("test", [](const client::ConnectUrl& url) {
    return StatusOr<std::unique_ptr<Connection>>(Error(ErrorCode::kPolicyViolation, url.rest));
  });
  CHECK(ToString(Connect("TEST://a?b=c").status()).find("//a") != std::string::npos);
}

}  // namespace
}  // namespace runnel
