// What all parts of one broker share: options, the outside world, the directory, the syncer.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <absl/functional/any_invocable.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "broker/broker_config.h"
#include "broker/overlay_files.h"
#include "broker/partition.h"
#include "broker/syncer.h"
#include "broker/waiting.h"
#include "kv/store.h"
#include "log/log_directory.h"
#include "metadata/topic_config.h"
#include "record/compression.h"
#include "runnel/broker.h"
#include "runnel/environment.h"
#include "runnel/error.h"
#include "runnel/options.h"

namespace runnel::broker {

// Bytes that records of memory topics take, against BrokerOptions::memory_budget_bytes.
struct MemoryBudget {
  // Added to by appends, set to the truth by maintenance; relaxed, a bound need not be exact.
  std::atomic<int64_t> used_bytes{0};
  // Told when bytes have become free.
  WatchList waiters;
};

// Lifetime: shared by the broker and every Topic, Partition and Waiter, which may be destroyed
// after it; what they may still touch then is here.
//
// Thread safety: constant after opening but for the members that say otherwise.
struct Core : std::enable_shared_from_this<Core> {
  Core(BrokerOptions broker_options, BrokerConfig broker_config);
  ~Core();

  const BrokerOptions options;
  const BrokerConfig config;

  // In front of the real files of a broker that is opened for reading only.
  std::unique_ptr<OverlayFileSystem> overlay;
  // No pointer is null. The owned executors end with StopExecutors().
  Environment environment;
  std::unique_ptr<Executor> owned_executor;
  std::unique_ptr<Executor> owned_background;
  // Where long work runs (compaction, opening many logs): the executor when it was injected, in
  // memory brokers, else one of its own, so that timers and syncs do not wait for it.
  Executor* background = nullptr;

  // Whether waiting threads may spin: not where time may stand still, or others need the thread.
  bool may_spin = false;

  // Null for memory brokers.
  std::unique_ptr<log::LogDirectory> directory;
  record::Codecs codecs;
  Syncer syncer{*this};

  // All waiters of this broker.
  WatchList waiters;
  MemoryBudget memory;
  // Called once a partition opens its log: starts timers that an idle memory broker does without.
  absl::AnyInvocable<void()> on_first_log;
  std::atomic<bool> first_log_seen{false};
  // Whether a topic id was once this directory's own and is deleted; set by Topics.
  absl::AnyInvocable<bool(const Uuid&)> was_deleted;

  bool in_memory() const { return directory == nullptr; }
  Elapsed Now() const { return environment.clock->ElapsedTime(); }
  Elapsed DeadlineAfter(std::chrono::nanoseconds timeout) const;

  // Set once, by Close(); seq_cst with the count of waits.
  bool closing() const { return closing_.load(std::memory_order_seq_cst); }
  // Executor::Wait, counted, so that Close() can tell when nobody is inside any more. Returns at
  // once when the broker is closing.
  bool Wait(Signal& signal, Elapsed deadline);
  // The same for tasks: nothing is posted once the broker is closing. PostAt then returns 0.
  void Post(Executor::Task task);
  Executor::TimerId PostAt(Elapsed time, Executor::Task task);
  void PostBackground(Executor::Task task);
  void Cancel(Executor::TimerId id);
  // Marks the broker as closing. False when it was already.
  bool BeginClose() { return !closing_.exchange(true, std::memory_order_seq_cst); }
  // Ends the executors of our own, after everybody has left them. The broker is closing.
  void StopExecutors();
  static Status ClosedError();
  // kPolicyViolation when the broker is open for reading only.
  Status CheckWritable() const;
  // Opens a view's store in the directory, as the options ask for.
  StatusOr<std::unique_ptr<kv::Store>> OpenStore(StoreKind kind, std::string name);

  // Adds what opening a log found to the recovery report.
  void Report(const std::string& partition, const log::LogRecovery& recovery,
              std::chrono::nanoseconds duration);
  RecoveryReport report() const;
  void set_report(RecoveryReport report);

  // How a topic's partitions behave, from its configs and the broker's defaults.
  Partition::SettingsPtr SettingsOf(const metadata::TopicConfig& topic) const;

 private:
  // Counts a thread that is inside an executor.
  class Inside;

  std::atomic<bool> closing_{false};
  // Set once our own executors are about to end; seq_cst with inside_.
  std::atomic<bool> stopped_{false};
  // Threads inside an executor; seq_cst with closing_.
  std::atomic<int64_t> inside_{0};
  Signal drained_;
  mutable absl::Mutex report_mutex_;
  RecoveryReport report_ ABSL_GUARDED_BY(report_mutex_);
};

}  // namespace runnel::broker
