// Consumers of a broker in this process.
#pragma once

#include <memory>

#include "runnel/backend.h"
#include "runnel/error.h"
#include "runnel/options.h"

namespace runnel::broker {
class Broker;
}

namespace runnel::client {

// The backend of Broker::NewConsumer. `broker` outlives it.
// Errors: kInvalidConfig naming the option.
StatusOr<std::unique_ptr<ConsumerBackend>> NewConsumerBackend(broker::Broker& broker,
                                                              ConsumerOptions options);

}  // namespace runnel::client
