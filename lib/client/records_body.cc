#include "client/records_body.h"

#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "base/strings.h"
#include "record/batch_reader.h"
#include "record/control.h"

namespace runnel {

// Fills what only readers may set.
class RecordViewAccess {
 public:
  struct Source {
    std::string_view topic;
    int32_t partition = 0;
    LeaderEpoch leader_epoch = kNoLeaderEpoch;
    TimestampType timestamp_type = TimestampType::kCreateTime;
  };
  static void Fill(const Source& source, const record::RecordView& from, RecordView& to) {
    to.topic_ = source.topic;
    to.partition_ = source.partition;
    to.leader_epoch_ = source.leader_epoch;
    to.timestamp_type_ = source.timestamp_type;
    to.offset_ = from.offset;
    to.timestamp_ = from.timestamp;
    to.has_key_ = from.key.has_value();
    to.has_value_ = from.value.has_value();
    to.key_ = from.key.value_or(std::string_view());
    to.value_ = from.value.value_or(std::string_view());
    to.headers_ = HeaderList(from.headers.encoded(), from.headers.size());
  }
};

namespace client {

// The records of one compressed batch. Gives its buffer back to the pool.
class InflatedRecords {
 public:
  explicit InflatedRecords(std::shared_ptr<record::BufferPool> pool)
      : pool_(std::move(pool)), buffer_(pool_->Take()) {}
  ~InflatedRecords() { pool_->Give(std::move(buffer_)); }
  InflatedRecords(const InflatedRecords&) = delete;
  InflatedRecords& operator=(const InflatedRecords&) = delete;

  record::Buffer& buffer() { return buffer_; }

 private:
  const std::shared_ptr<record::BufferPool> pool_;
  record::Buffer buffer_;
};

// --- PartitionFetch -------------------------------------------------------------------------

PartitionFetch::PartitionFetch(Options options)
    : options_(std::move(options)), next_offset_(options_.start) {
  RUNNEL_CHECK(options_.partition != nullptr);
  std::sort(options_.aborted.begin(), options_.aborted.end(),
            [](const AbortedTransaction& a, const AbortedTransaction& b) {
              return a.first_offset < b.first_offset;
            });
}

Status PartitionFetch::Corrupt(const Status& reason) const {
  return Error(ErrorCode::kCorruptMessage,
               base::StrCat("the batch that holds offset ", next_offset_, " of ",
                            *options_.partition, ": ", base::AsStd(reason.message())));
}

StatusOr<record::BatchView> PartitionFetch::Current() const {
  return record::BatchView::Parse(options_.bytes.substr(position_));
}

// False for markers and, with read_committed, for batches of aborted transactions.
bool PartitionFetch::IsForReader(const record::BatchView& batch) {
  if (options_.isolation == IsolationLevel::kReadUncommitted) return !batch.is_control();
  while (next_aborted_ < options_.aborted.size() &&
         options_.aborted[next_aborted_].first_offset <= batch.last_offset()) {
    aborting_.push_back(options_.aborted[next_aborted_].producer_id);
    ++next_aborted_;
  }
  if (aborting_.empty()) return !batch.is_control();
  const auto aborting = std::find(aborting_.begin(), aborting_.end(), batch.producer_id());
  if (!batch.is_control()) return !batch.is_transactional() || aborting == aborting_.end();
  if (aborting != aborting_.end()) {
    const auto control = record::ReadControlRecord(batch);
    const auto type = control.ok() ? record::ParseControlType(*control) : control.status();
    if (type.ok() && *type == record::ControlType::kAbort) aborting_.erase(aborting);
  }
  return false;
}

// Moves records_ to the first record the reader has not passed. Offsets may have gaps, so that the
// place cannot be computed. Leaves entered_ false when there is none: compaction took the rest.
Status PartitionFetch::SkipToPlace(const record::BatchView& batch) {
  if (next_offset_ <= batch.base_offset()) return OkStatus();
  record::RecordView record;
  record::RecordIterator probe = records_;
  for (; probe.Next(record); records_ = probe) {
    if (record.offset >= next_offset_) return OkStatus();
  }
  entered_ = false;
  return probe.status().ok() ? OkStatus() : Corrupt(probe.status());
}

void PartitionFetch::Leave(const record::BatchHeader& batch) {
  position_ += static_cast<size_t>(batch.size_bytes());
  next_offset_ = std::max(next_offset_, batch.next_offset());
  entered_ = false;
  records_ = record::RecordIterator();
  inflated_.reset();
}

// --- What a Records owns ----------------------------------------------------------------------

// Records that follow each other: the rest of one batch, then whole uncompressed batches.
struct RecordsBuilder::Run {
  const TopicPartition* partition = nullptr;
  const char* batch = nullptr;  // header of the batch `records` belongs to
  record::RecordIterator records;
  int64_t count = 0;
};

class RecordsBuilder::Body final : public Records::Body {
 public:
  std::unique_ptr<Records::Source> Walk() const override;

  // What keeps the bytes of the runs alive.
  struct Held {
    std::shared_ptr<const TopicPartition> partition;
    std::shared_ptr<const void> bytes;
  };
  absl::InlinedVector<Run, 1> runs;
  absl::InlinedVector<Held, 1> held;
  std::vector<std::shared_ptr<InflatedRecords>> inflated;
};

class RecordsBuilder::Walker final : public Records::Source {
 public:
  explicit Walker(const Body& body) : next_(body.runs.data()), end_(next_ + body.runs.size()) {}

  size_t Fill(std::span<RecordView> out) override {
    size_t count = 0;
    record::RecordView record;
    while (count < out.size()) {
      if (left_ == 0) {
        if (next_ == end_) break;
        Begin(*next_++);
        continue;
      }
      if (records_.Next(record)) {
        RecordViewAccess::Fill(source_, record, out[count++]);
        --left_;
      } else if (records_.status().ok()) {
        NextBatch();
      } else {
        // Damage inside a batch whose checksum was right, or was not to be checked: what is left
        // of the run cannot be told apart.
        left_ = 0;
      }
    }
    return count;
  }

 private:
  void Begin(const Run& run) {
    left_ = run.count;
    records_ = run.records;
    source_.topic = run.partition->topic;
    source_.partition = run.partition->partition;
    Describe(record::BatchView::FromTrusted(run.batch));
  }
  // Take() has parsed the header of every batch of the run.
  void NextBatch() {
    const auto batch = record::BatchView::FromTrusted(batch_end_);
    records_ = record::RecordIterator(batch, batch.records());
    Describe(batch);
  }
  void Describe(const record::BatchView& batch) {
    source_.leader_epoch = batch.leader_epoch();
    source_.timestamp_type = batch.timestamp_type();
    batch_end_ = batch.data() + batch.size_bytes();
  }

  const Run* next_;
  const Run* end_;
  int64_t left_ = 0;  // of the current run
  record::RecordIterator records_;
  const char* batch_end_ = nullptr;  // of the current batch
  RecordViewAccess::Source source_;
};

std::unique_ptr<Records::Source> RecordsBuilder::Body::Walk() const {
  return std::make_unique<Walker>(*this);
}

// --- RecordsBuilder ---------------------------------------------------------------------------

RecordsBuilder::RecordsBuilder(std::shared_ptr<record::BufferPool> pool, record::Codecs& codecs)
    : pool_(std::move(pool)), codecs_(codecs) {}
RecordsBuilder::~RecordsBuilder() = default;

StatusOr<int64_t> RecordsBuilder::Take(PartitionFetch& fetch, int64_t max_records) {
  if (body_ == nullptr) body_ = std::make_unique<Body>();
  const int64_t before = count_;
  run_is_open_ = false;
  while (!fetch.exhausted() && count_ - before < max_records) {
    const auto batch = fetch.Current();
    const Status entered = batch.ok() ? Enter(fetch, *batch) : fetch.Corrupt(batch.status());
    if (!entered.ok()) {
      if (count_ == before) return entered;
      break;
    }
    if (fetch.entered_) {
      const auto taken = TakeFromBatch(fetch, *batch, max_records - (count_ - before));
      if (!taken.ok() && count_ == before) return taken.status();
      if (!taken.ok()) break;
      count_ += *taken;
    } else {
      fetch.Leave(*batch);
      run_is_open_ = false;
    }
  }
  if (count_ != before) body_->held.push_back({fetch.options_.partition, fetch.options_.pin});
  return count_ - before;
}

// Prepares fetch.records_ for the records of `batch` from fetch.next_offset_ on. Leaves
// fetch.entered_ false when the batch has none for this reader.
Status RecordsBuilder::Enter(PartitionFetch& fetch, const record::BatchView& batch) {
  if (fetch.entered_) return OkStatus();
  if (fetch.options_.check_crcs && !batch.IsCrcValid()) return fetch.Corrupt(batch.VerifyCrc());
  const bool is_for_reader = fetch.IsForReader(batch);
  if (!is_for_reader || batch.record_count() == 0 || batch.last_offset() < fetch.next_offset_) {
    return OkStatus();
  }
  std::string_view records = batch.records();
  if (batch.compression() != CompressionType::kNone) {
    fetch.inflated_ = std::make_shared<InflatedRecords>(pool_);
    const auto inflated = record::InflateRecords(batch, &codecs_, fetch.inflated_->buffer());
    if (!inflated.ok()) {
      fetch.inflated_.reset();
      return fetch.Corrupt(inflated.status());
    }
    records = *inflated;
  }
  fetch.records_ = record::RecordIterator(batch, records);
  fetch.entered_ = true;
  return fetch.SkipToPlace(batch);
}

// Adds up to `max_records` of what is left of the batch; returns how many.
StatusOr<int64_t> RecordsBuilder::TakeFromBatch(PartitionFetch& fetch,
                                                const record::BatchView& batch,
                                                int64_t max_records) {
  const record::RecordIterator first = fetch.records_;
  const int64_t left = first.remaining_count();
  const bool is_whole = left == batch.record_count() && fetch.inflated_ == nullptr;
  int64_t count = left;
  if (left > max_records) {
    record::RecordView record;
    for (count = 0; count < max_records && fetch.records_.Next(record); ++count) {
      fetch.next_offset_ = record.offset + 1;
    }
    if (count == 0) return fetch.Corrupt(fetch.records_.status());
  }
  if (run_is_open_ && is_whole) {
    body_->runs.back().count += count;
  } else {
    body_->runs.push_back({fetch.options_.partition.get(), batch.data(), first, count});
    if (fetch.inflated_ != nullptr) body_->inflated.push_back(fetch.inflated_);
  }
  run_is_open_ = fetch.inflated_ == nullptr;
  if (count == left) fetch.Leave(batch);
  return count;
}

Records RecordsBuilder::Finish() {
  const int64_t count = std::exchange(count_, 0);
  std::unique_ptr<Body> body = std::move(body_);
  if (count == 0) return Records();
  return Records(std::move(body), count, OkStatus());
}

}  // namespace client
}  // namespace runnel
