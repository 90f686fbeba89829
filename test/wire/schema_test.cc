// Compares the schema our structs tell with the one that the reference texts tell.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "support/shared_files.h"
#include "wire/wire_support.h"

namespace runnel::wire {
namespace {

constexpr codec::Versions kNone{0, -1};

struct SchemaField {
  std::string name = {};
  std::string type = {};
  codec::Versions versions = {};
  codec::Versions nulls = kNone;
  std::string default_value = "0";
  int tag = -1;
  bool never_flexible = false;
  std::vector<SchemaField> children = {};
};

// Fields of a message, and of structs that it uses more than once.
struct Schema {
  std::vector<SchemaField> fields = {};
  std::map<std::string, std::vector<SchemaField>> structs = {};
};

codec::Versions ParseVersions(const std::string& text) {
  if (text == "none") return kNone;
  const auto first = static_cast<int16_t>(std::stoi(text));
  if (text.back() == '+') return {first, codec::kNewestVersion};
  const size_t dash = text.find('-');
  if (dash == std::string::npos) return {first, first};
  return {first, static_cast<int16_t>(std::stoi(text.substr(dash + 1)))};
}

codec::Versions Intersect(codec::Versions a, codec::Versions b) {
  return {std::max(a.first, b.first), std::min(a.last, b.last)};
}

std::string ParseDefault(const std::string& text) {
  if (text == "null" || text == "\"\"" || text == "false") return "0";
  if (text == "true") return "1";
  return std::to_string(std::stoll(text, nullptr, 0));
}

SchemaField ParseField(std::istringstream& words) {
  SchemaField field;
  std::string versions;
  words >> field.name >> field.type >> versions;
  field.versions = ParseVersions(versions);
  for (std::string word; words >> word;) {
    const size_t equals = std::min(word.find('='), word.size() - 1);
    const std::string option = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    if (option == "null") field.nulls = ParseVersions(value);
    if (option == "default") field.default_value = ParseDefault(value);
    if (option == "tag") field.tag = std::stoi(value);
    if (option == "flex") field.never_flexible = value == "none";
  }
  return field;
}

Schema ParseSchema(std::string_view text) {
  Schema schema;
  // The list that fields of each depth go to.
  std::vector<std::vector<SchemaField>*> lists = {&schema.fields};
  std::optional<size_t> base;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const size_t indent = line.find_first_not_of(' ');
    if (indent == std::string::npos) continue;
    if (!base) base = indent;
    const size_t depth = (indent - *base) / 2;
    std::istringstream words(line.substr(indent));
    if (line.substr(indent).starts_with("struct ")) {
      std::string word;
      words >> word >> word;
      lists = {&schema.fields, &schema.structs[word]};
      continue;
    }
    REQUIRE(depth < lists.size());
    lists.resize(depth + 1);
    lists[depth]->push_back(ParseField(words));
    lists.push_back(&lists[depth]->back().children);
  }
  return schema;
}

// Children written at one use of a struct hold for its other uses in the message as well.
void CollectStructs(const std::vector<SchemaField>& fields, Schema& schema) {
  for (const SchemaField& field : fields) {
    if (field.children.empty()) continue;
    const bool is_array = field.type.starts_with("[]");
    schema.structs.emplace(field.type.substr(is_array ? 2 : 0), field.children);
    CollectStructs(field.children, schema);
  }
}

std::string ToText(codec::Versions versions) {
  return std::to_string(versions.first) + "-" + std::to_string(versions.last);
}

void Print(std::vector<SchemaField> fields, codec::Versions parent, size_t indent,
           const Schema& schema, std::string& out) {
  // Tagged fields come last, by tag.
  std::stable_sort(fields.begin(), fields.end(),
                   [](const SchemaField& a, const SchemaField& b) { return a.tag < b.tag; });
  for (const SchemaField& field : fields) {
    const codec::Versions versions = Intersect(field.versions, parent);
    if (versions.first > versions.last) continue;
    const bool is_array = field.type.starts_with("[]");
    std::string type = field.type.substr(is_array ? 2 : 0);
    auto children = field.children;
    if (const auto found = schema.structs.find(type);
        children.empty() && found != schema.structs.end()) {
      children = found->second;
    }
    if (std::isupper(static_cast<unsigned char>(type[0]))) type = "struct";
    out.append(indent, ' ');
    out += field.name + (is_array ? " []" : " ") + type + " " + ToText(versions);
    const codec::Versions nulls = Intersect(field.nulls, versions);
    if (nulls.first <= nulls.last) out += " null=" + ToText(nulls);
    if (field.default_value != "0") out += " default=" + field.default_value;
    if (field.tag >= 0) out += " tag=" + std::to_string(field.tag);
    if (field.never_flexible) out += " flex=none";
    out += "\n";
    Print(children, versions, indent + 2, schema, out);
  }
}

// One message of messages.txt or legacy.txt.
struct ReferenceMessage {
  codec::Versions versions = kNone;
  int16_t flexible_since = codec::kNeverFlexible;
  std::string lines = {};
};

std::map<std::string, ReferenceMessage> ReadReference(const char* file) {
  std::map<std::string, ReferenceMessage> messages;
  const auto shared = testing::SharedFiles();
  if (!shared) return messages;
  std::ifstream in(*shared / "reference/messages" / file);
  ReferenceMessage* current = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (!line.starts_with("message ")) {
      if (current != nullptr) current->lines += line + "\n";
      continue;
    }
    std::istringstream words(line);
    std::string word;
    words >> word >> word;
    current = &messages[word];
    while (words >> word) {
      if (word.starts_with("valid=")) current->versions = ParseVersions(word.substr(6));
      if (!word.starts_with("flex=") || word == "flex=none") continue;
      current->flexible_since = ParseVersions(word.substr(5)).first;
    }
  }
  return messages;
}

}  // namespace

std::string CanonicalSchema(std::string_view lines, codec::Versions versions) {
  Schema schema = ParseSchema(lines);
  CollectStructs(schema.fields, schema);
  std::string out;
  Print(schema.fields, versions, 0, schema, out);
  return out;
}

TEST_CASE("Schemas in different spellings compare equal", "[wire][schema]") {
  const char* reference =
      "  Id int32 0-3 default=-1 ign entity=brokerId\n"
      "  Epoch int64 2+ default=-1 tag=0@2+\n"
      "  Topics []Topic 1+ null=0+\n"
      "  struct Topic 0+\n"
      "    Name string 1+\n";
  const char* ours =
      "Id int32 0+ default=-1\n"
      "Topics []struct 1+ null=1+\n"
      "  Name string 0+\n"
      "Epoch int64 2+ default=-1 tag=0\n";
  CHECK(CanonicalSchema(reference, {0, 3}) == CanonicalSchema(ours, {0, 3}));
  CHECK(CanonicalSchema(reference, {0, 4}) != CanonicalSchema(ours, {0, 4}));
}

TEST_CASE("Our schemas are Kafka's", "[wire][schema]") {
  const auto reference = ReadReference("messages.txt");
  if (reference.empty()) return;
  for (const MessageUnderTest& message : AllMessages()) {
    INFO(message.name);
    REQUIRE(reference.count(message.name) == 1);
    const ReferenceMessage& kafka = reference.at(message.name);
    CHECK(CanonicalSchema(message.describe(), kafka.versions) ==
          CanonicalSchema(kafka.lines, kafka.versions));
    CHECK(message.api.versions.first <= kafka.versions.first);
    CHECK(message.api.versions.last == kafka.versions.last);
    CHECK(message.api.flexible_since == kafka.flexible_since);
  }
}

TEST_CASE("Versions that Kafka 4 has dropped have their old schemas", "[wire][schema]") {
  const auto reference = ReadReference("legacy.txt");
  if (reference.empty()) return;
  int older = 0;
  for (const MessageUnderTest& message : AllMessages()) {
    const auto found = reference.find(message.name);
    if (found == reference.end()) continue;
    INFO(message.name);
    const codec::Versions both = Intersect(found->second.versions, message.api.versions);
    CHECK(CanonicalSchema(message.describe(), both) == CanonicalSchema(found->second.lines, both));
    if (message.api.versions.first == 0) ++older;
  }
  CHECK(older == 14);
}

}  // namespace runnel::wire
