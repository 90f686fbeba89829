// Fetch requests that wait for records.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_set.h>
#include <absl/synchronization/mutex.h>

#include <memory>

#include "broker/core.h"
#include "broker/requests.h"
#include "broker/topics.h"

namespace runnel::broker {

// Thread safety: thread-safe.
// Lifetime: shared with the requests it has waiting.
class Fetches final : public std::enable_shared_from_this<Fetches> {
 public:
  using Done = absl::AnyInvocable<void(FetchResponse)>;

  Fetches(std::shared_ptr<Core> core, Topics& topics) : core_(std::move(core)), topics_(topics) {}

  // Answers at once when the request does not wait, enough bytes are there, or a partition fails;
  // else when one of these comes true, from a task.
  void Start(FetchRequest request, Done done);
  // Answers all that wait with kBrokerNotAvailable.
  void Close();

 private:
  class Operation;
  friend class Operation;

  const std::shared_ptr<Core> core_;
  Topics& topics_;
  absl::Mutex mutex_;
  absl::flat_hash_set<std::shared_ptr<Operation>> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace runnel::broker
