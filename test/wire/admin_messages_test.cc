// The messages of administration, for the checks in message_checks_test.cc.
#include "wire/alter_configs.h"
#include "wire/alter_partition_reassignments.h"
#include "wire/create_partitions.h"
#include "wire/create_topics.h"
#include "wire/delete_records.h"
#include "wire/delete_topics.h"
#include "wire/describe_cluster.h"
#include "wire/describe_configs.h"
#include "wire/describe_log_dirs.h"
#include "wire/describe_producers.h"
#include "wire/describe_topic_partitions.h"
#include "wire/elect_leaders.h"
#include "wire/incremental_alter_configs.h"
#include "wire/list_config_resources.h"
#include "wire/list_partition_reassignments.h"
#include "wire/update_features.h"
#include "wire/wire_support.h"

namespace runnel::wire {

std::vector<MessageUnderTest> AdminMessages() {
  std::vector<MessageUnderTest> all;
  AddPair<CreateTopicsRequest, CreateTopicsResponse>("CreateTopics", all);
  AddPair<DeleteTopicsRequest, DeleteTopicsResponse>("DeleteTopics", all);
  AddPair<CreatePartitionsRequest, CreatePartitionsResponse>("CreatePartitions", all);
  AddPair<DeleteRecordsRequest, DeleteRecordsResponse>("DeleteRecords", all);
  AddPair<DescribeConfigsRequest, DescribeConfigsResponse>("DescribeConfigs", all);
  AddPair<AlterConfigsRequest, AlterConfigsResponse>("AlterConfigs", all);
  AddPair<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
      "IncrementalAlterConfigs", all);
  AddPair<DescribeClusterRequest, DescribeClusterResponse>("DescribeCluster", all);
  AddPair<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(
      "DescribeTopicPartitions", all);
  AddPair<DescribeLogDirsRequest, DescribeLogDirsResponse>("DescribeLogDirs", all);
  AddPair<DescribeProducersRequest, DescribeProducersResponse>("DescribeProducers", all);
  AddPair<ElectLeadersRequest, ElectLeadersResponse>("ElectLeaders", all);
  AddPair<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>(
      "ListPartitionReassignments", all);
  AddPair<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(
      "AlterPartitionReassignments", all);
  AddPair<ListConfigResourcesRequest, ListConfigResourcesResponse>("ListConfigResources", all);
  AddPair<UpdateFeaturesRequest, UpdateFeaturesResponse>("UpdateFeatures", all);
  return all;
}

}  // namespace runnel::wire
