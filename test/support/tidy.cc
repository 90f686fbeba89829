#include "support/tidy.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>

#include "base/strings.h"

namespace runnel::testing {
namespace {

using base::StrCat;

constexpr int kMaxFileLines = 600;
constexpr int kMaxFunctionLines = 70;
constexpr size_t kMaxColumns = 100;

using Folders = std::set<std::string, std::less<>>;

// What a folder of lib/ may include besides itself, base and the public headers.
const std::map<std::string, Folders, std::less<>>& Layers() {
  static const std::map<std::string, Folders, std::less<>> layers = {
      {"base", {}},
      {"codec", {}},
      {"record", {}},
      {"wire", {"codec"}},
      {"log", {"record", "codec"}},
      {"kv", {"log", "record", "codec"}},
      {"metadata", {"codec", "record"}},
      {"group", {"codec", "record"}},
      {"txn", {"codec", "record"}},
      {"replication", {"codec", "record", "log", "wire"}},
      {"broker", {"log", "kv", "metadata", "group", "txn", "replication", "record", "codec"}},
      {"client", {"broker", "record"}},
      {"kafka", {"record"}},
      {"server", {"broker", "wire", "codec", "record"}},
      {"cli", {"server", "log"}},
      {"streams", {}},
      {"connect", {}},
      {"sql", {}},
      {"console", {}},
  };
  return layers;
}

// Single headers that a folder may include besides.
constexpr std::pair<std::string_view, std::string_view> kExtraIncludes[] = {
    {"client", "wire/consumer_protocol.h"},
};

// Third-party headers that only one folder may include.
constexpr std::pair<std::string_view, std::string_view> kOwnedLibraries[] = {
    {"librdkafka/", "kafka"},
    {"asio", "server"},
    {"rocksdb/", "kv"},
};

// Folders on top of the library: built on public headers only.
const Folders& OnPublicHeaders() {
  static const Folders folders = {"streams", "connect", "sql", "console"};
  return folders;
}

enum class Where { kNowhere, kBase };

// A word that must not be used, and where it may be after all.
struct Ban {
  std::string_view word;
  bool call = false;  // only when '(' follows
  Where allowed = Where::kBase;
  std::string_view also_allowed_in = "";  // a folder of lib/
  std::string_view instead;
};

constexpr Ban kBans[] = {
    {.word = "std::this_thread::sleep_for", .instead = "Executor::Wait"},
    {.word = "std::this_thread::sleep_until", .instead = "Executor::Wait"},
    {.word = "absl::SleepFor", .instead = "Executor::Wait"},
    {.word = "usleep", .call = true, .instead = "Executor::Wait"},
    {.word = "nanosleep", .call = true, .instead = "Executor::Wait"},
    {.word = "std::thread", .instead = "Executor"},
    {.word = "std::jthread", .also_allowed_in = "cli", .instead = "Executor"},
    {.word = "std::async", .instead = "Executor"},
    {.word = "pthread_create", .instead = "Executor"},
    {.word = "::open", .call = true, .instead = "Directory"},
    {.word = "::openat", .call = true, .instead = "Directory"},
    {.word = "fopen", .call = true, .instead = "Directory"},
    {.word = "std::ifstream", .also_allowed_in = "cli", .instead = "Directory"},
    {.word = "std::ofstream", .instead = "Directory"},
    {.word = "std::fstream", .instead = "Directory"},
    {.word = "std::filesystem::remove_all", .instead = "base::RemoveTree"},
    {.word = "gettimeofday", .instead = "Clock"},
    {.word = "clock_gettime", .instead = "Clock"},
    {.word = "system_clock::now", .instead = "Clock"},
    {.word = "steady_clock::now", .instead = "Clock"},
    {.word = "high_resolution_clock::now", .instead = "Clock"},
    {.word = "absl::Now", .instead = "Clock"},
    {.word = "rand", .call = true, .instead = "Random"},
    {.word = "srand", .call = true, .instead = "Random"},
    {.word = "std::random_device", .instead = "Random"},
    {.word = "absl::MutexLock", .instead = "base::Lock"},
    {.word = "thread_local", .allowed = Where::kNowhere, .instead = "a member"},
    {.word = "abort", .call = true, .allowed = Where::kNowhere, .instead = "a Status"},
    {.word = "exit", .call = true, .allowed = Where::kNowhere, .instead = "a Status"},
    {.word = "_exit", .call = true, .allowed = Where::kNowhere, .instead = "a Status"},
    {.word = "quick_exit", .call = true, .allowed = Where::kNowhere, .instead = "a Status"},
    {.word = "terminate", .call = true, .allowed = Where::kNowhere, .instead = "a Status"},
    {.word = "throw", .allowed = Where::kNowhere, .instead = "a Status"},
    {.word = "try", .instead = "a Status"},
    {.word = "catch", .call = true, .instead = "a Status"},
};

// In tests only these are banned.
constexpr std::string_view kSleeps[] = {"std::this_thread::sleep_for",
                                        "std::this_thread::sleep_until", "absl::SleepFor"};

bool IsWordChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  return text;
}

// "log" for "lib/log/segment.cc" and prefix "lib/"; empty when the path lies elsewhere.
std::string_view FolderBelow(std::string_view prefix, std::string_view path) {
  if (!path.starts_with(prefix)) return "";
  path.remove_prefix(prefix.size());
  return path.substr(0, path.find('/'));
}

// Whether `line` uses `word` on its own: as a whole, not as a member, called when `call`.
bool Uses(std::string_view line, std::string_view word, bool call) {
  for (size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    const std::string_view before = line.substr(0, at);
    if (!before.empty()) {
      const char last = before.back();
      if (IsWordChar(last) || last == '.' || before.ends_with("->")) continue;
    }
    const std::string_view after = line.substr(at + word.size());
    if (!after.empty() && IsWordChar(after.front())) continue;
    if (call && !Trimmed(after).starts_with("(")) continue;
    return true;
  }
  return false;
}

// A file on its way through the rules.
class Checker final {
 public:
  Checker(std::string_view path, std::string_view source)
      : path_(path),
        source_lines_(Lines(source)),
        split_(SplitComments(source)),
        code_lines_(Lines(split_.code)),
        comment_lines_(Lines(split_.comments)),
        folder_(FolderBelow("lib/", path)),
        product_(path.starts_with("lib/") || path.starts_with("include/")) {}

  std::vector<Finding> Run() {
    CheckShape();
    CheckComments();
    CheckIncludes();
    if (product_) CheckBans();
    if (product_) CheckFunctions();
    if (path_.starts_with("test/")) CheckSleeps();
    return std::move(findings_);
  }

 private:
  void Add(size_t index, std::string text) {
    findings_.push_back({path_, static_cast<int>(index) + 1, std::move(text)});
  }

  void CheckShape() {
    if (product_ && source_lines_.size() > kMaxFileLines) {
      Add(kMaxFileLines,
          StrCat("the file has ", source_lines_.size(), " lines, more than ", kMaxFileLines));
    }
    const auto is_pragma = [](std::string_view line) { return Trimmed(line) == "#pragma once"; };
    if (path_.ends_with(".h") && std::none_of(code_lines_.begin(), code_lines_.end(), is_pragma)) {
      Add(0, "the header has no #pragma once");
    }
    for (size_t i = 0; i < source_lines_.size(); ++i) {
      // Characters, not bytes: continuation bytes of UTF-8 take no column.
      const auto columns = std::count_if(source_lines_[i].begin(), source_lines_[i].end(),
                                         [](char c) { return (c & 0xc0) != 0x80; });
      const bool too_wide = product_ && static_cast<size_t>(columns) > kMaxColumns;
      if (too_wide) Add(i, "the line has more than 100 columns");
      if (source_lines_[i].find('\t') != std::string_view::npos) Add(i, "the line has a tab");
    }
  }

  void CheckComments() {
    for (size_t i = 0; i < comment_lines_.size(); ++i) {
      const size_t at = comment_lines_[i].find("TODO");
      if (at == std::string_view::npos) continue;
      if (!comment_lines_[i].substr(at + 4).starts_with("(")) {
        Add(i, "a to-do without an owner: write TODO(name or #issue)");
      }
    }
  }

  void CheckIncludes() {
    for (size_t i = 0; i < code_lines_.size(); ++i) {
      if (!Trimmed(code_lines_[i]).starts_with("#include")) continue;
      const std::string_view line = source_lines_[i];
      const size_t open = line.find_first_of("\"<");
      if (open == std::string_view::npos) continue;
      const size_t close = line.find_first_of("\">", open + 1);
      const std::string_view target = line.substr(open + 1, close - open - 1);
      if (line[open] == '<') {
        CheckLibrary(i, target);
      } else {
        CheckInclude(i, target);
      }
    }
  }

  void CheckLibrary(size_t index, std::string_view target) {
    if (!product_) return;
    for (const auto& [library, owner] : kOwnedLibraries) {
      if (target.starts_with(library) && folder_ != owner) {
        Add(index, StrCat("only lib/", owner, " includes <", library, ">"));
      }
    }
  }

  void CheckInclude(size_t index, std::string_view target) {
    if (target.starts_with("runnel/")) return;
    const std::string_view included = target.substr(0, target.find('/'));
    if (path_.starts_with("include/")) {
      Add(index, StrCat("a public header includes \"", target, "\""));
    } else if (path_.starts_with("examples/")) {
      if (Layers().contains(included)) Add(index, StrCat("an example includes \"", target, "\""));
    } else if (!folder_.empty()) {
      CheckLayer(index, target, included);
    }
  }

  void CheckLayer(size_t index, std::string_view target, std::string_view included) {
    const auto layer = Layers().find(folder_);
    if (layer == Layers().end()) {
      Add(index, StrCat("lib/", folder_, " is not in the layering table"));
      return;
    }
    if (included == folder_ || target.find('/') == std::string_view::npos) return;
    if (included == "base" && !OnPublicHeaders().contains(folder_)) return;
    if (layer->second.contains(included)) return;
    for (const auto& [folder, header] : kExtraIncludes) {
      if (folder == folder_ && header == target) return;
    }
    Add(index, StrCat("lib/", folder_, " must not include \"", target, "\""));
  }

  void CheckBans() {
    for (size_t i = 0; i < code_lines_.size(); ++i) {
      for (const Ban& ban : kBans) {
        if (folder_ == "base" && ban.allowed == Where::kBase) continue;
        if (!folder_.empty() && folder_ == ban.also_allowed_in) continue;
        if (!Uses(code_lines_[i], ban.word, ban.call)) continue;
        Add(i, StrCat(ban.word, " must not be used here: use ", ban.instead));
      }
    }
  }

  void CheckSleeps() {
    for (size_t i = 0; i < code_lines_.size(); ++i) {
      for (const std::string_view sleep : kSleeps) {
        if (Uses(code_lines_[i], sleep, false)) Add(i, "a test must not sleep");
      }
    }
  }

  // What a brace opens.
  enum class Block { kScope, kFunction, kOther };
  struct OpenBlock {
    Block kind;
    size_t line;
  };

  // `head` is the code since the last ';', '{' or '}'.
  static Block KindOf(std::string_view head) {
    head = Trimmed(head);
    for (const std::string_view word :
         {"namespace", "class", "struct", "union", "enum", "extern"}) {
      if (Uses(head, word, false) && !head.ends_with(")")) {
        // "template <class T> T F() const {" names a class but opens a function.
        const size_t parameters = head.find('(');
        if (parameters == std::string_view::npos) return Block::kScope;
        if (head.find(word) < parameters && !head.starts_with("template")) return Block::kScope;
      }
    }
    if (head.ends_with("=")) return Block::kOther;
    return head.find('(') != std::string_view::npos ? Block::kFunction : Block::kOther;
  }

  void CheckFunctions() {
    std::vector<OpenBlock> open;
    std::string head;
    for (size_t i = 0; i < code_lines_.size(); ++i) {
      if (Trimmed(code_lines_[i]).starts_with("#")) continue;
      for (const char c : code_lines_[i]) {
        if (c == '{') {
          // Inside a function everything belongs to it.
          const bool in_scope = open.empty() || open.back().kind == Block::kScope;
          open.push_back({in_scope ? KindOf(head) : Block::kOther, i});
        } else if (c == '}' && !open.empty()) {
          const OpenBlock block = open.back();
          open.pop_back();
          const size_t lines = i - block.line + 1;
          if (block.kind == Block::kFunction && lines > kMaxFunctionLines) {
            Add(block.line,
                StrCat("the function has ", lines, " lines, more than ", kMaxFunctionLines));
          }
        }
        const bool ends_head = c == '{' || c == '}' || c == ';';
        if (ends_head) {
          head.clear();
        } else {
          head += c;
        }
      }
      head += ' ';
    }
  }

  const std::string path_;
  const std::vector<std::string_view> source_lines_;
  const SplitSource split_;
  const std::vector<std::string_view> code_lines_;
  const std::vector<std::string_view> comment_lines_;
  const std::string_view folder_;  // of lib/; empty elsewhere
  const bool product_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> CheckTidy(std::string_view path, std::string_view source) {
  return Checker(path, source).Run();
}

}  // namespace runnel::testing
