// The messages of consumer groups, for the checks in message_checks_test.cc.
#include "wire/consumer_group_describe.h"
#include "wire/consumer_group_heartbeat.h"
#include "wire/delete_groups.h"
#include "wire/describe_groups.h"
#include "wire/heartbeat.h"
#include "wire/join_group.h"
#include "wire/leave_group.h"
#include "wire/list_groups.h"
#include "wire/offset_commit.h"
#include "wire/offset_delete.h"
#include "wire/offset_fetch.h"
#include "wire/sync_group.h"
#include "wire/wire_support.h"

namespace runnel::wire {

std::vector<MessageUnderTest> GroupMessages() {
  std::vector<MessageUnderTest> all;
  AddPair<OffsetCommitRequest, OffsetCommitResponse>("OffsetCommit", all);
  AddPair<OffsetFetchRequest, OffsetFetchResponse>("OffsetFetch", all);
  AddPair<OffsetDeleteRequest, OffsetDeleteResponse>("OffsetDelete", all);
  AddPair<JoinGroupRequest, JoinGroupResponse>("JoinGroup", all);
  AddPair<SyncGroupRequest, SyncGroupResponse>("SyncGroup", all);
  AddPair<HeartbeatRequest, HeartbeatResponse>("Heartbeat", all);
  AddPair<LeaveGroupRequest, LeaveGroupResponse>("LeaveGroup", all);
  AddPair<DescribeGroupsRequest, DescribeGroupsResponse>("DescribeGroups", all);
  AddPair<ListGroupsRequest, ListGroupsResponse>("ListGroups", all);
  AddPair<DeleteGroupsRequest, DeleteGroupsResponse>("DeleteGroups", all);
  AddPair<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>("ConsumerGroupHeartbeat",
                                                                         all);
  AddPair<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>("ConsumerGroupDescribe",
                                                                       all);
  return all;
}

}  // namespace runnel::wire
