#include "client/consumer_backend.h"

#include <utility>

#include "base/status.h"
#include "client/consumer_local.h"

namespace runnel::client {

StatusOr<std::unique_ptr<ConsumerBackend>> NewConsumerBackend(broker::Broker& broker,
                                                              ConsumerOptions options) {
  RUNNEL_RETURN_IF_ERROR(Validate(options));
  RUNNEL_ASSIGN_OR_RETURN(AssignorSet assignors, AssignorSet::Make(options));
  return std::make_unique<LocalConsumer>(broker, options, std::move(assignors));
}

}  // namespace runnel::client
