// The file `partition.metadata`: which topic a folder belongs to.
#pragma once

#include <string>
#include <string_view>

#include "runnel/error.h"
#include "runnel/types.h"

namespace runnel::log {

// Text: "version: 0\ntopic_id: ASNFZ4mrze_-3LqYdlQyEA", without a line end.
std::string EncodePartitionMetadata(const Uuid& topic_id);
// Errors: kCorruptMessage with `path`.
StatusOr<Uuid> DecodePartitionMetadata(std::string_view text, std::string_view path);

}  // namespace runnel::log
