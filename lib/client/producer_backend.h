// The producer of a broker in this process.
#pragma once

#include <memory>

#include "broker/broker.h"
#include "runnel/backend.h"
#include "runnel/error.h"
#include "runnel/options.h"

namespace runnel::client {

// Makes a producer that appends through `broker`, which must outlive it.
// Errors: those of Validate(options); kUnsupportedCompressionType when the codec is not built in.
StatusOr<std::unique_ptr<ProducerBackend>> NewProducerBackend(broker::Broker& broker,
                                                              ProducerOptions options);

}  // namespace runnel::client
