#include "metadata/topic_config.h"

#include <algorithm>
#include <charconv>

#include "base/nearest.h"
#include "base/status.h"
#include "base/strings.h"
#include "metadata/topic_config_table.h"

namespace runnel::metadata {
namespace {

using base::StrCat;

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::vector<std::string_view> SplitList(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!Trim(text).empty()) {
    const size_t comma = text.find(',');
    parts.push_back(Trim(text.substr(0, comma)));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return parts;
}

template <class T>
bool ParseNumber(std::string_view text, T& out) {
  text = Trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

const ConfigRow* FindRow(std::string_view name) {
  const auto& rows = ConfigRows();
  const auto found = std::lower_bound(
      rows.begin(), rows.end(), name,
      [](const ConfigRow& row, std::string_view key) { return row.key.name < key; });
  return found == rows.end() || found->key.name != name ? nullptr : &*found;
}

struct SynonymRow {
  const ConfigRow* row = nullptr;
  const BrokerSynonym* synonym = nullptr;
};
SynonymRow FindSynonym(std::string_view broker_name) {
  for (const ConfigRow& row : ConfigRows()) {
    for (const BrokerSynonym& synonym : row.key.synonyms) {
      if (!broker_name.empty() && synonym.name == broker_name) return {&row, &synonym};
    }
  }
  return {};
}

Status BadValue(std::string_view name, std::string_view value, std::string_view valid) {
  return Error(ErrorCode::kInvalidConfig,
               StrCat("value \"", value, "\" of ", name, " is not allowed: must be ", valid));
}

// "[compact, delete]" allows these words, text without brackets any.
bool IsAllowed(std::string_view word, std::string_view valid) {
  if (!valid.starts_with('[')) return true;
  const auto words = SplitList(valid.substr(1, valid.size() - 2));
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Parses and checks `value` for `row`; numbers are multiplied by `unit`. `name` is for errors.
StatusOr<ParsedConfig> ParseValue(const ConfigRow& row, std::string_view name,
                                  std::string_view value, int64_t unit) {
  ParsedConfig parsed;
  const auto bad = [&] { return BadValue(name, value, row.key.valid); };
  double number = 0;
  switch (row.key.type) {
    case ConfigType::kBoolean:
      parsed.flag = Trim(value) == "true";
      if (!parsed.flag && Trim(value) != "false") return bad();
      if (parsed.flag && row.key.valid == "false") return bad();
      return parsed;
    case ConfigType::kString:
      parsed.word = Trim(value);
      if (!IsAllowed(parsed.word, row.key.valid)) return bad();
      return parsed;
    case ConfigType::kList:
      parsed.words = SplitList(value);
      for (const std::string_view word : parsed.words) {
        if (!IsAllowed(word, row.key.valid)) return bad();
      }
      return parsed;
    case ConfigType::kDouble:
      if (!ParseNumber(value, parsed.real)) return bad();
      number = parsed.real;
      break;
    default:
      if (!ParseNumber(value, parsed.number)) return bad();
      // -1 hours is no limit, not an hour short of nothing.
      if (parsed.number > 0 && __builtin_mul_overflow(parsed.number, unit, &parsed.number)) {
        parsed.number = std::numeric_limits<int64_t>::max();
      }
      number = static_cast<double>(parsed.number);
  }
  const bool in_range = number >= row.min && number <= row.max;
  if (!in_range && row.also != parsed.number) return bad();
  return parsed;
}

// The value a topic inherits, and from where.
struct Inherited {
  std::string value = {};
  ConfigSource source = ConfigSource::kDefault;
};
Inherited Inherit(const ConfigRow& row, const ConfigMap& broker) {
  for (const BrokerSynonym& synonym : row.key.synonyms) {
    const auto found = broker.find(synonym.name);
    if (synonym.name.empty() || found == broker.end()) continue;
    if (synonym.unit == 1) return {found->second, ConfigSource::kStaticBroker};
    const auto parsed = ParseValue(row, synonym.name, found->second, synonym.unit);
    if (parsed.ok()) return {std::to_string(parsed->number), ConfigSource::kStaticBroker};
  }
  return {std::string(row.key.default_value), ConfigSource::kDefault};
}

Status Unknown(std::string_view name) {
  std::vector<std::string_view> names;
  for (const TopicConfigKey& key : TopicConfigKeys()) {
    if (!key.hidden) names.push_back(key.name);
  }
  return Error(ErrorCode::kInvalidConfig,
               StrCat("unknown topic config \"", name, "\"", base::DidYouMean(name, names)));
}

Status CheckCombination(const TopicConfig& config) {
  if (config.min_compaction_lag <= config.max_compaction_lag) return OkStatus();
  return Error(ErrorCode::kInvalidConfig,
               StrCat("min.compaction.lag.ms ", config.min_compaction_lag.count(),
                      " is above max.compaction.lag.ms ", config.max_compaction_lag.count()));
}

}  // namespace

std::span<const TopicConfigKey> TopicConfigKeys() {
  static const std::vector<TopicConfigKey>& keys = *[] {
    auto* result = new std::vector<TopicConfigKey>();
    for (const ConfigRow& row : ConfigRows())
      result->push_back(row.key);
    return result;
  }();
  return keys;
}

const TopicConfigKey* FindTopicConfigKey(std::string_view name) {
  const ConfigRow* row = FindRow(name);
  return row == nullptr ? nullptr : &row->key;
}

Status ValidateTopicConfig(std::string_view name, std::string_view value) {
  const ConfigRow* row = FindRow(name);
  if (row == nullptr) return Unknown(name);
  return ParseValue(*row, name, value, 1).status();
}

bool IsBrokerDefault(std::string_view name) {
  return FindSynonym(name).row != nullptr;
}

Status ValidateBrokerDefault(std::string_view name, std::string_view value) {
  const SynonymRow found = FindSynonym(name);
  if (found.row == nullptr) {
    std::vector<std::string_view> names;
    for (const ConfigRow& row : ConfigRows()) {
      for (const BrokerSynonym& synonym : row.key.synonyms)
        names.push_back(synonym.name);
    }
    return Error(ErrorCode::kInvalidConfig,
                 StrCat("unknown broker config \"", name, "\"", base::DidYouMean(name, names)));
  }
  return ParseValue(*found.row, name, value, found.synonym->unit).status();
}

StatusOr<TopicConfig> ResolveTopicConfig(const ConfigMap& topic, const ConfigMap& broker) {
  TopicConfig config;
  for (const auto& [name, value] : topic) {
    if (FindRow(name) == nullptr) return Unknown(name);
  }
  const auto set = [&](const ConfigRow& row) -> Status {
    const auto own = topic.find(row.key.name);
    const std::string value = own != topic.end() ? own->second : Inherit(row, broker).value;
    const bool unset = own == topic.end() && value.empty() && row.key.type != ConfigType::kList;
    if (unset) return OkStatus();
    RUNNEL_ASSIGN_OR_RETURN(const ParsedConfig parsed, ParseValue(row, row.key.name, value, 1));
    row.set(config, parsed);
    return OkStatus();
  };
  for (const ConfigRow& row : ConfigRows()) {
    if (!row.key.hidden) RUNNEL_RETURN_IF_ERROR(set(row));
  }
  for (const ConfigRow& row : ConfigRows()) {  // hidden ones override
    if (row.key.hidden) RUNNEL_RETURN_IF_ERROR(set(row));
  }
  RUNNEL_RETURN_IF_ERROR(CheckCombination(config));
  return config;
}

std::vector<DescribedConfig> DescribeTopicConfigs(const ConfigMap& topic, const ConfigMap& broker) {
  std::vector<DescribedConfig> result;
  for (const ConfigRow& row : ConfigRows()) {
    const auto own = topic.find(row.key.name);
    if (row.key.hidden && own == topic.end()) continue;
    DescribedConfig& described = result.emplace_back();
    described.name = row.key.name;
    described.type = row.key.type;
    described.documentation = row.key.doc;
    if (own != topic.end()) {
      described.value = own->second;
      described.source = ConfigSource::kTopic;
      continue;
    }
    Inherited inherited = Inherit(row, broker);
    described.source = inherited.source;
    const bool unset = inherited.value.empty() && row.key.type != ConfigType::kList;
    if (!unset) described.value = std::move(inherited.value);
  }
  return result;
}

}  // namespace runnel::metadata
