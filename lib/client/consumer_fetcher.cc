#include "client/consumer_fetcher.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace runnel::client {
namespace {

// Reads in a row that may bring nothing but control batches and aborted records before other
// partitions get their turn.
constexpr int kMaxEmptyReads = 16;

std::vector<AbortedTransaction> ForFetch(const std::vector<broker::AbortedTxn>& aborted) {
  std::vector<AbortedTransaction> out;
  out.reserve(aborted.size());
  for (const broker::AbortedTxn& txn : aborted) {
    out.push_back({.producer_id = txn.producer_id, .first_offset = txn.first_offset});
  }
  return out;
}

Status NotAssigned(const TopicPartition& partition) {
  return Error(ErrorCode::kUnknownTopicOrPartition,
               base::StrCat(partition, " is not assigned to this consumer"));
}

}  // namespace

struct Fetcher::Entry {
  std::shared_ptr<const TopicPartition> name;
  Missing missing = Missing::kReport;
  // Null while the topic or partition does not exist.
  std::shared_ptr<broker::Partition> partition;
  // Set up at the first read after each seek; then it stands behind `fetch`.
  std::optional<broker::PartitionReader> reader;
  PartitionFetch fetch;
  int64_t fetch_bytes = 0;
  // Of the next record to hand out; kNoOffset: nobody has said yet.
  Offset position = kNoOffset;
  bool paused = false;
  // Stays until the user seeks.
  Status error;
};

Fetcher::Fetcher(broker::Broker& broker, broker::Waiter& waiter, const ConsumerOptions& options)
    : broker_(broker),
      waiter_(waiter),
      reset_(options.offset_reset),
      isolation_(options.isolation_level),
      max_poll_records_(options.max_poll_records),
      max_fetch_bytes_(options.max_fetch_bytes),
      max_partition_fetch_bytes_(options.max_partition_fetch_bytes),
      check_crcs_(options.check_crcs),
      builder_(std::make_shared<record::BoundedBufferPool>(), codecs_) {}

Fetcher::~Fetcher() = default;

// --- Which partitions

void Fetcher::Assign(std::span<const TopicPartition> partitions, Missing missing) {
  std::vector<TopicPartition> wanted(partitions.begin(), partitions.end());
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());

  std::vector<std::unique_ptr<Entry>> old = std::exchange(entries_, {});
  entries_.reserve(wanted.size());
  auto kept = old.begin();
  for (const TopicPartition& partition : wanted) {
    for (; kept != old.end() && *(*kept)->name < partition; ++kept) {
      Release(**kept);
    }
    const bool stays = kept != old.end() && *(*kept)->name == partition;
    entries_.push_back(stays ? std::move(*kept++) : NewEntry(partition, missing));
    entries_.back()->missing = missing;
  }
  for (; kept != old.end(); ++kept) {
    Release(**kept);
  }
  NotePositions();
}

std::unique_ptr<Fetcher::Entry> Fetcher::NewEntry(const TopicPartition& partition,
                                                  Missing missing) {
  auto entry = std::make_unique<Entry>();
  entry->name = std::make_shared<const TopicPartition>(partition);
  entry->missing = missing;
  Bind(*entry);
  return entry;
}

// Looks the partition up by name. Another partition than before is another log.
void Fetcher::Bind(Entry& entry) {
  const std::shared_ptr<broker::Partition> before = std::move(entry.partition);
  if (before != nullptr) waiter_.Unwatch(*before);
  entry.reader.reset();
  StatusOr<std::shared_ptr<broker::Partition>> found = broker_.FindPartition(*entry.name);
  entry.partition = found.ok() ? *std::move(found) : nullptr;
  if (before != nullptr && entry.partition != before) {
    Forget(entry);
    entry.position = kNoOffset;
    entry.error = OkStatus();
  }
  if (entry.partition != nullptr && !entry.paused) waiter_.Watch(entry.partition);
}

void Fetcher::Release(Entry& entry) {
  Forget(entry);
  if (entry.partition != nullptr) waiter_.Unwatch(*entry.partition);
}

std::vector<TopicPartition> Fetcher::Assignment() const {
  std::vector<TopicPartition> partitions;
  partitions.reserve(entries_.size());
  for (const auto& entry : entries_) {
    partitions.push_back(*entry->name);
  }
  return partitions;
}

void Fetcher::OnTopicsChanged() {
  for (const auto& entry : entries_) {
    if (entry->partition == nullptr || !entry->partition->status().ok()) Bind(*entry);
  }
  NotePositions();
}

Fetcher::Entry* Fetcher::Find(const TopicPartition& partition) const {
  const auto found = std::lower_bound(
      entries_.begin(), entries_.end(), partition,
      [](const auto& entry, const TopicPartition& name) { return *entry->name < name; });
  return found != entries_.end() && *(*found)->name == partition ? found->get() : nullptr;
}

StatusOr<Fetcher::Entry*> Fetcher::FindOrError(const TopicPartition& partition) const {
  Entry* entry = Find(partition);
  if (entry == nullptr) return NotAssigned(partition);
  return entry;
}

// --- Positions

std::vector<TopicPartition> Fetcher::WithoutPosition() const {
  std::vector<TopicPartition> partitions;
  for (const auto& entry : entries_) {
    if (entry->partition != nullptr && entry->position == kNoOffset && entry->error.ok()) {
      partitions.push_back(*entry->name);
    }
  }
  return partitions;
}

void Fetcher::NotePositions() {
  lacks_positions_ = !WithoutPosition().empty();
}

Status Fetcher::Seek(const TopicPartition& partition, Offset offset) {
  RUNNEL_ASSIGN_OR_RETURN(Entry* const entry, FindOrError(partition));
  if (offset < Offset(0)) {
    return Error(ErrorCode::kOffsetOutOfRange,
                 base::StrCat("cannot seek to offset ", offset, " of ", partition));
  }
  return SeekEntry(*entry, offset);
}

Status Fetcher::SeekTo(const TopicPartition& partition, OffsetSpec spec) {
  RUNNEL_ASSIGN_OR_RETURN(Entry* const entry, FindOrError(partition));
  RUNNEL_ASSIGN_OR_RETURN(const Offset offset, OffsetFor(*entry, spec));
  return SeekEntry(*entry, offset);
}

Status Fetcher::SeekEntry(Entry& entry, Offset offset) {
  Forget(entry);
  entry.reader.reset();
  entry.error = OkStatus();
  entry.position = offset;
  NotePositions();
  return OkStatus();
}

// Drops fetched records that have not been handed out.
void Fetcher::Forget(Entry& entry) {
  fetched_bytes_ -= entry.fetch_bytes;
  entry.fetch_bytes = 0;
  entry.fetch = PartitionFetch();
}

void Fetcher::Reset(const TopicPartition& partition) {
  Entry* const entry = Find(partition);
  if (entry == nullptr || entry->position != kNoOffset) return;
  const Status none =
      Error(ErrorCode::kOffsetOutOfRange, base::StrCat("no offset is committed for ", partition,
                                                       " and the consumer has no reset policy"));
  base::IgnoreError(ApplyPolicy(*entry, none), "kept in the entry for Collect()");
}

// Errors: `why` when the policy is none.
Status Fetcher::ApplyPolicy(Entry& entry, const Status& why) {
  OffsetSpec spec;
  switch (reset_.kind) {
    case OffsetReset::Kind::kEarliest:
      spec = OffsetSpec::Earliest();
      break;
    case OffsetReset::Kind::kLatest:
      spec = OffsetSpec::Latest();
      break;
    case OffsetReset::Kind::kByDuration:
      spec = OffsetSpec::At(broker_.environment().clock->Now() - reset_.duration);
      break;
    case OffsetReset::Kind::kNone:
      entry.error = why;
      NotePositions();
      return why;
  }
  const StatusOr<Offset> offset = OffsetFor(entry, spec);
  if (offset.ok()) return SeekEntry(entry, *offset);
  if (CodeOf(offset) != ErrorCode::kUnknownTopicOrPartition) entry.error = offset.status();
  NotePositions();
  return offset.status();
}

StatusOr<Offset> Fetcher::OffsetFor(Entry& entry, const OffsetSpec& spec) const {
  if (entry.partition == nullptr) {
    return Error(ErrorCode::kUnknownTopicOrPartition, base::StrCat(*entry.name, " does not exist"));
  }
  RUNNEL_ASSIGN_OR_RETURN(const OffsetAndTimestamp found,
                          entry.partition->FindOffset(spec, isolation_));
  if (found.offset != kNoOffset) return found.offset;
  RUNNEL_ASSIGN_OR_RETURN(const OffsetAndTimestamp end,
                          entry.partition->FindOffset(OffsetSpec::Latest(), isolation_));
  return end.offset;
}

StatusOr<Offset> Fetcher::Position(const TopicPartition& partition) const {
  RUNNEL_ASSIGN_OR_RETURN(const Entry* const entry, FindOrError(partition));
  if (!entry->error.ok()) return entry->error;
  if (entry->position == kNoOffset) {
    return Error(ErrorCode::kUnknownTopicOrPartition, base::StrCat(partition, " does not exist"));
  }
  return entry->position;
}

OffsetMap Fetcher::Positions() const {
  OffsetMap positions;
  for (const auto& entry : entries_) {
    if (entry->partition == nullptr || entry->position == kNoOffset) continue;
    positions.emplace_hint(positions.end(), *entry->name,
                           OffsetAndMetadata{.offset = entry->position,
                                             .leader_epoch = entry->partition->leader_epoch()});
  }
  return positions;
}

StatusOr<int64_t> Fetcher::Lag(const TopicPartition& partition) const {
  RUNNEL_ASSIGN_OR_RETURN(const Offset position, Position(partition));
  Entry& entry = *Find(partition);
  RUNNEL_ASSIGN_OR_RETURN(const Offset end, OffsetFor(entry, OffsetSpec::Latest()));
  return std::max(end - position, int64_t{0});
}

Status Fetcher::SetPaused(std::span<const TopicPartition> partitions, bool paused) {
  for (const TopicPartition& partition : partitions) {
    RUNNEL_RETURN_IF_ERROR(FindOrError(partition).status());
  }
  for (const TopicPartition& partition : partitions) {
    Entry& entry = *Find(partition);
    entry.paused = paused;
    if (entry.partition == nullptr) continue;
    if (paused) {
      waiter_.Unwatch(*entry.partition);
    } else {
      waiter_.Watch(entry.partition);
    }
  }
  return OkStatus();
}

std::vector<TopicPartition> Fetcher::Paused() const {
  std::vector<TopicPartition> paused;
  for (const auto& entry : entries_) {
    if (entry->paused) paused.push_back(*entry->name);
  }
  return paused;
}

// --- Records

bool Fetcher::EntryReady(const Entry& entry) const {
  if (entry.paused) return false;
  if (!entry.error.ok()) return true;
  if (entry.partition == nullptr) return entry.missing == Missing::kReport;
  if (entry.position == kNoOffset) return false;
  return !entry.fetch.exhausted() || !entry.reader.has_value() || entry.reader->ready();
}

bool Fetcher::ready() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [this](const auto& entry) { return EntryReady(*entry); });
}

Records Fetcher::Collect() {
  const size_t count = entries_.size();
  size_t at = next_ < count ? next_ : 0;
  for (size_t looked = 0; looked < count; ++looked) {
    const size_t current = std::exchange(at, at + 1 == count ? 0 : at + 1);
    Entry& entry = *entries_[current];
    if (!EntryReady(entry)) continue;
    const StatusOr<int64_t> taken = Take(entry, max_poll_records_ - builder_.count());
    if (!taken.ok() && builder_.count() > 0) {
      next_ = current;  // the error is the first thing the next call meets
      break;
    }
    if (!taken.ok()) {
      next_ = at;
      return Records(nullptr, 0, taken.status());
    }
    if (*taken > 0) next_ = at;
    if (builder_.count() >= max_poll_records_) break;
  }
  return builder_.count() == 0 ? Records() : builder_.Finish();
}

StatusOr<int64_t> Fetcher::Take(Entry& entry, int64_t max_records) {
  for (int reads = 0; reads < kMaxEmptyReads; ++reads) {
    if (entry.fetch.exhausted()) {
      if (fetched_bytes_ >= max_fetch_bytes_ && builder_.count() > 0) return 0;
      RUNNEL_RETURN_IF_ERROR(Refill(entry));
      if (entry.fetch.exhausted()) return 0;
    }
    RUNNEL_ASSIGN_OR_RETURN(const int64_t taken, builder_.Take(entry.fetch, max_records));
    entry.position = entry.fetch.next_offset();
    if (entry.fetch.exhausted()) Forget(entry);
    if (taken > 0) return taken;
  }
  return 0;
}

// Reads on behind the position; leaves the fetch exhausted when there is nothing.
Status Fetcher::Refill(Entry& entry) {
  if (!entry.error.ok()) return entry.error;
  if (entry.partition == nullptr) {
    return Error(ErrorCode::kUnknownTopicOrPartition, base::StrCat(*entry.name, " does not exist"));
  }
  if (!entry.reader.has_value()) {
    StatusOr<broker::PartitionReader> reader = entry.partition->NewReader(isolation_);
    if (!reader.ok()) return Recover(entry, reader.status());
    if (const Status sought = reader->Seek(entry.position); !sought.ok()) {
      return Recover(entry, sought);
    }
    entry.reader.emplace(*std::move(reader));
  }
  const int64_t room = std::max<int64_t>(max_fetch_bytes_ - fetched_bytes_, 1);
  StatusOr<broker::RecordBytes> read =
      entry.reader->Read(std::min<int64_t>(max_partition_fetch_bytes_, room));
  if (!read.ok()) return Recover(entry, read.status());
  if (read->empty()) return OkStatus();
  entry.fetch_bytes = static_cast<int64_t>(read->bytes.size());
  fetched_bytes_ += entry.fetch_bytes;
  entry.fetch = PartitionFetch({.partition = entry.name,
                                .bytes = read->bytes,
                                .pin = std::move(read->pin),
                                .start = entry.position,
                                .isolation = isolation_,
                                .aborted = ForFetch(entry.reader->aborted()),
                                .check_crcs = check_crcs_});
  return OkStatus();
}

// OK when reading can go on from another place; then nothing was fetched this time.
Status Fetcher::Recover(Entry& entry, Status error) {
  if (CodeOf(error) == ErrorCode::kOffsetOutOfRange) {
    entry.reader.reset();
    return ApplyPolicy(entry, error);
  }
  if (CodeOf(error) != ErrorCode::kUnknownTopicOrPartition) return error;
  Bind(entry);
  NotePositions();  // a topic made again under the same name has none
  if (entry.partition == nullptr && entry.missing == Missing::kReport) return error;
  return OkStatus();
}

}  // namespace runnel::client
