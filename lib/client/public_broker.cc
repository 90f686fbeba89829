// The public class Broker: the engine, with the clients that work on it.
#include <utility>

#include "base/status.h"
#include "broker/broker.h"
#include "client/admin_backend.h"
#include "client/consumer_backend.h"
#include "client/producer_backend.h"
#include "runnel/broker.h"

namespace runnel {

Broker::Broker(std::unique_ptr<broker::Broker> engine) : engine_(std::move(engine)) {}
Broker::~Broker() = default;

StatusOr<std::unique_ptr<Broker>> Broker::Open(BrokerOptions options) {
  RUNNEL_RETURN_IF_ERROR(Validate(options));
  RUNNEL_ASSIGN_OR_RETURN(auto engine, broker::Broker::Open(std::move(options)));
  return std::unique_ptr<Broker>(new Broker(std::move(engine)));
}

StatusOr<std::unique_ptr<Producer>> Broker::NewProducer(ProducerOptions options) {
  if (engine_->closed()) return Error(ErrorCode::kBrokerNotAvailable, "the broker is closed");
  RUNNEL_ASSIGN_OR_RETURN(auto backend, client::NewProducerBackend(*engine_, std::move(options)));
  return std::make_unique<Producer>(std::move(backend));
}

StatusOr<std::unique_ptr<Consumer>> Broker::NewConsumer(ConsumerOptions options) {
  RUNNEL_ASSIGN_OR_RETURN(auto backend, client::NewConsumerBackend(*engine_, std::move(options)));
  return std::make_unique<Consumer>(std::move(backend));
}

StatusOr<std::unique_ptr<Admin>> Broker::NewAdmin() {
  return std::make_unique<Admin>(client::NewAdminBackend(*engine_));
}

Status Broker::ImportPartition(std::string_view from_folder, const TopicPartition& partition) {
  return engine_->ImportPartition(from_folder, partition);
}

RecoveryReport Broker::recovery_report() const {
  return engine_->recovery_report();
}

const BrokerOptions& Broker::options() const {
  return engine_->options();
}

Status Broker::Close() {
  return engine_->Close();
}

}  // namespace runnel
