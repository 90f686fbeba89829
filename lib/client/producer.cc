#include "runnel/producer.h"

#include <utility>

#include "base/status.h"
#include "runnel/backend.h"

namespace runnel {

Producer::Producer(std::unique_ptr<ProducerBackend> backend) : backend_(std::move(backend)) {}

Producer::~Producer() {
  base::IgnoreError(backend_->Close(std::chrono::seconds(1)),
                    "a destructor has nobody to tell; Close() tells");
}

StatusOr<RecordMetadata> Producer::Send(const ProducerRecord& record) {
  return backend_->Send(record);
}

Status Producer::Send(const ProducerRecord& record, DeliveryCallback done) {
  return backend_->SendAsync(record, std::move(done));
}

std::future<StatusOr<RecordMetadata>> Producer::SendFuture(const ProducerRecord& record) {
  auto promise = std::make_shared<std::promise<StatusOr<RecordMetadata>>>();
  auto future = promise->get_future();
  const Status accepted = backend_->SendAsync(
      record, [promise](const StatusOr<RecordMetadata>& result) { promise->set_value(result); });
  if (!accepted.ok()) promise->set_value(accepted);
  return future;
}

StatusOr<std::vector<RecordMetadata>> Producer::Send(std::span<const ProducerRecord> records) {
  std::vector<RecordMetadata> metadata;
  RUNNEL_RETURN_IF_ERROR(backend_->SendBatch(records, &metadata));
  return metadata;
}

Status Producer::SendAll(std::span<const ProducerRecord> records) {
  return backend_->SendBatch(records, nullptr);
}

Status Producer::Enqueue(const ProducerRecord& record) {
  return backend_->Enqueue(record);
}

Status Producer::Flush(std::chrono::milliseconds timeout) {
  return backend_->Flush(timeout);
}

StatusOr<int32_t> Producer::PartitionCount(std::string_view topic) {
  return backend_->PartitionCount(topic);
}

Status Producer::Close(std::chrono::milliseconds timeout) {
  return backend_->Close(timeout);
}

}  // namespace runnel
