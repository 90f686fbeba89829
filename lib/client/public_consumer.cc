// The public class Consumer: forwards to its backend.
#include <utility>

#include "base/status.h"
#include "runnel/backend.h"
#include "runnel/consumer.h"

namespace runnel {
namespace {

std::map<TopicPartition, OffsetSpec> SpecsFor(std::span<const TopicPartition> partitions,
                                              OffsetSpec spec) {
  std::map<TopicPartition, OffsetSpec> specs;
  for (const TopicPartition& partition : partitions)
    specs.emplace(partition, spec);
  return specs;
}

StatusOr<std::map<TopicPartition, Offset>> OffsetsOf(
    const StatusOr<std::map<TopicPartition, OffsetAndTimestamp>>& found) {
  if (!found.ok()) return found.status();
  std::map<TopicPartition, Offset> offsets;
  for (const auto& [partition, at] : *found)
    offsets.emplace(partition, at.offset);
  return offsets;
}

}  // namespace

Consumer::Consumer(std::unique_ptr<ConsumerBackend> backend) : backend_(std::move(backend)) {}
Consumer::~Consumer() = default;

Status Consumer::Subscribe(std::span<const std::string> topics, RebalanceListener* listener) {
  return backend_->Subscribe({topics.begin(), topics.end()}, listener);
}
Status Consumer::Subscribe(std::initializer_list<std::string_view> topics,
                           RebalanceListener* listener) {
  return backend_->Subscribe({topics.begin(), topics.end()}, listener);
}
Status Consumer::SubscribePattern(std::string_view pattern, RebalanceListener* listener) {
  return backend_->SubscribePattern(pattern, listener);
}
Status Consumer::Assign(std::span<const TopicPartition> partitions) {
  return backend_->Assign({partitions.begin(), partitions.end()});
}
Status Consumer::Assign(std::initializer_list<TopicPartition> partitions) {
  return backend_->Assign(partitions);
}
Status Consumer::Unsubscribe() {
  return backend_->Unsubscribe();
}

Records Consumer::Poll(std::chrono::nanoseconds timeout) {
  return backend_->Poll(timeout);
}
Records Consumer::Poll(std::stop_token stop, std::chrono::nanoseconds timeout) {
  if (stop.stop_requested()) return Records();
  const std::stop_callback wake(stop, [this] { backend_->Wakeup(); });
  return backend_->Poll(timeout);
}

Status Consumer::Commit() {
  return backend_->Commit(nullptr);
}
Status Consumer::Commit(const OffsetMap& offsets) {
  return backend_->Commit(&offsets);
}
void Consumer::CommitAsync(absl::AnyInvocable<void(const Status&)> done) {
  backend_->CommitAsync(nullptr, std::move(done));
}
void Consumer::CommitAsync(const OffsetMap& offsets, absl::AnyInvocable<void(const Status&)> done) {
  backend_->CommitAsync(&offsets, std::move(done));
}
StatusOr<OffsetMap> Consumer::Committed(std::span<const TopicPartition> partitions) {
  return backend_->Committed(partitions);
}
StatusOr<std::optional<OffsetAndMetadata>> Consumer::Committed(const TopicPartition& partition) {
  RUNNEL_ASSIGN_OR_RETURN(OffsetMap offsets, backend_->Committed({&partition, 1}));
  const auto found = offsets.find(partition);
  if (found == offsets.end()) return std::optional<OffsetAndMetadata>();
  return std::optional<OffsetAndMetadata>(std::move(found->second));
}

Status Consumer::Seek(const TopicPartition& partition, Offset offset) {
  return backend_->Seek(partition, offset);
}
Status Consumer::SeekToBeginning(std::span<const TopicPartition> partitions) {
  return backend_->SeekTo(partitions, OffsetSpec::Earliest());
}
Status Consumer::SeekToEnd(std::span<const TopicPartition> partitions) {
  return backend_->SeekTo(partitions, OffsetSpec::Latest());
}
Status Consumer::SeekToTime(Timestamp time, std::span<const TopicPartition> partitions) {
  return backend_->SeekTo(partitions, OffsetSpec::At(time));
}
StatusOr<Offset> Consumer::Position(const TopicPartition& partition) {
  return backend_->Position(partition);
}

StatusOr<std::map<TopicPartition, Offset>> Consumer::BeginningOffsets(
    std::span<const TopicPartition> partitions) {
  return OffsetsOf(backend_->ListOffsets(SpecsFor(partitions, OffsetSpec::Earliest())));
}
StatusOr<std::map<TopicPartition, Offset>> Consumer::EndOffsets(
    std::span<const TopicPartition> partitions) {
  return OffsetsOf(backend_->ListOffsets(SpecsFor(partitions, OffsetSpec::Latest())));
}
StatusOr<std::map<TopicPartition, OffsetAndTimestamp>> Consumer::OffsetsForTimes(
    const std::map<TopicPartition, Timestamp>& times) {
  std::map<TopicPartition, OffsetSpec> specs;
  for (const auto& [partition, time] : times)
    specs.emplace(partition, OffsetSpec::At(time));
  return backend_->ListOffsets(specs);
}
StatusOr<int64_t> Consumer::Lag(const TopicPartition& partition) {
  return backend_->Lag(partition);
}

Status Consumer::Pause(std::span<const TopicPartition> partitions) {
  return backend_->SetPaused(partitions, true);
}
Status Consumer::Resume(std::span<const TopicPartition> partitions) {
  return backend_->SetPaused(partitions, false);
}
std::vector<TopicPartition> Consumer::Paused() const {
  return backend_->Paused();
}
std::vector<TopicPartition> Consumer::Assignment() const {
  return backend_->Assignment();
}
std::vector<std::string> Consumer::Subscription() const {
  return backend_->Subscription();
}

Consumer::GroupMetadata Consumer::group_metadata() const {
  return backend_->group_metadata();
}
void Consumer::EnforceRebalance() {
  backend_->EnforceRebalance();
}
void Consumer::Wakeup() {
  backend_->Wakeup();
}
Status Consumer::status() const {
  return backend_->status();
}
Status Consumer::Close(std::chrono::milliseconds timeout) {
  return backend_->Close(timeout);
}

}  // namespace runnel
