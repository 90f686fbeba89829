#include "group/group_shard.h"

#include "base/check.h"
#include "group/java_string.h"
#include "group/shard_impl.h"

namespace runnel::group {

GroupShard::GroupShard(const GroupOptions& options, OffsetStore& store, Random& random)
    : impl_(std::make_unique<Impl>(options, store, random)) {}
GroupShard::~GroupShard() = default;

Status GroupShard::Load() {
  return impl_->Load();
}
Offset GroupShard::applied_end_offset() const {
  return impl_->applied_end_offset();
}
Status GroupShard::Apply(const AppliedBatch& batch) {
  return impl_->Apply(batch);
}
Status GroupShard::ApplyMarker(ProducerId producer_id, TransactionResult result, Offset offset) {
  return impl_->ApplyMarker(producer_id, result, offset);
}
void GroupShard::Start(Now now) {
  impl_->Start(now);
}
void GroupShard::Stop(Output& out) {
  impl_->Stop(out);
}
void GroupShard::OnWritten(uint64_t id, const StatusOr<Offset>& base_offset, Now now, Output& out) {
  impl_->OnWritten(id, base_offset, now, out);
}
Elapsed GroupShard::NextDeadline() const {
  return impl_->NextDeadline();
}
void GroupShard::OnTime(Now now, Output& out) {
  impl_->OnTime(now, out);
}

void GroupShard::JoinGroup(const JoinGroupRequest& request, const RequestContext& context,
                           Reply<JoinGroupResponse> reply, Now now, Output& out) {
  impl_->JoinGroup(request, context, std::move(reply), now, out);
}
void GroupShard::SyncGroup(const SyncGroupRequest& request, const RequestContext& context,
                           Reply<SyncGroupResponse> reply, Now now, Output& out) {
  impl_->SyncGroup(request, context, std::move(reply), now, out);
}
HeartbeatResponse GroupShard::Heartbeat(const HeartbeatRequest& request, const RequestContext&,
                                        Now now) {
  return impl_->Heartbeat(request, now);
}
void GroupShard::LeaveGroup(const LeaveGroupRequest& request, const RequestContext&,
                            Reply<LeaveGroupResponse> reply, Now now, Output& out) {
  impl_->LeaveGroup(request, std::move(reply), now, out);
}

void GroupShard::OffsetCommit(const OffsetCommitRequest& request, const RequestContext& context,
                              Reply<OffsetCommitResponse> reply, Now now, Output& out) {
  impl_->OffsetCommit(request, context, std::move(reply), now, out);
}
void GroupShard::TxnOffsetCommit(const TxnOffsetCommitRequest& request,
                                 const RequestContext& context, Reply<OffsetCommitResponse> reply,
                                 Now now, Output& out) {
  impl_->TxnOffsetCommit(request, context, std::move(reply), now, out);
}
OffsetFetchResponse GroupShard::OffsetFetch(const OffsetFetchRequest& request) {
  return impl_->OffsetFetch(request);
}
void GroupShard::OffsetDelete(const OffsetDeleteRequest& request, Reply<OffsetDeleteResponse> reply,
                              Now now, Output& out) {
  impl_->OffsetDelete(request, std::move(reply), now, out);
}
void GroupShard::OnTopicsDeleted(std::span<const std::string> topics, Now now, Output& out) {
  impl_->OnTopicsDeleted(topics, now, out);
}

DescribedGroup GroupShard::DescribeGroup(std::string_view group_id, const RequestContext& context) {
  return impl_->DescribeGroup(group_id, context);
}
std::vector<ListedGroup> GroupShard::ListGroups(const ListGroupsRequest& request) {
  return impl_->ListGroups(request);
}
void GroupShard::DeleteGroup(std::string_view group_id, Reply<ErrorCode> reply, Now now,
                             Output& out) {
  impl_->DeleteGroup(group_id, std::move(reply), now, out);
}

int32_t CoordinatorPartition(std::string_view group_id, int32_t partition_count) {
  RUNNEL_CHECK(partition_count > 0);
  const int64_t hash = JavaHashCode(group_id);
  if (hash == std::numeric_limits<int32_t>::min()) return 0;
  return static_cast<int32_t>((hash < 0 ? -hash : hash) % partition_count);
}

}  // namespace runnel::group
