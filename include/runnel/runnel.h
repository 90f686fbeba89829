// Runnel: Apache Kafka as a library. This is the one header to include.
//
//   auto broker = runnel::Broker::Open({.data_dir = "shop-data"}).value();
//   auto producer = broker->NewProducer().value();
//   producer->Send({.topic = "orders", .key = "42", .value = "apples"}).value();
#pragma once

#include "runnel/admin.h"
#include "runnel/assignor.h"
#include "runnel/broker.h"
#include "runnel/connect.h"
#include "runnel/consumer.h"
#include "runnel/environment.h"
#include "runnel/error.h"
#include "runnel/options.h"
#include "runnel/partitioner.h"
#include "runnel/producer.h"
#include "runnel/record.h"
#include "runnel/types.h"
