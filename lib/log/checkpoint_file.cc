#include "log/checkpoint_file.h"

#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "base/strings.h"

namespace runnel::log {
namespace {

using base::StrCat;

constexpr int32_t kCheckpointVersion = 0;
constexpr std::string_view kBlanks = " \t\f\r";

// Whole-string decimal number; nullopt for anything else, a plus sign included.
template <class Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Takes lines off the front of a text and counts them.
class LineReader final {
 public:
  LineReader(std::string_view text, std::string_view path) : rest_(text), path_(path) {}

  bool done() const { return rest_.empty(); }

  // Without its end; the last line may lack one.
  std::string_view Next() {
    ++number_;
    const size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  template <class Number>
  StatusOr<Number> NextNumber(std::string_view what) {
    const std::string_view line = Next();
    const std::optional<Number> number = ParseNumber<Number>(line);
    if (!number.has_value()) return Damage(StrCat(what, " '", line.substr(0, 80), "'"));
    return *number;
  }

  Status Damage(std::string_view what) const {
    return Error(ErrorCode::kCorruptMessage, StrCat(path_, " line ", number_, ": ", what));
  }

 private:
  std::string_view rest_;
  std::string_view path_;
  int64_t number_ = 0;
};

std::vector<std::string_view> SplitWords(std::string_view line) {
  std::vector<std::string_view> words;
  for (size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    const size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kBlanks, end);
  }
  return words;
}

// ---- Java properties --------------------------------------------------------------------------

using Properties = std::map<std::string, std::string, std::less<>>;

// Undoes backslash escapes; \uXXXX only up to U+007F, since none of our keys needs more.
std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    const char escaped = text[++i];
    unsigned code = 0;
    if (escaped == 'u' && i + 4 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 5, code, 16).ptr ==
            text.data() + i + 5 &&
        code < 0x80) {
      out.push_back(static_cast<char>(code));
      i += 4;
      continue;
    }
    out.push_back(escaped == 't' ? '\t' : escaped == 'n' ? '\n' : escaped == 'r' ? '\r' : escaped);
  }
  return out;
}

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (std::string_view(" :=#!\\").find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

Properties ParseProperties(std::string_view text) {
  Properties properties;
  LineReader lines(text, "");
  while (!lines.done()) {
    std::string_view line = lines.Next();
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    size_t key_end = 0;
    while (key_end < line.size() &&
           std::string_view("=: \t\f").find(line[key_end]) == std::string_view::npos) {
      key_end += line[key_end] == '\\' ? 2 : 1;
    }
    key_end = std::min(key_end, line.size());
    std::string_view value = line.substr(key_end);
    value.remove_prefix(std::min(value.find_first_not_of(kBlanks), value.size()));
    if (!value.empty() && (value.front() == '=' || value.front() == ':')) value.remove_prefix(1);
    value.remove_prefix(std::min(value.find_first_not_of(kBlanks), value.size()));
    properties[Unescape(line.substr(0, key_end))] = Unescape(value);
  }
  return properties;
}

class PropertiesWriter final {
 public:
  void Field(std::string_view key, int32_t value) { Add(key, std::to_string(value)); }
  void Field(std::string_view key, const std::string& value) { Add(key, value); }
  void Field(std::string_view key, const Uuid& value) {
    if (!value.is_zero()) Add(key, ToString(value));
  }
  std::string TakeText() { return std::move(text_); }

 private:
  void Add(std::string_view key, std::string_view value) {
    text_ += StrCat(key, "=", Escape(value), "\n");
  }
  std::string text_ = "#\n";
};

// Keys that are missing keep their defaults.
class PropertiesReader final {
 public:
  PropertiesReader(const Properties& properties, std::string_view path)
      : properties_(properties), path_(path) {}

  void Field(std::string_view key, int32_t& value) {
    const std::string* text = Find(key);
    if (text == nullptr) return;
    const auto number = ParseNumber<int32_t>(*text);
    if (number.has_value()) {
      value = *number;
    } else {
      Fail(key, *text);
    }
  }
  void Field(std::string_view key, std::string& value) {
    if (const std::string* text = Find(key); text != nullptr) value = *text;
  }
  void Field(std::string_view key, Uuid& value) {
    const std::string* text = Find(key);
    if (text == nullptr) return;
    const auto id = ParseUuid(*text);
    if (id.has_value()) {
      value = *id;
    } else {
      Fail(key, *text);
    }
  }
  const Status& status() const { return status_; }

 private:
  const std::string* Find(std::string_view key) const {
    const auto found = properties_.find(key);
    return found == properties_.end() ? nullptr : &found->second;
  }
  void Fail(std::string_view key, std::string_view text) {
    if (!status_.ok()) return;
    status_ = Error(ErrorCode::kCorruptMessage,
                    StrCat(path_, ": ", key, "=", text.substr(0, 80), " cannot be read"));
  }

  const Properties& properties_;
  std::string_view path_;
  Status status_;
};

std::string PathOf(const Directory& directory, std::string_view name) {
  return StrCat(directory.path(), "/", name);
}

// nullopt when there is no such file.
StatusOr<std::optional<std::string>> ReadIfThere(Directory& directory, std::string_view name,
                                                 int64_t max_bytes) {
  auto content = base::ReadWhole(directory, name, max_bytes);
  if (runnel::IsNotFound(content.status())) return std::nullopt;
  RUNNEL_RETURN_IF_ERROR(content.status());
  return *std::move(content);
}

}  // namespace

std::string EncodeOffsetCheckpoint(const OffsetMap& offsets) {
  std::string text = StrCat(kCheckpointVersion, "\n", offsets.size(), "\n");
  for (const auto& [partition, offset] : offsets) {
    text += partition.topic;
    text += ' ';
    text += std::to_string(partition.partition);
    text += ' ';
    text += std::to_string(offset.value());
    text += '\n';
  }
  return text;
}

StatusOr<OffsetMap> DecodeOffsetCheckpoint(std::string_view text, std::string_view path) {
  OffsetMap offsets;
  LineReader lines(text, path);
  if (lines.done()) return offsets;
  RUNNEL_ASSIGN_OR_RETURN(const auto version, lines.NextNumber<int32_t>("unreadable version"));
  if (version != kCheckpointVersion) return lines.Damage(StrCat("unknown version ", version));
  RUNNEL_ASSIGN_OR_RETURN(const auto count, lines.NextNumber<int64_t>("unreadable count"));
  while (!lines.done()) {
    const std::string_view line = lines.Next();
    const std::vector<std::string_view> words = SplitWords(line);
    const auto partition =
        words.size() == 3 ? ParseNumber<int32_t>(words[1]) : std::optional<int32_t>();
    const auto offset =
        words.size() == 3 ? ParseNumber<int64_t>(words[2]) : std::optional<int64_t>();
    if (!partition.has_value() || !offset.has_value() || *partition < 0 || *offset < 0) {
      return lines.Damage(
          StrCat("'", line.substr(0, 80), "' is not a topic, partition and offset"));
    }
    TopicPartition key{.topic = std::string(words[0]), .partition = *partition};
    if (!offsets.try_emplace(std::move(key), Offset(*offset)).second) {
      return lines.Damage(StrCat(words[0], "-", *partition, " stands there twice"));
    }
  }
  if (static_cast<int64_t>(offsets.size()) != count) {
    return lines.Damage(StrCat(offsets.size(), " entries, but the count says ", count));
  }
  return offsets;
}

StatusOr<OffsetMap> ReadOffsetCheckpoint(Directory& directory, std::string_view name) {
  RUNNEL_ASSIGN_OR_RETURN(const auto text, ReadIfThere(directory, name, kMaxCheckpointBytes));
  return DecodeOffsetCheckpoint(text.value_or(""), PathOf(directory, name));
}

Status WriteOffsetCheckpoint(Directory& directory, std::string_view name,
                             const OffsetMap& offsets) {
  return base::WriteWhole(directory, name, EncodeOffsetCheckpoint(offsets));
}

std::string EncodeMetaProperties(const MetaProperties& meta) {
  PropertiesWriter writer;
  MetaProperties::Visit(meta, writer);
  return writer.TakeText();
}

StatusOr<MetaProperties> DecodeMetaProperties(std::string_view text, std::string_view path) {
  const Properties properties = ParseProperties(text);
  if (!properties.contains("version")) {
    return Error(ErrorCode::kCorruptMessage, StrCat(path, ": no version"));
  }
  MetaProperties meta;
  PropertiesReader reader(properties, path);
  MetaProperties::Visit(meta, reader);
  RUNNEL_RETURN_IF_ERROR(reader.status());
  if (meta.version != 0 && meta.version != 1) {
    return Error(ErrorCode::kCorruptMessage, StrCat(path, ": unknown version ", meta.version));
  }
  return meta;
}

StatusOr<std::optional<MetaProperties>> ReadMetaProperties(Directory& directory) {
  constexpr int64_t kMaxBytes = 64 << 10;
  RUNNEL_ASSIGN_OR_RETURN(const auto text, ReadIfThere(directory, kMetaPropertiesFile, kMaxBytes));
  if (!text.has_value()) return std::nullopt;
  return DecodeMetaProperties(*text, PathOf(directory, kMetaPropertiesFile));
}

Status WriteMetaProperties(Directory& directory, const MetaProperties& meta) {
  return base::WriteWhole(directory, kMetaPropertiesFile, EncodeMetaProperties(meta));
}

StatusOr<bool> HasCleanShutdownMark(Directory& directory) {
  const auto info = directory.Stat(kCleanShutdownFile);
  if (runnel::IsNotFound(info.status())) return false;
  RUNNEL_RETURN_IF_ERROR(info.status());
  return true;
}

Status WriteCleanShutdownMark(Directory& directory) {
  return base::WriteWhole(directory, kCleanShutdownFile, R"({"version":0,"brokerEpoch":-1})");
}

Status RemoveCleanShutdownMark(Directory& directory) {
  const Status removed = directory.Remove(kCleanShutdownFile);
  if (runnel::IsNotFound(removed)) return OkStatus();
  RUNNEL_RETURN_IF_ERROR(removed);
  return directory.Sync("");
}

}  // namespace runnel::log
