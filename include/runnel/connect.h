// One address for every place records can live.
#pragma once

#include <memory>
#include <string_view>

#include "runnel/admin.h"
#include "runnel/broker.h"
#include "runnel/consumer.h"
#include "runnel/error.h"
#include "runnel/producer.h"

namespace runnel {

// A broker in this process, or a cluster elsewhere, behind one interface.
//
// Thread safety: thread-safe. Lifetime: outlives what it makes.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual StatusOr<std::unique_ptr<Producer>> NewProducer(ProducerOptions options = {}) = 0;
  virtual StatusOr<std::unique_ptr<Consumer>> NewConsumer(ConsumerOptions options = {}) = 0;
  virtual StatusOr<std::unique_ptr<Admin>> NewAdmin() = 0;
  virtual Status Close() = 0;
};

// Opens what `url` names:
//   "mem:"            a new broker in memory
//   "file:DIR"        a broker on data directory DIR ("file:///var/lib/shop" works too)
//   "kafka://H:P,..." a Kafka cluster, where Runnel is built with it
// Options follow as "?name=value&name=value" (percent-encoded): broker properties by Kafka's names.
// Errors: kInvalidRequest naming the scheme or option; those of Broker::Open;
// kUnsupportedVersion when the scheme's component is not built in.
StatusOr<std::unique_ptr<Connection>> Connect(std::string_view url);

}  // namespace runnel
