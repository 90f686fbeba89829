// Pieces the plans of MetadataImage share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "metadata/metadata_image.h"
#include "runnel/error.h"

namespace runnel::metadata {

// What a value may take in a record.
inline constexpr size_t kMaxConfigValueBytes = 32767;

// Sets code and text of a result from a status that is not OK.
template <class Result>
void SetError(Result& result, const Status& status) {
  result.error_code = CodeOf(status);
  result.error_message = std::string(base::AsStd(status.message()));
}

// One config change of a topic or broker as a record.
std::string EncodeConfig(ResourceType type, std::string_view resource, std::string_view name,
                         std::optional<std::string> value);

// A new partition of one replica on `node_id`.
std::string EncodeNewPartition(const Uuid& topic_id, int32_t partition, int32_t node_id);

// Checks that `broker_ids` is exactly this node. Errors: kInvalidReplicaAssignment.
Status CheckAssignment(const std::vector<int32_t>& broker_ids, int32_t partition, int32_t node_id);

}  // namespace runnel::metadata
