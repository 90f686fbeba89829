// Checks the source tree against the rules of the project, and the rules against planted mistakes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/tidy.h"

namespace runnel::testing {
namespace {

namespace fs = std::filesystem;

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// All headers and sources below the folders of the repository, sorted.
std::vector<fs::path> SourceFiles(const fs::path& root) {
  std::vector<fs::path> files;
  for (const char* folder : {"include", "lib", "examples", "bench", "test"}) {
    if (!fs::is_directory(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension == ".h" || extension == ".cc") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// What the rules say about a file, as "path:line: text" lines.
std::string Complaints(std::string_view path, std::string_view source) {
  std::string complaints;
  for (const Finding& finding : CheckTidy(path, source)) {
    complaints += std::to_string(finding.line) + ": " + finding.text + "\n";
  }
  return complaints;
}

bool Caught(std::string_view path, std::string_view source) {
  return !CheckTidy(path, source).empty();
}

std::string Repeat(std::string_view text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i)
    result += text;
  return result;
}

}  // namespace

TEST_CASE("The source tree keeps its rules", "[tidy]") {
  const fs::path root = RUNNEL_SOURCE_DIR;
  const std::vector<fs::path> files = SourceFiles(root);
  CHECK(files.size() > 50);
  for (const fs::path& file : files) {
    for (const Finding& finding :
         CheckTidy(fs::relative(file, root).generic_string(), ReadText(file))) {
      FAIL_CHECK(finding);
    }
  }
}

TEST_CASE("Includes against the layers are caught", "[tidy]") {
  CHECK(Caught("lib/record/a.cc", "#include \"log/segment.h\"\n"));
  CHECK(Caught("lib/codec/a.cc", "#include \"record/record.h\"\n"));
  CHECK(Caught("lib/group/a.cc", "#include \"txn/state.h\"\n"));
  CHECK(Caught("lib/client/a.cc", "#include \"wire/fetch.h\"\n"));
  CHECK(Caught("lib/base/a.cc", "#include \"codec/codec.h\"\n"));
  CHECK(Caught("lib/streams/a.cc", "#include \"base/strings.h\"\n"));
  CHECK(Caught("lib/unknown/a.cc", "#include \"base/strings.h\"\n"));
  CHECK(Caught("include/runnel/a.h", "#pragma once\n#include \"base/strings.h\"\n"));
  CHECK(Caught("examples/01_a.cc", "#include \"broker/broker_impl.h\"\n"));
  CHECK(Caught("lib/broker/a.cc", "#include <librdkafka/rdkafka.h>\n"));
  CHECK(Caught("lib/client/a.cc", "#include <asio.hpp>\n"));
  CHECK(Caught("lib/log/a.cc", "#include <rocksdb/db.h>\n"));
}

TEST_CASE("Includes along the layers pass", "[tidy]") {
  CHECK(Complaints("lib/log/a.cc", "#include \"record/record.h\"\n#include \"base/strings.h\"\n") ==
        "");
  CHECK(Complaints("lib/client/a.cc", "#include \"wire/consumer_protocol.h\"\n") == "");
  CHECK(Complaints("lib/group/a.cc", "#include \"group/shard.h\"\n#include <vector>\n") == "");
  CHECK(Complaints("lib/kafka/a.cc", "#include <librdkafka/rdkafka.h>\n") == "");
  CHECK(Complaints("lib/codec/a.cc", "// #include \"broker/broker.h\"\n") == "");
  CHECK(Complaints("examples/quickstart/a.cc", "#include \"lines.h\"\n") == "");
}

TEST_CASE("Long files, functions and lines are caught", "[tidy]") {
  CHECK(Caught("lib/log/a.cc", Repeat("int a;\n", 601)));
  CHECK_FALSE(Caught("lib/log/a.cc", Repeat("int a;\n", 600)));
  CHECK_FALSE(Caught("test/log/a_test.cc", Repeat("int a;\n", 601)));
  CHECK(Caught("lib/log/a.cc", "// " + Repeat("x", 98) + "\n"));
  CHECK_FALSE(Caught("lib/log/a.cc", "// " + Repeat("→", 97) + "\n"));
  CHECK(Caught("lib/log/a.cc", "\tint a;\n"));

  const std::string body = Repeat("  a();\n", 69);
  const std::string short_body = Repeat("  a();\n", 68);
  for (const char* head :
       {"void F() {\n", "namespace a {\nint C::F(int b) const {\n", "class C {\n  C() : a_(1) {\n",
        "template <class T>\nT F(T t) noexcept {\n", "struct S {\n  void F(struct T* t) {\n",
        "TEST_MACRO(x) {\n", "class C final {\n int F() override {\n"}) {
    INFO(head);
    CHECK(Caught("lib/log/a.cc", head + body + "}\n"));
    CHECK(Complaints("lib/log/a.cc", head + short_body + "}\n") == "");
  }
  CHECK_FALSE(
      Caught("lib/log/a.cc", "constexpr int kTable[] = {\n" + Repeat("  1,\n", 100) + "};\n"));
  CHECK_FALSE(Caught("lib/log/a.cc", "class C {\n" + Repeat("  void F();\n", 100) + "};\n"));
  CHECK_FALSE(Caught("lib/log/a.cc", "enum class E {\n" + Repeat("  kA,\n", 100) + "};\n"));
}

TEST_CASE("Banned calls are caught outside base", "[tidy]") {
  for (const char* line :
       {"std::this_thread::sleep_for(1s);", "std::thread t;", "int f = ::open(path, 0);",
        "FILE* f = fopen(path, mode);", "std::ifstream in(path);", "std::ofstream out;",
        "gettimeofday(&t, nullptr);", "clock_gettime(0, &t);",
        "auto t = std::chrono::system_clock::now();", "auto t = std::chrono::steady_clock::now();",
        "int r = rand();", "int r = std::rand();", "std::random_device d;",
        "absl::MutexLock lock(&m);", "try { a(); }", "catch (...) {}"}) {
    INFO(line);
    CHECK(Caught("lib/broker/a.cc", line));
    CHECK(Caught("include/runnel/a.h", std::string("#pragma once\n") + line));
    CHECK_FALSE(Caught("lib/base/a.cc", line));
    CHECK_FALSE(Caught("lib/broker/a.cc", std::string("// ") + line));
    CHECK_FALSE(Caught("lib/broker/a.cc", std::string("Say(\"") + line + "\");"));
  }
}

TEST_CASE("What ends the process or throws is caught everywhere in the library", "[tidy]") {
  for (const char* line : {"thread_local int a;", "std::abort();", "abort();", "exit(1);",
                           "std::exit(1);", "_exit(1);", "std::terminate();", "throw x;"}) {
    INFO(line);
    CHECK(Caught("lib/broker/a.cc", line));
    CHECK(Caught("lib/base/a.cc", line));
  }
}

TEST_CASE("Words that only look like banned ones pass", "[tidy]") {
  for (const char* line :
       {"executor.exit(1);", "process->abort();", "int operand(int a);", "Transaction::Abort();",
        "std::this_thread::get_id();", "int retry = 0;", "bool throws = false;",
        "int exit_code = 1;", "Store::open(path);", "f(1'000, 'a', '\"', \"try {\");"}) {
    INFO(line);
    CHECK(Complaints("lib/broker/a.cc", line) == "");
  }
  CHECK_FALSE(Caught("lib/cli/a.cc", "std::ifstream in(path);"));
  CHECK_FALSE(Caught("lib/cli/a.cc", "std::cin >> line;"));
  CHECK_FALSE(Caught("test/log/a_test.cc", "std::thread t;"));
}

TEST_CASE("Sleeping tests, unowned to-dos and unguarded headers are caught", "[tidy]") {
  CHECK(Caught("test/log/a_test.cc", "std::this_thread::sleep_for(1s);"));
  CHECK(Caught("lib/log/a.cc", std::string("// TO") + "DO: later\n"));
  CHECK_FALSE(Caught("lib/log/a.cc", std::string("// TO") + "DO(#12): later\n"));
  CHECK(Caught("lib/log/a.h", "int a;\n"));
  CHECK(Caught("test/support/a.h", "int a;\n"));
  CHECK_FALSE(Caught("lib/log/a.h", "#pragma once\nint a;\n"));
}

TEST_CASE("Comments and literals are told from code", "[tidy]") {
  const SplitSource split =
      SplitComments("a = \"// no\"; // yes\nb = R\"x(// no)\" )x\"; /* yes */ c");
  CHECK(split.code.find("no") == std::string::npos);
  CHECK(split.code.find("yes") == std::string::npos);
  CHECK(split.comments.find("no") == std::string::npos);
  CHECK(split.comments.find("yes") != std::string::npos);
  CHECK(split.code.size() == split.comments.size());
  CHECK(split.code.back() == 'c');
}

}  // namespace runnel::testing
