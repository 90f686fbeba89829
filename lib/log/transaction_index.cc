#include "log/transaction_index.h"

#include "base/bytes.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace runnel::log {
namespace {

constexpr int16_t kVersion = 0;

}  // namespace

void TransactionIndex::Add(const AbortedTxn& txn) {
  const base::Lock lock(mutex_);
  entries_.push_back(txn);
}

bool TransactionIndex::Collect(Offset fetch_offset, Offset upper,
                               std::vector<AbortedTxn>& out) const {
  const base::Lock lock(mutex_);
  for (const AbortedTxn& txn : entries_) {
    if (txn.last_offset >= fetch_offset && txn.first_offset < upper) out.push_back(txn);
    if (txn.last_stable_offset >= upper) return true;
  }
  return false;
}

std::vector<AbortedTxn> TransactionIndex::All() const {
  const base::Lock lock(mutex_);
  return entries_;
}

void TransactionIndex::TruncateTo(Offset offset) {
  const base::Lock lock(mutex_);
  while (!entries_.empty() && entries_.back().last_offset >= offset)
    entries_.pop_back();
}

void TransactionIndex::Clear() {
  const base::Lock lock(mutex_);
  entries_.clear();
}

bool TransactionIndex::empty() const {
  const base::Lock lock(mutex_);
  return entries_.empty();
}

std::string TransactionIndex::Encode() const {
  const base::Lock lock(mutex_);
  std::string out;
  base::ByteWriter writer(out);
  for (const AbortedTxn& txn : entries_) {
    writer.WriteInt16(kVersion);
    writer.WriteInt64(txn.producer_id.value());
    writer.WriteInt64(txn.first_offset.value());
    writer.WriteInt64(txn.last_offset.value());
    writer.WriteInt64(txn.last_stable_offset.value());
  }
  return out;
}

Status TransactionIndex::Decode(std::string_view bytes, Offset base_offset) {
  std::vector<AbortedTxn> entries;
  base::ByteReader reader(bytes);
  Offset last(-1);
  while (reader.remaining() >= kEntryBytes) {
    const int16_t version = reader.ReadInt16();
    AbortedTxn txn;
    txn.producer_id = ProducerId(reader.ReadInt64());
    txn.first_offset = Offset(reader.ReadInt64());
    txn.last_offset = Offset(reader.ReadInt64());
    txn.last_stable_offset = Offset(reader.ReadInt64());
    if (version != kVersion || txn.last_offset < base_offset || txn.last_offset <= last ||
        txn.first_offset > txn.last_offset || txn.first_offset < Offset(0)) {
      return Error(ErrorCode::kCorruptMessage,
                   base::StrCat("transaction index entry ", entries.size(), " of version ", version,
                                " with offsets [", txn.first_offset, ", ", txn.last_offset,
                                "] is impossible"));
    }
    last = txn.last_offset;
    entries.push_back(txn);
  }
  if (reader.remaining() != 0) {
    return Error(ErrorCode::kCorruptMessage,
                 base::StrCat("transaction index of ", bytes.size(), " bytes has a partial entry"));
  }
  const base::Lock lock(mutex_);
  entries_ = std::move(entries);
  return OkStatus();
}

}  // namespace runnel::log
