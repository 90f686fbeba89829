#include <catch2/catch.hpp>

#include "cli/command.h"
#include "cli_fixture.h"

namespace runnel::cli {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("A topic is created, listed, described, altered and deleted", "[cli][topics]") {
  const Tool runnel;
  CHECK(runnel("topics", {"--create", "--topic", "orders", "--partitions", "3", "--config",
                          "retention.ms=60000"})
            .out == "Created topic orders.\n");
  CHECK(Has(runnel("topics", {"--list"}).out, "orders\n"));
  const Outcome described = runnel("topics", {"--describe", "--topic", "orders"});
  CHECK(Has(described.out, "PartitionCount: 3\tReplicationFactor: 1\tConfigs: retention.ms=60000"));
  CHECK(Has(described.out, "\tTopic: orders\tPartition: 2\tLeader: 1\tReplicas: 1\tIsr: 1"));
  CHECK(runnel("topics", {"--alter", "--topic", "orders", "--partitions", "4"}).code == 0);
  CHECK(Has(runnel("topics", {"--describe", "--topic", "orders", "--format", "json"}).out,
            "\"partition\":3"));
  CHECK(runnel("topics", {"--delete", "--topic", "orders"}).code == 0);
  CHECK_FALSE(Has(runnel("topics", {"--list"}).out, "orders"));
}

TEST_CASE("Errors name the thing and the value, and exit with 1", "[cli][errors]") {
  const Tool runnel;
  REQUIRE(runnel("topics", {"--create", "--topic", "orders"}).code == 0);
  SECTION("existing topic") {
    const Outcome again = runnel("topics", {"--create", "--topic", "orders"});
    CHECK(again.code == 1);
    CHECK(Has(again.err, "TOPIC_ALREADY_EXISTS"));
    CHECK(runnel("topics", {"--create", "--topic", "orders", "--if-not-exists"}).code == 0);
  }
  SECTION("illegal name") {
    const Outcome bad = runnel("topics", {"--create", "--topic", "a/b"});
    CHECK(bad.code == 1);
    CHECK(Has(bad.err, "INVALID_TOPIC_EXCEPTION"));
    CHECK(Has(bad.err, "a/b"));
  }
  SECTION("unknown config names the nearest") {
    const Outcome bad =
        runnel("topics", {"--create", "--topic", "t", "--config", "retention.mss=1"});
    CHECK(bad.code == 1);
    CHECK(Has(bad.err, "retention.ms"));
    CHECK_FALSE(Has(runnel("topics", {"--list"}).out, "t\n"));
  }
  SECTION("partitions out of range") {
    CHECK(Has(runnel("topics", {"--create", "--topic", "t", "--partitions", "0"}).err,
              "INVALID_PARTITIONS"));
  }
  SECTION("unknown topic") {
    const Outcome missing = runnel("consume", {"--topic", "nope", "--from-beginning"});
    CHECK(missing.code == 1);
    CHECK(Has(missing.err, "UNKNOWN_TOPIC_OR_PARTITION"));
  }
  SECTION("missing directory") {
    const Outcome missing = Run({"topics", "--data-dir", "/nonexistent/x", "--list"});
    CHECK(missing.code == 1);
    CHECK(Has(missing.err, "/nonexistent/x"));
  }
  SECTION("a file as data directory") {
    const Outcome file =
        Run({"topics", "--data-dir", "/proc/self/exe", "--create", "--topic", "t"});
    CHECK(file.code == 1);
    CHECK(Has(file.err, "/proc/self/exe"));
  }
}

TEST_CASE("Wrong usage exits with 2", "[cli][errors]") {
  const Tool runnel;
  CHECK(runnel("topics", {}).code == 2);
  CHECK(runnel("topics", {"--create", "--list"}).code == 2);
  CHECK(runnel("consume", {"--topic", "t", "--offset", "3"}).code == 2);
  CHECK(runnel("consume", {"--topic", "t", "--print", "nonsense"}).code == 2);
  CHECK(Run({"perf", "produce"}).code == 2);
}

TEST_CASE("Lines become records and come back", "[cli][produce]") {
  const Tool runnel;
  REQUIRE(runnel("topics", {"--create", "--topic", "t"}).code == 0);
  REQUIRE(runnel("produce",
                 {"--topic", "t", "--key-separator", ":", "--header-separator", "|",
                  "--null-marker", "NULL"},
                 "h:1|k1:one\nh:2,i:3|k2:NULL\n")
              .code == 0);
  const Outcome all = runnel(
      "consume", {"--topic", "t", "--from-beginning", "--print", "key,headers,offset,partition"});
  CHECK(all.out ==
        "Partition:0\tOffset:0\th:1\tk1\tone\n"
        "Partition:0\tOffset:1\th:2,i:3\tk2\tnull\n");
  CHECK(runnel("consume", {"--topic", "t", "--partition", "0", "--offset", "1"}).out == "null\n");
  CHECK(runnel("consume", {"--topic", "t", "--from-beginning", "--max-messages", "1"}).out ==
        "one\n");
  const Outcome bad = runnel("produce", {"--topic", "t", "--key-separator", ":"}, "k:v\nno key\n");
  CHECK(bad.code == 1);
  CHECK(Has(bad.err, "line 2 (1 before it were stored)"));
}

TEST_CASE("JSON lines go out and in byte for byte", "[cli][json]") {
  const Tool runnel;
  REQUIRE(runnel("topics", {"--create", "--topic", "a"}).code == 0);
  REQUIRE(runnel("topics", {"--create", "--topic", "b"}).code == 0);
  const std::string lines =
      R"({"key":"k","value":"v","timestamp":1700000000000})"
      "\n"
      R"({"key":null,"value":null,"timestamp":1700000000001})"
      "\n"
      R"({"key_base64":"/wA=","value_base64":"gIGC","timestamp":5,"headers":[{"key":"h","value":null},{"key":"","value_base64":"/w=="}]})"
      "\n"
      R"({"key":"","value":"\u00e9\n\"","timestamp":1700000000003})"
      "\n";
  REQUIRE(runnel("produce", {"--topic", "a", "--format", "json"}, lines).code == 0);
  for (const char* encoding : {"auto", "base64"}) {
    const Outcome first = runnel("consume", {"--topic", "a", "--from-beginning", "--format", "json",
                                             "--encoding", encoding});
    REQUIRE(first.code == 0);
    REQUIRE(runnel("produce", {"--topic", "b", "--format", "json"}, first.out).code == 0);
  }
  const Outcome in_a = runnel("consume", {"--topic", "a", "--from-beginning", "--format", "json"});
  const Outcome in_b =
      runnel("consume", {"--topic", "b", "--partition", "0", "--offset", "4", "--format", "json"});
  const auto without_place = [](std::string text) {
    for (int i = 0; i < 8; ++i) {
      const std::string b = "\"topic\":\"b\",\"partition\":0,\"offset\":" + std::to_string(i + 4);
      const std::string a = "\"topic\":\"a\",\"partition\":0,\"offset\":" + std::to_string(i);
      if (const size_t at = text.find(b); at != std::string::npos) text.replace(at, b.size(), a);
    }
    return text;
  };
  CHECK(without_place(in_b.out) == in_a.out);
  CHECK(Has(in_a.out, R"("value_base64":"gIGC")"));
  CHECK(Has(in_a.out, R"("timestamp_type":"CreateTime","leader_epoch":0)"));
  const Outcome bad = runnel("produce", {"--topic", "a", "--format", "json"}, "{\"key\":5}\n");
  CHECK(bad.code == 1);
  CHECK(Has(bad.err, "\"key\" is not a string or null"));
}

TEST_CASE("A group reads on where it stopped, and can be reset", "[cli][groups]") {
  const Tool runnel;
  REQUIRE(runnel("topics", {"--create", "--topic", "t"}).code == 0);
  REQUIRE(runnel("produce", {"--topic", "t"}, "a\nb\nc\nd\n").code == 0);
  const std::vector<std::string> read = {"--topic",      "t",  "--group", "g", "--from-beginning",
                                         "--timeout-ms", "200"};
  std::vector<std::string> two = read;
  two.insert(two.end(), {"--max-messages", "2"});
  CHECK(runnel("consume", two).out == "a\nb\n");
  CHECK(runnel("consume", read).out == "c\nd\n");
  CHECK(runnel("groups", {"--list"}).out == "g\n");
  const Outcome described = runnel("groups", {"--describe", "--group", "g", "--format", "json"});
  CHECK(Has(described.out, "\"current_offset\":4,\"log_end_offset\":4,\"lag\":0"));

  const Outcome dry = runnel("groups", {"--reset-offsets", "--group", "g", "--topic", "t",
                                        "--to-offset", "1", "--dry-run"});
  CHECK(dry.code == 0);
  CHECK(Has(dry.err, "Nothing was changed"));
  CHECK(runnel("consume", read).out.empty());
  CHECK(runnel("groups",
               {"--reset-offsets", "--group", "g", "--topic", "t", "--shift-by", "-1", "--execute"})
            .code == 0);
  CHECK(runnel("consume", read).out == "d\n");
  CHECK(runnel("groups", {"--delete", "--group", "g"}).code == 0);
  CHECK(runnel("groups", {"--list"}).out.empty());
}

TEST_CASE("Offsets are listed and records deleted", "[cli][offsets]") {
  const Tool runnel;
  REQUIRE(runnel("topics", {"--create", "--topic", "t"}).code == 0);
  REQUIRE(runnel("produce", {"--topic", "t"}, "a\nb\nc\n").code == 0);
  CHECK(runnel("get-offsets", {"--topic", "t"}).out == "t:0:3\n");
  CHECK(runnel("delete-records", {"--topic", "t", "--offset", "2"}).out ==
        "partition: t-0\tlow_watermark: 2\n");
  CHECK(runnel("get-offsets", {"--topic", "t", "--time", "earliest"}).out == "t:0:2\n");
  CHECK(runnel("consume", {"--topic", "t", "--from-beginning"}).out == "c\n");
  CHECK(runnel("delete-records", {"--topic", "t", "--offset", "9"}).code == 1);
}

TEST_CASE("Configs are described and altered", "[cli][configs]") {
  const Tool runnel;
  REQUIRE(runnel("topics", {"--create", "--topic", "t"}).code == 0);
  REQUIRE(
      runnel("configs", {"--alter", "--topic", "t", "--add-config", "retention.ms=5000"}).code ==
      0);
  CHECK(Has(runnel("configs", {"--describe", "--topic", "t"}).out, "retention.ms=5000"));
  CHECK(Has(runnel("configs", {"--describe", "--topic", "t", "--all"}).out, "segment.bytes="));
  REQUIRE(runnel("configs", {"--alter", "--topic", "t", "--delete-config", "retention.ms"}).code ==
          0);
  CHECK_FALSE(Has(runnel("configs", {"--describe", "--topic", "t"}).out, "retention.ms"));
  CHECK(runnel("configs", {"--alter", "--topic", "t", "--add-config", "retention.ms=soon"}).code ==
        1);
}

TEST_CASE("Reading works beside a writer; writing names its process", "[cli][lock]") {
  const Tool runnel;
  const auto writer = Broker::Open({.data_dir = runnel.data_dir()});
  REQUIRE(writer.ok());
  const auto producer = (*writer)->NewProducer().value();
  REQUIRE(producer->Send({.topic = "t", .value = "live"}).ok());
  CHECK(runnel("consume", {"--topic", "t", "--from-beginning"}).out == "live\n");
  const Outcome refused = runnel("topics", {"--create", "--topic", "u"});
  CHECK(refused.code == 1);
  CHECK(Has(refused.err, std::to_string(getpid())));
}

TEST_CASE("Verify and dump-log look at files", "[cli][verify]") {
  const Tool runnel;
  REQUIRE(runnel("produce", {"--topic", "t"}, "").code == 0);
  REQUIRE(runnel("topics", {"--create", "--topic", "t"}).code == 0);
  REQUIRE(runnel("produce", {"--topic", "t"}, "a\nb\n").code == 0);
  const Outcome verified = runnel("verify", {});
  CHECK(verified.code == 0);
  CHECK(Has(verified.out, "OK: "));
  const Outcome dump = Run({"dump-log", "--print-data-log", "--files",
                            runnel.data_dir() + "/t-0/00000000000000000000.log"});
  CHECK(dump.code == 0);
  CHECK(Has(dump.out, "payload: b"));
  CHECK(Run({"dump-log", "--files", "/nonexistent.log"}).code == 1);
}

TEST_CASE("Perf measures", "[cli][perf]") {
  for (const char* mode : {"produce", "consume", "latency"}) {
    const Outcome outcome =
        Run({"perf", mode, "--memory", "--records", "200", "--rate", "100000", "--format", "json"});
    CHECK(outcome.code == 0);
    CHECK(Has(outcome.out, "\"records_per_second\":"));
  }
}

TEST_CASE("Completion covers every command", "[cli][completion]") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Outcome script = Run({"completion", shell});
    CHECK(script.code == 0);
    CHECK(Has(script.out, "delete-records"));
    CHECK(Has(script.out, "key-separator"));
  }
}

TEST_CASE("Times and durations are parsed as Kafka's tools parse them", "[cli][parse]") {
  CHECK(ParseDateTime("2026-03-01T10:00:00.500Z").value() ==
        Timestamp(std::chrono::milliseconds(1772359200500)));
  CHECK(ParseDateTime("2026-03-01T10:00:00+01:00").value() ==
        Timestamp(std::chrono::milliseconds(1772355600000)));
  CHECK(ParseDateTime("1700000000000").value() ==
        Timestamp(std::chrono::milliseconds(1700000000000)));
  CHECK_FALSE(ParseDateTime("yesterday").ok());
  CHECK_FALSE(ParseDateTime("2026-02-30T10:00:00").ok());
  CHECK(ParseDuration("P1DT2H3M4.5S").value() == std::chrono::milliseconds(93784500));
  CHECK_FALSE(ParseDuration("P").ok());
  CHECK_FALSE(ParseDuration("P1H").ok());
}

}  // namespace
}  // namespace runnel::cli
