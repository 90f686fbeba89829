#include "broker/syncer.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "base/strings.h"
#include "broker/core.h"
#include "broker/partition.h"

namespace runnel::broker {

void Syncer::AddLocked(Partition& partition) {
  if (next_ == nullptr) next_ = std::make_shared<Round>();
  auto& partitions = next_->partitions;
  const auto at = std::find_if(partitions.begin(), partitions.end(),
                               [&](const auto& listed) { return listed.get() == &partition; });
  if (at == partitions.end()) partitions.push_back(partition.shared_from_this());
}

Status Syncer::Await(Partition& partition, Offset last_offset, Elapsed deadline) {
  for (;;) {
    if (partition.IsAcknowledged(last_offset)) return OkStatus();
    if (Status status = partition.append_status(); !status.ok()) return status;
    RoundPtr round;
    enum { kRun, kElected, kFollow } role = kFollow;
    {
      const base::Lock lock(mutex_);
      if (closed_) return Core::ClosedError();
      AddLocked(partition);
      round = next_;
      if (!busy_) {
        busy_ = true;
        next_ = nullptr;
        role = kRun;
      } else if (!round->has_leader) {
        round->has_leader = true;
        role = kElected;
      }
    }
    bool in_time = true;
    if (role == kRun) {
      Run(round);
    } else if (role == kElected) {
      in_time = AwaitTurn(round, deadline);
    } else {
      in_time = core_.Wait(round->done, deadline);
    }
    if (in_time || partition.IsAcknowledged(last_offset)) continue;
    if (core_.closing()) return Core::ClosedError();
    return Error(ErrorCode::kRequestTimedOut,
                 base::StrCat("offset ", last_offset, " of ", partition.id(),
                              " was not synced in time; it may still be"));
  }
}

bool Syncer::AwaitTurn(const RoundPtr& round, Elapsed deadline) {
  if (!core_.Wait(round->lead, deadline)) {
    const base::Lock lock(mutex_);
    // The turn may have come in this moment; then it must be taken.
    if (!round->lead.raised()) {
      round->task_leads = true;  // has_leader stays: PassOn() posts the task
      return false;
    }
  }
  {
    // Joinable up to here: who appended while this thread woke up is covered, too.
    const base::Lock lock(mutex_);
    if (next_ == round) next_ = nullptr;
  }
  Run(round);
  return true;
}

void Syncer::Request(Partition& partition) {
  {
    const base::Lock lock(mutex_);
    if (closed_) return;
    AddLocked(partition);
    if (next_->has_leader) return;
    next_->has_leader = true;
    next_->task_leads = true;
    if (busy_) return;  // PassOn() posts the task
  }
  PostLeader();
}

void Syncer::Close() {
  RoundPtr round;
  {
    const base::Lock lock(mutex_);
    closed_ = true;
    // Partitions hold the core, which holds this.
    round = std::move(next_);
    next_ = nullptr;
  }
  if (round == nullptr) return;
  round->lead.Raise();
  round->done.Raise();
}

void Syncer::PostLeader() {
  core_.Post([core = core_.shared_from_this()] { core->syncer.LeadFromTask(); });
}

void Syncer::LeadFromTask() {
  RoundPtr round;
  {
    const base::Lock lock(mutex_);
    // A blocking caller may have taken the round over meanwhile.
    if (next_ == nullptr || !next_->task_leads || (busy_ && !next_->lead.raised())) return;
    busy_ = true;
    round = std::move(next_);
    next_ = nullptr;
  }
  Run(round);
}

void Syncer::Run(const RoundPtr& round) {
  std::vector<Partition::ReadyAck> ready;
  for (const std::shared_ptr<Partition>& partition : round->partitions)
    partition->Sync(ready);
  PassOn();
  round->done.Raise();
  // Callbacks last: they may send again and wait for the next round.
  for (Partition::ReadyAck& ack : ready)
    ack.done(ack.status);
}

void Syncer::PassOn() {
  bool post = false;
  RoundPtr next;
  {
    const base::Lock lock(mutex_);
    if (next_ == nullptr) {
      busy_ = false;
      return;
    }
    next = next_;
    post = next->task_leads || !next->has_leader;
    next->has_leader = true;
    if (post) next->task_leads = true;
    // Raised under the lock: an elected leader that times out looks at it there.
    next->lead.Raise();
  }
  if (post) PostLeader();
}

}  // namespace runnel::broker
