// Keys of a shard's entries in its OffsetStore. S(x) is [length: 2, big-endian][x].
//   a                                     end of the applied log: [offset: 8]
//   g S(group)                            value of the GroupMetadata record
//   o S(group) S(topic) [partition: 4]    [offset of the record: 8][OffsetCommit value]
//   t [producer id: 8] o...               the same, of an open transaction
//   x S(group) [record key]               value of a record of another kind of group
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "group/records.h"
#include "runnel/types.h"

namespace runnel::group {

inline constexpr std::string_view kAppliedKey = "a";
inline constexpr std::string_view kGroupPrefix = "g";
inline constexpr std::string_view kOffsetPrefix = "o";
inline constexpr std::string_view kTxnPrefix = "t";
inline constexpr std::string_view kOtherPrefix = "x";

std::string GroupStoreKey(std::string_view group);
// Prefix of the offsets of a group, or of one of its topics.
std::string OffsetStorePrefix(std::string_view group);
std::string OffsetStoreKey(std::string_view group, std::string_view topic, int32_t partition);
std::string TxnStorePrefix(ProducerId producer_id);
std::string OtherStorePrefix(std::string_view group);

// The parts of an 'o' key; nullopt when it is none.
std::optional<OffsetCommitKey> ParseOffsetStoreKey(std::string_view key);
// The group of a 'g', 'o' or 'x' key; `rest` gets what follows it.
std::optional<std::string> GroupOfStoreKey(std::string_view key, std::string_view* rest = nullptr);
// Splits a 't' key.
std::optional<ProducerId> ProducerOfTxnKey(std::string_view key, std::string_view* offset_key);

// The first key after all keys that begin with `prefix`, which must not be empty or all 0xff.
std::string PrefixEnd(std::string_view prefix);

// Value of 'o' and 't' entries.
std::string StoredOffset(Offset record_offset, std::string_view value);
std::optional<Offset> RecordOffsetOf(std::string_view stored);

std::string EncodeOffset(Offset offset);
std::optional<Offset> DecodeOffset(std::string_view bytes);

}  // namespace runnel::group
