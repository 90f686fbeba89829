#include "client/producer_backend.h"

#include <utility>

#include "base/status.h"
#include "client/producer_core.h"
#include "record/compression.h"

namespace runnel::client {
namespace {

class InProcessProducer final : public ProducerBackend {
 public:
  explicit InProcessProducer(std::shared_ptr<ProducerCore> core) : core_(std::move(core)) {}
  // Callbacks and timers may hold the core a little longer; they find it closed.
  ~InProcessProducer() override {
    base::IgnoreError(core_->Close(std::chrono::milliseconds(0)),
                      "closed for good already, or late");
  }

  StatusOr<RecordMetadata> Send(const ProducerRecord& record) override {
    return core_->Send(record);
  }
  Status SendAsync(const ProducerRecord& record, DeliveryCallback done) override {
    return core_->SendAsync(record, std::move(done));
  }
  Status Enqueue(const ProducerRecord& record) override {
    return core_->SendAsync(record, nullptr);
  }
  Status SendBatch(std::span<const ProducerRecord> records,
                   std::vector<RecordMetadata>* metadata) override {
    return core_->SendBatch(records, metadata);
  }
  Status Flush(std::chrono::milliseconds timeout) override { return core_->Flush(timeout); }
  StatusOr<int32_t> PartitionCount(std::string_view topic) override {
    return core_->PartitionCount(topic);
  }
  Status Close(std::chrono::milliseconds timeout) override { return core_->Close(timeout); }

 private:
  const std::shared_ptr<ProducerCore> core_;
};

}  // namespace

StatusOr<std::unique_ptr<ProducerBackend>> NewProducerBackend(broker::Broker& broker,
                                                              ProducerOptions options) {
  RUNNEL_RETURN_IF_ERROR(Validate(options));
  RUNNEL_RETURN_IF_ERROR(record::CheckSupported(options.compression));
  return std::make_unique<InProcessProducer>(
      std::make_shared<ProducerCore>(broker, std::move(options)));
}

}  // namespace runnel::client
