#include "wire/api_table.h"

#include <array>
#include <cstddef>

#include "wire/add_offsets_to_txn.h"
#include "wire/add_partitions_to_txn.h"
#include "wire/alter_configs.h"
#include "wire/alter_partition_reassignments.h"
#include "wire/api_versions.h"
#include "wire/consumer_group_describe.h"
#include "wire/consumer_group_heartbeat.h"
#include "wire/create_partitions.h"
#include "wire/create_topics.h"
#include "wire/delete_groups.h"
#include "wire/delete_records.h"
#include "wire/delete_topics.h"
#include "wire/describe_cluster.h"
#include "wire/describe_configs.h"
#include "wire/describe_groups.h"
#include "wire/describe_log_dirs.h"
#include "wire/describe_producers.h"
#include "wire/describe_topic_partitions.h"
#include "wire/describe_transactions.h"
#include "wire/elect_leaders.h"
#include "wire/end_txn.h"
#include "wire/fetch.h"
#include "wire/find_coordinator.h"
#include "wire/get_telemetry_subscriptions.h"
#include "wire/heartbeat.h"
#include "wire/incremental_alter_configs.h"
#include "wire/init_producer_id.h"
#include "wire/join_group.h"
#include "wire/leave_group.h"
#include "wire/list_config_resources.h"
#include "wire/list_groups.h"
#include "wire/list_offsets.h"
#include "wire/list_partition_reassignments.h"
#include "wire/list_transactions.h"
#include "wire/metadata.h"
#include "wire/offset_commit.h"
#include "wire/offset_delete.h"
#include "wire/offset_fetch.h"
#include "wire/offset_for_leader_epoch.h"
#include "wire/produce.h"
#include "wire/push_telemetry.h"
#include "wire/sasl_authenticate.h"
#include "wire/sasl_handshake.h"
#include "wire/sync_group.h"
#include "wire/txn_offset_commit.h"
#include "wire/update_features.h"
#include "wire/write_txn_markers.h"

namespace runnel::wire {
namespace {

// Key and versions come from the structs; a pair must agree on them.
template <class Request, class Response>
constexpr ApiInfo Row(std::string_view name) {
  constexpr codec::Api kApi = Request::kApi;
  static_assert(kApi.key == Response::kApi.key);
  static_assert(kApi.versions.first == Response::kApi.versions.first);
  static_assert(kApi.versions.last == Response::kApi.versions.last);
  static_assert(kApi.flexible_since == Response::kApi.flexible_since);
  ApiInfo info{.key = static_cast<ApiKey>(kApi.key),
               .name = name,
               .versions = kApi.versions,
               .advertised = kApi.versions,
               .flexible_since = kApi.flexible_since};
  if (info.key == ApiKey::kProduce) info.advertised.first = 0;
  if (info.key == ApiKey::kInitProducerId) info.advertised.last = 5;
  return info;
}

constexpr auto kTable = std::to_array<ApiInfo>({
    Row<ProduceRequest, ProduceResponse>("Produce"),
    Row<FetchRequest, FetchResponse>("Fetch"),
    Row<ListOffsetsRequest, ListOffsetsResponse>("ListOffsets"),
    Row<MetadataRequest, MetadataResponse>("Metadata"),
    Row<OffsetCommitRequest, OffsetCommitResponse>("OffsetCommit"),
    Row<OffsetFetchRequest, OffsetFetchResponse>("OffsetFetch"),
    Row<FindCoordinatorRequest, FindCoordinatorResponse>("FindCoordinator"),
    Row<JoinGroupRequest, JoinGroupResponse>("JoinGroup"),
    Row<HeartbeatRequest, HeartbeatResponse>("Heartbeat"),
    Row<LeaveGroupRequest, LeaveGroupResponse>("LeaveGroup"),
    Row<SyncGroupRequest, SyncGroupResponse>("SyncGroup"),
    Row<DescribeGroupsRequest, DescribeGroupsResponse>("DescribeGroups"),
    Row<ListGroupsRequest, ListGroupsResponse>("ListGroups"),
    Row<SaslHandshakeRequest, SaslHandshakeResponse>("SaslHandshake"),
    Row<ApiVersionsRequest, ApiVersionsResponse>("ApiVersions"),
    Row<CreateTopicsRequest, CreateTopicsResponse>("CreateTopics"),
    Row<DeleteTopicsRequest, DeleteTopicsResponse>("DeleteTopics"),
    Row<DeleteRecordsRequest, DeleteRecordsResponse>("DeleteRecords"),
    Row<InitProducerIdRequest, InitProducerIdResponse>("InitProducerId"),
    Row<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>("OffsetForLeaderEpoch"),
    Row<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>("AddPartitionsToTxn"),
    Row<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>("AddOffsetsToTxn"),
    Row<EndTxnRequest, EndTxnResponse>("EndTxn"),
    Row<WriteTxnMarkersRequest, WriteTxnMarkersResponse>("WriteTxnMarkers"),
    Row<TxnOffsetCommitRequest, TxnOffsetCommitResponse>("TxnOffsetCommit"),
    Row<DescribeConfigsRequest, DescribeConfigsResponse>("DescribeConfigs"),
    Row<AlterConfigsRequest, AlterConfigsResponse>("AlterConfigs"),
    Row<DescribeLogDirsRequest, DescribeLogDirsResponse>("DescribeLogDirs"),
    Row<SaslAuthenticateRequest, SaslAuthenticateResponse>("SaslAuthenticate"),
    Row<CreatePartitionsRequest, CreatePartitionsResponse>("CreatePartitions"),
    Row<DeleteGroupsRequest, DeleteGroupsResponse>("DeleteGroups"),
    Row<ElectLeadersRequest, ElectLeadersResponse>("ElectLeaders"),
    Row<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>("IncrementalAlterConfigs"),
    Row<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(
        "AlterPartitionReassignments"),
    Row<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>(
        "ListPartitionReassignments"),
    Row<OffsetDeleteRequest, OffsetDeleteResponse>("OffsetDelete"),
    Row<UpdateFeaturesRequest, UpdateFeaturesResponse>("UpdateFeatures"),
    Row<DescribeClusterRequest, DescribeClusterResponse>("DescribeCluster"),
    Row<DescribeProducersRequest, DescribeProducersResponse>("DescribeProducers"),
    Row<DescribeTransactionsRequest, DescribeTransactionsResponse>("DescribeTransactions"),
    Row<ListTransactionsRequest, ListTransactionsResponse>("ListTransactions"),
    Row<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>("ConsumerGroupHeartbeat"),
    Row<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>("ConsumerGroupDescribe"),
    Row<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse>(
        "GetTelemetrySubscriptions"),
    Row<PushTelemetryRequest, PushTelemetryResponse>("PushTelemetry"),
    Row<ListConfigResourcesRequest, ListConfigResourcesResponse>("ListConfigResources"),
    Row<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>("DescribeTopicPartitions"),
});

constexpr size_t kKeyEnd = static_cast<size_t>(kTable.back().key) + 1;

// Place in kTable by key; -1: none.
constexpr std::array<int8_t, kKeyEnd> kPlaces = [] {
  std::array<int8_t, kKeyEnd> places{};
  places.fill(-1);
  for (size_t i = 0; i < kTable.size(); ++i)
    places[static_cast<size_t>(kTable[i].key)] = static_cast<int8_t>(i);
  return places;
}();

}  // namespace

std::span<const ApiInfo> ApiTable() {
  return kTable;
}

const ApiInfo* FindApi(int16_t key) {
  if (key < 0 || static_cast<size_t>(key) >= kKeyEnd) return nullptr;
  const int8_t place = kPlaces[static_cast<size_t>(key)];
  return place < 0 ? nullptr : &kTable[static_cast<size_t>(place)];
}

}  // namespace runnel::wire
