// Requests and responses about topics and configs, with Kafka's names, as plain structs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metadata/topic_config.h"
#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::metadata {

struct CreatableReplicaAssignment {
  int32_t partition_index = 0;
  std::vector<int32_t> broker_ids = {};
};

struct CreatableTopicConfig {
  std::string name = {};
  std::optional<std::string> value = {};
};

struct CreatableTopic {
  std::string name = {};
  int32_t num_partitions = -1;      // -1: the broker's default, or as assigned
  int16_t replication_factor = -1;  // -1: the broker's default, or as assigned
  std::vector<CreatableReplicaAssignment> assignments = {};
  std::vector<CreatableTopicConfig> configs = {};
  Uuid topic_id = {};  // zero: a new one; not in Kafka's request, for imported partitions
};

struct CreateTopicsRequest {
  std::vector<CreatableTopic> topics = {};
  bool validate_only = false;
};

struct CreatableTopicResult {
  std::string name = {};
  Uuid topic_id = {};
  ErrorCode error_code = ErrorCode::kNone;
  std::string error_message = {};
  int32_t num_partitions = -1;
  int16_t replication_factor = -1;
  std::vector<DescribedConfig> configs = {};
};

struct CreateTopicsResponse {
  std::vector<CreatableTopicResult> topics = {};
};

struct DeleteTopicState {
  std::optional<std::string> name = {};  // nullopt: by id
  Uuid topic_id = {};
};

struct DeleteTopicsRequest {
  std::vector<DeleteTopicState> topics = {};
};

struct DeletableTopicResult {
  std::optional<std::string> name = {};
  Uuid topic_id = {};
  ErrorCode error_code = ErrorCode::kNone;
  std::string error_message = {};
};

struct DeleteTopicsResponse {
  std::vector<DeletableTopicResult> responses = {};
};

struct CreatePartitionsTopic {
  std::string name = {};
  int32_t count = 0;  // the new total
  std::optional<std::vector<std::vector<int32_t>>> assignments = {};
};

struct CreatePartitionsRequest {
  std::vector<CreatePartitionsTopic> topics = {};
  bool validate_only = false;
};

struct CreatePartitionsTopicResult {
  std::string name = {};
  ErrorCode error_code = ErrorCode::kNone;
  std::string error_message = {};
};

struct CreatePartitionsResponse {
  std::vector<CreatePartitionsTopicResult> results = {};
};

// Kafka's numbers.
enum class ResourceType : int8_t { kTopic = 2, kBroker = 4 };
enum class ConfigOperation : int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };

struct AlterableConfig {
  std::string name = {};
  ConfigOperation config_operation = ConfigOperation::kSet;  // incremental requests only
  std::optional<std::string> value = {};
};

struct AlterConfigsResource {
  ResourceType resource_type = ResourceType::kTopic;
  std::string resource_name = {};
  std::vector<AlterableConfig> configs = {};
};

struct AlterConfigsRequest {
  std::vector<AlterConfigsResource> resources = {};
  bool validate_only = false;
};

struct AlterConfigsResourceResponse {
  ErrorCode error_code = ErrorCode::kNone;
  std::string error_message = {};
  ResourceType resource_type = ResourceType::kTopic;
  std::string resource_name = {};
};

struct AlterConfigsResponse {
  std::vector<AlterConfigsResourceResponse> responses = {};
};

}  // namespace runnel::metadata
