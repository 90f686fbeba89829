// The admin of a broker in this process.
#pragma once

#include <memory>

#include "broker/broker.h"
#include "runnel/backend.h"

namespace runnel::client {

// `broker` must outlive what is returned.
std::unique_ptr<AdminBackend> NewAdminBackend(broker::Broker& broker);

}  // namespace runnel::client
