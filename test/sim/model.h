// What a broker must hold, as plain containers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runnel/runnel.h"

namespace runnel::sim {

struct ModelRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  int64_t timestamp_ms = 0;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;

  friend bool operator==(const ModelRecord&, const ModelRecord&) = default;
};

inline ModelRecord Copy(const RecordView& record) {
  ModelRecord copy;
  if (record.has_key()) copy.key = record.key();
  if (record.has_value()) copy.value = record.value();
  copy.timestamp_ms = record.timestamp().time_since_epoch().count();
  for (const Header& header : record.headers()) {
    copy.headers.emplace_back(header.key, header.value);
  }
  return copy;
}

struct ModelPartition {
  int64_t start = 0;  // nothing below is readable
  int64_t end = 0;
  std::map<int64_t, ModelRecord> records;

  void Append(ModelRecord record) { records.emplace(end++, std::move(record)); }
  // A crash took everything from `new_end` on.
  void CutTo(int64_t new_end) {
    records.erase(records.lower_bound(new_end), records.end());
    end = new_end;
  }
};

struct ModelTopic {
  Durability durability = Durability::kFsync;
  bool compacted = false;
  bool trimmed = false;  // retention may delete from its front
  std::vector<ModelPartition> partitions;
};

struct Model {
  std::map<std::string, ModelTopic> topics;
  std::map<std::string, std::map<TopicPartition, int64_t>> committed;  // by group

  void DropTopic(const std::string& name) {
    topics.erase(name);
    for (auto& [group, offsets] : committed) {
      std::erase_if(offsets, [&](const auto& entry) { return entry.first.topic == name; });
    }
  }
};

}  // namespace runnel::sim
