#include "broker/fetches.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/fence.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace runnel::broker {
namespace {

Status CheckEpoch(const Partition& partition, LeaderEpoch current) {
  if (current == kNoLeaderEpoch || current == partition.leader_epoch()) return OkStatus();
  const bool fenced = current < partition.leader_epoch();
  return Error(fenced ? ErrorCode::kFencedLeaderEpoch : ErrorCode::kUnknownLeaderEpoch,
               base::StrCat("leader epoch ", current, " of ", partition.id(), " is not ",
                            partition.leader_epoch()));
}

}  // namespace

// One request: reads, and when that is not enough watches its partitions and reads again.
class Fetches::Operation final : public Watcher,
                                 public std::enable_shared_from_this<Fetches::Operation> {
 public:
  Operation(std::shared_ptr<Fetches> owner, FetchRequest request, Done done)
      : owner_(std::move(owner)), request_(std::move(request)), done_(std::move(done)) {
    for (const FetchPartition& wanted : request_.partitions)
      Resolve(wanted);
  }

  // True when the response is complete.
  bool Read() {
    FetchResponse response;
    int64_t bytes = 0;
    bool failed = false;
    for (size_t i = 0; i < targets_.size(); ++i) {
      response.partitions.push_back(ReadOne(i, bytes));
      failed |= !response.partitions.back().status.ok();
    }
    const bool complete = failed || targets_.empty() || bytes >= request_.min_bytes;
    response_ = std::move(response);
    return complete;
  }

  // Waits for events from here on.
  void Park(Elapsed deadline) {
    Core& core = *owner_->core_;
    core.waiters.Add(this);
    for (const Target& target : targets_) {
      if (target.partition != nullptr) target.partition->AddWatcher(this);
    }
    bool complete = false;
    {
      const base::Lock lock(mutex_);
      if (!done_) return;  // an event was faster
      timer_ = core.PostAt(deadline, [weak = weak_from_this()] {
        if (const auto self = weak.lock(); self != nullptr) self->Finish(OkStatus());
      });
      Arm();
      base::HeavyFence();
      // What came before the fence may have armed nobody.
      complete = Read();
    }
    if (complete || core.closing()) Finish(OkStatus());
  }

  void OnEvent() override {
    if (posted_.exchange(true, std::memory_order_acq_rel)) return;
    owner_->core_->Post([weak = weak_from_this()] {
      if (const auto self = weak.lock(); self != nullptr) self->LookAgain();
    });
  }

  // Answers, once.
  void Finish(const Status& status) {
    Done done;
    {
      const base::Lock lock(mutex_);
      if (!done_) return;
      done = std::move(done_);
      done_ = nullptr;
    }
    const auto self = shared_from_this();
    Unpark();
    if (status.ok()) {
      const base::Lock lock(mutex_);
      Read();
    } else {
      for (FetchedPartition& partition : response_.partitions)
        partition = {.status = status};
    }
    done(std::move(response_));
  }

  void FinishNow() {
    Done done = std::move(done_);
    done_ = nullptr;
    done(std::move(response_));
  }

 private:
  struct Target {
    std::shared_ptr<Partition> partition;
    Status status;
  };

  void Resolve(const FetchPartition& wanted) {
    Target target;
    const auto topic = owner_->topics_.Find(wanted.topic);
    if (topic.ok()) target.partition = (*topic)->partition(wanted.partition);
    if (!topic.ok()) {
      target.status = topic.status();
    } else if (target.partition == nullptr) {
      target.status =
          Error(ErrorCode::kUnknownTopicOrPartition,
                base::StrCat("topic ", (*topic)->name(), " has no partition ", wanted.partition));
    } else {
      target.status = CheckEpoch(*target.partition, wanted.current_leader_epoch);
    }
    targets_.push_back(std::move(target));
  }

  FetchedPartition ReadOne(size_t i, int64_t& bytes) {
    const FetchPartition& wanted = request_.partitions[i];
    const Target& target = targets_[i];
    if (!target.status.ok()) return {.status = target.status};
    const auto log = target.partition->Log();
    if (!log.ok()) return {.status = log.status()};
    if (target.partition->failed()) return {.status = target.partition->status()};
    const int64_t total =
        std::min<int64_t>(request_.max_bytes, owner_->core_->config.fetch_max_bytes);
    const int64_t limit = std::min<int64_t>(wanted.max_bytes, total - bytes);
    const bool committed = request_.isolation_level == IsolationLevel::kReadCommitted;
    auto read = (*log)->Read(
        {.offset = wanted.fetch_offset,
         .max_bytes = std::max<int64_t>(limit, 0),
         .bound = committed ? log::ReadBound::kLastStable : log::ReadBound::kHighWatermark});
    if (!read.ok()) return {.status = read.status()};
    FetchedPartition fetched;
    fetched.high_watermark = read->high_watermark;
    fetched.last_stable_offset = read->last_stable_offset;
    fetched.log_start_offset = read->log_start_offset;
    const int64_t size = static_cast<int64_t>(read->records.bytes.size());
    // The first batch comes whatever its size, but only in the first partition that has one.
    if (size > limit && bytes > 0) return fetched;
    bytes += size;
    fetched.aborted = std::move(read->aborted);
    fetched.records = std::move(read->records);
    return fetched;
  }

  void Arm() {
    for (const Target& target : targets_) {
      if (target.partition != nullptr) target.partition->Arm();
    }
  }

  void LookAgain() {
    posted_.store(false, std::memory_order_release);
    Arm();
    base::HeavyFence();
    bool complete = false;
    {
      const base::Lock lock(mutex_);
      if (!done_) return;
      complete = Read();
    }
    if (complete || owner_->core_->closing()) Finish(OkStatus());
  }

  void Unpark() {
    Core& core = *owner_->core_;
    Executor::TimerId timer = 0;
    {
      const base::Lock lock(mutex_);
      timer = std::exchange(timer_, 0);
    }
    core.Cancel(timer);
    core.waiters.Remove(this);
    for (const Target& target : targets_) {
      if (target.partition != nullptr) target.partition->RemoveWatcher(this);
    }
    const base::Lock lock(owner_->mutex_);
    owner_->waiting_.erase(shared_from_this());
  }

  const std::shared_ptr<Fetches> owner_;
  const FetchRequest request_;
  std::vector<Target> targets_;
  // A task that looks again has been posted; exchanged by events, cleared by the task.
  std::atomic<bool> posted_{false};
  // Guards what follows once the request is parked; alone with its maker before.
  absl::Mutex mutex_;
  Executor::TimerId timer_ = 0;
  Done done_;  // null once answered
  FetchResponse response_;
};

void Fetches::Start(FetchRequest request, Done done) {
  const Milliseconds max_wait = request.max_wait;
  auto operation =
      std::make_shared<Operation>(shared_from_this(), std::move(request), std::move(done));
  if (operation->Read() || max_wait <= Milliseconds::zero()) return operation->FinishNow();
  bool closing = false;
  {
    const base::Lock lock(mutex_);
    closing = core_->closing();
    if (!closing) waiting_.insert(operation);
  }
  if (closing) return operation->Finish(Core::ClosedError());
  operation->Park(core_->DeadlineAfter(max_wait));
}

void Fetches::Close() {
  for (;;) {
    std::shared_ptr<Operation> operation;
    {
      const base::Lock lock(mutex_);
      if (waiting_.empty()) return;
      operation = *waiting_.begin();
    }
    operation->Finish(Core::ClosedError());
    // Another thread may be answering it; it then removes it a moment later.
    const base::Lock lock(mutex_);
    waiting_.erase(operation);
  }
}

}  // namespace runnel::broker
