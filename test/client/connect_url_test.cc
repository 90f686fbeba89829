#include "client/connect_url.h"

#include <catch2/catch.hpp>

#include <string>

namespace runnel::client {
namespace {

std::string DirectoryOfUrl(std::string_view url) {
  const auto parsed = ParseConnectUrl(url);
  if (!parsed.ok()) return ToString(parsed.status());
  const auto directory = DirectoryOf(*parsed);
  return directory.ok() ? *directory : ToString(directory.status());
}

TEST_CASE("A URL is taken apart and percent-decoded", "[client][connect]") {
  const auto url = ParseConnectUrl("FILE:/var/lib/my%20shop?log.retention.ms=60000&a%3Db=%26");
  REQUIRE(url.ok());
  CHECK(url->scheme == "file");
  CHECK(url->rest == "/var/lib/my shop");
  CHECK(url->options ==
        std::map<std::string, std::string>{{"log.retention.ms", "60000"}, {"a=b", "&"}});
  CHECK(ParseConnectUrl("mem:")->options.empty());
  CHECK(ParseConnectUrl("mem:?")->options.empty());
  CHECK(ParseConnectUrl("kafka://h1:9092,h2:9092")->rest == "//h1:9092,h2:9092");
}

TEST_CASE("File URLs name directories in the usual spellings", "[client][connect]") {
  CHECK(DirectoryOfUrl("file:shop") == "shop");
  CHECK(DirectoryOfUrl("file:./a/b") == "./a/b");
  CHECK(DirectoryOfUrl("file:/var/lib/shop") == "/var/lib/shop");
  CHECK(DirectoryOfUrl("file:///var/lib/shop") == "/var/lib/shop");
  CHECK(DirectoryOfUrl("file://localhost/var") == "/var");
  CHECK(DirectoryOfUrl("file:a%3Fb") == "a?b");
}

TEST_CASE("Bad URLs are refused with the part at fault", "[client][connect]") {
  const auto check = [](std::string_view url, std::string_view words) {
    const std::string text = DirectoryOfUrl(url);
    INFO(text);
    CHECK(text.find("INVALID_REQUEST") == 0);
    CHECK(text.find(words) != std::string::npos);
  };
  check("", "has no scheme");
  check("shop-data", "has no scheme");
  check("/var/a:b", "has no scheme");
  check(":x", "has no scheme");
  check("fi le:x", "holds ' '");
  check("file:", "names no directory");
  check("file://", "names no directory");
  check("file://host/dir", "names the host \"host\"");
  check("file:a%zz", "\"%zz\"");
  check("file:a%2", "\"%2\"");
  check("file:a?x", "option \"x\" is not NAME=VALUE");
  check("file:a?=x", "option \"=x\" is not NAME=VALUE");
  check("file:a?x=1&x=2", "option \"x\" is given twice");
}

}  // namespace
}  // namespace runnel::client
